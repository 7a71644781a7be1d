/* test/unit/lmtpworld.h - a poplar-lmtp whose client, poplar-auth and maildrop
 * processes are the other ends of socket pairs in this process. The loop is the real
 * one, turned by hand; time is a number. stop_lmtp() checks that nothing is left: no
 * descriptor, no connection, no memory of messages.
 */
#pragma once

#include "check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "front/arrival.h"
#include "front/authchannel.h"
#include "front/client.h"
#include "front/listener.h"
#include "front/protocol.h"
#include "front/turn.h"
#include "ipc/channel.h"
#include "lmtpd/collect.h"
#include "lmtpd/lmtp.h"
#include "sys/file.h"
#include "sys/sock.h"

enum { SLOTS = 4, DROPS_MAX = 64, NOW = 1000000, DESCRIPTORS = 256 };

static struct world {
	struct front f;
	struct lmtp_front lmtp;
	int client;                      /* the client's end; -1: closed */
	char said[1 << 16];              /* by poplar-lmtp since the last look() */
	struct channel auth;             /* poplar-auth's end */
	struct channel_inbox asked;      /* the last question to it */
	struct channel drops[DROPS_MAX]; /* the maildrop processes' ends */
	unsigned drop_count;
	struct channel_inbox told; /* the last message to one of them */
	char log[1 << 16];
	size_t log_len;
	bool open[DESCRIPTORS]; /* descriptors at the start */
} w;

static void keep_line(int priority, struct span line)
{
	(void)priority;
	CHECK(w.log_len + line.len + 2 < sizeof w.log);
	memcpy(w.log + w.log_len, line.at, line.len);
	w.log_len += line.len;
	w.log[w.log_len++] = '\n';
	w.log[w.log_len] = '\0';
}

static inline bool logged(const char *text)
{
	return strstr(w.log, text) != NULL;
}

/* ---- the loop ---- */

static inline void free_left(void)
{
	while (w.f.loop.left) {
		struct loop_watch *at = w.f.loop.left;

		w.f.loop.left = at->next_left;
		free(at->owner);
	}
}

/* As a turn of sys/loop.c, one event at a time, until nothing comes. */
static inline void turn(void)
{
	struct epoll_event come;

	while (epoll_wait(w.f.loop.epoll, &come, 1, 0) == 1) {
		struct loop_watch *at = come.data.ptr;

		if (come.events & (EPOLLERR | EPOLLHUP))
			come.events |= at->events;
		at->wake(at, come.events & (at->events | LOOP_BROKEN));
		free_left();
	}
}

static inline void pass(uint64_t ms)
{
	struct loop *l = &w.f.loop;

	l->now += ms;
	while (l->timer_count > 0 && l->heap[1]->at <= l->now) {
		struct loop_timer *t = l->heap[1];

		loop_unset(l, t);
		t->due(t);
	}
	free_left();
	turn();
}

/* ---- the process ---- */

static inline void note_open(void)
{
	for (int i = 0; i < DESCRIPTORS; i++)
		w.open[i] = fcntl(i, F_GETFD) >= 0;
}

static inline struct conn *conn(void)
{
	return w.f.slots[0];
}

static inline void pair(int out[2])
{
	struct why why;

	CHECK_EQ(channel_pair(out, &why), FAULT_NONE);
}

static inline void start_auth(void)
{
	int ends[2];

	pair(ends);
	w.auth = channel_of(ends[1], ROLE_LMTP, ROLE_AUTH);
	authchannel_use(&w.f, ends[0]);
	turn();
}

static inline void start_lmtp(void)
{
	struct front *f = &w.f;
	struct settings *s = &f->child.settings;

	memset(&w, 0, sizeof w);
	note_open();
	w.client = w.auth.fd = -1;
	log_to(keep_line);
	log_level(LOG_DEBUG);
	f->child.role = ROLE_LMTP;
	lmtp_start(f, &w.lmtp);
	CHECK(loop_init(&f->loop));
	f->loop.now = NOW;
	CHECK(loop_make_room(&f->loop, SLOTS + 8));
	f->slots = calloc(SLOTS, sizeof(struct conn *));
	f->slot_count = SLOTS;
	f->out = BUF(f->output);
	f->sealed = BUF(f->records);
	s->handshake_timeout = 30;
	s->max_connections = 100;
	s->max_errors = 20;
	s->lmtp_timeout = 300;
	s->auth_threads = 4; /* 3 questions at a time */
	s->lmtp_memory = 1 << 20;
	s->max_message_size = 1 << 21;
	client_start(f);
	turn_start(f);
	listener_start(f);
	CHECK(lmtp_set_up(f, 64));
	start_auth();
}

static inline void close_drop(unsigned i)
{
	close(w.drops[i].fd);
	w.drops[i].fd = -1;
	turn();
}

static inline void close_auth(void)
{
	close(w.auth.fd);
	w.auth.fd = -1;
	turn();
}

static inline void stop_lmtp(void)
{
	struct front *f = &w.f;

	turn_end_all(f, false);
	free_left();
	CHECK_EQ(f->conn_count, 0);
	CHECK_EQ(w.lmtp.links_open, 0);
	CHECK_EQ(w.lmtp.memory_used, 0);
	CHECK_EQ(w.lmtp.queued, 0);
	CHECK_EQ(f->out.len, 0);
	if (w.auth.fd >= 0)
		close_auth();
	listener_drain(f);
	for (unsigned i = 0; i < w.drop_count; i++)
		if (w.drops[i].fd >= 0)
			close(w.drops[i].fd);
	if (w.client >= 0)
		close(w.client);
	free_left();
	free(f->slots);
	free(f->loop.heap);
	close(f->loop.epoll);
	CHECK(!logged("session-broken"));
	for (int i = 0; i < DESCRIPTORS; i++)
		CHECK_EQ(fcntl(i, F_GETFD) >= 0, w.open[i]);
}

