/* tls/outbound.c - TLS connections to other servers, on which we are the client.
 *
 * Prefix: outbound_.
 */
#include "tls/outbound.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/own.h"
#include "tls/error.h"

static bool set_roots(SSL_CTX *shared, const char *roots)
{
	return roots ? SSL_CTX_load_verify_file(shared, roots) == 1
		     : SSL_CTX_set_default_verify_paths(shared) == 1;
}

SSL_CTX *outbound_new(const char *roots, bool verify, const char **out_trouble)
{
	ERR_clear_error();
	SSL_CTX *shared = SSL_CTX_new(TLS_client_method());

	if (!shared || (verify && !set_roots(shared, roots))) {
		*out_trouble = tls_error();
		SSL_CTX_free(shared);
		return NULL;
	}
	SSL_CTX_set_verify(shared, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	/* Old servers, which an operator leaves, may know nothing newer than TLS 1.0,
	 * and end a connection without a closing alert. */
	SSL_CTX_set_min_proto_version(shared, TLS1_VERSION);
	SSL_CTX_set_security_level(shared,
				   verify ? SSL_CTX_get_security_level(shared) : 0);
	SSL_CTX_set_options(shared, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return shared;
}

void outbound_free(SSL_CTX *shared)
{
	SSL_CTX_free(shared);
}

/* An address is checked against the addresses of the certificate (RFC 9525 section
 * 6.5), a name against its names, and SNI has names alone (RFC 6066 section 3). */
static bool expect(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		return true;
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
	       SSL_set_tlsext_host_name(ssl, unconst(host)) == 1;
}

static const char *trouble_of(const SSL *ssl)
{
	const long verdict = SSL_get_verify_result(ssl);

	return verdict == X509_V_OK ? tls_error()
				    : X509_verify_cert_error_string(verdict);
}

SSL *outbound_open(SSL_CTX *shared, int fd, const char *host, const char **out_trouble)
{
	ERR_clear_error();
	SSL *ssl = SSL_new(shared);

	if (ssl && expect(ssl, host) && SSL_set_fd(ssl, fd) == 1 &&
	    SSL_connect(ssl) == 1)
		return ssl;
	*out_trouble = ssl ? trouble_of(ssl) : tls_error();
	SSL_free(ssl);
	return NULL;
}

void outbound_close(SSL *ssl)
{
	SSL_free(ssl);
}

/* What SSL_read and SSL_write say, as read(2) says it. */
static ssize_t result(const SSL *ssl, int n)
{
	if (n > 0)
		return n;
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN; /* the socket's time limit is over */
		return -1;
	case SSL_ERROR_SYSCALL:
		errno = errno ? errno : ECONNRESET;
		return -1;
	default:
		errno = EPROTO;
		return -1;
	}
}

static int bounded(size_t len)
{
	return len < INT_MAX ? (int)len : INT_MAX;
}

ssize_t outbound_read(SSL *ssl, char *at, size_t len)
{
	ERR_clear_error();
	errno = 0;
	return result(ssl, SSL_read(ssl, at, bounded(len)));
}

ssize_t outbound_write(SSL *ssl, const char *at, size_t len)
{
	ERR_clear_error();
	errno = 0;
	return result(ssl, SSL_write(ssl, at, bounded(len)));
}
