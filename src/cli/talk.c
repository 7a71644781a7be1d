/* cli/talk.c - delivers a message to an LMTP server.
 *
 * Prefix: talk_.
 */
#include "cli/talk.h"

#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/own.h"
#include "cli/cli.h"
#include "mail/wire.h"
#include "net/line.h"
#include "sys/sock.h"

enum {
	/* RFC 5321 section 4.5.3.2: to connect, for a reply, and for each piece of the
	 * message to leave; and for the replies that follow the message. */
	STEP_SECONDS = 300,
	RESULT_SECONDS = 600,
	PIECE = 32768,
	REPLY_MAX = 2048
};

struct talk {
	int fd;
	const struct intake *message;
	struct dialog dialog;
	struct line_reader lines;
	char line[REPLY_MAX];
	char in[4096];      /* read, and not yet fed */
	struct span unread; /* of `in` */
};

/* ---- the connection ---- */

static void limit(int fd, time_t seconds)
{
	const struct timeval time = { .tv_sec = seconds };

	/* If they cannot be set, a server that hangs keeps this process waiting. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static bool address_of_server(const char *server, struct sock_address *out)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };
	struct sock_address parsed[2];
	unsigned count;

	if (server[0] != '/') {
		const bool good = sock_parse(span_of(server), parsed, &count);

		*out = parsed[0];
		return good && count == 1;
	}
	if (!span_copy(span_of(server), path.sun_path, sizeof path.sun_path))
		return false;
	*out = (struct sock_address){ .len = sizeof path };
	memcpy(&out->addr, &path, sizeof path);
	return true;
}

static int connect_to(const char *server, const char **out_trouble)
{
	struct sock_address address;

	*out_trouble = "this is neither an address with a port nor a path that a Unix "
		       "socket can have";
	if (!address_of_server(server, &address))
		return -1;
	OWN_FD fd = socket(address.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	limit(fd, STEP_SECONDS);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address.addr, address.len) == 0)
		return TAKE_FD(fd);
	*out_trouble = strerrordesc_np(errno);
	return -1;
}

/* ---- octets ---- */

static bool send_all(struct talk *t, struct span s)
{
	while (s.len > 0) {
		const ssize_t n = send(t->fd, s.at, s.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s = span_after(s, (size_t)n);
	}
	return true;
}

/* If a part of the message cannot be read, the final dot is not sent: the server sees
 * the connection end, and stores nothing. */
static bool send_message(struct talk *t)
{
	static char stored[PIECE / 2], sent[PIECE + WIRE_END_MAX];
	struct wire wire;
	uint64_t at = 0;

	wire_start(&wire);
	while (at < t->message->octets) {
		const ssize_t n =
			pread(t->message->fd, stored, sizeof stored, (off_t)at);
		struct span in = { stored, n > 0 ? (size_t)n : 0 };

		if (n <= 0)
			return false;
		at += in.len;
		while (in.len > 0) {
			const size_t len = wire_encode(&wire, &in, sent, PIECE);

			if (!send_all(t, (struct span){ sent, len }))
				return false;
		}
	}
	/* If a signal ended the command now, its caller would deliver again. */
	cli_hold_signals();
	limit(t->fd, RESULT_SECONDS);
	return send_all(t, (struct span){ sent, wire_end(&wire, sent) });
}

/* The next line of the server. NULL in *out: there is none, for the reason in errno, or
 * 0 at the end of the connection. */
static struct span next_line(struct talk *t)
{
	struct span line = { 0 };

	while (line_feed(&t->lines, &t->unread, &line) == LINE_MORE) {
		const ssize_t n = recv(t->fd, t->in, sizeof t->in, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = 0;
		if (n <= 0)
			return (struct span){ 0 };
		t->unread = (struct span){ t->in, (size_t)n };
	}
	return line;
}

/* ---- the session ---- */

static void lose(struct talk *t)
{
	const int error = errno;

	if (error == EAGAIN)
		dialog_fail(&t->dialog, "the server did not answer in time");
	else if (error == 0)
		dialog_fail(&t->dialog, "the server closed the connection");
	else
		dialog_fail(&t->dialog, strerrordesc_np(error));
}

static void run(struct talk *t)
{
	for (;;) {
		const struct span line = next_line(t);
		bool good = line.at != NULL;
		const enum dialog_ask ask = good ? dialog_line(&t->dialog, line)
						 : DIALOG_END;

		if (good && (ask == DIALOG_SAY || ask == DIALOG_END))
			good = send_all(t, buf_span(&t->dialog.out));
		else if (good && ask == DIALOG_CONTENT)
			good = send_message(t);
		if (!good)
			lose(t);
		if (!good || ask == DIALOG_END)
			return;
	}
}

void talk_deliver(const char *server, const struct intake *message,
		  struct dialog_mail *mail)
{
	static struct talk t;
	const char *trouble;

	t = (struct talk){ .message = message };
	dialog_begin(&t.dialog, mail);
	line_init(&t.lines, t.line, sizeof t.line);
	OWN_FD fd = connect_to(server, &trouble);
	t.fd = fd;
	if (fd < 0) {
		fprintf(stderr, "poplar: cannot reach the server by %s: %s\n", server,
			trouble);
		dialog_fail(&t.dialog, "not delivered: no server");
		return;
	}
	run(&t);
}
