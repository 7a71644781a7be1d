/* base/claimrules.h - the rules that the claims of a bearer token must meet.
 *
 * Prefix: claims_. The configuration of a database of tokens fills them;
 * auth/token/claims.c applies them.
 */
#pragma once

#include <stdint.h>

struct claims_list {
	char *const *at;
	unsigned count;
};

/* Texts are never NULL. An empty text or list demands nothing. */
struct claims_rules {
	const char *issuer;          /* the `iss` claim must be this */
	struct claims_list audience; /* the `aud` claim must hold one of these */
	const char *scope; /* words with spaces between; the claim `scope` or `scp` must
			      hold each word */
	const char *user_claim; /* the claim that names the user; never empty. If it is
				   "email", the claim `email_verified` must be true,
				   the text "true", or missing */
	uint32_t leeway_s;      /* how far the clocks of issuer and server may differ */
};
