/* auth/token/nojwt.c - auth/token/ in a build without cjose or jansson: no JWT is
 * known.
 *
 * Prefix: jwtbase_, jwt_.
 */
#include "auth/token/jwt_keys.h"
#include "auth/token/jwtbase.h"

struct database *jwtbase_new(int dir, const char *name,
			     const struct jwtbase_rules *rules)
{
	(void)dir, (void)name, (void)rules;
	return NULL;
}

enum fault jwt_keys_parse(struct span text, keyset_say_fn *say, void *arg,
			  struct keyset **out, struct why *why)
{
	(void)text, (void)say, (void)arg, (void)out;
	return fault_set(why, FAULT_SETUP, 0, "read keys without cjose", NULL);
}

void keyset_free(struct keyset *keys)
{
	(void)keys;
}
