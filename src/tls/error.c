/* tls/error.c - OpenSSL's last error on this thread, as a text.
 *
 * Prefix: tls_.
 */
#include "tls/error.h"

#include <openssl/err.h>

const char *tls_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "connection broken";
}
