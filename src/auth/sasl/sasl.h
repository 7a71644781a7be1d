/* auth/sasl/sasl.h - carries out SASL exchanges, as the server.
 *
 * Prefix: sasl_. GNU SASL carries out all mechanisms but PLAIN, LOGIN, EXTERNAL,
 * ANONYMOUS, OAUTHBEARER and XOAUTH2, whose responses must reach the databases
 * unchanged.
 */
#pragma once

#include "auth/sasl/exchange.h"
#include "base/buf.h"

/* Call this once and with success before any of the functions below, before threads
 * start, and before the process enters its sandbox. */
MUST_USE bool sasl_start(void);

/* The mechanisms (bits, MECHANISM_BIT) to offer: those of `allowed` that need no stored
 * password, or that work with the stored passwords of all users of at least one
 * database. ANONYMOUS needs rules->anonymous; GSSAPI, success of gssapi_start;
 * OAUTHBEARER and XOAUTH2, rules->tokens. */
unsigned sasl_offers(const struct login_rules *rules, unsigned allowed);

/* Append a text for the operator: for each of the allowed mechanisms, what it needs
 * before sasl_offers offers it. */
void sasl_explain(unsigned allowed, struct buf *out);

/* Begin an exchange by way->mechanism, which must be a SASL mechanism. The rules must
 * outlive the exchange; *way and *channel are copied, with their texts. NULL: out of
 * memory. */
MUST_USE struct sasl *sasl_new(const struct login_rules *rules,
			       const struct login_way *way,
			       const struct sasl_channel *channel);
void sasl_free(struct sasl *s); /* NULL is allowed */

/* Take one response of the client, in base64; response.at is NULL if the client sent no
 * initial response. The front handles "*" (cancel) and "=" (an empty initial response):
 * they do not come here. A call may wait for a database. *out has room for the base64
 * of SASL_CHALLENGE_MAX octets, and a NUL. enum sasl_says says which of *out, *found
 * and *why is set. */
MUST_USE enum sasl_says sasl_step(struct sasl *s, struct span response, struct buf *out,
				  struct user_found *found, struct why *why);
