/* auth/sasl/exchange.h - one SASL exchange: types, and what is known of it.
 *
 * Prefix: sasl_. Only one thread at a time may use an exchange; several threads may use
 * different ones. A span that a function returns is borrowed from the exchange.
 */
#pragma once

#include "auth/login.h"

struct sasl; /* an exchange: see sasl_new in auth/sasl/sasl.h */

enum { SASL_RESPONSE_MAX = 9216, SASL_CHALLENGE_MAX = 3072, SASL_BINDING_MAX = 64 };

/* What the client's TLS connection contributes to an exchange; a missing part is empty.
 */
struct sasl_channel {
	struct span exporter;    /* octets to bind to: tls-exporter, RFC 9266 */
	struct span unique;      /* the same: tls-unique, RFC 5929 */
	struct span certificate; /* the user whom the client's certificate names */
};

enum sasl_says {
	SASL_MORE, /* *out is a challenge in base64, to which the client must respond */
	SASL_IN,   /* *found is the user who has logged in, for the caller to release */
	SASL_OUT,  /* the login has failed, and *why says why: FAULT_DENIED,
		      FAULT_BAD_RESPONSE, FAULT_BINDING, or a fault of the server */
};

/* The forms (bits, SCHEME_*) of stored passwords that the mechanism works with. 0: any
 * form, or the mechanism needs no password. */
unsigned sasl_wants(enum mechanism m);

/* Has the server refused the client's token, so that only the client's answer to that
 * refusal is missing? A client that cancels at this point has failed to log in. */
bool sasl_has_failed(const struct sasl *s);

/* The name that the client has stated so far, for the log; empty: none yet. */
struct span sasl_claimed_name(const struct sasl *s);

/* Is this response, in base64, an attempt to prove somebody's identity by a secret?
 * Then `out` becomes the name that this response or an earlier one claims, and
 * otherwise empty. The function does not check the response: the caller may delay it
 * before sasl_step does. */
MUST_USE bool sasl_is_guess(const struct sasl *s, struct span response,
			    char out[LOGIN_NAME_OCTETS + 1]);

/* The name that a successful exchange has proved; empty for ANONYMOUS, which proves
 * none. */
struct span sasl_proved(const struct sasl *s);

/* The client's address, as in the `way` that was passed to sasl_new. */
struct span sasl_peer(const struct sasl *s);
