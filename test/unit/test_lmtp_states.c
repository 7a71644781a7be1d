/* Promises of the driver of poplar-lmtp (lmtpd/lmtp.c): the table of states and events
 * in src/lmtpd/README.md, each cell of it. */
#include "lmtpworld.h"

#include <time.h>

#include "ipc/dispatch.h"
#include "statetable.h"

/* ---- calls that this test takes the place of ---- */

/* No turn ends because it takes long. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	(void)clock;
	*out = (struct timespec){ .tv_sec = NOW };
	return 0;
}

static enum sock_peer peer;
static int tls_fd;

struct tls *__wrap_tls_new(struct tls_server *server, int fd, struct buf *out);
struct tls *__wrap_tls_new(struct tls_server *server, int fd, struct buf *out)
{
	(void)out;
	tls_fd = fd;
	return (struct tls *)server;
}

void __wrap_tls_free(struct tls *tls);
void __wrap_tls_free(struct tls *tls)
{
	CHECK(tls == (struct tls *)&w);
}

enum tls_got __wrap_tls_accept(struct tls *tls);
enum tls_got __wrap_tls_accept(struct tls *tls)
{
	char octets[256];

	(void)tls;
	return recv(tls_fd, octets, sizeof octets, MSG_DONTWAIT) == 0 ? TLS_CLOSED
								      : TLS_WANT_READ;
}

void __wrap_tls_shutdown(struct tls *tls);
void __wrap_tls_shutdown(struct tls *tls)
{
	(void)tls;
}

const char *__wrap_tls_version(const struct tls *tls);
const char *__wrap_tls_version(const struct tls *tls)
{
	(void)tls;
	return "TLSv1.3";
}

enum sock_peer __wrap_sock_peer(int fd);
enum sock_peer __wrap_sock_peer(int fd)
{
	(void)fd;
	return peer;
}

/* ---- states, each brought about as in life ---- */

static struct message_RCPT_ASK question; /* the last, if poplar-auth was asked */
static unsigned maildrop;                /* the maildrop process that was given last */

static void ready(void)
{
	arrive();
}

static void hello(void)
{
	connect_from("127.0.0.1:1000");
	say("LHLO client.example\r\nSTARTTLS\r\n");
	CHECK_EQ(conn()->phase, PHASE_HELLO);
}

static void handshaking(void)
{
	hello();
	say("\x16");
}

static void asking(void)
{
	arrive();
	mail();
	say("RCPT TO:<alice>\r\n");
	question = *asked();
}

static void queued(void)
{
	arrive();
	mail();
	close_auth();
	say("RCPT TO:<alice>\r\n");
}

static void opening(void)
{
	asking();
	maildrop = answer_ok(question, "alice");
}

static void accepted(void)
{
	opening();
	accepts(maildrop);
	look();
}

static void receiving(void)
{
	accepted();
	data();
}

static void receiving_chunk(void)
{
	accepted();
	say("BDAT 1000\r\n");
}

static void spooling(void)
{
	static char line[1001];

	receiving();
	memset(line, 'x', 998);
	memcpy(line + 998, "\r\n", 3);
	while (conn()->lmtp->awaits != LMTP_AWAITS_SPOOL)
		say(line);
}

static void storing(void)
{
	receiving();
	say("Subject: x\r\n\r\n.\r\n");
}

static void gone(void)
{
	storing();
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
}

/* The client does not take its replies. */
static void blocked(void)
{
	static char hellos[8 * 400 + 1];
	const int least = 1;

	for (size_t i = 0; i < sizeof hellos - 1; i += 8)
		memcpy(hellos + i, "LHLO x\r\n", 9);
	arrive();
	CHECK_EQ(setsockopt(conn()->watch.fd, SOL_SOCKET, SO_SNDBUF, &least,
			    sizeof least),
		 0);
	say(hellos);
}

static void lingering(void)
{
	arrive();
	say("QUIT\r\nNOOP\r\n");
}

