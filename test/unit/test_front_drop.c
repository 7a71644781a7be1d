/* Promises of the front to a client in its maildrop, and to poplar-drop: the listing,
 * deletion marks, boards; whatever poplar-drop answers. */
#include "frontworld.h"

static void begin(void)
{
	start_front();
	log_in();
}

/* ---- the listing ---- */

static void test_scan_listings_and_unique_ids(void **state)
{
	(void)state;
	begin();
	say("LIST\r\n");
	CHECK(said("\r\n1 26\r\n2 26\r\n"));
	CHECK(said("\r\n40 26\r\n.\r\n"));
	say("UIDL 7\r\n");
	CHECK_TEXT(SAID, "+OK 7 uid-7\r\n");
	say("DELE 7\r\nUIDL\r\n");
	CHECK(said("6 uid-6\r\n8 uid-8\r\n"));
	CHECK(!said("7 uid-7"));
	stop_front();
}

/* Records of a group lie together, and behind them are names. The first record, which
 * begins a group, is that of no message. */
static void test_a_listing_of_more_than_one_group(void **state)
{
	enum { COUNT = LISTING_GROUP + 12 };
	static char octets[1 << 18];
	struct listing_gap gap;
	struct listing_map map = { .generation = 7, .gaps = &gap };
	char gaps[8];
	struct buf b = BUF(gaps);
	struct message m = ready();

	(void)state;
	memset(octets, 0x55, sizeof octets);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct listing_record r = { .octets = 1, .name_len = 1 };

		r.uid_len = (uint8_t)sprintf(r.uid, "uid-%u", i + 1);
		listing_put(&r, 7, i, octets + listing_at(i));
	}
	CHECK(listing_remove(&map, 0, 1));
	listing_put_gaps(&map, &b);
	const struct span all = { octets, (size_t)listing_end(COUNT) };
	start_front();
	m.READY.count = COUNT - 1;
	m.READY.gaps = buf_span(&b);
	log_in_to(&m, file_sealed("listing", all));
	say("UIDL\r\n");
	CHECK(said("\r\n1 uid-2\r\n"));
	CHECK(said("\r\n127 uid-128\r\n128 uid-129\r\n"));
	CHECK(said("\r\n139 uid-140\r\n.\r\n"));
	say("UIDL 127\r\n");
	CHECK_TEXT(SAID, "+OK 127 uid-128\r\n");
	say("UIDL 128\r\n");
	CHECK_TEXT(SAID, "+OK 128 uid-129\r\n");
	stop_front();
}

/* Half of a reply must not look whole; the next session gets another index. */
static void test_a_spoiled_record(void **state)
{
	const struct message m = ready();

	(void)state;
	start_front();
	log_in_to(&m, listing_file(4));
	say("UIDL 4\r\n");
	CHECK_TEXT(SAID, "+OK 4 uid-4\r\n");
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 0);
	say("UIDL 5\r\n");
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 1);
	say("UIDL\r\n");
	CHECK(said("4 uid-4\r\n"));
	CHECK(!said("6 uid-6"));
	CHECK(!said("\r\n.\r\n"));
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	CHECK_TEXT(conn()->pop3->session.end, "cut-short");
	stop_front();
}

/* Which is no reason to ask for octets. */
static void test_a_listing_that_is_too_short(void **state)
{
	const struct message m = ready();

	(void)state;
	start_front();
	log_in_to(&m, body_file(""));
	errno = EAGAIN; /* of another call */
	say("UIDL 1\r\n");
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK_EQ(heard(MESSAGE_COPY), 0);
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 1);
	stop_front();
}

/* Messages have fewer or more octets for clients that have issued UTF8. */
static void test_sizes_are_those_that_the_client_sees(void **state)
{
	struct message m = ready();
	const struct message done = { .kind = MESSAGE_DONE,
				      .DONE = { MESSAGES - 1, 900, 800 } };

	(void)state;
	m.READY.octets = 1000;
	m.READY.ascii_octets = 1010;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		start_front();
		arrive("192.0.2.1:1000", false);
		if (utf8)
			say("UTF8\r\n");
		open_maildrop(&m, listing_file(UINT32_MAX));
		say("STAT\r\n");
		CHECK_TEXT(SAID, utf8 ? "+OK 40 1000\r\n" : "+OK 40 1010\r\n");
		say("DELE 1\r\nQUIT\r\n");
		drop(&done, -1);
		CHECK(logged(utf8 ? "left=39 left-octets=900"
				  : "left=39 left-octets=800"));
		stop_front();
	}
}

