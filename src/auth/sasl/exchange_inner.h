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

	Gsasl_session *session; /* NULL: not by GNU SASL */
	bool begun;             /* by a first token that is Kerberos's */
	struct user_found who;  /* whose secret the exchange is about */
	bool asked;             /* ... it has been looked for */
	bool known;         /* ... and is there, of a kind that the mechanism can use */
	bool proved;        /* the proof held: only the last, empty response is due */
	struct why trouble; /* of a database, while GNU SASL called us back */
	enum fault refused; /* a token, for this: the client has yet to answer that */

	/* With SCRAM: gs2-header of the first message, and the octets that it binds to.
	 */
	char header[SASL_HEADER_MAX];
	size_t header_len; /* 0: the first message has yet to come */
	struct span bound;

	unsigned steps;
	char claimed[LOGIN_NAME_OCTETS + 1];
};

/* One response, its base64 undone, in; `at` is NULL for a missing initial one, and
 * otherwise a NUL stands behind it. The rest is as of sasl_step. */
typedef enum sasl_says sasl_step_fn(struct sasl *s, struct span response,
				    struct buf *out, struct user_found *found,
				    struct why *why);

/* ---- exchange.c ---- */

/* Go on with this challenge, which is in base64 already. */
enum sasl_says sasl_ask(struct buf *out, const char *challenge);

static inline enum sasl_says sasl_refuse(enum fault f, struct why *why)
{
	fault_set(why, f, 0, NULL, NULL);
	return SASL_OUT;
}

/* ---- sasl_is_guess.c ---- */

/* Whom a response of DIGEST-MD5 names, as GNU SASL would read it; empty: it has no such
 * name, or is malformed, and is not to be shown to GNU SASL. */
struct span sasl_digest_name(struct span response);

/* ---- gnu.c: what GNU SASL does ---- */

MUST_USE bool sasl_gnu_start(void); /* once: see sasl_start */
MUST_USE bool sasl_gnu_begin(struct sasl *s);
sasl_step_fn sasl_gnu_step;

/* ---- secret.c: what GNU SASL compares a proof with ---- */

void sasl_secret_start(void);

/* Once GNU SASL knows whom the client claims to be: find that user, and tell it the
 * secret; where there is no such user, one that nothing meets, in the form of
 * somebody's. Sets asked, known, claims, who and trouble. */
void sasl_secret_set(struct sasl *s);

/* Set a property of at most SCRAM_SALT_MAX octets in base64. */
void sasl_secret_base64(Gsasl_session *session, Gsasl_property property,
			const unsigned char *octets, size_t len);

/* ---- binding.c: what SCRAM's client says of channel binding ---- */

/* Judge the first message, which is kept for the last. FAULT_BINDING: it does not bind
 * where it must, binds where that cannot be, or takes us for unable.
 * FAULT_BAD_RESPONSE: it is none. */
MUST_USE enum fault sasl_binding_first(struct sasl *s, struct span message);

/* Judge the last one. FAULT_BINDING: its c= is not the header of the first and the
 * octets that this connection is known by. */
MUST_USE enum fault sasl_binding_last(const struct sasl *s, struct span message);

/* ---- plain.c: what is shown as it is, or is known already ---- */

sasl_step_fn sasl_plain_step, sasl_login_step, sasl_external_step, sasl_anonymous_step;

/* ---- token.c: bearer tokens ---- */

sasl_step_fn sasl_token_step;
