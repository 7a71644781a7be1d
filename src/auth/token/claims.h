/* auth/token/claims.h - checks the claims of a bearer token.
 *
 * Prefix: claims_. No I/O. The caller has got the claims from a JWT whose signature is
 * good, or from the introspection service.
 */
#pragma once

#include "base/claimrules.h"
#include "base/fault.h"

enum { CLAIMS_USER_MAX = 255, CLAIMS_OCTETS_MAX = 65536 };

enum claims_from {
	CLAIMS_JWT,           /* RFC 7519; `exp` is required */
	CLAIMS_INTROSPECTION, /* RFC 7662; `active` is required, `exp` is not */
};

struct token_claims {
	char user[CLAIMS_USER_MAX + 1]; /* not empty, without control characters */
};

/* Make the random seed of the JSON parser. Call it before the process enters its
 * sandbox. */
void claims_start(void);

/* Check the claims, a JSON text, at the time `now` (seconds since 1970). FAULT_DENIED:
 * a claim breaks a rule, and why->doing says which. FAULT_IO: the introspection
 * service's answer is malformed. *out is written on success only. */
MUST_USE enum fault claims_check(const struct claims_rules *rules,
				 enum claims_from from, struct span json, int64_t now,
				 struct token_claims *out, struct why *why);
