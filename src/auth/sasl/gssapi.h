/* auth/sasl/gssapi.h - the keys of Kerberos that this server has.
 *
 * Prefix: gssapi_. The GSSAPI mechanism itself is GNU SASL's.
 */
#pragma once

#include "base/fault.h"

/* Is it in this build? */
bool gssapi_is_built(void);

/* Take the keys of pop/HOST from a keytab into memory, for later, when no file can be
 * opened any more. Once, before threads and sandboxes. FAULT_SETUP: there are none. */
MUST_USE enum fault gssapi_start(const char *keytab, struct why *why);

/* The HOST of the keys; NULL: not started, or in vain. */
const char *gssapi_host(void);
