/* auth/sasl/bearer.h - what a client says in OAUTHBEARER and XOAUTH2, and what it is
 * told.
 *
 * Prefix: bearer_. Pure: whether the token is any good, databases of
 * tokens say (auth/token/jwtbase.h).
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"

/* Mechanisms: name, status of a message that cannot be read, status of a token that is
 * refused. OAUTHBEARER's are the codes of OAuth's registry (RFC 7628 section 3.2.2),
 * XOAUTH2's those of HTTP, as Google sends them. */
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
	char user[BEARER_USER_MAX + 1]; /* as whom, or "": the token alone says who */
	struct span token;              /* borrowed from the message; never logged */
};

/* Read the client's message, base64 undone. OAUTHBEARER (RFC 7628 section 3.1) knows
 * host and port, whose form is checked, and passes over other keys; it may leave the
 * user out. An empty `auth` asks which scope is wanted (section 4.3): then the token is
 * empty, which nobody accepts. FAULT_SYNTAX, and *out untouched, for what is not of
 * either form to the letter, FAULT_OVERLONG for what is too long to be.
 *
 * A client that was told an error answers it with one more message (one ^A, or an empty
 * one), whose contents do not matter: the exchange fails then. */
MUST_USE enum fault bearer_parse(enum bearer_dialect dialect, struct span message,
				 struct bearer *out);

/* Write the JSON text with which a refusal is told, before the exchange fails: `f` is
 * bearer_parse's, or any other for a token that was refused. An empty scope or
 * configuration is left out. `cut` in the buffer when BEARER_ERROR_MAX was not enough.
 */
void bearer_put_error(enum bearer_dialect dialect, enum fault f, const char *scope,
		      const char *openid_configuration, struct buf *out);
