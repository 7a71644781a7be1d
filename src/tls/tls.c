/* tls/tls.c - a connection under TLS.
 *
 * Floor 2 (tls). Prefix: tls_.
 */
#include "tls/tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include "base/own.h"
#include "tls/server.h"

/* Room for the private keys of all certificates; powers of two. */
enum { KEYS_OCTETS = 1 << 18, KEY_OCTETS_MIN = 32 };

bool tls_start(void)
{
	unsigned char first; /* the random generator asks the kernel for its seed */

	CRYPTO_secure_malloc_init(KEYS_OCTETS, KEY_OCTETS_MIN);

	return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
					OPENSSL_INIT_LOAD_SSL_STRINGS,
				NULL) == 1 &&
	       RAND_bytes(&first, 1) == 1;
}

const char *tls_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "connection broken";
}

/* ---- a connection ---- */

static SSL *ssl_of(const struct tls *tls)
{
	return unconst(tls); /* struct tls is never defined: it is OpenSSL's */
}

/* Its server may be replaced meanwhile, but stays until the connection has gone. */
struct tls *tls_new(struct tls_server *server, int fd)
{
	SSL *ssl = SSL_new(server->ctx);

	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	server->uses++;
	return (struct tls *)ssl;
}

void tls_free(struct tls *tls)
{
	struct tls_server *server = server_of(ssl_of(tls));

	SSL_free(ssl_of(tls));
	tls_server_free(server);
}

static enum tls_got result(SSL *ssl, int r)
{
	switch (SSL_get_error(ssl, r)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default:
		return TLS_FAILED;
	}
}

enum tls_got tls_accept(struct tls *tls)
{
	ERR_clear_error();
	return result(ssl_of(tls), SSL_accept(ssl_of(tls)));
}

enum tls_got tls_read(struct tls *tls, char *out, size_t room, size_t *out_len)
{
	*out_len = 0;
	ERR_clear_error();
	return result(ssl_of(tls), SSL_read_ex(ssl_of(tls), out, room, out_len));
}

enum tls_got tls_write(struct tls *tls, struct span in, size_t *out_len)
{
	*out_len = 0;
	ERR_clear_error();
	return result(ssl_of(tls), SSL_write_ex(ssl_of(tls), in.at, in.len, out_len));
}

bool tls_has_pending(const struct tls *tls)
{
	return SSL_has_pending(ssl_of(tls)) == 1;
}

void tls_shutdown(struct tls *tls)
{
	ERR_clear_error();
	if (SSL_is_init_finished(ssl_of(tls)) &&
	    !(SSL_get_shutdown(ssl_of(tls)) & SSL_SENT_SHUTDOWN))
		SSL_shutdown(ssl_of(tls));
	ERR_clear_error();
}

const char *tls_version(const struct tls *tls)
{
	return SSL_get_version(ssl_of(tls));
}

const char *tls_cipher(const struct tls *tls)
{
	return SSL_get_cipher_name(ssl_of(tls));
}

bool tls_resumed(const struct tls *tls)
{
	return SSL_session_reused(ssl_of(tls)) == 1;
}
