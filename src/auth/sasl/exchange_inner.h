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
	SASL_HEADER_MAX = 1024, /* a flag, and a name in which each octet is three */
	SASL_STEPS_MAX = 16,    /* no mechanism takes so many */
};

struct sasl {
	const struct login_rules *rules;
	struct login_way way;
	struct sasl_channel channel;
	char peer[SASL_PEER_MAX];
	char exporter[SASL_BINDING_MAX], unique[SASL_BINDING_MAX];
	char certificate[LOGIN_NAME_OCTETS];

	Gsasl_session *session; /* NULL: GNU SASL does not carry out the mechanism */
	bool begun;             /* GSSAPI: the first token was Kerberos's */
	struct user_found who;  /* the user whose secret is to be proved */
	bool asked;             /* the databases have been asked for that user */
	bool known;  /* ... and have it, with a secret that the mechanism can use */
	bool proved; /* the proof was right: only an empty response is due */
	struct why trouble; /* of a database, in a callback of GNU SASL */
	enum fault refused; /* why a token was refused; the client's answer is due */

	/* SCRAM: gs2-header of the first message, and the octets that it binds to. */
	char header[SASL_HEADER_MAX];
	size_t header_len; /* 0: the first message has yet to come */
	struct span bound;

	unsigned steps;
	char claimed[LOGIN_NAME_OCTETS + 1]; /* the claimed name; empty: none yet */
};

/* Take one response, decoded from base64; `at` is NULL if the client sent no initial
 * response, and otherwise a NUL follows it. The rest is as with sasl_step. */
typedef enum sasl_says sasl_step_fn(struct sasl *s, struct span response,
				    struct buf *out, struct user_found *found,
				    struct why *why);

/* ---- exchange.c ---- */

/* Put this challenge, which is in base64 already, into *out. Returns SASL_MORE. */
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

/* Once GNU SASL knows the claimed name: find that user, and give GNU SASL the user's
 * secret. For an unknown user it is a made-up secret, in the form of some user's, that
 * no proof matches. Sets s->asked, known, claimed, who and trouble. */
void sasl_secret_set(struct sasl *s);

/* Set a property of at most SCRAM_SALT_MAX octets in base64. */
void sasl_secret_base64(Gsasl_session *session, Gsasl_property property,
			const unsigned char *octets, size_t len);

/* ---- binding.c: channel binding in SCRAM's messages ---- */

/* Check the first message, and keep its header for the last. FAULT_BINDING: the client
 * does not bind although the mechanism is a -PLUS, binds although that is impossible,
 * or says that the server offers no binding although it does. FAULT_BAD_RESPONSE:
 * malformed.
 */
MUST_USE enum fault sasl_binding_first(struct sasl *s, struct span message);

/* Check the last message. FAULT_BINDING: its c= is not the first message's header
 * followed by this connection's octets. FAULT_BAD_RESPONSE: malformed. */
MUST_USE enum fault sasl_binding_last(const struct sasl *s, struct span message);

/* ---- plain.c: PLAIN, LOGIN, EXTERNAL and ANONYMOUS ---- */

sasl_step_fn sasl_plain_step, sasl_login_step, sasl_external_step, sasl_anonymous_step;

/* ---- token.c: bearer tokens ---- */

sasl_step_fn sasl_token_step;
