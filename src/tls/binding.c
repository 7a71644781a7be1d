/* tls/binding.c - channel bindings: what only the two ends of this connection know.
 *
 * Prefix: tls_.
 */
#include <openssl/err.h>

#include "base/own.h"
#include "tls/server.h"

/* Without the extended master secret, somebody in between can make two sessions with
 * the same secrets (RFC 7627 section 1), and what is derived from them binds nothing.
 */
static bool is_unique(SSL *ssl)
{
	return SSL_version(ssl) >= TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1;
}

bool tls_binds(const struct tls *tls)
{
	SSL *ssl = unconst(tls);

	return SSL_is_init_finished(ssl) &&
	       (is_unique(ssl) || SSL_session_reused(ssl) == 0);
}

bool tls_exporter(const struct tls *tls, char out[TLS_EXPORTER_OCTETS])
{
	static const char label[] = "EXPORTER-Channel-Binding";
	SSL *ssl = unconst(tls);

	if (!SSL_is_init_finished(ssl) || !is_unique(ssl))
		return false;
	/* RFC 9266 section 2: a context, of no octets. */
	bool ok = SSL_export_keying_material(
			  ssl, (unsigned char *)out, TLS_EXPORTER_OCTETS, label,
			  sizeof label - 1, (const unsigned char *)"", 0, 1) == 1;
	ERR_clear_error();
	return ok;
}

/* RFC 5929 section 3.1: the first Finished message of the handshake, which is the
 * client's, or the server's where a session is resumed. */
size_t tls_unique(const struct tls *tls, char out[TLS_UNIQUE_MAX])
{
	SSL *ssl = unconst(tls);
	bool resumed = SSL_session_reused(ssl) == 1;

	if (!SSL_is_init_finished(ssl) || SSL_version(ssl) != TLS1_2_VERSION ||
	    (resumed && !is_unique(ssl)))
		return 0;
	size_t len = resumed ? SSL_get_finished(ssl, out, TLS_UNIQUE_MAX)
			     : SSL_get_peer_finished(ssl, out, TLS_UNIQUE_MAX);
	return len <= TLS_UNIQUE_MAX ? len : 0;
}
