/* test/unit/frontcalls.h - the world around a poplar-front as tables: clients, the
 * clock, memory, TLS, poplar-auth and poplar-drop. Calls that would reach the real ones
 * come here instead, by --wrap. No socket is opened.
 */
#pragma once

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "front/arrival.h"
#include "front/authchannel.h"
#include "front/client.h"
#include "front/listener.h"
#include "front/pop3/links.h"
#include "front/pop3/offers.h"
#include "front/pop3/pop3.h"
#include "front/protocol.h"
#include "front/slots.h"
#include "front/turn.h"
#include "ipc/channel.h"
#include "sys/file.h"

/* Numbers of faked sockets; no real descriptor is as high. */
enum {
	CLIENT_FD = 1 << 20,
	AUTH_FD = 1 << 21,
	DROP_FD = 1 << 22,
	LISTENER_FD = 1 << 23
};
enum { SLOTS = 4, HEARD_MAX = 1024, DROPS_MAX = 64, LISTENERS_MAX = 4, NOW = 1000000 };

/* Calls of the kernel and of the C library that can be made to fail. */
enum call { CALL_MALLOC, CALL_WATCH, CALL_SEND, CALL_COUNT };

/* What a faked process has been told. */
struct heard {
	int fd;
	struct message message;
	char text[256]; /* MARKS: its bits; AUTH_ASK, AUTH_NEXT: the response */
	int pass;
};

static struct world {
	struct front f;
	struct pop3_front pop3;
	struct {
		char in[16384];
		size_t in_len, in_at;
		bool eof;
		int error;   /* errno of the next recv */
		size_t room; /* octets that the socket takes */
		int send_error;
		char said[1 << 19]; /* by the front */
		size_t said_len;
		unsigned mores; /* how often it announced more octets to come */
		bool closed, shut;
	} clients[SLOTS];
	unsigned client_count; /* that have come, of SLOTS */
	unsigned backlog;      /* clients that can be accepted */
	unsigned accept_fails; /* how often accept4 fails, */
	int accept_error;      /* and its errno */
	bool listeners_closed[LISTENERS_MAX];
	unsigned listeners_watched[LISTENERS_MAX]; /* for which events */
	struct heard heard[HEARD_MAX];
	unsigned heard_count;
	enum fault auth_fault, drop_fault; /* of the next channel_send */
	int drops;                         /* session sockets given */
	bool drops_closed[DROPS_MAX];
	unsigned drops_watched[DROPS_MAX];
	/* The call that fails, counted down; 0: none does any more */
	unsigned fails_in[CALL_COUNT];
	int blocks;     /* of memory that are allocated */
	unsigned trims; /* calls of malloc_trim */
	bool open[256]; /* descriptors at the start */
	/* the next message for a channel */
	bool has_message;
	int message_fd;
	enum channel_got got;
	struct message message;
	struct channel_files files;
	uint64_t clock_step; /* ms that pass with each look at the clock */
	uint64_t clock;
	enum sock_peer peer;
	/* TLS: what the next calls give */
	enum tls_got accepts, reads, writes;
	bool tls_pending, tls_fails;
	unsigned tls_shutdowns, tls_open, tls_reads;
	int sendfile_error;
	bool sendfile_ends;   /* the file has no more octets */
	unsigned files_sent;  /* calls of sendfile */
	off_t cold, cold_end; /* positions of files that are not in memory */
	char log[65536];
	size_t log_len;
	char ended[64]; /* end= of the last line that has one */
} w;

/* ---- the log ---- */

static void keep_line(int priority, struct span line)
{
	(void)priority;
	CHECK(w.log_len + line.len + 2 < sizeof w.log);
	memcpy(w.log + w.log_len, line.at, line.len);
	w.log_len += line.len;
	w.log[w.log_len++] = '\n';
	w.log[w.log_len] = '\0';
	char *at = strrchr(w.log, '=');
	if (at && strncmp(at - 4, " end=", 5) == 0)
		sscanf(at + 1, "%63[^\n]", w.ended);
}

