/* tls/error.h - OpenSSL's last error on this thread, as a text.
 *
 * Prefix: tls_.
 */
#pragma once

/* Why the last call of this folder's functions failed, as a text that stays valid.
 * Never NULL. */
const char *tls_error(void);
