/* auth/sasl/nogssapi.c - auth/sasl/gssapi.c in a build without Kerberos.
 *
 * Prefix: gssapi_.
 */
#include "auth/sasl/gssapi.h"

bool gssapi_is_built(void)
{
	return false;
}

enum fault gssapi_start(const char *keytab, struct why *why)
{
	return fault_set(why, FAULT_SETUP, 0, "use in a build without Kerberos",
			 keytab);
}

const char *gssapi_host(void)
{
	return NULL;
}
