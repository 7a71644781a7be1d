/* cli/popclient.c - a client of POP3 servers.
 *
 * Prefix: pop_.
 */
#include "cli/popclient.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/own.h"
#include "base/secret.h"
#include "tls/outbound.h"

/* ---- trouble ---- */

/* Returns false. */
static bool fail(struct pop *pop, const char *text, const char *about)
{
	snprintf(pop->said, sizeof pop->said, "%s%s%s", text, about ? ": " : "",
		 about ? about : "");
	return false;
}

static bool fail_by(struct pop *pop, int error)
{
	if (error == EAGAIN || error == EINPROGRESS)
		return fail(pop, "the server did not answer in time", NULL);
	if (error == 0)
		return fail(pop, "the server closed the connection", NULL);
	return fail(pop, "the connection failed", strerrordesc_np(error));
}

/* ---- octets ---- */

static ssize_t receive(struct pop *pop)
{
	ssize_t n;

	do
		n = pop->ssl ? outbound_read(pop->ssl, pop->in, sizeof pop->in)
			     : recv(pop->fd, pop->in, sizeof pop->in, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Read more into pop->unread, which is empty. */
static bool read_more(struct pop *pop)
{
	const ssize_t n = receive(pop);

	if (n <= 0)
		return fail_by(pop, n == 0 ? 0 : errno);
	pop->unread = (struct span){ pop->in, (size_t)n };
	return true;
}

static bool send_all(struct pop *pop, struct span s)
{
	while (s.len > 0) {
		const ssize_t n = pop->ssl ? outbound_write(pop->ssl, s.at, s.len)
					   : send(pop->fd, s.at, s.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_by(pop, n == 0 ? 0 : errno);
		s = span_after(s, (size_t)n);
	}
	return true;
}

static bool next_line(struct pop *pop, struct span *out)
{
	for (;;) {
		switch (line_feed(&pop->lines, &pop->unread, out)) {
		case LINE_FULL:
			return true;
		case LINE_OVERLONG:
		case LINE_GROWS:
			return fail(pop, "the server sent a line that is too long",
				    NULL);
		case LINE_MORE:
			if (!read_more(pop))
				return false;
		}
	}
}

/* ---- replies ---- */

static bool read_reply(struct pop *pop)
{
	struct span line;

	if (!next_line(pop, &line))
		return false;
	const bool good = span_starts_nocase(line, "+OK");
	if (good)
		line = span_after(line, 3);
	while (good && line.len > 0 && line.at[0] == ' ')
		line = span_after(line, 1);
	const size_t len = line.len < sizeof pop->said ? line.len
						       : sizeof pop->said - 1;
	memcpy(pop->said, line.at, len);
	pop->said[len] = '\0';
	return good;
}

bool pop_ask(struct pop *pop, const char *command)
{
	char room[POP_LINE_MAX];
	struct buf b = BUF(room);

	buf_text(&b, command);
	buf_text(&b, "\r\n");
	const bool good = b.cut ? fail(pop, "the command is too long", NULL)
				: send_all(pop, buf_span(&b)) && read_reply(pop);
	secret_wipe(room, sizeof room);
	return good;
}

bool pop_lines(struct pop *pop, pop_take_fn *take, void *arg)
{
	struct span line;

	for (;;) {
		if (!next_line(pop, &line))
			return false;
		if (span_is(line, "."))
			return true;
		take(arg, line);
	}
}

/* ---- messages ---- */

/* Where the next octet of a message stands. */
enum message_state {
	AT_LINE,   /* at the start of a line */
	IN_LINE,   /* within one */
	AT_CR,     /* behind a CR */
	AT_DOT,    /* behind the dot at the start of a line */
	AT_DOT_CR, /* behind that and a CR */
	AT_END
};

/* The state behind the octet c. */
static enum message_state follow(enum message_state s, char c)
{
	switch (s) {
	case AT_LINE:
		if (c == '.')
			return AT_DOT;
		break;
	case AT_DOT:
		if (c == '\r')
			return AT_DOT_CR;
		break;
	case AT_DOT_CR:
		if (c == '\n')
			return AT_END;
		break;
	case AT_CR:
		if (c == '\n')
			return AT_LINE;
		break;
	case IN_LINE:
	case AT_END:
		break;
	}
	return c == '\r' ? AT_CR : IN_LINE;
}

/* Take the octets of the message at the front of pop->unread. Dots at the start of
 * lines are left out, and so is the CR between such a dot and the LF that ends the
 * message; a CR that stands there and ends nothing is taken late. */
static void take_part(struct pop *pop, enum message_state *io, pop_take_fn *take,
		      void *arg)
{
	size_t i = 0, kept = 0;
	const struct span in = pop->unread;

	for (; i < in.len && *io != AT_END; i++) {
		const enum message_state before = *io;

		*io = follow(before, in.at[i]);
		if (before == AT_DOT_CR && *io != AT_END)
			take(arg, SPAN("\r"));
		if (*io == AT_DOT || *io == AT_DOT_CR || *io == AT_END) {
			take(arg, (struct span){ in.at + kept, i - kept });
			kept = i + 1;
		}
	}
	take(arg, (struct span){ in.at + kept, i - kept });
	pop->unread = span_after(in, i);
}

bool pop_message(struct pop *pop, pop_take_fn *take, void *arg)
{
	enum message_state state = AT_LINE;

	while (state != AT_END) {
		if (pop->unread.len == 0 && !read_more(pop))
			return false;
		take_part(pop, &state, take, arg);
	}
	return true;
}

/* ---- the connection ---- */

static bool start_tls(struct pop *pop, const struct pop_server *server)
{
	const char *trouble;

	if (pop->unread.len > 0)
		return fail(pop, "the server sent clear text behind its reply to STLS",
			    NULL);
	pop->ssl = outbound_open(server->trust, pop->fd, server->host, &trouble);
	return pop->ssl ? true : fail(pop, "no TLS", trouble);
}

static void limit(int fd, unsigned seconds)
{
	const struct timeval time = { .tv_sec = seconds };

	/* Without the limits a hanging server is waited for. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static void init(struct pop *pop)
{
	pop->fd = -1;
	pop->ssl = NULL;
	pop->unread = (struct span){ 0 };
	pop->said[0] = '\0';
	line_init(&pop->lines, pop->line, sizeof pop->line);
}

bool pop_open_on(struct pop *pop, const struct pop_server *server, int fd)
{
	init(pop);
	pop->fd = fd;
	limit(fd, server->seconds);
	if (server->tls == POP_TLS && !start_tls(pop, server))
		return false;
	if (!read_reply(pop))
		return false;
	return server->tls != POP_STLS ||
	       (pop_ask(pop, "STLS") && start_tls(pop, server));
}

static int connect_to_one(const struct addrinfo *at, unsigned seconds)
{
	OWN_FD fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	limit(fd, seconds);
	return fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) == 0 ? TAKE_FD(fd)
									: -1;
}

bool pop_open(struct pop *pop, const struct pop_server *server)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int fd = -1;

	init(pop);
	const int error = getaddrinfo(server->host, server->port, &hints, &found);
	if (error)
		return fail(pop, server->host, gai_strerror(error));
	for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = connect_to_one(at, server->seconds);
	const int trouble = errno;
	freeaddrinfo(found);
	return fd < 0 ? fail_by(pop, trouble) : pop_open_on(pop, server, fd);
}

static bool ask_with(struct pop *pop, const char *command, const char *argument)
{
	char room[POP_LINE_MAX];
	const int len = snprintf(room, sizeof room, "%s %s", command, argument);
	const bool fits = len > 0 && (size_t)len < sizeof room;
	const bool good =
		fits ? pop_ask(pop, room)
		     : fail(pop, "the name or the password is too long", NULL);

	secret_wipe(room, sizeof room);
	return good;
}

bool pop_login(struct pop *pop, const char *user, const char *password)
{
	return ask_with(pop, "USER", user) && ask_with(pop, "PASS", password);
}

void pop_close(struct pop *pop)
{
	if (pop->ssl)
		outbound_close(pop->ssl);
	pop->ssl = NULL;
	own_fd_close(&pop->fd);
}
