/* Promises of the front's driver (front/pop3/pop3.c): the table of states and events in
 * src/front/README.md, each cell of it in a faked world. */
#include "frontworld.h"

#include "ipc/dispatch.h"
#include "statetable.h"

/* ---- states, each brought about as in life ---- */

static void input(const char *words)
{
	say(words);
}

static void arriving(void)
{
	CHECK(nets_add(&w.f.proxies, SPAN("192.0.2.0/24")));
	arrive("192.0.2.1:1000", false);
}

static void hello(void)
{
	arrive("192.0.2.1:1000", true);
}

static void handshaking(void)
{
	hello();
	w.accepts = TLS_WANT_READ;
	input("\x16");
	CHECK_EQ(conn()->phase, PHASE_HANDSHAKE);
}

static void waiting(void)
{
	arrive("192.0.2.1:1000", false);
}

static void asking(void)
{
	waiting();
	input("AUTH PLAIN AGEAYg==\r\n");
}

static void queued(void)
{
	w.auth_fault = FAULT_LIMIT;
	asking();
}

static struct message answer(enum message_kind kind)
{
	const uint64_t id = conn() ? slots_id(conn()) : 0;
	struct message m = { .kind = kind };

	switch (kind) {
	case MESSAGE_AUTH_MORE:
		m.AUTH_MORE = (struct message_AUTH_MORE){ .id = id,
							  .challenge = SPAN("Pw==") };
		break;
	case MESSAGE_AUTH_LATER:
		m.AUTH_LATER =
			(struct message_AUTH_LATER){ .id = id, .delay_ms = 2000 };
		break;
	case MESSAGE_AUTH_FAILED:
		m.AUTH_FAILED = (struct message_AUTH_FAILED){ .id = id,
							      .fault = FAULT_DENIED,
							      .delay_ms = 2000 };
		break;
	case MESSAGE_AUTH_OK:
		m.AUTH_OK = (struct message_AUTH_OK){ .id = id };
		break;
	case MESSAGE_BOARD_OK:
		m.BOARD_OK =
			(struct message_BOARD_OK){ .id = id, .name = SPAN("news") };
		break;
	case MESSAGE_BOARD_FAILED:
		m.BOARD_FAILED =
			(struct message_BOARD_FAILED){ .id = id,
						       .fault = FAULT_NO_BOARD };
		break;
	default:
		fail_msg("no such answer");
	}
	return m;
}

static void auth(enum message_kind kind)
{
	const struct message m = answer(kind);
	const bool socket = kind == MESSAGE_AUTH_OK || kind == MESSAGE_BOARD_OK;

	auth_says(&m, socket ? DROP_FD + w.drops++ : -1);
}

static void challenged(void)
{
	asking();
	auth(MESSAGE_AUTH_MORE);
}

static void delayed(void)
{
	asking();
	auth(MESSAGE_AUTH_LATER);
}

static void refused(void)
{
	asking();
	auth(MESSAGE_AUTH_FAILED);
}

static void opening(void)
{
	asking();
	auth(MESSAGE_AUTH_OK);
}

static void blocked(void)
{
	log_in();
	w.clients[0].room = 10;
	input("CAPA\r\n");
}

static void fetching(void)
{
	log_in();
	input("RETR 1\r\n");
}

static void missing(void)
{
	struct message_body body = body_of(MESSAGE_OCTETS);

	fetching();
	body.given = MESSAGE_GIVEN_WINDOW;
	drop_bodies(1, body, "");
}

static void choosing(void)
{
	log_in();
	input("XTND BBOARDS news\r\n");
}

static void opening_board(void)
{
	choosing();
	auth(MESSAGE_BOARD_OK);
}

static void committing(void)
{
	log_in();
	input("DELE 1\r\nQUIT\r\n");
}

static void gone(void)
{
	committing();
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
}

static void lingering(void)
{
	log_in();
	input("QUIT\r\nNOOP\r\n");
}

