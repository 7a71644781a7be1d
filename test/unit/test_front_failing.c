/* Promises of the front where a call fails: there is no memory, the kernel watches no
 * further descriptor, or it has no room for a message. In a session that uses all of
 * the front, each of its calls fails once. The client or the log is told, what comes
 * behind goes on, and nothing is left. */
#include "frontworld.h"

static bool is_told;       /* a client, by a reply */
static unsigned unnoticed; /* failures that neither client nor log was told of */

static void step(const char *words)
{
	if (!conn())
		return;
	say(words);
	is_told |= said("-ERR [SYS/TEMP]");
}

/* What waits until a channel or the client takes more. */
static void take_more(void)
{
	if (w.f.auth && (w.f.auth->watch.events & LOOP_WRITE))
		w.f.auth->watch.wake(&w.f.auth->watch, LOOP_WRITE);
	if (conn() && conn()->pop3->drop.link &&
	    (conn()->pop3->drop.link->watch.events & LOOP_WRITE))
		conn()->pop3->drop.link->watch.wake(&conn()->pop3->drop.link->watch,
						    LOOP_WRITE);
	w.clients[0].room = SIZE_MAX;
	if (conn() && (conn()->watch.events & LOOP_WRITE))
		conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	is_told |= said("-ERR [SYS/TEMP]");
}

static bool awaits(enum awaits what)
{
	take_more();
	return conn() && conn()->pop3->awaits == what;
}

/* READY, with a gap if the maildrop shall have one. */
static void answer_ready(bool has_gap)
{
	struct drop *d = &conn()->pop3->drop;
	struct listing_gap gap;
	struct listing_map map = { .generation = 7, .gaps = &gap };
	char gaps[8];
	struct buf b = BUF(gaps);
	struct message m = ready();

	CHECK(listing_remove(&map, 1, 1));
	listing_put_gaps(&map, &b);
	if (has_gap) {
		m.READY.count--;
		m.READY.gaps = buf_span(&b);
	}
	drop_says(d->next ? d->next : d->link, &m, listing_file(UINT32_MAX));
	is_told |= said("-ERR [SYS/TEMP]");
}

static void begin_login(void)
{
	static char line[5000];

	listener_add(&w.f, LISTENER_FD, false);
	authchannel_use(&w.f, AUTH_FD);
	arrive("192.0.2.1:1000", false);
	step("PROXY TCP4 198.51.100.1 192.0.2.1 555 110\r\n");
	strcpy(line, "AUTH PLAIN ");
	memset(line + 11, 'A', 4000);
	strcpy(line + 4011, "\r\nNOOP\r\n");
	step(line);
	if (awaits(AWAITS_AUTH))
		auth_ok();
	if (awaits(AWAITS_MAILDROP))
		answer_ready(true);
}

/* A message that becomes a surrogate. */
static void retrieve_surrogate(void)
{
	struct message_body body = body_of(MESSAGE_OCTETS);

	body.surrogate = SURROGATE_MADE;
	step("RETR 1\r\n");
	if (awaits(AWAITS_BODY))
		drop_bodies(1, body, MESSAGE_TEXT);
	is_told |= said("-ERR [SYS/TEMP]");
}

static void open_board(void)
{
	const struct message ok = { .kind = MESSAGE_BOARD_OK,
				    .BOARD_OK = { conn() ? slots_id(conn()) : 0,
						  SPAN("news") } };

	step("XTND BBOARDS news\r\n");
	if (awaits(AWAITS_AUTH))
		auth_says(&ok, DROP_FD + w.drops++);
	if (awaits(AWAITS_MAILDROP))
		answer_ready(true);
}

static void commit(void)
{
	const struct message done = { .kind = MESSAGE_DONE,
				      .DONE = { MESSAGES - 2, 988, 988 } };

	step("DELE 3\r\nQUIT\r\n");
	if (awaits(AWAITS_COMMIT))
		drop_says(conn()->pop3->drop.link, &done, -1);
}

static void whole_session(void)
{
	begin_login();
	retrieve_surrogate();
	open_board();
	w.clients[0].room = 10;
	step("UIDL\r\n");
	take_more();
	commit();
}

static bool is_in_the_log(void)
{
	static const char *const events[] = {
		"listener-lost",     "auth-link-lost",    "connection-refused",
		"end=out-of-memory", "end=maildrop-lost", "message-cut",
		"end=hangup",
	};

	for (unsigned i = 0; i < sizeof events / sizeof *events; i++)
		if (logged(events[i]))
			return true;
	return false;
}

/* The session with the nth of these calls failing. False: there are not so many. */
static bool fail_call(enum call call, unsigned nth)
{
	start_front();
	CHECK(nets_add(&w.f.proxies, SPAN("192.0.2.0/24")));
	is_told = false;
	w.fails_in[call] = nth;
	whole_session();
	const bool failed = w.fails_in[call] == 0;
	w.fails_in[call] = 0;
	const bool whole = strcmp(w.ended, "quit") == 0;
	const bool noticed = is_told || is_in_the_log();
	CHECK(whole || noticed);
	CHECK(failed || !noticed);
	unnoticed += failed && !noticed;
	stop_front();
	return failed;
}

/* Each of these calls. `quiet`: so many may fail without a word. */
static void fail_each(enum call call, unsigned least, unsigned quiet)
{
	unsigned nth = 1;

	unnoticed = 0;
	while (fail_call(call, nth))
		nth++;
	CHECK(nth > least);
	CHECK_EQ(unnoticed, quiet);
}

/* A greeting without a timestamp is one without APOP. */
static void test_every_allocation_may_fail(void **state)
{
	(void)state;
	fail_each(CALL_MALLOC, 10, 1);
}

static void test_every_watch_may_fail(void **state)
{
	(void)state;
	fail_each(CALL_WATCH, 4, 0);
}

/* Questions to poplar-auth wait for room, and so do MARKS and COMMIT. AUTH_WHICH is
 * repeated. */
static void test_every_message_may_find_no_room(void **state)
{
	(void)state;
	fail_each(CALL_SEND, 5, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_allocation_may_fail),
		TEST(test_every_watch_may_fail),
		TEST(test_every_message_may_find_no_room),
	};
	return RUN(tests);
}
