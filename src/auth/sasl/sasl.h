/* auth/sasl/sasl.h - one SASL exchange, the server's side.
 *
 * Prefix: sasl_. GNU SASL carries out the mechanisms but for PLAIN, LOGIN, EXTERNAL,
 * ANONYMOUS and the bearer tokens, whose responses must reach the databases unchanged.
 */
#pragma once

#include "auth/sasl/exchange.h"
#include "base/buf.h"

/* Must succeed once before any of the functions below, before threads and sandboxes. */
MUST_USE bool sasl_start(void);

/* Those of the `allowed` mechanisms (bits of enum mechanism) that a user of these
 * databases can use. */
unsigned sasl_offers(const struct login_rules *rules, unsigned allowed);

/* Append, for a person, what each of the allowed mechanisms needs to be of use. */
void sasl_explain(unsigned allowed, struct buf *out);

/* Begin an exchange. The rules must outlive the exchange; `way` and `channel` are
 * copied. NULL: no memory. */
MUST_USE struct sasl *sasl_new(const struct login_rules *rules,
			       const struct login_way *way,
			       const struct sasl_channel *channel);
void sasl_free(struct sasl *s); /* NULL is allowed */

/* Take one response in base64; `at` is NULL if the client sent no initial response.
 * *out has room for SASL_CHALLENGE_MAX octets in base64, and a NUL. */
MUST_USE enum sasl_says sasl_step(struct sasl *s, struct span response, struct buf *out,
				  struct user_found *found, struct why *why);
