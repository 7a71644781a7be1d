/* Promises of the front to a client in its maildrop, and to poplar-drop: the listing,
 * bodies and their read-ahead, deletion marks, boards; whatever poplar-drop answers. */
#include "frontworld.h"

static void begin(void)
{
	start_front();
	log_in();
}

static void drop(const struct message *m, int fd)
{
	drop_says(conn()->drop.link, m, fd);
}

/* As long as it is the front's turn. */
static void go_on(void)
{
	while (conn() && (conn()->unfinished || (conn()->watch.events & LOOP_WRITE)))
		conn()->watch.wake(&conn()->watch, LOOP_WRITE);
}

static const struct message_BODIES *asked(void)
{
	return &last(MESSAGE_BODIES)->message.BODIES;
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

/* Records of a group lie together, and behind them are names. */
static void test_a_listing_of_more_than_one_group(void **state)
{
	enum { COUNT = LISTING_GROUP + 12 };
	static char octets[1 << 18];
	struct message m = ready();

	(void)state;
	memset(octets, 0x55, sizeof octets);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct listing_record r = { .octets = 1, .name_len = 1 };

		r.uid_len = (uint8_t)sprintf(r.uid, "uid-%u", i + 1);
		listing_put(&r, 7, i, octets + listing_at(i));
	}
	const struct span all = { octets, (size_t)listing_end(COUNT) };
	start_front();
	m.READY.count = COUNT;
	log_in_to(&m, file_sealed("listing", all));
	say("DELE 1\r\nUIDL\r\n");
	CHECK(said("\r\n2 uid-2\r\n"));
	CHECK(said("\r\n128 uid-128\r\n129 uid-129\r\n"));
	CHECK(said("\r\n140 uid-140\r\n.\r\n"));
	say("UIDL 128\r\n");
	CHECK_TEXT(SAID, "+OK 128 uid-128\r\n");
	say("UIDL 129\r\n");
	CHECK_TEXT(SAID, "+OK 129 uid-129\r\n");
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
	CHECK_TEXT(conn()->session.end, "cut-short");
	stop_front();
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
	CHECK_EQ(conn()->awaits, AWAITS_OCTETS);
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

/* ---- bodies ---- */

static void test_a_message_goes_out_as_stored(void **state)
{
	(void)state;
	begin();
	say("RETR 3\r\n");
	CHECK_EQ(asked()->first, 3);
	CHECK_EQ(asked()->count, 1);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said("\r\n" MESSAGE_TEXT ".\r\n"));
	CHECK_EQ(conn()->session.tally.retr, 1);
	CHECK_EQ(conn()->session.tally.retr_octets, MESSAGE_OCTETS);
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 0);
	stop_front();
}

static void test_a_message_is_encoded(void **state)
{
	struct message_body body = body_of(8);

	(void)state;
	begin();
	body.form = WIRE_FORM_UNKNOWN;
	body.octets = 13;
	say("RETR 3\r\n");
	drop_bodies(1, body, "a\n\n.b\nc\n");
	CHECK(said("\r\na\r\n\r\n..b\r\nc\r\n.\r\n"));
	stop_front();
}

static void test_top_of_some_and_of_all_lines(void **state)
{
	(void)state;
	begin();
	say("TOP 3 1\r\n");
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said("\r\nSubject: x\r\n\r\nbody\r\n.\r\n"));
	CHECK(!said("end."));
	say("TOP 1 26\r\n");
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT ".\r\n"));
	stop_front();
}

/* What else the file has belongs to another message. */
static void test_octets_around_a_message_are_not_sent(void **state)
{
	static const enum wire_form forms[] = { WIRE_FORM_READY, WIRE_FORM_UNKNOWN };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct message_body body = body_of(MESSAGE_OCTETS);

		begin();
		body.form = forms[i];
		body.offset = 8;
		say("RETR 3\r\n");
		drop_bodies(1, body, "before\r\n" MESSAGE_TEXT "behind\r\n");
		CHECK(said("\r\n" MESSAGE_TEXT ".\r\n"));
		CHECK(!said("before") && !said("behind"));
		stop_front();
	}
}

static void test_a_maildrop_that_is_read_only(void **state)
{
	struct message m = ready();

	(void)state;
	start_front();
	m.READY.read_only = 1;
	log_in_to(&m, listing_file(UINT32_MAX));
	say("DELE 1\r\n");
	CHECK(said("-ERR"));
	stop_front();
}