static void test_a_listing_of_another_generation(void **state)
{
	struct message m = ready();

	(void)state;
	start_front();
	m.READY.generation = 8;
	log_in_to(&m, listing_file(UINT32_MAX));
	say("UIDL 1\r\n");
	CHECK(said("-ERR"));
	stop_front();
}

/* Records behind a gap are those of later messages. */
static void test_a_listing_with_a_gap(void **state)
{
	struct listing_gap gap;
	struct listing_map map = { .generation = 7, .gaps = &gap };
	char gaps[8];
	struct buf b = BUF(gaps);
	struct message m = ready();

	(void)state;
	CHECK(listing_remove(&map, 1, 2)); /* messages 2 and 3 */
	listing_put_gaps(&map, &b);
	start_front();
	m.READY.count = MESSAGES - 2;
	m.READY.gaps = buf_span(&b);
	log_in_to(&m, listing_file(UINT32_MAX));
	say("UIDL\r\n");
	CHECK(said("\r\n1 uid-1\r\n2 uid-4\r\n"));
	CHECK(said("\r\n38 uid-40\r\n.\r\n"));
	stop_front();
}

/* A window of the listing is asked for, and the command goes on where it was. */
static void test_a_listing_that_is_not_in_memory(void **state)
{
	struct message m = ready();
	const struct message copied = { .kind = MESSAGE_COPIED,
					.COPIED = { MESSAGE_GIVEN_WINDOW, 65536 } };

	(void)state;
	start_front();
	m.READY.given = MESSAGE_GIVEN_WINDOW;
	log_in_to(&m, body_file(""));
	say("UIDL\r\n");
	CHECK_EQ(conn()->pop3->awaits, AWAITS_OCTETS);
	CHECK_EQ(last(MESSAGE_COPY)->message.COPY.message, 0);
	CHECK_EQ(last(MESSAGE_COPY)->message.COPY.offset, listing_at(0));
	char octets[65536];
	int whole = listing_file(UINT32_MAX);
	const ssize_t n = pread(whole, octets, sizeof octets, (off_t)listing_at(0));
	close(whole);
	drop(&copied, file_sealed("window", (struct span){ octets, (size_t)n }));
	CHECK(said("\r\n40 uid-40\r\n.\r\n"));
	stop_front();
}

/* ---- the commit ---- */

static void test_marks_and_commit(void **state)
{
	const struct message done = { .kind = MESSAGE_DONE,
				      .DONE = { MESSAGES - 2, 988, 988 } };

	(void)state;
	begin();
	say("DELE 1\r\nDELE 3\r\nQUIT\r\n");
	CHECK_EQ(heard(MESSAGE_MARKS), 1);
	CHECK_EQ(last(MESSAGE_MARKS)->message.MARKS.first, 0);
	CHECK_EQ(last(MESSAGE_MARKS)->text[0], 5);
	CHECK_EQ(last(MESSAGE_COMMIT)->message.COMMIT.marked, 2);
	CHECK_EQ(last(MESSAGE_COMMIT)->message.COMMIT.retrieved, 0);
	drop(&done, -1);
	CHECK(said("+OK"));
	CHECK(logged("deleted=2 deleted-octets=52 left=38 left-octets=988"));
	CHECK(!conn());
	stop_front();
}

/* A client may delete a message of no octets. */
static void test_a_commit_that_frees_nothing(void **state)
{
	const struct message done = { .kind = MESSAGE_DONE,
				      .DONE = { MESSAGES - 1, 1040, 1040 } };

	(void)state;
	begin();
	say("DELE 1\r\nQUIT\r\n");
	drop(&done, -1);
	CHECK(said("+OK"));
	CHECK(logged("deleted=1 deleted-octets=0 left=39"));
	stop_front();
}

/* MARKS hold 32768 messages each; those without a mark are left out. */
static void test_marks_of_a_large_maildrop(void **state)
{
	enum { EACH = 4096 * 8, LAST = 9 * EACH };
	struct message m = ready();

	(void)state;
	start_front();
	m.READY.count = LAST + 64;
	m.READY.maxima = 0;
	log_in_to(&m, listing_file(UINT32_MAX));
	say("DELE 2\r\n"); /* the listing has no record of the last ones */
	conn()->pop3->session.bits[LAST / 64] |= 1;
	say("QUIT\r\n");
	CHECK_EQ(heard(MESSAGE_MARKS), 2);
	const struct message_MARKS *marks = &last(MESSAGE_MARKS)->message.MARKS;
	CHECK_EQ(marks->first, LAST);
	CHECK_EQ(marks->bits.len, 64 / 8);
	CHECK_EQ(last(MESSAGE_MARKS)->text[0], 1);
	CHECK_EQ(heard(MESSAGE_COMMIT), 1);
	stop_front();
}