/* ---- the client ---- */

/* What poplar-lmtp has said since the last look. */
static inline const char *look(void)
{
	const ssize_t n = recv(w.client, w.said, sizeof w.said - 1, MSG_DONTWAIT);

	w.said[n > 0 ? n : 0] = '\0';
	return w.said;
}

static inline void say_octets(struct span octets)
{
	while (octets.len > 0) {
		const ssize_t n = send(w.client, octets.at, octets.len,
				       MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			octets = span_after(octets, (size_t)n);
		turn();
	}
}

static inline void say(const char *words)
{
	say_octets(span_of(words));
}

static inline void connect_from(const char *address)
{
	struct sock_address at[2] = { { .len = sizeof(sa_family_t) } };
	unsigned count = 0;
	int ends[2];

	at[0].addr.ss_family = AF_UNIX;
	if (address)
		CHECK(sock_parse(span_of(address), at, &count) && count == 1);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	w.client = ends[1];
	w.f.accept(&w.f, ends[0], false, &at[0]);
	turn();
}

static inline void arrive(void)
{
	connect_from(NULL);
	CHECK(strncmp(look(), "220 ", 4) == 0);
	say("LHLO client.example\r\n");
	CHECK(strstr(look(), "\r\n250 ") != NULL);
}

/* ---- poplar-auth ---- */

/* The next question to poplar-auth. */
static inline const struct message_RCPT_ASK *asked(void)
{
	CHECK_EQ(channel_receive(&w.auth, CHANNEL_NOW, &w.asked), CHANNEL_MESSAGE);
	CHECK_EQ(w.asked.message.kind, MESSAGE_RCPT_ASK);
	return &w.asked.message.RCPT_ASK;
}

static inline bool nothing_asked(void)
{
	return channel_receive(&w.auth, CHANNEL_NOW, &w.asked) == CHANNEL_EMPTY;
}

/* poplar-auth answers `ask`: mail goes to this user. Returns the maildrop process's
 * number. */
static inline unsigned answer_ok(struct message_RCPT_ASK ask, const char *user)
{
	const struct message m = { .kind = MESSAGE_RCPT_OK,
				   .RCPT_OK = { ask.id, ask.recipient,
						span_of(user) } };
	int ends[2];

	pair(ends);
	CHECK(w.drop_count < DROPS_MAX);
	w.drops[w.drop_count] = channel_of(ends[1], ROLE_LMTP, ROLE_DROP);
	CHECK_EQ(channel_send(w.auth.fd, &m, ends[0], CHANNEL_NOW), FAULT_NONE);
	close(ends[0]);
	turn();
	return w.drop_count++;
}

static inline void answer_failed(struct message_RCPT_ASK ask, enum fault f)
{
	const struct message m = { .kind = MESSAGE_RCPT_FAILED,
				   .RCPT_FAILED = { ask.id, ask.recipient, f } };

	CHECK_EQ(channel_send(w.auth.fd, &m, -1, CHANNEL_NOW), FAULT_NONE);
	turn();
}

/* ---- maildrop processes ---- */

static inline void drop_says(unsigned i, const struct message *m, int fd)
{
	CHECK_EQ(channel_send(w.drops[i].fd, m, fd, CHANNEL_NOW), FAULT_NONE);
	turn();
}

static inline void accepts(unsigned i)
{
	drop_says(i, &(const struct message){ .kind = MESSAGE_ACCEPTS }, -1);
}

static inline void delivered(unsigned i)
{
	drop_says(i, &(const struct message){ .kind = MESSAGE_DELIVERED }, -1);
}

static inline void failed(unsigned i, enum fault f)
{
	const struct message m = { .kind = MESSAGE_FAILED, .FAILED = { f } };

	drop_says(i, &m, -1);
}

/* What has come for maildrop process i: MESSAGE_COUNT: nothing, or the end. */
static inline enum message_kind told(unsigned i)
{
	return channel_receive(&w.drops[i], CHANNEL_NOW, &w.told) == CHANNEL_MESSAGE
		       ? w.told.message.kind
		       : MESSAGE_COUNT;
}

static inline bool is_closed(unsigned i)
{
	return channel_receive(&w.drops[i], CHANNEL_NOW, &w.told) == CHANNEL_CLOSED;
}

/* Maildrop process i must have been told to store a message; *out is what the file has,
 * and ends with a NUL. Returns its length. */
static inline size_t stored(unsigned i, char *out, size_t room)
{
	CHECK_EQ(told(i), MESSAGE_DELIVER);
	const int fd = w.told.files.at[0];
	const ssize_t n = pread(fd, out, room - 1, 0);

	CHECK(n >= 0);
	CHECK_EQ(n, w.told.message.DELIVER.octets);
	out[n] = '\0';
	close(fd);
	return (size_t)n;
}

/* One recipient is accepted; returns its maildrop process. */
static inline unsigned recipient(const char *address, const char *user)
{
	char line[600];

	snprintf(line, sizeof line, "RCPT TO:<%s>\r\n", address);
	say(line);
	const struct message_RCPT_ASK *ask = asked();
	CHECK_SPAN(ask->address, address);
	const unsigned i = answer_ok(*ask, user);
	CHECK_TEXT(look(), "");
	accepts(i);
	CHECK(strncmp(look(), "250 2.1.5 ", 10) == 0);
	return i;
}

static inline void mail(void)
{
	say("MAIL FROM:<s@sender.example>\r\n");
	CHECK(strncmp(look(), "250 2.1.0 ", 10) == 0);
}

static inline void data(void)
{
	say("DATA\r\n");
	CHECK(strncmp(look(), "354 ", 4) == 0);
}
