/* base/jwa.c - the signature algorithms of JSON Web Tokens.
 *
 * Prefix: jwa_.
 */
#include "base/jwa.h"

unsigned jwa_standard(void)
{
	unsigned bits = 0;

#define X(name, kind, curve, least, standard) bits |= standard ? 1u << JWA_##name : 0;
	JWA_TABLE(X)
#undef X
	return bits;
}

enum jwa jwa_find(struct span name)
{
	static const char *const names[JWA_COUNT] = {
#define X(name, kind, curve, bits, standard) [JWA_##name] = #name,
		JWA_TABLE(X)
#undef X
	};
	enum jwa a = 0;

	while (a < JWA_COUNT && !span_is(name, names[a]))
		a++;
	return a;
}