static void test_a_size_that_was_wrong_is_reported(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);

	(void)state;
	begin();
	body.octets++;
	say("RETR 3\r\n");
	drop_bodies(1, body, MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT ".\r\n"));
	CHECK(logged("size-was-wrong user=alice message=3 listed=27 sent=26"));
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 1);
	stop_front();
}

static void test_a_file_that_became_shorter_ends_without_the_dot(void **state)
{
	(void)state;
	begin();
	say("RETR 3\r\n");
	errno = EAGAIN; /* of another call */
	drop_bodies(1, body_of(MESSAGE_OCTETS + 1), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	CHECK(!said("\r\n.\r\n"));
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	CHECK(logged("message-cut user=alice message=3 "
		     "error=\"file is shorter than it was\""));
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 0);
	stop_front();
}

static void test_octets_that_are_missing_in_mid_message(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);
	const struct message copied = { .kind = MESSAGE_COPIED,
					.COPIED = { MESSAGE_GIVEN_WINDOW, 16 } };

	(void)state;
	begin();
	body.given = MESSAGE_GIVEN_WINDOW;
	body.window = 10;
	say("RETR 3\r\n");
	drop_bodies(1, body, MESSAGE_TEXT);
	CHECK_EQ(conn()->awaits, AWAITS_OCTETS);
	CHECK_EQ(last(MESSAGE_COPY)->message.COPY.message, 3);
	CHECK_EQ(last(MESSAGE_COPY)->message.COPY.offset, 10);
	drop(&copied, body_file(&MESSAGE_TEXT[10]));
	CHECK(said("\r\n" MESSAGE_TEXT ".\r\n"));
	stop_front();
}

/* Octets of a file that the kernel must read first. */
static void test_octets_that_are_not_in_the_page_cache(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);
	const struct message warmed = { .kind = MESSAGE_WARMED };

	(void)state;
	begin();
	body.given = MESSAGE_GIVEN_FILE;
	body.offset = 8;
	w.cold = 0;
	w.cold_end = 1000;
	say("RETR 3\r\n");
	drop_bodies(1, body, "before\r\n" MESSAGE_TEXT);
	CHECK_EQ(conn()->awaits, AWAITS_OCTETS);
	CHECK_EQ(last(MESSAGE_WARM)->message.WARM.offset, 8);
	CHECK_EQ(last(MESSAGE_WARM)->message.WARM.length, MESSAGE_WARM_MAX);
	CHECK_EQ(last(MESSAGE_WARM)->pass, conn()->body.reader.fd);
	w.cold_end = 0;
	drop(&warmed, -1);
	CHECK(said("\r\n" MESSAGE_TEXT ".\r\n"));
	drop(&warmed, -1); /* nothing was asked */
	CHECK_TEXT(w.ended, "maildrop-lost");
	stop_front();
}

/* Pages that go again before they are read: copies are asked for. */
static void test_pages_that_do_not_stay_are_copied(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);
	const struct message warmed = { .kind = MESSAGE_WARMED };
	const struct message copied = { .kind = MESSAGE_COPIED,
					.COPIED = { MESSAGE_GIVEN_MEMORY, 0 } };

	(void)state;
	begin();
	body.given = MESSAGE_GIVEN_FILE;
	w.cold_end = 1000;
	say("RETR 3\r\n");
	drop_bodies(1, body, MESSAGE_TEXT);
	drop(&warmed, -1);
	CHECK_EQ(heard(MESSAGE_WARM), 2);
	drop(&warmed, -1);
	CHECK_EQ(heard(MESSAGE_WARM), 2);
	CHECK_EQ(last(MESSAGE_COPY)->message.COPY.message, 3);
	drop(&copied, body_file(MESSAGE_TEXT));
	CHECK(said("\r\n" MESSAGE_TEXT ".\r\n"));
	stop_front();
}

/* COPIED came, but there was no room for its descriptor. */
static void test_octets_whose_descriptor_found_no_room(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);
	const struct message copied = { .kind = MESSAGE_COPIED };

	(void)state;
	begin();
	body.given = MESSAGE_GIVEN_WINDOW;
	say("RETR 3\r\n");
	drop_bodies(1, body, "");
	deliver(&conn()->drop.link->watch, CHANNEL_CUT, &copied, NULL, 0);
	CHECK(logged("message-cut user=alice message=3"));
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	stop_front();
}