static const struct {
	const char *name;
	void (*bring)(void);
	enum phase phase;
	enum awaits awaits;
	enum session_ask ask;
	bool blocked;
} states[] = {
	{ "arriving", arriving, PHASE_ARRIVING, AWAITS_NOTHING, ASK_READ, false },
	{ "hello", hello, PHASE_HELLO, AWAITS_NOTHING, ASK_READ, false },
	{ "handshake", handshaking, PHASE_HANDSHAKE, AWAITS_NOTHING, ASK_READ, false },
	{ "login", waiting, PHASE_OPEN, AWAITS_NOTHING, ASK_READ, false },
	{ "challenged", challenged, PHASE_OPEN, AWAITS_NOTHING, ASK_RESPONSE, false },
	{ "queued", queued, PHASE_OPEN, AWAITS_QUEUE, ASK_LOGIN, false },
	{ "asked", asking, PHASE_OPEN, AWAITS_AUTH, ASK_LOGIN, false },
	{ "delayed", delayed, PHASE_OPEN, AWAITS_DELAY, ASK_LOGIN, false },
	{ "refused", refused, PHASE_OPEN, AWAITS_REFUSAL, ASK_LOGIN, false },
	{ "opening", opening, PHASE_OPEN, AWAITS_MAILDROP, ASK_LOGIN, false },
	{ "ready", log_in, PHASE_OPEN, AWAITS_NOTHING, ASK_READ, false },
	{ "blocked", blocked, PHASE_OPEN, AWAITS_NOTHING, ASK_READ, true },
	{ "fetching", fetching, PHASE_OPEN, AWAITS_BODY, ASK_BODY, false },
	{ "missing", missing, PHASE_OPEN, AWAITS_OCTETS, ASK_SEND, false },
	{ "choosing", choosing, PHASE_OPEN, AWAITS_AUTH, ASK_BOARD, false },
	{ "board", opening_board, PHASE_OPEN, AWAITS_MAILDROP, ASK_BOARD, false },
	{ "commit", committing, PHASE_OPEN, AWAITS_COMMIT, ASK_COMMIT, false },
	{ "gone", gone, PHASE_GONE, AWAITS_COMMIT, ASK_COMMIT, false },
	{ "linger", lingering, PHASE_LINGER, AWAITS_NOTHING, ASK_CLOSE, false },
};
enum { STATES = sizeof states / sizeof *states };

/* ---- events ---- */

static void on_line(void)
{
	input("NOOP\r\n");
}

static void on_eof(void)
{
	w.clients[0].eof = true;
	input("");
}

static void on_room(void)
{
	w.clients[0].room = SIZE_MAX;
	if (conn()->watch.events & LOOP_WRITE)
		conn()->watch.wake(&conn()->watch, LOOP_WRITE);
}

static void on_broken(void)
{
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
}

/* Until the deadline that is nearest. */
static void on_late(void)
{
	const uint64_t at = w.f.loop.heap[1]->at;

	w.peer = SOCK_PEER_HAS_ALL;
	if (conn()->deadline.look_at == at) /* is looked at, and found there, first */
		pass(at - w.f.loop.now);
	if (conn() && w.f.loop.timer_count > 0)
		pass(w.f.loop.heap[1]->at - w.f.loop.now);
}

static void on_vanished(void)
{
	w.peer = SOCK_PEER_GONE;
	if (conn()->deadline.look_at)
		pass(conn()->deadline.look_at - w.f.loop.now);
}

static void on_queue(void)
{
	w.auth_fault = FAULT_NONE;
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_WRITE);
}

static void on_offers(void)
{
	offer(~0u);
}

static void on_auth_ok(void)
{
	auth(MESSAGE_AUTH_OK);
}

static void on_auth_more(void)
{
	auth(MESSAGE_AUTH_MORE);
}

static void on_auth_later(void)
{
	auth(MESSAGE_AUTH_LATER);
}

static void on_auth_failed(void)
{
	auth(MESSAGE_AUTH_FAILED);
}

static void on_board_ok(void)
{
	auth(MESSAGE_BOARD_OK);
}

static void on_board_failed(void)
{
	auth(MESSAGE_BOARD_FAILED);
}

static void on_auth_lost(void)
{
	deliver(&w.f.auth->watch, CHANNEL_CLOSED, NULL, NULL, 0);
}

/* By the newest session socket. */
static struct drop_link *newest(void)
{
	struct drop *d = &conn()->pop3->drop;

	return d->next ? d->next : d->link;
}

static void on_ready(void)
{
	const struct message m = ready();

	if (newest())
		drop_says(newest(), &m, listing_file(UINT32_MAX));
}

