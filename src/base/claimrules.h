/* base/claimrules.h - the rules by which the claims of a bearer token are judged.
 *
 * Prefix: claims_. The settings of a database of tokens fill them; auth/token/claims.c
 * applies them.
 */
#pragma once

#include <stdint.h>

struct claims_list {
	char *const *at;
	unsigned count;
};

/* Texts are never NULL; an empty one demands nothing. */
struct claims_rules {
	const char *issuer;          /* the `iss` that a token must have */
	struct claims_list audience; /* `aud` must hold one of these */
	const char *scope;           /* words; `scope` or `scp` must hold each */
	const char *user_claim;      /* the claim that names the user; never empty */
	uint32_t leeway_s;           /* tolerated difference between two clocks */
};