static inline bool logged(const char *text)
{
	return strstr(w.log, text) != NULL;
}

/* ---- calls that fail ---- */

static bool fails(enum call call)
{
	return w.fails_in[call] > 0 && --w.fails_in[call] == 0;
}

static void *block(void *at)
{
	w.blocks += at != NULL;
	return at;
}

void *__real_malloc(size_t octets);
void *__wrap_malloc(size_t octets);
void *__wrap_malloc(size_t octets)
{
	return fails(CALL_MALLOC) ? NULL : block(__real_malloc(octets));
}

void *__real_calloc(size_t count, size_t octets);
void *__wrap_calloc(size_t count, size_t octets);
void *__wrap_calloc(size_t count, size_t octets)
{
	return fails(CALL_MALLOC) ? NULL : block(__real_calloc(count, octets));
}

void *__real_realloc(void *at, size_t octets);
void *__wrap_realloc(void *at, size_t octets);
void *__wrap_realloc(void *at, size_t octets)
{
	if (fails(CALL_MALLOC))
		return NULL;
	w.blocks -= at != NULL;
	return block(__real_realloc(at, octets));
}

/* Memory that is given back holds no password. */
void __real_free(void *at);
void __wrap_free(void *at);
void __wrap_free(void *at)
{
	CHECK(!at || !memmem(at, malloc_usable_size(at), "secret", 6));
	w.blocks -= at != NULL;
	__real_free(at);
}

int __wrap_malloc_trim(size_t pad);
int __wrap_malloc_trim(size_t pad)
{
	CHECK_EQ(pad, 0);
	return (int)++w.trims;
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return fails(CALL_MALLOC) ? NULL : block(__real_strdup(text));
}

char *__real_strndup(const char *text, size_t most);
char *__wrap_strndup(const char *text, size_t most);
char *__wrap_strndup(const char *text, size_t most)
{
	return fails(CALL_MALLOC) ? NULL : block(__real_strndup(text, most));
}

/* ---- the kernel ---- */

static int client_of(int fd)
{
	return fd >= CLIENT_FD && fd < CLIENT_FD + SLOTS ? fd - CLIENT_FD : -1;
}

ssize_t __wrap_recv(int fd, void *out, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *out, size_t len, int flags)
{
	const int i = client_of(fd);

	CHECK(i >= 0 && !w.clients[i].closed && (flags & MSG_DONTWAIT));
	if (w.clients[i].error) {
		errno = w.clients[i].error;
		w.clients[i].error = errno == EINTR ? 0 : errno;
		return -1;
	}
	size_t n = w.clients[i].in_len - w.clients[i].in_at;
	if (n == 0 && !w.clients[i].eof) {
		errno = EAGAIN;
		return -1;
	}
	n = n < len ? n : len;
	memcpy(out, w.clients[i].in + w.clients[i].in_at, n);
	if (!(flags & MSG_PEEK))
		w.clients[i].in_at += n;
	return (ssize_t)n;
}

static ssize_t take_said(int i, const char *at, size_t len)
{
	if (w.clients[i].send_error) {
		errno = w.clients[i].send_error;
		w.clients[i].send_error = errno == EINTR ? 0 : errno;
		return -1;
	}
	if (w.clients[i].room == 0) {
		errno = EAGAIN;
		return -1;
	}
	len = len < w.clients[i].room ? len : w.clients[i].room;
	w.clients[i].room -= len;
	CHECK(w.clients[i].said_len + len < sizeof w.clients[i].said);
	memcpy(w.clients[i].said + w.clients[i].said_len, at, len);
	w.clients[i].said_len += len;
	w.clients[i].said[w.clients[i].said_len] = '\0';
	return (ssize_t)len;
}

ssize_t __wrap_send(int fd, const void *at, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *at, size_t len, int flags)
{
	const int i = client_of(fd);

	CHECK(i >= 0 && !w.clients[i].closed && (flags & MSG_NOSIGNAL) &&
	      (flags & MSG_DONTWAIT));
	w.clients[i].mores += (flags & MSG_MORE) != 0;
	return take_said(i, at, len);
}

