/* bench/client.c - many POP3 sessions at once, and what they cost this client.
 *
 * One thread, one epoll loop. Prints one line of key=value pairs, its own CPU time
 * among them, so that it is known not to be the limit.
 *
 *   client -p PORT [-c CONNECTIONS] [-n SESSIONS] [-u USERS] [-m MODE] [-r MESSAGES]
 *          [-t none|full|resumed] [-v 12|13]
 *
 * MODE hello: greeting, QUIT. MODE login: greeting, USER, PASS, STAT, QUIT. MODE retr:
 * ... RETR 1 to MESSAGES, one after the other, QUIT; pipe: the same, all RETRs sent at
 * once. MODE hold: log in CONNECTIONS times, say "held", stay until standard input
 * ends. Users are "user1" to "userN", password "secret"; connection i is always user i
 * % USERS + 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { HELLO, LOGIN, RETR, PIPE, HOLD };
enum tls { NONE, FULL, RESUMED };
enum step { CONNECTING, GREETING, USER, PASS, STAT, MESSAGES, HELD, QUIT };

static struct {
	int port, connections, sessions, users, messages, version;
	enum mode mode;
	enum tls tls;
} opt = { .connections = 8,
	  .sessions = 1000,
	  .users = 8,
	  .messages = 1,
	  .version = 13,
	  .mode = LOGIN };

struct conn {
	int fd, user, asked, got;
	enum step step;
	bool want_write;
	char tail[5]; /* the last octets of a multi-line reply */
	bool multi;   /* within one */
	bool partial; /* within a line that began in an earlier piece */
	SSL *ssl;
};

static int epoll;
static SSL_CTX *ctx;
static SSL_SESSION **tickets;
static int begun, ended, held;
static uint64_t octets;
static char scratch[1 << 18];

static void die(const char *what)
{
	fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void begin(struct conn *c);

static void watch(struct conn *c, bool write, int op)
{
	struct epoll_event ev = { .events = write ? EPOLLOUT : EPOLLIN, .data.ptr = c };

	c->want_write = write;
	if (epoll_ctl(epoll, op, c->fd, &ev) < 0)
		die("epoll_ctl");
}

static void say(struct conn *c, const char *text, size_t len)
{
	ssize_t n = c->ssl ? SSL_write(c->ssl, text, (int)len)
			   : write(c->fd, text, len);

	if (n != (ssize_t)len)
		die("write");
}

static void ask_messages(struct conn *c)
{
	static char text[1 << 16];
	size_t len = 0;
	int until = opt.mode == PIPE ? opt.messages : c->asked + 1;

	while (c->asked < until)
		len += (size_t)snprintf(text + len, sizeof text - len, "RETR %d\r\n",
					++c->asked);
	say(c, text, len);
}

static void next_step(struct conn *c)
{
	char text[64];

	switch (c->step++) {
	case CONNECTING:
		break;
	case GREETING:
		if (opt.mode == HELLO) {
			c->step = QUIT;
			say(c, "QUIT\r\n", 6);
			break;
		}
		snprintf(text, sizeof text, "USER user%d\r\n", c->user);
		say(c, text, strlen(text));
		break;
	case USER:
		say(c, "PASS secret\r\n", 13);
		break;
	case PASS:
		say(c, "STAT\r\n", 6);
		break;
	case STAT:
		if (opt.mode == RETR || opt.mode == PIPE) {
			ask_messages(c);
			break;
		}
		c->step = HELD;
		if (opt.mode == HOLD && ++held == opt.connections) {
			printf("held\n");
			fflush(stdout);
		}
		if (opt.mode == HOLD)
			break;
		/* fall through */
	case MESSAGES:
		if (opt.mode == RETR && c->asked < opt.messages) {
			c->step = MESSAGES;
			ask_messages(c);
			break;
		}
		c->step = QUIT;
		say(c, "QUIT\r\n", 6);
		break;
	case HELD:
	case QUIT:
		break;
	}
}

static void finish(struct conn *c)
{
	if (opt.tls == RESUMED && c->ssl) {
		SSL_SESSION_free(tickets[c->user]);
		tickets[c->user] = SSL_get1_session(c->ssl);
	}
	SSL_free(c->ssl);
	close(c->fd);
	ended++;
	if (begun < opt.sessions)
		begin(c);
}

/* Is this the end of a multi-line reply? The last five octets are kept over pieces. */
static size_t end_of_message(struct conn *c, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *dot;

		if (c->tail[4] != '\n') { /* skip to the next line end quickly */
			const char *lf = memchr(at + i, '\n', len - i);
			size_t skip = lf ? (size_t)(lf - (at + i)) : len - i;

			if (skip > 5) {
				i += skip - 5;
				memset(c->tail, 0, 5);
			}
		}
		memmove(c->tail, c->tail + 1, 4);
		c->tail[4] = at[i];
		dot = memcmp(c->tail, "\r\n.\r\n", 5) == 0 ? at + i : NULL;
		if (dot)
			return i + 1;
	}
	return 0;
}

static void check_ok(const char *at)
{
	if (*at != '+') {
		fprintf(stderr, "client: server says: %.60s\n", at);
		exit(1);
	}
}