static void on_failed(void)
{
	const struct message m = { .kind = MESSAGE_FAILED, .FAILED = { FAULT_IO } };

	if (newest())
		drop_says(newest(), &m, -1);
}

static void on_bodies(void)
{
	if (conn()->pop3->drop.link)
		drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
}

static void on_copied(void)
{
	const struct message m = { .kind = MESSAGE_COPIED,
				   .COPIED = { MESSAGE_GIVEN_WINDOW, MESSAGE_OCTETS } };

	if (newest())
		drop_says(newest(), &m, body_file(MESSAGE_TEXT));
}

static void on_warmed(void)
{
	const struct message m = { .kind = MESSAGE_WARMED };

	if (newest())
		drop_says(newest(), &m, -1);
}

static void on_done(void)
{
	const struct message m = { .kind = MESSAGE_DONE, .DONE = { 1, 1, 1 } };

	if (newest())
		drop_says(newest(), &m, -1);
}

static void on_drop_lost(void)
{
	if (newest())
		deliver(&newest()->watch, CHANNEL_CLOSED, NULL, NULL, 0);
}

static void on_stop(void)
{
	w.f.stopping = true;
	turn_end_all(&w.f, true);
	listener_drain(&w.f);
}

/* Every message to a front from poplar-auth and from poplar-drop is an event of that
 * name. One row less or more does not compile. */
#define AUTH_EVENTS(X)                                                                 \
	X(AUTH_OFFERS, on_offers)                                                      \
	X(AUTH_OK, on_auth_ok)                                                         \
	X(AUTH_MORE, on_auth_more)                                                     \
	X(AUTH_LATER, on_auth_later)                                                   \
	X(AUTH_FAILED, on_auth_failed)                                                 \
	X(BOARD_OK, on_board_ok)                                                       \
	X(BOARD_FAILED, on_board_failed)
DISPATCH_WHOLE(auth_events, AUTH, FRONT, AUTH_EVENTS)

#define DROP_EVENTS(X)                                                                 \
	X(READY, on_ready)                                                             \
	X(FAILED, on_failed)                                                           \
	X(BODIES_ARE, on_bodies)                                                       \
	X(COPIED, on_copied)                                                           \
	X(WARMED, on_warmed)                                                           \
	X(DONE, on_done)
DISPATCH_WHOLE(drop_events, DROP, FRONT, DROP_EVENTS)

#define EVENT(name, happen) { #name, happen },

/* clang-format off */
static const struct {
	const char *name;
	void (*happen)(void);
} events[] = {
	{ "line", on_line },
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
	for (int i = 0; i < STATES; i++) {
		const bool open = c->phase == PHASE_OPEN;

		if (states[i].phase != c->phase)
			continue;
		if (!open || (states[i].awaits == c->pop3->awaits &&
			      states[i].blocked == c->output.blocked &&
			      states[i].ask == c->pop3->session.ask &&
			      (c->pop3->awaits != AWAITS_NOTHING ||
			       c->pop3->session.ask == ASK_RESPONSE ||
			       (states[i].bring == waiting) != conn_is_logged_in(c))))
			return i;
	}
	fail_msg("no state for phase %d, awaits %d, ask %s", c->phase, c->pop3->awaits,
		 session_ask_name(c->pop3->session.ask));
	return -1;
}

/* What has become of the connection: its end, or its state and what its socket is
 * watched for: r(ead), w(rite), h(angup). */
static void tell(const struct conn *c, char out[CELL])
{
	if (c)
		sprintf(out, "%s %s", states[state_of(c)].name, mask_text(c));
	else
		sprintf(out, "*%s*", w.ended);
}

static void try(int state, int event, char before[CELL], char after[CELL])
{
	start_front();
	states[state].bring();
	CHECK(conn());
	if (state_of(conn()) != state)
		fail_msg("%s: it is %s", states[state].name,
			 states[state_of(conn())].name);
	tell(conn(), before);
	events[event].happen();
	tell(conn(), after);
	CHECK_EQ(w.f.out.len, 0); /* nothing is left for another connection */
	stop_front();
}

/* ---- the table in the README ---- */

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
		"src/front/README.md", STATES, EVENTS, state_name, event_name, try
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
