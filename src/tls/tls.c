/* tls/tls.c - TLS connections of a POP3 server.
 *
 * Prefix: tls_.
 */
#include "tls/tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include "base/own.h"
#include "tls/context.h"
#include "tls/source.h"

/* ---- records for the peer ---- */

/* Records are collected in a buffer. OpenSSL would send each by a system call of its
 * own: a greeting and its ticket, the last reply and close_notify, each 16 KiB of a
 * message. */
static BIO_METHOD *sink;

static int sink_write(BIO *bio, const char *at, size_t len, size_t *out_len)
{
	struct buf *out = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*out_len = len < buf_left(out) ? len : buf_left(out);
	buf_put(out, (struct span){ at, *out_len });
	if (*out_len == 0)
		BIO_set_retry_write(bio);
	return *out_len > 0;
}

static long sink_control(BIO *bio, int what, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return what == BIO_CTRL_FLUSH;
}

static bool make_sink(void)
{
	sink = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buf");
	return sink && BIO_meth_set_write_ex(sink, sink_write) &&
	       BIO_meth_set_ctrl(sink, sink_control);
}

static BIO *sink_new(struct buf *out)
{
	BIO *bio = BIO_new(sink);

	if (bio) {
		BIO_set_data(bio, out);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* ---- the library ---- */

/* Room for the private keys of all certificates; powers of two. */
enum { KEYS_OCTETS = 1 << 18, KEY_OCTETS_MIN = 32 };

bool tls_start(void)
{
	unsigned char
		first; /* makes the random generator ask the kernel for its seed */

	if (sink)
		return true;
	CRYPTO_secure_malloc_init(KEYS_OCTETS, KEY_OCTETS_MIN);

	return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
					OPENSSL_INIT_LOAD_SSL_STRINGS,
				NULL) == 1 &&
	       RAND_bytes(&first, 1) == 1 && make_sink() && source_start();
}

/* ---- a connection ---- */

/* Octets read from the socket in one turn: at worst 150 key updates, which take 2 ms.
 */
enum { TURN_OCTETS = 4096 };

static SSL *ssl_of(const struct tls *tls)
{
	return unconst(tls); /* struct tls is never defined: it is an SSL */
}

/* The connection keeps its server, which may be replaced for new connections. */
struct tls *tls_new(struct tls_server *server, int fd, struct buf *out)
{
	SSL *ssl = SSL_new(server->ctx);
	BIO *from = source_new(fd), *to = sink_new(out);

	if (!ssl || !from || !to) {
		BIO_free(from);
		BIO_free(to);
		SSL_free(ssl);
		return NULL;
	}
	SSL_set0_rbio(ssl, from);
	SSL_set0_wbio(ssl, to);
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
	SSL *ssl = ssl_of(tls);

	ERR_clear_error();
	source_turn(ssl, TURN_OCTETS);
	const enum tls_got got = result(ssl, SSL_accept(ssl));
	source_forget(ssl);
	return got;
}

/* Some records carry no octets for the caller: key updates, which cost the server a
 * hundred times what they cost the client; new handshakes, which are refused; warnings.
 * OpenSSL reads on behind them while its buffer has more, whatever its mode says. */
enum tls_got tls_read(struct tls *tls, char *out, size_t room, size_t *out_len)
{
	SSL *ssl = ssl_of(tls);
	const unsigned before = source_records(ssl);

	*out_len = 0;
	ERR_clear_error();
	source_turn(ssl, TURN_OCTETS);
	const enum tls_got got = result(ssl, SSL_read_ex(ssl, out, room, out_len));
	if (source_records(ssl) > TLS_EMPTY_MAX + (got == TLS_DONE))
		return TLS_FLOODED; /* even if octets follow */
	if (got == TLS_DONE)
		source_forget(ssl);
	else if (got == TLS_WANT_READ && source_records(ssl) != before &&
		 SSL_has_pending(ssl) == 1)
		return TLS_AGAIN;
	return got;
}

enum tls_got tls_write(struct tls *tls, struct span in, size_t *out_done)
{
	*out_done = 0;
	ERR_clear_error();
	return result(ssl_of(tls), SSL_write_ex(ssl_of(tls), in.at, in.len, out_done));
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
