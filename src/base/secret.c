/* base/secret.c - wiping and comparing secrets.
 *
 * Prefix: secret_.
 */
#include "base/secret.h"

bool secret_same(struct span a, struct span b)
{
	unsigned char differ = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		differ |= (unsigned char)(a.at[i] ^ b.at[i]);
	return differ == 0;
}
