/* Promises of the front to a client that retrieves messages, and to poplar-drop, which
 * opens them: how they go out, where their octets come from, and what is read ahead. */
#include "frontworld.h"

static void begin(void)
{
	start_front();
	log_in();
}

static const struct message_BODIES *asked(void)
{
	return &last(MESSAGE_BODIES)->message.BODIES;
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
	CHECK_EQ(conn()->pop3->session.tally.retr, 1);
	CHECK_EQ(conn()->pop3->session.tally.retr_octets, MESSAGE_OCTETS);
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
	CHECK_EQ(conn()->pop3->awaits, AWAITS_OCTETS);
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
	CHECK_EQ(conn()->pop3->awaits, AWAITS_OCTETS);
	CHECK_EQ(last(MESSAGE_WARM)->message.WARM.offset, 8);
	CHECK_EQ(last(MESSAGE_WARM)->message.WARM.length, MESSAGE_WARM_MAX);
	CHECK_EQ(last(MESSAGE_WARM)->pass, conn()->pop3->body.reader.fd);
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
	deliver(&conn()->pop3->drop.link->watch, CHANNEL_CUT, &copied, NULL, 0);
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
	CHECK_TEXT(conn()->pop3->session.end, "cut-short");
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
	CHECK(!conn()->pop3->body.downgrade);
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
	CHECK_EQ(conn()->pop3->awaits, AWAITS_NOTHING);
	CHECK_EQ(conn()->pop3->body.reader.kind, READER_NONE);
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
	for (int i = 0; i < 9; i++) {
		struct message_body body = body_of(MESSAGE_OCTETS);
		uint64_t *const at[] = { &body.fault,  &body.surrogate, &body.form,
					 &body.given,  &body.offset,    &body.length,
					 &body.window, &body.length,    &body.window };
		const uint64_t over[] = { FAULT_COUNT,
					  SURROGATE_COUNT,
					  WIRE_FORM_COUNT,
					  MESSAGE_GIVEN_COUNT,
					  (uint64_t)INT64_MAX + 1,
					  (uint64_t)INT64_MAX + 1,
					  (uint64_t)INT64_MAX + 1,
					  INT64_MAX,
					  INT64_MAX };

		body.offset = 1;
		begin();
		say("RETR 3\r\n");
		*at[i] = over[i];
		drop_bodies(1, body, MESSAGE_TEXT);
		if (conn()->phase != PHASE_LINGER || said("body"))
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
	CHECK_EQ(conn()->pop3->session.tally.retr_octets, 300000);
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
		CHECK_EQ(conn()->pop3->awaits, AWAITS_OCTETS);
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
		CHECK_EQ(w.pop3.readahead_open, 11 - i);
		retrieve(i);
		CHECK(said(MESSAGE_TEXT));
	}
	CHECK_EQ(heard(MESSAGE_BODIES), 2);
	CHECK_EQ(w.pop3.readahead_open, 0);
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
	w.pop3.readahead_most = 7;
	retrieve(1);
	CHECK_EQ(asked()->count, 1);
	w.pop3.readahead_most = 9;
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
	CHECK_EQ(w.pop3.readahead_open, 7);
	retrieve(30);
	CHECK_EQ(asked()->first, 30);
	CHECK_EQ(w.pop3.readahead_open, 8);
	drop_bodies(7, body_of(12), "stale text\r\n");
	CHECK(!said("stale"));
	CHECK_EQ(conn()->pop3->awaits, AWAITS_BODY);
	CHECK_EQ(w.pop3.readahead_open, 1);
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	CHECK_EQ(w.pop3.readahead_open, 0);
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
	CHECK_EQ(conn()->pop3->awaits, AWAITS_BODY);
	drop_bodies(2, body_of(12), "other text\r\n");
	CHECK(!said("other"));
	CHECK_EQ(w.pop3.readahead_open, 5);
	drop_bodies(5, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT));
	CHECK_EQ(w.pop3.readahead_open, 4);
	retrieve(6); /* 5 is forgotten */
	CHECK_EQ(heard(MESSAGE_BODIES), 1);
	CHECK_EQ(w.pop3.readahead_open, 2);
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
	CHECK_EQ(w.pop3.readahead_open, 0);
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
	CHECK_EQ(w.pop3.readahead_open, 3);
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
		deliver(&conn()->pop3->drop.link->watch, CHANNEL_MESSAGE,
			i < 2 ? &one : (i == 2 ? &odd : &none), files, i == 0 ? 2 : 0);
		CHECK(i == 1 ? said("-ERR [SYS/TEMP]") : !said(MESSAGE_TEXT ".\r\n"));
		if (i == 0)
			CHECK(!conn());
		else
			CHECK_EQ(conn()->phase, i == 1 ? PHASE_OPEN : PHASE_LINGER);
		stop_front();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};
	return RUN(tests);
}
