/* auth/token/claims.h - what a token must say of itself before it lets anyone in.
 *
 * Prefix: claims_. Pure: the text comes from a JWT whose signature
 * holds, or from the service that was asked about the token.
 */
#pragma once

#include "base/claimrules.h"
#include "base/fault.h"

enum { CLAIMS_USER_MAX = 255, CLAIMS_OCTETS_MAX = 65536 };

enum claims_from {
	CLAIMS_JWT,           /* RFC 7519: a time of expiry must be there */
	CLAIMS_INTROSPECTION, /* RFC 7662: `active` must be there, expiry need not */
};

struct token_claims {
	char user[CLAIMS_USER_MAX + 1]; /* never empty, no control characters */
};

/* Before any sandbox: what reading JSON takes from the system. */
void claims_start(void);

/* Do the claims in the JSON text hold at the time `now` (seconds since 1970)?
 * FAULT_DENIED, with why->doing saying what does not hold; FAULT_IO for an answer of
 * the service that is none. *out is written on success only. */
MUST_USE enum fault claims_check(const struct claims_rules *rules,
				 enum claims_from from, struct span json, int64_t now,
				 struct token_claims *out, struct why *why);
