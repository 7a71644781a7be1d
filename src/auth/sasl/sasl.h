/* auth/sasl/sasl.h - one SASL exchange, the server's side.
 *
 * Prefix: sasl_. The mechanisms are GNU SASL's, but for PLAIN and
 * LOGIN: what they show must reach the databases to the octet. An exchange is used by
 * one thread at a time; different ones by many.
 */
#pragma once

#include "auth/login.h"
#include "base/buf.h"

struct sasl;

enum { SASL_RESPONSE_MAX = 9216, SASL_CHALLENGE_MAX = 3072, SASL_BINDING_MAX = 64 };

/* What the TLS connection says; empty where it says nothing. */
struct sasl_channel {
	struct span exporter;    /* to be bound to: tls-exporter, RFC 9266 */
	struct span unique;      /* the same: tls-unique, RFC 5929 */
	struct span certificate; /* whom the client's names */
};

/* Must have succeeded once before any of the below, before threads and sandboxes. */
MUST_USE bool sasl_start(void);

/* Bits of enum mechanism: those that are of use to a user of these databases, among the
 * `allowed` ones. */
unsigned sasl_offers(const struct login_rules *rules, unsigned allowed);

/* What the passwords of a mechanism's users must be stored as (bits, SCHEME_*); 0: in
 * any way. */
unsigned sasl_wants(enum mechanism m);

/* Append, for a person, what each of the allowed mechanisms would need to be of use. */
void sasl_explain(unsigned allowed, struct buf *out);

/* Begin. The rules outlive the exchange; the rest is copied. NULL: no memory. */
MUST_USE struct sasl *sasl_new(const struct login_rules *rules,
			       const struct login_way *way,
			       const struct sasl_channel *channel);
void sasl_free(struct sasl *s); /* NULL is allowed */

enum sasl_says {
	SASL_MORE, /* *out holds a challenge */
	SASL_IN,   /* *found is who comes in */
	SASL_OUT,  /* *why says what is wrong: FAULT_DENIED, FAULT_BAD_RESPONSE, trouble
		    */
};

/* One response (in base64) in; `at` is NULL for a missing initial one. *out holds
 * SASL_CHALLENGE_MAX octets in base64, and a NUL. */
MUST_USE enum sasl_says sasl_step(struct sasl *s, struct span response, struct buf *out,
				  struct user_found *found, struct why *why);

/* Was it refused already, and the client has yet to answer that? If it gives up now, it
 * has failed all the same. */
bool sasl_has_failed(const struct sasl *s);

/* Who claims to be there, as far as it is known yet: for the log. */
struct span sasl_claims(const struct sasl *s);

/* Will this response be a guess at somebody's secret? Then at whose, as far as it can
 * be told before it is looked at; else an empty text. */
MUST_USE bool sasl_claim(const struct sasl *s, struct span response,
			 char out[LOGIN_NAME_OCTETS + 1]);

/* Whom a success has proved to be there. Empty where nothing was: ANONYMOUS. */
struct span sasl_proved(const struct sasl *s);

struct span sasl_peer(const struct sasl *s); /* from where it comes */
