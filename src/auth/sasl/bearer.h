/* auth/sasl/bearer.h - the client's message and the server's error of OAUTHBEARER and
 * XOAUTH2.
 *
 * Prefix: bearer_. No I/O. Databases of tokens check the token itself.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"

/* Mechanisms: name, status for a malformed message, status for a refused token. The
 * statuses of OAUTHBEARER are codes of OAuth's registry (RFC 7628 section 3.2.2), those
 * of XOAUTH2 are HTTP's, as Google sends them. */
/* clang-format off */
#define BEARER_TABLE(X) \
	X(OAUTHBEARER, "invalid_request", "invalid_token") \
	X(XOAUTH2,     "400",             "401")
/* clang-format on */

enum bearer_dialect {
#define X(id, request, token) BEARER_##id,
	BEARER_TABLE(X)
#undef X
		BEARER_COUNT
};

enum {
	BEARER_OCTETS_MAX = 9216, /* 12288 octets of base64: RFC 5034 section 4 */
	BEARER_USER_MAX = 255,
	BEARER_TOKEN_MAX = 8192,
	BEARER_ERROR_MAX = 3072,
};

struct bearer {
	char user[BEARER_USER_MAX + 1]; /* the user whose mail is wanted; "": the user
					   whom the token names */
	struct span token;              /* borrowed from the message; never logged */
};

/* Parse the client's message, decoded from base64. A message of OAUTHBEARER (RFC 7628
 * section 3.1) may leave out the user; its host and port must be well-formed, and its
 * other keys are ignored. If the key `auth` is empty, the client asks for the scope
 * (section 4.3): then the token is empty, and no database accepts it. FAULT_SYNTAX: the
 * message deviates from its grammar. FAULT_OVERLONG: it is too long. *out is written on
 * success only.
 *
 * A client answers an error with one more message (^A, or nothing). Whatever that
 * message is, the exchange then fails. */
MUST_USE enum fault bearer_parse(enum bearer_dialect dialect, struct span message,
				 struct bearer *out);

/* Append the error: a JSON text, which the server sends as a challenge before the
 * exchange fails. `f` is the fault of bearer_parse, or another one if the token was
 * refused. `scope` or `openid_configuration` is left out if it is empty. If the text
 * does not fit, out->cut is set. */
void bearer_put_error(enum bearer_dialect dialect, enum fault f, const char *scope,
		      const char *openid_configuration, struct buf *out);
