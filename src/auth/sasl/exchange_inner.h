/* auth/sasl/exchange_inner.h - one SASL exchange, for the files that carry it out.
 *
 * Prefix: sasl_.
 */
#pragma once

#include <gsasl.h>

#include "auth/login.h"
#include "auth/sasl/exchange.h"
#include "base/buf.h"

enum {
	SASL_PEER_MAX = 64,
	SASL_HEADER_MAX = 1024, /* a flag, and a name with three octets for each of its
				   own ("=2C") */
	SASL_STEPS_MAX =
		16, /* more than any mechanism takes; then the exchange fails */
};

struct sasl {
	const struct login_rules *rules;
	struct login_way way;
	struct sasl_channel channel;
	char peer[SASL_PEER_MAX];
	char exporter[SASL_BINDING_MAX], unique[SASL_BINDING_MAX];
	char certificate[LOGIN_NAME_OCTETS];

	Gsasl_session *session; /* NULL: not a mechanism that GNU SASL carries out */
	bool begun;             /* GSSAPI: the first token was one of Kerberos */
	struct user_found who; /* the user whose secret the client must prove to know */
	bool asked;            /* the databases have been asked for that user */
	bool known;  /* ... and know the user, with a secret that the mechanism can use
			(GSSAPI needs none) */
	bool proved; /* the proof was right; only the client's empty response is missing
		      */
	struct why trouble; /* the fault of a database that was asked in a callback of
			       GNU SASL */
	enum fault refused; /* why a token was refused: only the client's answer is
			       missing */

	/* SCRAM: the gs2-header of the first message (RFC 5802 section 7), and the
	 * octets of the channel binding that it names. */
	char header[SASL_HEADER_MAX];
	size_t header_len; /* 0: the first message has yet to come */
	struct span bound;

	unsigned steps;
	char claimed[LOGIN_NAME_OCTETS + 1]; /* the claimed name; empty: none yet */
};

/* Take one response, decoded from base64. `response.at` is NULL if the client sent no
 * initial response; otherwise a NUL follows the response. The rest is as with
 * sasl_step. */
typedef enum sasl_says sasl_step_fn(struct sasl *s, struct span response,
				    struct buf *out, struct user_found *found,
				    struct why *why);

/* ---- exchange.c ---- */

/* Append this challenge, which is in base64, to *out. Returns SASL_MORE. */
enum sasl_says sasl_ask(struct buf *out, const char *challenge);

static inline enum sasl_says sasl_refuse(enum fault f, struct why *why)
{
	fault_set(why, f, 0, NULL, NULL);
	return SASL_OUT;
}

/* ---- claimed.c ---- */

/* The user name in a response of DIGEST-MD5, as GNU SASL parses it. Empty: the response
 * has none or is malformed, and must not reach GNU SASL. */
struct span sasl_digest_name(struct span response);

/* ---- gnu.c: the mechanisms that GNU SASL carries out ---- */

MUST_USE bool sasl_gnu_start(void); /* once: see sasl_start */
MUST_USE bool sasl_gnu_begin(struct sasl *s);
sasl_step_fn sasl_gnu_step;

/* ---- secret.c: the secret that GNU SASL compares a proof with ---- */

void sasl_secret_start(void);

/* Call this once GNU SASL knows the claimed name: find that user, and give GNU SASL the
 * user's secret. For an unknown user, GNU SASL gets a made-up secret, which is the same
 * each time for the same name, has the form of some user's secret, and matches no
 * proof. Sets s->asked, known, claimed, who and trouble. */
void sasl_secret_set(struct sasl *s);

/* Set a property of GNU SASL to the base64 of at most SCRAM_SALT_MAX octets. */
void sasl_secret_base64(Gsasl_session *session, Gsasl_property property,
			const unsigned char *octets, size_t len);

/* ---- binding.c: channel binding in SCRAM's messages ---- */

/* Check the client's first message, and keep its header for the last. FAULT_BINDING:
 * the client does not bind although the mechanism is a -PLUS; or binds although the
 * mechanism is no -PLUS, or to a type that this connection lacks; or says that the
 * server offers no binding although the connection has one. FAULT_BAD_RESPONSE: the
 * message is malformed. */
MUST_USE enum fault sasl_binding_first(struct sasl *s, struct span message);

/* Check the client's last message. FAULT_BINDING: its c= is not the first message's
 * header followed by this connection's octets. FAULT_BAD_RESPONSE: the message is
 * malformed. */
MUST_USE enum fault sasl_binding_last(const struct sasl *s, struct span message);

/* ---- plain.c: PLAIN, LOGIN, EXTERNAL and ANONYMOUS ---- */

sasl_step_fn sasl_plain_step, sasl_login_step, sasl_external_step, sasl_anonymous_step;

/* ---- token.c: bearer tokens ---- */

sasl_step_fn sasl_token_step;
