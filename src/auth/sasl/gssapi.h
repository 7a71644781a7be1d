/* auth/sasl/gssapi.h - this server's Kerberos keys.
 *
 * Prefix: gssapi_. GNU SASL carries out the GSSAPI mechanism itself.
 */
#pragma once

#include "base/fault.h"

/* Does this build have Kerberos? */
bool gssapi_is_built(void);

/* Copy the keys of pop/HOST from a keytab into memory, because the sandbox forbids to
 * open a file later. HOST is the host of the first key for the service `pop` in the
 * keytab; keys of other hosts are left out. Call it once, before threads start and
 * before the process enters its sandbox. FAULT_SETUP: the keytab cannot be read, or has
 * no such keys. */
MUST_USE enum fault gssapi_start(const char *keytab, struct why *why);

/* The HOST of the keys that gssapi_start has copied; NULL: it has not succeeded. */
const char *gssapi_host(void);