/* All of what came: single lines step, messages are counted. */
static void take(struct conn *c, const char *at, size_t len)
{
	while (len > 0) {
		size_t used;

		if (c->multi) {
			used = end_of_message(c, at, len);
			octets += used ? used : len;
			if (!used)
				return;
			c->multi = false;
			if (++c->got == opt.messages || opt.mode == RETR)
				next_step(c);
		} else {
			const char *lf = memchr(at, '\n', len);

			if (!c->partial)
				check_ok(at);
			c->partial = !lf;
			if (!lf)
				return;
			used = (size_t)(lf - at) + 1;
			if (c->step == MESSAGES) {
				c->multi = true;
				memcpy(c->tail, "\0\0\0\r\n", 5);
			} else if (c->step != QUIT) {
				next_step(c);
			}
		}
		at += used;
		len -= used;
	}
}

static ssize_t receive(struct conn *c)
{
	if (!c->ssl)
		return read(c->fd, scratch, sizeof scratch);
	ERR_clear_error(); /* of another connection */
	int n = SSL_read(c->ssl, scratch, sizeof scratch);
	if (n > 0)
		return n;
	switch (SSL_get_error(c->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		errno = EAGAIN;
		return -1;
	default:
		return 0;
	}
}

static void on_readable(struct conn *c)
{
	for (;;) {
		ssize_t n = receive(c);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			if (c->step != QUIT)
				die("connection ended early");
			finish(c);
			return;
		}
		take(c, scratch, (size_t)n);
		if (!c->ssl && n < (ssize_t)sizeof scratch)
			return;
	}
}

static void handshake(struct conn *c)
{
	ERR_clear_error();
	int r = SSL_connect(c->ssl);

	if (r == 1) {
		c->step = GREETING;
		watch(c, false, EPOLL_CTL_MOD);
		on_readable(c);
		return;
	}
	int error = SSL_get_error(c->ssl, r);
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
		ERR_print_errors_fp(stderr);
		exit(1);
	}
	watch(c, error == SSL_ERROR_WANT_WRITE, EPOLL_CTL_MOD);
}

static void on_event(struct conn *c)
{
	if (c->step != CONNECTING) {
		on_readable(c);
		return;
	}
	if (c->ssl) {
		handshake(c);
		return;
	}
	c->step = GREETING;
	watch(c, false, EPOLL_CTL_MOD);
}

static void begin(struct conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)opt.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int user = c->user, one = 1;

	begun++;
	*c = (struct conn){ .user = user };
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (c->fd < 0 || (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0 &&
			  errno != EINPROGRESS))
		die("connect");
	if (opt.tls != NONE) {
		c->ssl = SSL_new(ctx);
		SSL_set_fd(c->ssl, c->fd);
		if (tickets[c->user])
			SSL_set_session(c->ssl, tickets[c->user]);
	}
	watch(c, true, EPOLL_CTL_ADD);
}

static void parse(int argc, char **argv)
{
	static const char *const modes[] = { "hello", "login", "retr", "pipe", "hold" };
	static const char *const kinds[] = { "none", "full", "resumed" };
	int o;

	while ((o = getopt(argc, argv, "p:c:n:u:m:r:t:v:")) >= 0) {
		int *number = o == 'p'   ? &opt.port
			      : o == 'c' ? &opt.connections
			      : o == 'n' ? &opt.sessions
			      : o == 'u' ? &opt.users
			      : o == 'r' ? &opt.messages
			      : o == 'v' ? &opt.version
					 : NULL;
		if (number)
			*number = (int)strtol(optarg, NULL, 10);
		for (enum mode m = HELLO; o == 'm' && m <= HOLD; m++)
			if (strcmp(optarg, modes[m]) == 0)
				opt.mode = m;
		for (enum tls t = NONE; o == 't' && t <= RESUMED; t++)
			if (strcmp(optarg, kinds[t]) == 0)
				opt.tls = t;
	}
	if (opt.port == 0 || optind < argc) {
		fprintf(stderr, "client: see the comment at the head of its source\n");
		exit(64);
	}
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec start, end;
	struct rusage usage;

	parse(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	tickets = calloc((size_t)opt.users + 1, sizeof(SSL_SESSION *));
	struct conn *conns = calloc((size_t)opt.connections, sizeof *conns);
	epoll = epoll_create1(0);
	if (!ctx || !tickets || !conns || epoll < 0)
		die("start");
	SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_max_proto_version(ctx, opt.version == 12 ? TLS1_2_VERSION
							     : TLS1_3_VERSION);
	if (opt.mode == HOLD)
		opt.sessions = opt.connections;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < opt.connections && begun < opt.sessions; i++) {
		conns[i].user = i % opt.users + 1;
		begin(&conns[i]);
	}
	while (ended < opt.sessions && !(opt.mode == HOLD && held == opt.connections)) {
		struct epoll_event events[256];
		int n = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < n; i++)
			on_event(events[i].data.ptr);
	}
	if (opt.mode == HOLD)
		while (read(STDIN_FILENO, scratch, sizeof scratch) > 0)
			;
	clock_gettime(CLOCK_MONOTONIC, &end);
	getrusage(RUSAGE_SELF, &usage);
	printf("sessions=%d octets=%llu wall=%.6f cpu=%.6f\n", ended,
	       (unsigned long long)octets,
	       (double)(end.tv_sec - start.tv_sec) +
		       (double)(end.tv_nsec - start.tv_nsec) / 1e9,
	       seconds(usage.ru_utime) + seconds(usage.ru_stime));
	return 0;
}