static void test_octets_that_cannot_be_asked_for(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);

	(void)state;
	begin();
	body.given = MESSAGE_GIVEN_WINDOW;
	say("RETR 3\r\n");
	w.drop_fault = FAULT_LIMIT;
	drop_bodies(1, body, "");
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	CHECK_TEXT(conn()->session.end, "cut-short");
	stop_front();
}

static void test_octets_that_cannot_be_read(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);
	const struct message failed = { .kind = MESSAGE_FAILED,
					.FAILED = { FAULT_IO } };

	(void)state;
	begin();
	body.given = MESSAGE_GIVEN_WINDOW;
	say("RETR 3\r\n");
	drop_bodies(1, body, "");
	drop(&failed, -1);
	CHECK(logged("message-cut user=alice message=3"));
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	stop_front();
}

/* A client that has not said UTF8 gets ASCII, with its own size. */
static void test_a_message_in_utf8_has_a_surrogate(void **state)
{
	static const char text[] = "Subject: \xc3\xa4\r\n\r\nbody\r\n";
	static const char made[] = "Subject: =?UTF-8?Q?=C3=A4?=\r\n\r\nbody\r\n";
	struct message_body body = body_of(sizeof text - 1);

	(void)state;
	body.surrogate = SURROGATE_MADE;
	body.ascii_octets = sizeof made - 1;
	begin();
	say("RETR 3\r\n");
	drop_bodies(1, body, text);
	CHECK(said(made));
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 0);
	CHECK(!logged("surrogate-shortened"));
	CHECK(!conn()->body.downgrade);
	stop_front();
	const struct message m = ready();
	start_front();
	arrive("192.0.2.1:1000", false);
	say("UTF8\r\n");
	open_maildrop(&m, listing_file(UINT32_MAX));
	say("RETR 3\r\n");
	drop_bodies(1, body, text);
	CHECK(said(text));
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 0);
	stop_front();
}

static void test_a_surrogate_that_lacks_something_is_logged(void **state)
{
	struct message_body body = body_of(0);
	static const char text[] = "Content-Type: text/plain; x@=\xc3\xb6\r\n\r\nx\r\n";

	(void)state;
	body.length = body.octets = sizeof text - 1;
	body.surrogate = SURROGATE_MADE;
	begin();
	say("RETR 3\r\n");
	drop_bodies(1, body, text);
	CHECK(logged("surrogate-shortened user=alice message=3 fields=1"));
	stop_front();
}

