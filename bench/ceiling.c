/* bench/ceiling.c - servers that do next to nothing: what the kernel (and OpenSSL)
 * allow.
 *
 *   ceiling -p PORT -m prepared|sendfile|convert [-d DIR] [-t CERT KEY]
 *   ceiling -m list -d DIR
 *
 * prepared: a prepared answer to every line. sendfile: RETR n is the file DIR/USER/n by
 * sendfile(2), which must hold what goes over the wire. convert: RETR n is the file
 * DIR/USER/n, opened, read, converted (CRLF, dots) and sent. Two processes, an epoll
 * loop in each.
 * list: no server; lists DIR, opens each file, reads it, counts its octets, closes it.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/wire.h"

enum { PREPARED, SENDFILE, CONVERT, LIST };
enum { PROCESSES = 2, CHUNK = 65536 };

static int port, mode, dir = -1, epoll;
static SSL_CTX *ctx;

struct conn {
	int fd, file;
	SSL *ssl;
	bool up; /* the handshake is over */
	uint64_t at, size;
	struct wire wire;
	char user[64];
	char out[2 * CHUNK + 16];
	size_t out_len, out_at;
	char in[4096];
	size_t in_len;
	bool last;
};

static void watch(struct conn *c, unsigned events, int op)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	epoll_ctl(epoll, op, c->fd, &ev);
}

static ssize_t put(struct conn *c, const char *at, size_t len)
{
	if (!c->ssl)
		return send(c->fd, at, len, MSG_NOSIGNAL);
	int n = SSL_write(c->ssl, at, (int)len);
	if (n <= 0)
		errno = EAGAIN;
	return n;
}

static void say(struct conn *c, const char *text)
{
	size_t len = strlen(text);

	memcpy(c->out + c->out_len, text, len);
	c->out_len += len;
}

static void end(struct conn *c)
{
	if (c->file >= 0)
		close(c->file);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
}

/* True when all that is collected has gone. */
static bool flush(struct conn *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = put(c, c->out + c->out_at, c->out_len - c->out_at);

		if (n < 0)
			return false;
		c->out_at += (size_t)n;
	}
	c->out_at = c->out_len = 0;
	return true;
}

static void retr(struct conn *c, const char *number)
{
	char name[128];
	struct stat st;

	snprintf(name, sizeof name, "%s/%ld", c->user, strtol(number, NULL, 10));
	c->file = openat(dir, name, O_RDONLY);
	if (c->file < 0 || fstat(c->file, &st) < 0) {
		say(c, "-ERR\r\n");
		return;
	}
	c->at = 0;
	c->size = (uint64_t)st.st_size;
	wire_start(&c->wire);
	say(c, "+OK octets\r\n");
}

/* Some of the file; true when it is at its end, false when the socket is full. */
static bool pump(struct conn *c)
{
	static char chunk[CHUNK];

	while (c->file >= 0) {
		if (mode == SENDFILE) {
			off_t at = (off_t)c->at;

			if (!flush(c))
				return false;
			ssize_t n = sendfile(c->fd, c->file, &at, c->size - c->at);
			if (n < 0)
				return false;
			c->at += (uint64_t)n;
			if (c->at < c->size)
				continue;
			say(c, ".\r\n");
		} else {
			ssize_t n = pread(c->file, chunk, sizeof chunk, (off_t)c->at);
			struct span in = { chunk, n > 0 ? (size_t)n : 0 };

			c->at += in.len;
			c->out_len += wire_encode(&c->wire, &in, c->out + c->out_len,
						  sizeof c->out - c->out_len);
			if (c->at == c->size)
				c->out_len += wire_end(&c->wire, c->out + c->out_len);
			if (!flush(c) && c->at < c->size)
				return false;
			if (c->at < c->size)
				continue;
		}
		close(c->file);
		c->file = -1;
	}
	return flush(c);
}

static void command(struct conn *c, const char *line)
{
	switch (line[0]) {
	case 'U':
		snprintf(c->user, sizeof c->user, "%.*s", (int)strcspn(line + 5, "\r"),
			 line + 5);
		say(c, "+OK go on\r\n");
		break;
	case 'S':
		say(c, "+OK 10 200000\r\n");
		break;
	case 'R':
		retr(c, line + 5);
		break;
	case 'Q':
		say(c, "+OK bye\r\n");
		c->last = true;
		break;
	default:
		say(c, "+OK go on\r\n");
	}
}