ssize_t __wrap_sendfile(int to, int from, off_t *at, size_t len);
ssize_t __wrap_sendfile(int to, int from, off_t *at, size_t len)
{
	static char octets[1 << 20];

	w.files_sent++;
	if (w.sendfile_error) {
		errno = w.sendfile_error;
		return -1;
	}
	if (w.sendfile_ends)
		return 0;
	ssize_t n = pread(from, octets, len < sizeof octets ? len : sizeof octets, *at);
	return n <= 0 ? n : take_said(client_of(to), octets, (size_t)n);
}

/* Its name in the C library where off_t has 64 bits on every machine. */
ssize_t __wrap_sendfile64(int to, int from, off_t *at, size_t len);
ssize_t __wrap_sendfile64(int to, int from, off_t *at, size_t len)
{
	return __wrap_sendfile(to, from, at, len);
}

/* Files are memory here, of which some octets may be cold. */
ssize_t __wrap_preadv64v2(int fd, const struct iovec *io, int count, off_t at,
			  int flags);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *io, int count, off_t at,
			  int flags)
{
	CHECK(count == 1 && flags == RWF_NOWAIT);
	if (at < w.cold_end && at + (off_t)io->iov_len > w.cold) {
		errno = EAGAIN;
		return -1;
	}
	return pread(fd, io->iov_base, io->iov_len, at);
}

static inline struct sock_address address(const char *text)
{
	struct sock_address at[2];
	unsigned count;

	CHECK(sock_parse(span_of(text), at, &count) && count == 1);
	return at[0];
}

