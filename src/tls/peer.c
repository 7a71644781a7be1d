/* tls/peer.c - what a TLS connection tells about its client: certificate and channel
 * bindings.
 *
 * Prefix: tls_.
 */
#include "tls/peer.h"

#include <openssl/err.h>

#include "base/own.h"
#include "tls/context.h"

/* ---- its certificate ---- */

bool tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1])
{
	const SSL *ssl = unconst(tls);
	const struct tls_server *s = server_of(ssl);
	const X509 *peer =
		s->verify == TLS_VERIFY_NONE ? NULL : SSL_get0_peer_certificate(ssl);

	out[0] = '\0';
	return peer && SSL_get_verify_result(ssl) == X509_V_OK &&
	       client_name_of(peer, s->client_name, out);
}

const char *tls_client_error(const struct tls *tls)
{
	long error = SSL_get_verify_result(unconst(tls));

	return error == X509_V_OK ? NULL : X509_verify_cert_error_string(error);
}

/* ---- channel bindings: what only the two ends of a connection know ---- */

/* Without the extended master secret, a man in the middle can make two sessions with
 * the same secrets (RFC 7627 section 1), and nothing derived from them binds a
 * connection. */
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
	/* RFC 9266 section 2: with a context that is empty. */
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