/* Returns false when the connection has ended. */
static bool work(struct conn *c)
{
	for (;;) {
		char *lf = memchr(c->in, '\n', c->in_len);

		if (!pump(c)) {
			watch(c, EPOLLOUT, EPOLL_CTL_MOD);
			return true;
		}
		if (c->last) {
			end(c);
			return false;
		}
		if (lf) {
			size_t len = (size_t)(lf - c->in) + 1;

			*lf = '\0';
			command(c, c->in);
			memmove(c->in, c->in + len, c->in_len - len);
			c->in_len -= len;
			continue;
		}
		ssize_t n = c->ssl ? SSL_read(c->ssl, c->in + c->in_len,
					      (int)(sizeof c->in - c->in_len))
				   : read(c->fd, c->in + c->in_len,
					  sizeof c->in - c->in_len);
		if (n > 0) {
			c->in_len += (size_t)n;
			continue;
		}
		if (c->ssl ? SSL_get_error(c->ssl, (int)n) == SSL_ERROR_WANT_READ
			   : n < 0 && errno == EAGAIN) {
			watch(c, EPOLLIN, EPOLL_CTL_MOD);
			return true;
		}
		end(c);
		return false;
	}
}

static void on_event(struct conn *c)
{
	ERR_clear_error(); /* of another connection */
	if (c->ssl && !c->up) {
		int rc = SSL_accept(c->ssl);

		if (rc != 1 && SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_READ)
			end(c);
		if (rc != 1)
			return;
		c->up = true;
		say(c, "+OK ready\r\n");
	}
	work(c);
}

static void accept_some(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct conn *c = calloc(1, sizeof *c);
		int one = 1;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		c->fd = fd;
		c->file = -1;
		watch(c, EPOLLIN, EPOLL_CTL_ADD);
		if (ctx) {
			c->ssl = SSL_new(ctx);
			SSL_set_fd(c->ssl, fd);
			SSL_set_accept_state(c->ssl);
		} else {
			say(c, "+OK ready\r\n");
			work(c);
		}
	}
}

static void serve(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
	struct epoll_event events[256];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(listener, 1024) < 0) {
		perror("ceiling: bind");
		exit(1);
	}
	epoll = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				on_event(events[i].data.ptr);
			else
				accept_some(listener);
		}
	}
}

/* What a server must do at least to tell the sizes of messages that it does not know.
 */
static int list(void)
{
	static char chunk[CHUNK];
	DIR *d = fdopendir(dir);
	struct dirent *entry;
	volatile uint64_t octets = 0;

	while (d && (entry = readdir(d))) {
		int fd = entry->d_name[0] == '.'
				 ? -1
				 : openat(dirfd(d), entry->d_name, O_RDONLY);
		struct wire wire;
		ssize_t n;

		if (fd < 0)
			continue;
		wire_start(&wire);
		while ((n = read(fd, chunk, sizeof chunk)) > 0)
			wire_count(&wire, (struct span){ chunk, (size_t)n });
		close(fd);
		octets += wire.octets;
	}
	return d ? 0 : 1;
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "p:m:d:t:")) >= 0) {
		if (o == 'p')
			port = (int)strtol(optarg, NULL, 10);
		if (o == 'm')
			mode = optarg[0] == 's'   ? SENDFILE
			       : optarg[0] == 'c' ? CONVERT
			       : optarg[0] == 'l' ? LIST
						  : PREPARED;
		if (o == 'd')
			dir = open(optarg, O_RDONLY | O_DIRECTORY);
		if (o == 't') {
			ctx = SSL_CTX_new(TLS_server_method());
			SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
						      SSL_MODE_ENABLE_PARTIAL_WRITE);
			SSL_CTX_set_num_tickets(ctx, 1);
			if (SSL_CTX_use_certificate_chain_file(ctx, optarg) != 1 ||
			    SSL_CTX_use_PrivateKey_file(ctx, argv[optind],
							SSL_FILETYPE_PEM) != 1)
				return 1;
			optind++;
		}
	}
	if (mode == LIST)
		return list();
	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < PROCESSES; i++)
		if (fork() == 0)
			break;
	serve();
	return 0;
}