int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *io_len, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *io_len, int flags)
{
	const struct sock_address from = address("192.0.2.1:1000");

	CHECK(fd >= LISTENER_FD && !w.listeners_closed[fd - LISTENER_FD]);
	CHECK_EQ(flags, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (w.accept_fails > 0 || w.backlog == 0) {
		errno = w.accept_fails > 0 ? w.accept_error : EAGAIN;
		w.accept_fails -= w.accept_fails > 0;
		return -1;
	}
	w.backlog--;
	CHECK(*io_len >= from.len && w.client_count < SLOTS);
	memcpy(peer, &from.addr, from.len);
	*io_len = from.len;
	w.clients[w.client_count].room = SIZE_MAX;
	return CLIENT_FD + (int)w.client_count++;
}

int __wrap_shutdown(int fd, int how);
int __wrap_shutdown(int fd, int how)
{
	CHECK_EQ(how, SHUT_WR);
	w.clients[client_of(fd)].shut = true;
	return 0;
}

/* For which events the loop watches a socket that other processes have, too: closing it
 * does not end that. NULL: another socket. */
static unsigned *watched(int fd)
{
	if (fd >= LISTENER_FD)
		return &w.listeners_watched[fd - LISTENER_FD];
	return fd >= DROP_FD ? &w.drops_watched[fd - DROP_FD] : NULL;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	bool *closed = NULL;

	if (fd < CLIENT_FD) {
		CHECK_EQ(__real_close(fd), 0);
		return 0;
	}
	if (client_of(fd) >= 0)
		closed = &w.clients[client_of(fd)].closed;
	else if (fd >= LISTENER_FD)
		closed = &w.listeners_closed[fd - LISTENER_FD];
	else if (fd >= DROP_FD)
		closed = &w.drops_closed[fd - DROP_FD];
	CHECK(!closed || !*closed);
	CHECK(!watched(fd) || *watched(fd) == 0);
	if (closed)
		*closed = true;
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	(void)clock;
	w.clock += w.clock_step;
	*out = (struct timespec){ (time_t)(w.clock / 1000),
				  (long)(w.clock % 1000) * 1000000 };
	return 0;
}

bool __wrap_loop_watch(struct loop *l, struct loop_watch *at, unsigned events);
bool __wrap_loop_watch(struct loop *l, struct loop_watch *at, unsigned events)
{
	(void)l;
	if (at->events == 0 && events != 0 && fails(CALL_WATCH))
		return false;
	at->events = events;
	if (watched(at->fd))
		*watched(at->fd) = events;
	return true;
}

enum sock_peer __wrap_sock_peer(int fd);
enum sock_peer __wrap_sock_peer(int fd)
{
	CHECK(client_of(fd) >= 0);
	return w.peer;
}

/* ---- TLS: records are the octets themselves ---- */

static struct buf *sealed;

struct tls *__wrap_tls_new(struct tls_server *server, int fd, struct buf *out);
struct tls *__wrap_tls_new(struct tls_server *server, int fd, struct buf *out)
{
	(void)server;
	(void)fd;
	sealed = out;
	w.tls_open += !w.tls_fails;
	return w.tls_fails ? NULL : (struct tls *)&w;
}

void __wrap_tls_free(struct tls *tls);
void __wrap_tls_free(struct tls *tls)
{
	CHECK(tls == (struct tls *)&w && w.tls_open > 0);
	w.tls_open--;
}

enum tls_got __wrap_tls_accept(struct tls *tls);
enum tls_got __wrap_tls_accept(struct tls *tls)
{
	const enum tls_got got = w.accepts;

	(void)tls;
	if (got == TLS_WANT_WRITE) {
		buf_put(sealed, SPAN("[hello]"));
		w.accepts = TLS_WANT_READ;
	}
	return got;
}

enum tls_got __wrap_tls_read(struct tls *tls, char *out, size_t room, size_t *out_len);
enum tls_got __wrap_tls_read(struct tls *tls, char *out, size_t room, size_t *out_len)
{
	(void)tls;
	w.tls_reads++;
	if (w.reads != TLS_DONE)
		return w.reads;
	const ssize_t n = __wrap_recv(CLIENT_FD, out, room, MSG_DONTWAIT);
	if (n < 0)
		return TLS_WANT_READ;
	*out_len = (size_t)n;
	return n > 0 ? TLS_DONE : TLS_CLOSED;
}

enum tls_got __wrap_tls_write(struct tls *tls, struct span in, size_t *out_done);
enum tls_got __wrap_tls_write(struct tls *tls, struct span in, size_t *out_done)
{
	(void)tls;
	if (w.writes != TLS_DONE)
		return w.writes;
	if (buf_left(sealed) == 0)
		return TLS_WANT_WRITE;
	*out_done = in.len < buf_left(sealed) ? in.len : buf_left(sealed);
	buf_put(sealed, (struct span){ in.at, *out_done });
	return TLS_DONE;
}

void __wrap_tls_shutdown(struct tls *tls);
void __wrap_tls_shutdown(struct tls *tls)
{
	(void)tls;
	buf_put(sealed, SPAN("[bye]"));
	w.tls_shutdowns++;
}

bool __wrap_tls_has_pending(const struct tls *tls);
bool __wrap_tls_has_pending(const struct tls *tls)
{
	(void)tls;
	return w.tls_pending;
}

bool __wrap_tls_binds(const struct tls *tls);
bool __wrap_tls_binds(const struct tls *tls)
{
	(void)tls;
	return true;
}

bool __wrap_tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1]);
bool __wrap_tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1])
{
	(void)tls;
	memcpy(out, "certified", sizeof "certified");
	return true;
}

const char *__wrap_tls_version(const struct tls *tls);
const char *__wrap_tls_version(const struct tls *tls)
{
	(void)tls;
	return "TLSv1.3";
}

const char *__wrap_tls_cipher(const struct tls *tls);
const char *__wrap_tls_cipher(const struct tls *tls)
{
	(void)tls;
	return "CIPHER";
}

const char *__wrap_tls_client_error(const struct tls *tls);
const char *__wrap_tls_client_error(const struct tls *tls)
{
	(void)tls;
	return NULL;
}

