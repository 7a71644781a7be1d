/* auth/sasl/exchange.h - one SASL exchange as it is seen from outside.
 *
 * Prefix: sasl_. One thread at a time uses an exchange; many threads use different
 * ones.
 */
#pragma once

#include "auth/login.h"

struct sasl; /* an exchange: see sasl_new in auth/sasl/sasl.h */

enum { SASL_RESPONSE_MAX = 9216, SASL_CHALLENGE_MAX = 3072, SASL_BINDING_MAX = 64 };

/* What the TLS connection gives an exchange; a part that it lacks is empty. */
struct sasl_channel {
	struct span exporter;    /* octets to bind to: tls-exporter, RFC 9266 */
	struct span unique;      /* the same: tls-unique, RFC 5929 */
	struct span certificate; /* the user whom the client's certificate names */
};

enum sasl_says {
	SASL_MORE, /* *out holds a challenge: the client must respond */
	SASL_IN,   /* *found is the user who has logged in */
	SASL_OUT,  /* *why says what is wrong: FAULT_DENIED, FAULT_BAD_RESPONSE, or
		      trouble */
};

/* What the passwords of a mechanism's users must be stored as (bits, SCHEME_*); 0: in
 * any way. */
unsigned sasl_wants(enum mechanism m);

/* Has the server refused the client already, so that only the client's answer to the
 * refusal is due? A client that gives up at this point has failed to log in. */
bool sasl_has_failed(const struct sasl *s);

/* The name that the client has stated so far, for the log; empty: none yet. */
struct span sasl_claimed_name(const struct sasl *s);

/* Is this response a guess at somebody's secret? Then `out` is the name whose secret it
 * is, as far as the response or an earlier one states it, and otherwise empty. Checks
 * nothing: the caller may delay the response before sasl_step sees it. */
MUST_USE bool sasl_is_guess(const struct sasl *s, struct span response,
			    char out[LOGIN_NAME_OCTETS + 1]);

/* The name that a successful exchange has proved; empty for ANONYMOUS, which proves
 * none. */
struct span sasl_proved(const struct sasl *s);

/* The address of the client, as sasl_new was given it. */
struct span sasl_peer(const struct sasl *s);