static void test_a_full_queue_is_waited_for(void **state)
{
	(void)state;
	begin();
	struct drop_link *link = conn()->pop3->drop.link;
	w.drop_fault = FAULT_LIMIT;
	say("DELE 1\r\nQUIT\r\n");
	CHECK_EQ(conn()->pop3->awaits, AWAITS_COMMIT);
	CHECK_EQ(link->watch.events, LOOP_READ | LOOP_WRITE);
	w.drop_fault = FAULT_NONE;
	link->watch.wake(&link->watch, LOOP_WRITE);
	CHECK_EQ(heard(MESSAGE_COMMIT), 1);
	CHECK_EQ(heard(MESSAGE_MARKS), 1);
	CHECK_EQ(link->watch.events, LOOP_READ);
	stop_front();
}

/* The client is told at once, and nobody else is. */
static void test_a_commit_that_cannot_be_asked_for(void **state)
{
	(void)state;
	for (int later = 0; later < 2; later++) {
		begin();
		struct drop_link *link = conn()->pop3->drop.link;
		w.drop_fault = later ? FAULT_LIMIT : FAULT_PEER;
		say("DELE 1\r\nQUIT\r\n");
		if (later) {
			w.drop_fault = FAULT_PEER;
			link->watch.wake(&link->watch, LOOP_WRITE);
		}
		CHECK(said("-ERR [SYS/TEMP]"));
		CHECK_EQ(w.f.out.len, 0);
		CHECK_EQ(conn() ? (int)conn()->phase : PHASE_LINGER, PHASE_LINGER);
		CHECK(!logged("deleted=1"));
		stop_front();
	}
}