bool __wrap_tls_exporter(const struct tls *tls, char out[TLS_EXPORTER_OCTETS]);
bool __wrap_tls_exporter(const struct tls *tls, char out[TLS_EXPORTER_OCTETS])
{
	(void)tls;
	memset(out, 'x', TLS_EXPORTER_OCTETS);
	return true;
}

size_t __wrap_tls_unique(const struct tls *tls, char out[TLS_UNIQUE_MAX]);
size_t __wrap_tls_unique(const struct tls *tls, char out[TLS_UNIQUE_MAX])
{
	(void)tls;
	memset(out, 'u', 12);
	return 12;
}

/* ---- the other processes ---- */

static inline bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

enum fault __wrap_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait);
enum fault __wrap_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait)
{
	const enum fault fault = fails(CALL_SEND) ? FAULT_NOMEM
				 : fd == AUTH_FD  ? w.auth_fault
						  : w.drop_fault;
	struct heard *h = &w.heard[w.heard_count];
	struct span text = { 0 };

	CHECK_EQ(wait, CHANNEL_NOW);
	CHECK(fd == AUTH_FD || fd >= DROP_FD);
	CHECK(message_fd(m->kind) == MESSAGE_FD_NONE ? pass == -1 : is_open(pass));
	if (fault)
		return fault;
	CHECK(++w.heard_count < HEARD_MAX);
	*h = (struct heard){ .fd = fd, .message = *m, .pass = pass };
	if (m->kind == MESSAGE_AUTH_ASK)
		text = m->AUTH_ASK.response;
	else if (m->kind == MESSAGE_AUTH_NEXT)
		text = m->AUTH_NEXT.response;
	else if (m->kind == MESSAGE_BOARD_ASK)
		text = m->BOARD_ASK.name;
	else if (m->kind == MESSAGE_MARKS)
		text = m->MARKS.bits;
	if (text.len > 0)
		memcpy(h->text, text.at,
		       text.len < sizeof h->text ? text.len : sizeof h->text - 1);
	return FAULT_NONE;
}

enum channel_got __wrap_channel_receive(struct channel *c, enum channel_wait wait,
					struct channel_inbox *out);
enum channel_got __wrap_channel_receive(struct channel *c, enum channel_wait wait,
					struct channel_inbox *out)
{
	CHECK_EQ(wait, CHANNEL_NOW);
	CHECK_EQ(c->self, ROLE_FRONT);
	CHECK_EQ(c->peer, c->fd == AUTH_FD ? ROLE_AUTH : ROLE_DROP);
	if (!w.has_message || w.message_fd != c->fd)
		return CHANNEL_EMPTY;
	w.has_message = false;
	out->message = w.message;
	out->files = w.files;
	return w.got;
}

/* How often this kind was sent. */
static inline unsigned heard(enum message_kind kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w.heard_count; i++)
		count += w.heard[i].message.kind == kind;
	return count;
}

/* The last message of this kind. */
static inline const struct heard *last(enum message_kind kind)
{
	for (unsigned i = w.heard_count; i-- > 0;)
		if (w.heard[i].message.kind == kind)
			return &w.heard[i];
	fail_msg("no %s was sent", message_name(kind));
	return NULL;
}

static inline void deliver(struct loop_watch *at, enum channel_got got,
			   const struct message *m, const int *files, size_t count)
{
	w.has_message = true;
	w.message_fd = at->fd;
	w.got = got;
	w.message = m ? *m : (struct message){ 0 };
	w.files = (struct channel_files){ .count = count, .at = { -1 } };
	for (size_t i = 0; i < count; i++)
		w.files.at[i] = files[i];
	at->wake(at, LOOP_READ);
	CHECK(!w.has_message);
}

/* poplar-auth says m; `pass`: a session socket, or -1. */
static inline void auth_says(const struct message *m, int pass)
{
	deliver(&w.f.auth->watch, CHANNEL_MESSAGE, m, &pass, pass >= 0);
}

static inline void drop_says(struct drop_link *link, const struct message *m, int pass)
{
	deliver(&link->watch, CHANNEL_MESSAGE, m, &pass, pass >= 0);
}