static const struct {
	const char *name;
	void (*bring)(void);
	enum phase phase;
	enum lmtp_awaits awaits;
	enum lmtp_ask ask;
	bool blocked;
} states[] = {
	{ "hello", hello, PHASE_HELLO, LMTP_AWAITS_NOTHING, LMTP_ASK_TLS, false },
	{ "handshake", handshaking, PHASE_HANDSHAKE, LMTP_AWAITS_NOTHING, LMTP_ASK_TLS,
	  false },
	{ "ready", ready, PHASE_OPEN, LMTP_AWAITS_NOTHING, LMTP_ASK_READ, false },
	{ "blocked", blocked, PHASE_OPEN, LMTP_AWAITS_NOTHING, LMTP_ASK_READ, true },
	{ "queued", queued, PHASE_OPEN, LMTP_AWAITS_QUEUE, LMTP_ASK_RECIPIENT, false },
	{ "asked", asking, PHASE_OPEN, LMTP_AWAITS_AUTH, LMTP_ASK_RECIPIENT, false },
	{ "opening", opening, PHASE_OPEN, LMTP_AWAITS_MAILDROP, LMTP_ASK_RECIPIENT,
	  false },
	{ "data", receiving, PHASE_OPEN, LMTP_AWAITS_NOTHING, LMTP_ASK_DATA, false },
	{ "chunk", receiving_chunk, PHASE_OPEN, LMTP_AWAITS_NOTHING, LMTP_ASK_CHUNK,
	  false },
	{ "spool", spooling, PHASE_OPEN, LMTP_AWAITS_SPOOL, LMTP_ASK_DATA, false },
	{ "stored", storing, PHASE_OPEN, LMTP_AWAITS_STORED, LMTP_ASK_DELIVER, false },
	{ "gone", gone, PHASE_GONE, LMTP_AWAITS_STORED, LMTP_ASK_DELIVER, false },
	{ "linger", lingering, PHASE_LINGER, LMTP_AWAITS_NOTHING, LMTP_ASK_CLOSE,
	  false },
};
enum { STATES = sizeof states / sizeof *states };

/* ---- events ---- */

static void on_line(void)
{
	say("NOOP\r\n");
}

static void on_dot(void)
{
	say(".\r\n");
}

static void on_eof(void)
{
	shutdown(w.client, SHUT_WR);
	turn();
}

/* The client reads until nothing comes. */
static void on_room(void)
{
	while (*look())
		turn();
}

static void on_broken(void)
{
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
}

/* Until the deadline that is nearest. */
static void on_late(void)
{
	peer = SOCK_PEER_HAS_ALL;
	if (conn()->deadline.look_at == w.f.loop.heap[1]->at)
		pass(conn()->deadline.look_at - w.f.loop.now);
	if (conn() && w.f.loop.timer_count > 0)
		pass(w.f.loop.heap[1]->at - w.f.loop.now);
}

static void on_vanished(void)
{
	peer = SOCK_PEER_GONE;
	if (conn()->deadline.look_at)
		pass(conn()->deadline.look_at - w.f.loop.now);
}

/* The channel to poplar-auth takes questions. */
static void on_queue(void)
{
	if (w.auth.fd < 0)
		start_auth();
}

static void on_ok(void)
{
	if (w.auth.fd >= 0)
		maildrop = answer_ok(question, "alice");
}

static void on_rcpt_failed(void)
{
	if (w.auth.fd >= 0)
		answer_failed(question, FAULT_NO_USER);
}

static void on_auth_lost(void)
{
	if (w.auth.fd >= 0)
		close_auth();
}

/* The maildrop process that was given last says m, if it can. */
static void say_from_drop(const struct message *m)
{
	if (w.drop_count > 0)
		drop_says(maildrop, m, -1);
}

static void on_accepts(void)
{
	say_from_drop(&(const struct message){ .kind = MESSAGE_ACCEPTS });
}

static void on_failed(void)
{
	say_from_drop(&(const struct message){ .kind = MESSAGE_FAILED,
					       .FAILED = { FAULT_QUOTA } });
}