static void test_a_done_that_cannot_be_right(void **state)
{
	static const uint64_t wrong[][2] = { { MESSAGES + 1, 0 }, { 0, 1041 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct message done = { .kind = MESSAGE_DONE,
					      .DONE = { wrong[i][0], wrong[i][1],
							wrong[i][1] } };

		begin();
		say("DELE 1\r\nQUIT\r\n");
		drop(&done, -1);
		CHECK(said("-ERR"));
		CHECK_EQ(conn()->phase, PHASE_LINGER);
		stop_front();
	}
}

static void test_a_commit_for_a_client_that_has_gone(void **state)
{
	const struct message done = { .kind = MESSAGE_DONE,
				      .DONE = { MESSAGES - 1, 1014, 1014 } };

	(void)state;
	begin();
	say("DELE 1\r\nQUIT\r\n");
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
	CHECK_EQ(conn()->phase, PHASE_GONE);
	w.clients[0].send_error = EPIPE;
	drop(&done, -1);
	CHECK(!conn());
	CHECK(logged("deleted=1 deleted-octets=26 left=39"));
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
}

/* ---- boards ---- */

static void board_ok(const char *name)
{
	const struct message ok = { .kind = MESSAGE_BOARD_OK,
				    .BOARD_OK = { slots_id(conn()), span_of(name) } };

	auth_says(&ok, DROP_FD + w.drops++);
}

static void board_failed(enum fault f)
{
	const struct message m = { .kind = MESSAGE_BOARD_FAILED,
				   .BOARD_FAILED = { slots_id(conn()), f } };

	auth_says(&m, -1);
}

static void test_a_board_takes_the_place_of_the_maildrop(void **state)
{
	struct message m = ready();

	(void)state;
	begin();
	say("DELE 1\r\nXTND BBOARDS news\r\n");
	const struct heard *h = last(MESSAGE_BOARD_ASK);
	CHECK_TEXT(h->text, "news");
	CHECK_EQ(h->message.BOARD_ASK.board, BOARD_NAMED);
	CHECK_EQ(h->message.BOARD_ASK.ticket.len, 6);
	board_ok("news");
	struct drop_link *old = conn()->pop3->drop.link,
			 *next = conn()->pop3->drop.next;
	m.READY.count = 2;
	m.READY.octets = 52;
	drop_says(next, &m, listing_file(UINT32_MAX));
	CHECK(conn()->pop3->drop.link == next && !conn()->pop3->drop.next &&
	      !old->conn);
	CHECK(said("news"));
	CHECK(logged("board user=alice peer=192.0.2.1:1000 board=news"));
	CHECK(!conn()->pop3->session.bits && conn()->pop3->session.count == 2);
	say("UIDL\r\n");
	CHECK(said("2 uid-2\r\n.\r\n"));
	CHECK(!conn()->pop3->drop.next_name);
	say("XTND ARCHIVE news\r\n");
	CHECK_EQ(last(MESSAGE_BOARD_ASK)->message.BOARD_ASK.board, BOARD_ARCHIVE);
	board_ok("news");
	drop_says(conn()->pop3->drop.next, &m, listing_file(UINT32_MAX));
	CHECK(logged("board=news archive=no"));
	CHECK(logged("board=news archive=yes messages=2 octets=1040"));
	stop_front();
}

static void test_all_boards_are_told_one_by_one(void **state)
{
	const struct message m = ready();
	const struct message failed = { .kind = MESSAGE_FAILED,
					.FAILED = { FAULT_BUSY } };

	(void)state;
	begin();
	say("XTND BBOARDS\r\n");
	CHECK_EQ(last(MESSAGE_BOARD_ASK)->message.BOARD_ASK.number, 0);
	board_ok("news");
	struct drop_link *next = conn()->pop3->drop.next;
	drop_says(next, &m, listing_file(UINT32_MAX));
	CHECK(!conn()->pop3->drop.next);
	CHECK_EQ(last(MESSAGE_BOARD_ASK)->message.BOARD_ASK.number, 1);
	board_ok("busy");
	drop_says(conn()->pop3->drop.next, &failed, -1);
	CHECK_EQ(last(MESSAGE_BOARD_ASK)->message.BOARD_ASK.number, 2);
	board_failed(FAULT_NO_BOARD);
	CHECK(said("news"));
	CHECK(!said("busy"));
	CHECK(said("\r\n.\r\n"));
	CHECK_EQ(conn()->pop3->awaits, AWAITS_NOTHING);
	CHECK(conn()->pop3->drop.link);
	stop_front();
}

static void test_a_board_that_cannot_be_opened_changes_nothing(void **state)
{
	struct message m = ready();
	int i = 0;

	(void)state;
	begin();
	for (; i < 3; i++) {
		say("XTND BBOARDS news\r\n");
		if (i == 0) {
			board_failed(FAULT_COUNT);
		} else {
			board_ok("news");
			m.READY.read_only = 2; /* cannot be right */
			deliver(&conn()->pop3->drop.next->watch,
				i == 1 ? CHANNEL_MESSAGE : CHANNEL_CUT, &m,
				&(const int){ i == 1 ? body_file("") : -1 }, i == 1);
		}
		CHECK(said("-ERR [SYS/TEMP]"));
		CHECK(conn()->pop3->drop.link && !conn()->pop3->drop.next);
		CHECK(!conn()->pop3->drop.next_name);
		say("UIDL 1\r\n");
		CHECK(said("+OK 1 uid-1"));
	}
	stop_front();
}

/* Numbers that no fault has, from a maildrop process and from poplar-auth. */
static void test_faults_that_are_none(void **state)
{
	static const uint64_t none[] = { FAULT_NONE, FAULT_COUNT };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct message failed = { .kind = MESSAGE_FAILED,
						.FAILED = { none[i] } };

		begin();
		say("XTND BBOARDS news\r\n");
		board_ok("news");
		drop_says(conn()->pop3->drop.next, &failed, -1);
		CHECK(said("-ERR [SYS/TEMP]"));
		say("XTND BBOARDS news\r\n");
		board_failed((enum fault)none[i]);
		CHECK(said("-ERR [SYS/TEMP]"));
		say("RETR 1\r\n");
		drop(&failed, -1);
		CHECK(said("-ERR [SYS/TEMP]"));
		stop_front();
	}
}

/* While a board is opened, the maildrop that is open has nothing to say. */
static void test_the_open_maildrop_speaks_while_a_board_is_opened(void **state)
{
	const struct message failed = { .kind = MESSAGE_FAILED,
					.FAILED = { FAULT_IO } };

	(void)state;
	begin();
	say("XTND BBOARDS news\r\n");
	board_ok("news");
	drop(&failed, -1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "maildrop-lost");
	stop_front();
}