/* Where a surrogate is impossible, the client is told to say UTF8. */
static void test_messages_that_need_utf8(void **state)
{
	struct message_body body = body_of(MESSAGE_OCTETS);

	(void)state;
	begin();
	body.surrogate = SURROGATE_REFUSED;
	say("RETR 3\r\n");
	drop_bodies(1, body, MESSAGE_TEXT);
	CHECK(said("-ERR"));
	CHECK_EQ(conn()->awaits, AWAITS_NOTHING);
	CHECK_EQ(conn()->body.reader.kind, READER_NONE);
	stop_front();
	const struct message m = ready();
	start_front();
	arrive("192.0.2.1:1000", false);
	say("UTF8\r\n");
	open_maildrop(&m, listing_file(UINT32_MAX));
	say("RETR 3\r\n");
	drop_bodies(1, body, MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	stop_front();
}

static void test_numbers_that_no_body_can_have(void **state)
{
	(void)state;
	for (int i = 0; i < 7; i++) {
		struct message_body body = body_of(MESSAGE_OCTETS);
		uint64_t *const at[] = { &body.fault, &body.surrogate, &body.form,
					 &body.given, &body.offset,    &body.length,
					 &body.window };
		const uint64_t over[] = { FAULT_COUNT,
					  SURROGATE_COUNT,
					  WIRE_FORM_COUNT,
					  MESSAGE_GIVEN_COUNT,
					  (uint64_t)INT64_MAX + 1,
					  (uint64_t)INT64_MAX + 1,
					  (uint64_t)INT64_MAX + 1 };

		begin();
		say("RETR 3\r\n");
		*at[i] = over[i];
		drop_bodies(1, body, MESSAGE_TEXT);
		if (conn()->phase != PHASE_LINGER)
			fail_msg("number %d", i);
		stop_front();
	}
}

/* ---- a message larger than a socket takes ---- */

/* A message of 300000 octets, for a socket that takes `room`. The octet at `missing` is
 * not in memory; -1: all are. */
static void retrieve_large(enum message_given given, size_t room, off_t missing)
{
	static char text[300001];
	struct message_body body = body_of(sizeof text - 1);

	memset(text, 'x', sizeof text - 1);
	memcpy(text + sizeof text - 3, "\r\n", 3);
	begin();
	say("RETR 3\r\n");
	body.given = given;
	w.cold = missing;
	w.cold_end = missing + 1;
	w.clients[0].room = room;
	drop_bodies(1, body, text);
}

static void check_large(void)
{
	go_on();
	const char *at = strstr(SAID, "\r\nxxx");
	CHECK(at && w.clients[0].said_len - (size_t)(at + 2 - SAID) == 300000 + 3);
	CHECK(strcmp(SAID + w.clients[0].said_len - 6, "x\r\n.\r\n") == 0);
	CHECK_EQ(conn()->session.tally.retr_octets, 300000);
	CHECK_EQ(heard(MESSAGE_LISTING_CORRUPT), 0);
}

static void test_a_large_message_goes_out_by_sendfile(void **state)
{
	static const size_t rooms[] = { SIZE_MAX, 10, 100000, 262144 };

	(void)state;
	for (unsigned i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		retrieve_large(MESSAGE_GIVEN_MEMORY, rooms[i], -1);
		if (rooms[i] < SIZE_MAX) {
			CHECK(conn()->output.blocked);
			CHECK_EQ(conn()->watch.events, LOOP_WRITE);
			w.clients[0].room = SIZE_MAX;
		} else
			CHECK(!conn()->output.blocked);
		check_large();
		CHECK(w.files_sent > 0);
		CHECK(w.clients[0].mores > 0); /* the reply leaves with the octets */
		stop_front();
	}
}

/* sendfile(2) waits for a disk: the first and the last octet are looked at. */
static void test_a_large_message_that_is_not_in_the_page_cache(void **state)
{
	static const off_t missing[] = { 0, 262143 };
	const struct message warmed = { .kind = MESSAGE_WARMED };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		retrieve_large(MESSAGE_GIVEN_FILE, SIZE_MAX, missing[i]);
		CHECK_EQ(conn()->awaits, AWAITS_OCTETS);
		CHECK_EQ(w.files_sent, 0);
		CHECK_EQ(last(MESSAGE_WARM)->message.WARM.offset, 0);
		w.cold_end = 0;
		drop(&warmed, -1);
		check_large();
		CHECK(w.files_sent > 0);
		stop_front();
	}
	retrieve_large(MESSAGE_GIVEN_FILE, SIZE_MAX, 262144);
	CHECK(w.files_sent == 1);
	CHECK_EQ(last(MESSAGE_WARM)->message.WARM.offset, 262144);
	stop_front();
}

static void test_a_large_file_that_becomes_shorter(void **state)
{
	(void)state;
	retrieve_large(MESSAGE_GIVEN_MEMORY, 0, -1);
	w.clients[0].room = SIZE_MAX;
	w.sendfile_ends = true;
	go_on();
	CHECK_EQ(w.files_sent, 1);
	CHECK(logged("error=\"file is shorter than it was\""));
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	CHECK(!conn()->output.blocked);
	stop_front();
}

/* Octets that the client takes from a file count as activity. */
static void test_a_large_message_that_is_taken_slowly(void **state)
{
	(void)state;
	retrieve_large(MESSAGE_GIVEN_MEMORY, 0, -1);
	for (int i = 0; i < 3; i++) {
		w.clients[0].room = 1000;
		conn()->watch.wake(&conn()->watch, LOOP_WRITE);
		pass(599999);
		CHECK(conn());
	}
	CHECK(w.files_sent >= 2);
	w.clients[0].room = SIZE_MAX;
	check_large();
	stop_front();
}

static void test_a_large_message_where_sendfile_is_not_possible(void **state)
{
	static const int errors[] = { EINVAL, ENOSYS, EIO };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		start_front();
		stop_front();
		retrieve_large(MESSAGE_GIVEN_MEMORY, 0, -1);
		w.clients[0].room = SIZE_MAX;
		w.sendfile_error = errors[i];
		check_large();
		/* It is not tried again where it can never work. */
		CHECK_EQ(w.files_sent > 1, errors[i] == EIO);
		stop_front();
	}
}