static void on_spool_is(void)
{
	say_from_drop(&(const struct message){ .kind = MESSAGE_SPOOL_IS,
					       .SPOOL_IS = { FAULT_FULL } });
}

static void on_delivered(void)
{
	say_from_drop(&(const struct message){ .kind = MESSAGE_DELIVERED });
}

static void on_drop_lost(void)
{
	if (w.drop_count > 0)
		close_drop(maildrop);
}

static void on_stop(void)
{
	w.f.stopping = true;
	turn_end_all(&w.f, true);
	turn();
}

/* Every message to poplar-lmtp from poplar-auth and from poplar-drop is an event of
 * that name. One row less or more does not compile. */
#define AUTH_EVENTS(X)                                                                 \
	X(RCPT_OK, on_ok)                                                              \
	X(RCPT_FAILED, on_rcpt_failed)
DISPATCH_WHOLE(auth_events, AUTH, LMTP, AUTH_EVENTS)

#define DROP_EVENTS(X)                                                                 \
	X(ACCEPTS, on_accepts)                                                         \
	X(FAILED, on_failed)                                                           \
	X(SPOOL_IS, on_spool_is)                                                       \
	X(DELIVERED, on_delivered)
DISPATCH_WHOLE(drop_events, DROP, LMTP, DROP_EVENTS)

#define EVENT(name, happen) { #name, happen },

/* clang-format off */
static const struct {
	const char *name;
	void (*happen)(void);
} events[] = {
	{ "line", on_line },
	{ "dot", on_dot },
	{ "eof", on_eof },
	{ "room", on_room },
	{ "broken", on_broken },
	{ "late", on_late },
	{ "vanished", on_vanished },
	{ "queue", on_queue },
	AUTH_EVENTS(EVENT)
	{ "auth lost", on_auth_lost },
	DROP_EVENTS(EVENT)
	{ "drop lost", on_drop_lost },
	{ "stop", on_stop },
};
/* clang-format on */
enum { EVENTS = sizeof events / sizeof *events };

/* ---- one cell ---- */

static int state_of(const struct conn *c)
{
	for (int i = 0; i < STATES; i++)
		if (states[i].phase == c->phase &&
		    (c->phase != PHASE_OPEN ||
		     (states[i].awaits == c->lmtp->awaits &&
		      states[i].ask == c->lmtp->session.ask &&
		      states[i].blocked == c->output.blocked)))
			return i;
	fail_msg("no state for phase %d, awaits %d, ask %s", c->phase, c->lmtp->awaits,
		 lmtp_ask_name(c->lmtp->session.ask));
	return -1;
}

/* What has become of the connection: its end, as the log says it, or its state and what
 * its socket is watched for. */
static void tell(const struct conn *c, char out[CELL])
{
	const char *end = NULL;

	if (c) {
		sprintf(out, "%s %s", states[state_of(c)].name, mask_text(c));
		return;
	}
	for (const char *at = w.log; (at = strstr(at, " end=")); at++)
		end = at + 5;
	CHECK(end);
	snprintf(out, CELL, "*%.*s*", (int)strcspn(end, "\n"), end);
}

static void try(int state, int event, char before[CELL], char after[CELL])
{
	start_lmtp();
	w.f.tls = (struct tls_server *)&w;
	peer = SOCK_PEER_HAS_ALL;
	question = (struct message_RCPT_ASK){ 0 };
	states[state].bring();
	CHECK(conn());
	tell(conn(), before);
	events[event].happen();
	tell(conn(), after);
	CHECK_EQ(w.f.out.len, 0); /* nothing is left for another connection */
	stop_lmtp();
}

static const char *state_name(int state)
{
	return states[state].name;
}

static const char *event_name(int event)
{
	return events[event].name;
}

static void test_every_event_in_every_state(void **state)
{
	const struct state_table table = {
		"src/lmtpd/README.md", STATES, EVENTS, state_name, event_name, try
	};

	(void)state;
	check_table(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_event_in_every_state),
	};
	return RUN(tests);
}