/* The maildrop before is closed by then. */
static void test_gaps_of_a_board_that_cannot_be_right(void **state)
{
	char gaps[8] = { 0 };
	struct message m = ready();

	(void)state;
	begin();
	say("XTND BBOARDS news\r\n");
	board_ok("news");
	m.READY.gaps = (struct span){ gaps, sizeof gaps };
	drop_says(conn()->pop3->drop.next, &m, listing_file(UINT32_MAX));
	CHECK(!conn());
	CHECK_TEXT(w.ended, "maildrop-lost");
	stop_front();
}

/* What was read ahead is of the maildrop before. */
static void test_a_board_has_its_own_bodies(void **state)
{
	const struct message m = ready();

	(void)state;
	begin();
	retrieve(1);
	drop_bodies(8, body_of(12), "other text\r\n");
	say("XTND BBOARDS news\r\n");
	board_ok("news");
	const int fd = conn()->pop3->drop.next->watch.fd;
	drop_says(conn()->pop3->drop.next, &m, listing_file(UINT32_MAX));
	CHECK_EQ(w.pop3.readahead_open, 0);
	retrieve(2);
	CHECK_EQ(last(MESSAGE_BODIES)->fd, fd);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT) && !said("other"));
	say("DELE 2\r\nQUIT\r\n");
	CHECK_EQ(last(MESSAGE_MARKS)->fd, fd);
	CHECK_EQ(last(MESSAGE_COMMIT)->fd, fd);
	stop_front();
}

static void test_a_broken_session_socket_is_lost(void **state)
{
	(void)state;
	begin();
	struct drop_link *link = conn()->pop3->drop.link;
	link->watch.wake(&link->watch, LOOP_READ);
	CHECK(conn() && conn()->pop3->drop.link == link);
	link->watch.wake(&link->watch, LOOP_READ | LOOP_BROKEN);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "maildrop-lost");
	CHECK_EQ(link->watch.events, 0);
	stop_front();
}

static void test_a_board_question_waits_and_fails_like_a_login(void **state)
{
	(void)state;
	begin();
	w.auth_fault = FAULT_LIMIT;
	say("XTND BBOARDS news\r\n");
	CHECK_EQ(conn()->pop3->awaits, AWAITS_QUEUE);
	w.auth_fault = FAULT_UNSENDABLE;
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_WRITE);
	CHECK(said("-ERR"));
	CHECK(conn_is_logged_in(conn()));
	w.auth_fault = FAULT_NONE;
	say("XTND BBOARDS news\r\n");
	deliver(&w.f.auth->watch, CHANNEL_CUT,
		&(const struct message){ .kind = MESSAGE_BOARD_OK,
					 .BOARD_OK = { .id = slots_id(conn()) } },
		NULL, 0);
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK(conn()->pop3->drop.link && conn()->pop3->awaits == AWAITS_NOTHING);
	stop_front();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scan_listings_and_unique_ids),
		TEST(test_a_listing_of_more_than_one_group),
		TEST(test_a_spoiled_record),
		TEST(test_a_listing_that_is_too_short),
		TEST(test_sizes_are_those_that_the_client_sees),
		TEST(test_a_listing_of_another_generation),
		TEST(test_a_listing_with_a_gap),
		TEST(test_a_listing_that_is_not_in_memory),
		TEST(test_marks_and_commit),
		TEST(test_a_commit_that_frees_nothing),
		TEST(test_marks_of_a_large_maildrop),
		TEST(test_a_full_queue_is_waited_for),
		TEST(test_a_commit_that_cannot_be_asked_for),
		TEST(test_a_done_that_cannot_be_right),
		TEST(test_a_commit_for_a_client_that_has_gone),
		TEST(test_a_board_takes_the_place_of_the_maildrop),
		TEST(test_all_boards_are_told_one_by_one),
		TEST(test_a_board_that_cannot_be_opened_changes_nothing),
		TEST(test_faults_that_are_none),
		TEST(test_the_open_maildrop_speaks_while_a_board_is_opened),
		TEST(test_gaps_of_a_board_that_cannot_be_right),
		TEST(test_a_board_has_its_own_bodies),
		TEST(test_a_broken_session_socket_is_lost),
		TEST(test_a_board_question_waits_and_fails_like_a_login),
	};
	return RUN(tests);
}