static void test_a_socket_that_breaks_in_mid_message(void **state)
{
	(void)state;
	retrieve_large(MESSAGE_GIVEN_MEMORY, 70000, -1);
	w.clients[0].room = SIZE_MAX;
	w.clients[0].send_error = EPIPE;
	go_on();
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
}

/* ---- read-ahead ---- */

static void retrieve(unsigned msg)
{
	char line[32];

	sprintf(line, "RETR %u\r\n", msg);
	say(line);
}

static void test_a_run_asks_for_more_and_more(void **state)
{
	(void)state;
	begin();
	retrieve(2);
	CHECK_EQ(asked()->count, 1);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	retrieve(3);
	CHECK_EQ(asked()->first, 3);
	CHECK_EQ(asked()->count, 8);
	drop_bodies(8, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	for (unsigned i = 4; i <= 10; i++) { /* nobody is asked */
		CHECK_EQ(w.f.readahead_open, 11 - i);
		retrieve(i);
		CHECK(said(MESSAGE_TEXT));
	}
	CHECK_EQ(heard(MESSAGE_BODIES), 2);
	CHECK_EQ(w.f.readahead_open, 0);
	retrieve(11);
	CHECK_EQ(asked()->count, 16);
	drop_bodies(16, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	for (unsigned i = 12; i <= 26; i++)
		retrieve(i);
	retrieve(27);
	CHECK_EQ(asked()->count, 14); /* there are no more */
	stop_front();
}

static void test_no_run_no_read_ahead(void **state)
{
	static const unsigned order[] = { 5, 4, 9, 7, 2 };

	(void)state;
	begin();
	for (unsigned i = 0; i < 5; i++) {
		retrieve(order[i]);
		CHECK_EQ(asked()->first, order[i]);
		CHECK_EQ(asked()->count, 1);
		drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
		CHECK(said(MESSAGE_TEXT));
	}
	stop_front();
}

static void test_few_descriptors_no_read_ahead(void **state)
{
	(void)state;
	begin();
	w.f.readahead_most = 7;
	retrieve(1);
	CHECK_EQ(asked()->count, 1);
	w.f.readahead_most = 9;
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	retrieve(2);
	CHECK_EQ(asked()->count, 1); /* 16 would be too many */
	stop_front();
}

/* The client turns elsewhere: what is on its way is passed over when it comes. */
static void test_stale_answers(void **state)
{
	(void)state;
	begin();
	retrieve(1);
	CHECK_EQ(asked()->count, 8);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	CHECK_EQ(w.f.readahead_open, 7);
	retrieve(30);
	CHECK_EQ(asked()->first, 30);
	CHECK_EQ(w.f.readahead_open, 8);
	drop_bodies(7, body_of(12), "stale text\r\n");
	CHECK(!said("stale"));
	CHECK_EQ(conn()->awaits, AWAITS_BODY);
	CHECK_EQ(w.f.readahead_open, 1);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	CHECK_EQ(w.f.readahead_open, 0);
	stop_front();
}

/* It is on its way: it is waited for, and those before it are passed over. */
static void test_a_jump_within_what_was_asked(void **state)
{
	(void)state;
	begin();
	retrieve(1);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	retrieve(4);
	CHECK_EQ(heard(MESSAGE_BODIES), 1);
	CHECK_EQ(conn()->awaits, AWAITS_BODY);
	drop_bodies(2, body_of(12), "other text\r\n");
	CHECK(!said("other"));
	CHECK_EQ(w.f.readahead_open, 5);
	drop_bodies(5, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	CHECK_EQ(w.f.readahead_open, 4);
	retrieve(6); /* 5 is forgotten */
	CHECK_EQ(heard(MESSAGE_BODIES), 1);
	CHECK_EQ(w.f.readahead_open, 2);
	retrieve(5);
	CHECK_EQ(heard(MESSAGE_BODIES), 2);
	stop_front();
}

static void test_a_body_that_failed_ahead_is_asked_for_again(void **state)
{
	struct message_body failed = { .fault = FAULT_IO,
				       .given = MESSAGE_GIVEN_MEMORY };

	(void)state;
	begin();
	retrieve(1);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	drop_bodies(7, failed, "");
	CHECK_EQ(w.f.readahead_open, 0);
	retrieve(2);
	CHECK_EQ(heard(MESSAGE_BODIES), 2);
	drop_bodies(1, failed, "");
	CHECK(said("-ERR [SYS/TEMP]"));
	stop_front();
}

/* Windows that are not whole are not kept: there was no room for so many. */
static void test_windows_that_are_full(void **state)
{
	struct message_body window = body_of(MESSAGE_OCTETS);

	(void)state;
	begin();
	window.given = MESSAGE_GIVEN_WINDOW;
	window.window = MESSAGE_OCTETS;
	retrieve(1);
	drop_bodies(4, window, MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	window.window = MESSAGE_OCTETS - 1;
	drop_bodies(4, window, MESSAGE_TEXT);
	CHECK_EQ(w.f.readahead_open, 3);
	retrieve(2);
	retrieve(3);
	retrieve(4);
	CHECK_EQ(heard(MESSAGE_BODIES), 1);
	retrieve(5);
	CHECK_EQ(asked()->first, 5);
	CHECK_EQ(asked()->count, 4); /* as many as were whole */
	window.window = MESSAGE_OCTETS;
	drop_bodies(4, window, MESSAGE_TEXT);
	for (unsigned i = 6; i <= 9; i++)
		retrieve(i);
	CHECK_EQ(asked()->count, 8); /* and twice as many the next time */
	stop_front();
}

static void test_answers_to_nothing(void **state)
{
	(void)state;
	begin();
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "maildrop-lost");
	stop_front();
	begin();
	retrieve(30);
	drop_bodies(2, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "maildrop-lost");
	stop_front();
}

/* A descriptor that no message has, and a message without its descriptor. */
static void test_more_and_fewer_descriptors_than_bodies(void **state)
{
	struct message_body bodies[2] = { body_of(MESSAGE_OCTETS),
					  body_of(MESSAGE_OCTETS) };
	const struct message one = { .kind = MESSAGE_BODIES_ARE,
				     .BODIES_ARE = { { (const char *)bodies,
						       sizeof *bodies } } };
	const struct message odd = { .kind = MESSAGE_BODIES_ARE,
				     .BODIES_ARE = { { (const char *)bodies,
						       sizeof *bodies - 1 } } };
	const struct message none = { .kind = MESSAGE_BODIES_ARE };
	int files[2];

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin();
		retrieve(30);
		files[0] = body_file(MESSAGE_TEXT);
		files[1] = i == 0 ? body_file(MESSAGE_TEXT) : -1;
		if (i > 0)
			close(files[0]);
		deliver(&conn()->drop.link->watch, CHANNEL_MESSAGE,
			i < 2 ? &one : (i == 2 ? &odd : &none), files, i == 0 ? 2 : 0);
		CHECK(i == 1 ? said("-ERR [SYS/TEMP]") : !said(MESSAGE_TEXT ".\r\n"));
		if (i == 0)
			CHECK(!conn());
		else
			CHECK_EQ(conn()->phase, i == 1 ? PHASE_OPEN : PHASE_LINGER);
		stop_front();
	}
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
	enum { EACH = 4096 * 8 };
	struct message m = ready();

	(void)state;
	start_front();
	m.READY.count = 10 * EACH;
	m.READY.maxima = 0;
	log_in_to(&m, listing_file(UINT32_MAX));
	say("DELE 2\r\n"); /* the listing has no record of the others */
	conn()->session.bits[9 * EACH / 64] |= 1;
	say("QUIT\r\n");
	CHECK_EQ(heard(MESSAGE_MARKS), 2);
	CHECK_EQ(last(MESSAGE_MARKS)->message.MARKS.first, 9 * EACH);
	CHECK_EQ(last(MESSAGE_MARKS)->message.MARKS.bits.len, 4096);
	CHECK_EQ(last(MESSAGE_MARKS)->text[0], 1);
	CHECK_EQ(heard(MESSAGE_COMMIT), 1);
	stop_front();
}

static void test_a_full_queue_is_waited_for(void **state)
{
	(void)state;
	begin();
	struct drop_link *link = conn()->drop.link;
	w.drop_fault = FAULT_LIMIT;
	say("DELE 1\r\nQUIT\r\n");
	CHECK_EQ(conn()->awaits, AWAITS_COMMIT);
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
		struct drop_link *link = conn()->drop.link;
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
	struct drop_link *old = conn()->drop.link, *next = conn()->drop.next;
	m.READY.count = 2;
	m.READY.octets = 52;
	drop_says(next, &m, listing_file(UINT32_MAX));
	CHECK(conn()->drop.link == next && !conn()->drop.next && !old->conn);
	CHECK(said("news"));
	CHECK(logged("board user=alice peer=192.0.2.1:1000 board=news"));
	CHECK(!conn()->session.bits && conn()->session.count == 2);
	say("UIDL\r\n");
	CHECK(said("2 uid-2\r\n.\r\n"));
	CHECK(!conn()->drop.next_name);
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
	struct drop_link *next = conn()->drop.next;
	drop_says(next, &m, listing_file(UINT32_MAX));
	CHECK(!conn()->drop.next);
	CHECK_EQ(last(MESSAGE_BOARD_ASK)->message.BOARD_ASK.number, 1);
	board_ok("busy");
	drop_says(conn()->drop.next, &failed, -1);
	CHECK_EQ(last(MESSAGE_BOARD_ASK)->message.BOARD_ASK.number, 2);
	board_failed(FAULT_NO_BOARD);
	CHECK(said("news"));
	CHECK(!said("busy"));
	CHECK(said("\r\n.\r\n"));
	CHECK_EQ(conn()->awaits, AWAITS_NOTHING);
	CHECK(conn()->drop.link);
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
			deliver(&conn()->drop.next->watch,
				i == 1 ? CHANNEL_MESSAGE : CHANNEL_CUT, &m,
				&(const int){ i == 1 ? body_file("") : -1 }, i == 1);
		}
		CHECK(said("-ERR [SYS/TEMP]"));
		CHECK(conn()->drop.link && !conn()->drop.next);
		CHECK(!conn()->drop.next_name);
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
		drop_says(conn()->drop.next, &failed, -1);
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
	drop_says(conn()->drop.next, &m, listing_file(UINT32_MAX));
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
	const int fd = conn()->drop.next->watch.fd;
	drop_says(conn()->drop.next, &m, listing_file(UINT32_MAX));
	CHECK_EQ(w.f.readahead_open, 0);
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
	struct drop_link *link = conn()->drop.link;
	link->watch.wake(&link->watch, LOOP_READ);
	CHECK(conn() && conn()->drop.link == link);
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
	CHECK_EQ(conn()->awaits, AWAITS_QUEUE);
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
	CHECK(conn()->drop.link && conn()->awaits == AWAITS_NOTHING);
	stop_front();
}

/* ---- output ---- */

/* What the socket does not take is held, all of it, and in order. */
static void test_replies_that_are_held(void **state)
{
	(void)state;
	begin();
	say("UIDL\r\n");
	char *whole = strdup(SAID);
	w.clients[0].room = 7;
	say("UIDL\r\n");
	CHECK_EQ(w.clients[0].said_len, 7);
	CHECK_EQ(conn()->watch.events, LOOP_WRITE);
	while (conn()->output.blocked) {
		w.clients[0].room = 100;
		conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	}
	CHECK_TEXT(SAID, whole);
	CHECK_EQ(conn()->watch.events, LOOP_READ);
	CHECK(!conn()->output.held);
	free(whole);
	stop_front();
}

static void test_a_socket_that_breaks_while_replies_are_held(void **state)
{
	(void)state;
	begin();
	w.clients[0].room = 0;
	say("UIDL\r\n");
	CHECK(conn()->output.blocked);
	w.clients[0].send_error = ECONNRESET;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK(!conn());
	stop_front();
}

static void test_interrupted_calls_are_made_again(void **state)
{
	(void)state;
	begin();
	w.clients[0].send_error = EINTR;
	w.clients[0].error = EINTR;
	say("NOOP\r\n");
	CHECK(said("+OK"));
	stop_front();
}

/* The last words wait, too; the session socket does not. */
static void test_the_last_words_are_held(void **state)
{
	(void)state;
	begin();
	w.clients[0].room = 0;
	say("QUIT\r\n");
	CHECK(conn() && !conn()->drop.link);
	w.clients[0].room = SIZE_MAX;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK(said("+OK"));
	CHECK(!conn());
	CHECK_TEXT(w.ended, "quit");
	stop_front();
}

/* Replies that were on their way when the client ended its words are still sent. */
static void test_a_half_closed_client_gets_its_replies(void **state)
{
	(void)state;
	begin();
	w.clients[0].eof = true;
	say("UIDL\r\n");
	CHECK(said("\r\n40 uid-40\r\n.\r\n"));
	conn()->watch.wake(&conn()->watch, LOOP_READ);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
	begin();
	w.clients[0].room = 10;
	w.clients[0].eof = true;
	say("UIDL\r\n");
	conn()->watch.wake(&conn()->watch, LOOP_READ);
	CHECK(conn());
	w.clients[0].room = SIZE_MAX;
	go_on();
	CHECK(said("\r\n40 uid-40\r\n.\r\n"));
	stop_front();
}

/* Records of TLS fill their buffer several times. */
static void test_much_output_over_tls(void **state)
{
	static char text[200001];
	struct message_body body = body_of(sizeof text - 1);
	const struct message m = ready();

	(void)state;
	start_front();
	arrive_by_tls();
	open_maildrop(&m, listing_file(UINT32_MAX));
	memset(text, 'x', sizeof text - 1);
	memcpy(text + sizeof text - 3, "\r\n", 3);
	say("RETR 3\r\n");
	w.f.sealed.room = 1000;
	w.clients[0].room = 100000;
	drop_bodies(1, body, text);
	CHECK(conn()->output.blocked);
	CHECK_EQ(w.clients[0].mores, 0);
	w.clients[0].room = SIZE_MAX;
	go_on();
	CHECK(strcmp(SAID + w.clients[0].said_len - 6, "x\r\n.\r\n") == 0);
	CHECK_EQ(conn()->session.tally.retr_octets, 200000);
	w.writes = TLS_FAILED;
	say("NOOP\r\n");
	CHECK(!conn());
	w.writes = TLS_DONE;
	stop_front();
}

static void test_a_socket_that_breaks_under_tls(void **state)
{
	const struct message m = ready();

	(void)state;
	start_front();
	arrive_by_tls();
	open_maildrop(&m, listing_file(UINT32_MAX));
	w.f.sealed.room = 100;
	w.clients[0].send_error = EPIPE;
	say("UIDL\r\n");
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scan_listings_and_unique_ids),
		TEST(test_a_listing_of_more_than_one_group),
		TEST(test_a_spoiled_record),
		TEST(test_a_listing_of_another_generation),
		TEST(test_a_listing_with_a_gap),
		TEST(test_a_listing_that_is_not_in_memory),
		TEST(test_a_message_goes_out_as_stored),
		TEST(test_a_message_is_encoded),
		TEST(test_top_of_some_and_of_all_lines),
		TEST(test_octets_around_a_message_are_not_sent),
		TEST(test_a_maildrop_that_is_read_only),
		TEST(test_a_size_that_was_wrong_is_reported),
		TEST(test_a_file_that_became_shorter_ends_without_the_dot),
		TEST(test_octets_that_are_missing_in_mid_message),
		TEST(test_octets_that_are_not_in_the_page_cache),
		TEST(test_pages_that_do_not_stay_are_copied),
		TEST(test_octets_whose_descriptor_found_no_room),
		TEST(test_octets_that_cannot_be_asked_for),
		TEST(test_octets_that_cannot_be_read),
		TEST(test_a_message_in_utf8_has_a_surrogate),
		TEST(test_a_surrogate_that_lacks_something_is_logged),
		TEST(test_messages_that_need_utf8),
		TEST(test_numbers_that_no_body_can_have),
		TEST(test_a_large_message_goes_out_by_sendfile),
		TEST(test_a_large_message_that_is_not_in_the_page_cache),
		TEST(test_a_large_file_that_becomes_shorter),
		TEST(test_a_large_message_that_is_taken_slowly),
		TEST(test_a_large_message_where_sendfile_is_not_possible),
		TEST(test_a_socket_that_breaks_in_mid_message),
		TEST(test_a_run_asks_for_more_and_more),
		TEST(test_no_run_no_read_ahead),
		TEST(test_few_descriptors_no_read_ahead),
		TEST(test_stale_answers),
		TEST(test_a_jump_within_what_was_asked),
		TEST(test_a_body_that_failed_ahead_is_asked_for_again),
		TEST(test_windows_that_are_full),
		TEST(test_answers_to_nothing),
		TEST(test_more_and_fewer_descriptors_than_bodies),
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
		TEST(test_replies_that_are_held),
		TEST(test_a_socket_that_breaks_while_replies_are_held),
		TEST(test_interrupted_calls_are_made_again),
		TEST(test_the_last_words_are_held),
		TEST(test_a_half_closed_client_gets_its_replies),
		TEST(test_much_output_over_tls),
		TEST(test_a_socket_that_breaks_under_tls),
	};
	return RUN(tests);
}
