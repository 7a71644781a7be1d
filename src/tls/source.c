/* tls/source.c - gives OpenSSL the peer's octets, a bounded number at a time.
 *
 * Prefix: source_.
 */
#include "tls/source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct source {
	int fd;
	size_t left;      /* octets that may still be read in this turn */
	unsigned records; /* headers received since source_forget */
	bool ended;
};

static BIO_METHOD *method;

static struct source *source_of(const SSL *ssl)
{
	return BIO_get_data(SSL_get_rbio(ssl));
}

static int source_read(BIO *bio, char *out, size_t room, size_t *out_len)
{
	struct source *s = BIO_get_data(bio);
	const size_t most = room < s->left ? room : s->left;
	ssize_t n = -1;

	errno = EAGAIN;
	if (most > 0)
		do
			n = recv(s->fd, out, most, MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
	s->left = 0;
	s->ended = n == 0;
	BIO_clear_retry_flags(bio);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	*out_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static long source_control(BIO *bio, int what, long number, void *pointer)
{
	const struct source *s = BIO_get_data(bio);

	(void)number, (void)pointer;
	return what == BIO_CTRL_EOF && s->ended;
}

static int source_destroy(BIO *bio)
{
	free(BIO_get_data(bio));
	return 1;
}

bool source_start(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
	return method && BIO_meth_set_read_ex(method, source_read) &&
	       BIO_meth_set_ctrl(method, source_control) &&
	       BIO_meth_set_destroy(method, source_destroy);
}

BIO *source_new(int fd)
{
	struct source *s = calloc(1, sizeof *s);
	BIO *bio = s ? BIO_new(method) : NULL;

	if (!bio) {
		free(s);
		return NULL;
	}
	s->fd = fd;
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	return bio;
}

void source_turn(const SSL *ssl, size_t octets)
{
	source_of(ssl)->left = octets;
}

/* OpenSSL calls this for everything that it reads or writes. */
static void on_message(int written, int version, int kind, const void *at, size_t len,
		       SSL *ssl, void *arg)
{
	(void)version, (void)at, (void)len, (void)arg;
	if (!written && kind == SSL3_RT_HEADER)
		source_of(ssl)->records++;
}

void source_count(SSL_CTX *ctx)
{
	SSL_CTX_set_msg_callback(ctx, on_message);
}

unsigned source_records(const SSL *ssl)
{
	return source_of(ssl)->records;
}

void source_forget(const SSL *ssl)
{
	source_of(ssl)->records = 0;
}
