/* Promises of poplar-lmtp: one reply for each accepted recipient, in order, whatever
 * fails; 250 only for what is stored; and a connection that goes on. */
#include "lmtpmail.h"

static void test_one_message(void **state)
{
	(void)state;
	begin_mail();
	const unsigned i = recipient("alice@example.org", "alice");
	send_text();
	CHECK_TEXT(look(), "");
	const size_t len = check_stored(i);
	CHECK(strncmp(file,
		      "Return-Path: <s@sender.example>\nReceived: from client.example",
		      60) == 0);
	CHECK_TEXT(file + len - 17, "Subject: x\n\nbody\n");
	CHECK_TEXT(look(), "");
	delivered(i);
	CHECK(starts("250 2.1.5 <alice@example.org> "));
	CHECK(logged("event=message id="));
	CHECK(logged("event=delivered id="));
	say("QUIT\r\n");
	CHECK(starts("221 2.0.0 "));
	CHECK(logged("messages=1 stored=1 refused=0 seconds=0.000 end=quit"));
	stop_lmtp();
}

/* Nobody can change the file any more. */
static void test_a_message_in_memory_is_sealed(void **state)
{
	(void)state;
	const unsigned i = begin_message();
	say(TEXT ".\r\n");
	CHECK_EQ(told(i), MESSAGE_DELIVER);
	const int fd = w.told.files.at[0];
	CHECK_EQ(pwrite(fd, "x", 1, 0), -1);
	CHECK_EQ(ftruncate(fd, 0), -1);
	close(fd);
	delivered(i);
	stop_lmtp();
}

static void test_two_messages_on_a_connection(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	for (int round = 0; round < 2; round++) {
		mail();
		const unsigned i = to("alice");
		send_text();
		check_stored(i);
		delivered(i);
		CHECK(starts("250 "));
		CHECK(is_closed(i));
	}
	stop_lmtp();
}

/* Postfix: MAIL, RCPT, RCPT, DATA in one segment, then content and QUIT in one. */
static void test_a_pipeline(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	say("MAIL FROM:<>\r\nRCPT TO:<a@x.org>\r\nRCPT TO:<b@x.org>\r\nDATA\r\n");
	CHECK(starts("250 2.1.0 "));
	const unsigned a = answer_ok(*asked(), "a");
	accepts(a);
	const unsigned b = answer_ok(*asked(), "b");
	accepts(b);
	CHECK(strstr(look(), "354 ") != NULL);
	say(TEXT ".\r\nQUIT\r\n");
	CHECK_TEXT(look(), "");
	check_stored(a);
	check_stored(b);
	delivered(b); /* whose reply is the second */
	CHECK_TEXT(look(), "");
	delivered(a);
	const char *said = look();
	const char *first = strstr(said, "250 2.1.5 <a@x.org>");
	const char *second = strstr(said, "250 2.1.5 <b@x.org>");
	const char *last = strstr(said, "221 ");
	CHECK(first == said && second > first && last > second);
	stop_lmtp();
}

/* A slow database is asked about the recipients of a pipeline together. Replies keep
 * the order of the commands. */
static void test_recipients_of_a_pipeline_are_asked_about_together(void **state)
{
	struct message_RCPT_ASK asks[5];
	char names[3];

	(void)state;
	start_lmtp();
	arrive();
	say("MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nrcpt to:<c>\r\n"
	    "RCPT TO:<d>\r\nRCPT TO:<e>\r\nRCPT TO:<\xc3\xa4>\r\nDATA\r\n");
	CHECK(starts("250 2.1.0 "));
	for (int i = 0; i < 3; i++) {
		asks[i] = *asked();
		CHECK_EQ(asks[i].address.len, 1);
		names[i] = asks[i].address.at[0];
	}
	CHECK(memcmp(names, "abc", 3) == 0);
	CHECK(nothing_asked()); /* three at a time */
	const unsigned c = answer_ok(asks[2], "c");
	asks[3] = *asked(); /* in its place */
	CHECK_SPAN(asks[3].address, "d");
	CHECK(nothing_asked());
	answer_failed(asks[1], FAULT_NO_USER);
	CHECK_TEXT(look(), "");
	asks[4] = *asked();
	CHECK_SPAN(asks[4].address, "e");
	const unsigned a = answer_ok(asks[0], "a");
	accepts(a);
	CHECK(starts("250 2.1.5 "));
	const char *refused = strstr(w.said, "550 5.1.1 <b>");
	CHECK(refused && !strstr(refused, "\r\n250"));
	accepts(c);
	CHECK(starts("250 2.1.5 "));
	answer_failed(asks[4], FAULT_NO_USER);
	CHECK_TEXT(look(), "");
	answer_failed(asks[3], FAULT_NO_USER);
	CHECK(starts("550 5.1.1 <d>"));
	CHECK(strstr(w.said, "550 5.1.1 <e>") != NULL);
	CHECK(strstr(w.said, "553 5.6.7 ") != NULL); /* nobody was asked about it */
	CHECK(strstr(w.said, "\r\n354 ") != NULL);
	say(TEXT ".\r\n");
	CHECK(stored(a, file, sizeof file) > 0);
	CHECK(stored(c, file, sizeof file) > 0);
	delivered(a);
	delivered(c);
	CHECK(starts("250 2.1.5 <a>"));
	stop_lmtp();
}

/* An answer belongs to its transaction, and to its connection. */
static void test_questions_end_with_their_transaction(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		start_lmtp();
		arrive();
		say("MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\n");
		look();
		const struct message_RCPT_ASK a = *asked(), b = *asked(), c = *asked();
		const unsigned kept = answer_ok(b, "b");
		CHECK_EQ(told(kept), MESSAGE_COUNT);
		if (k == 0) { /* what was kept is still good, what was asked is not */
			close_auth();
			CHECK(starts("451 4.3.0 "));
			accepts(kept);
			CHECK(starts("250 2.1.5 "));
			CHECK(strstr(w.said, "\r\n451 4.3.0 ") != NULL);
			start_auth();
			recipient("d", "d");
		} else if (k == 1) {
			turn_end_all(&w.f, false);
			free_left();
			CHECK(is_closed(kept));
			CHECK_EQ(w.lmtp.under_way, 2);
			answer_failed(a, FAULT_NO_USER);
			const unsigned late = answer_ok(c, "c");
			CHECK(is_closed(late));
			CHECK_EQ(w.lmtp.under_way, 0);
		} else { /* a late answer holds up no other question */
			pass(60000);
			CHECK(starts("451 4.3.0 "));
			accepts(kept);
			CHECK(starts("250 2.1.5 "));
			pass(60000);
			CHECK(starts("451 4.3.0 "));
			recipient("d", "d");
		}
		stop_lmtp();
	}
}

/* Exim: BDAT and its octets in one segment with MAIL and RCPT. */
static void test_chunks_in_a_pipeline(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	say("MAIL FROM:<s@x.org>\r\nRCPT TO:<a@x.org>\r\nBDAT 14\r\nSubject: x\r\n\r\n"
	    "BDAT 9 LAST\r\nbody\r\n.\r\nRSET\r\n");
	const unsigned a = answer_ok(*asked(), "a");
	accepts(a);
	const size_t len = check_stored(a);
	CHECK_TEXT(file + len - 19, "Subject: x\n\nbody\n.\n");
	look();
	delivered(a);
	CHECK(strstr(look(), "250 2.1.5 <a@x.org>") == w.said);
	CHECK(strstr(w.said, "\r\n250 2.0.0 ") != NULL);
	stop_lmtp();
}

static void test_the_same_user_twice_gets_one_message(void **state)
{
	(void)state;
	begin_mail();
	const unsigned i = recipient("alice@x.org", "alice");
	say("RCPT TO:<alice+detail@x.org>\r\n");
	const unsigned other = answer_ok(*asked(), "alice");
	CHECK(starts("250 2.1.5 "));
	CHECK(is_closed(other));
	send_text();
	check_stored(i);
	delivered(i);
	CHECK(strstr(look(), "250 2.1.5 <alice@x.org>") == w.said);
	CHECK(strstr(w.said, "250 2.1.5 <alice+detail@x.org>") != NULL);
	stop_lmtp();
}

static void test_recipients_that_are_refused(void **state)
{
	(void)state;
	begin_mail();
	say("RCPT TO:<nobody@x.org>\r\n");
	answer_failed(*asked(), FAULT_NO_USER);
	CHECK(starts("550 5.1.1 "));
	CHECK(logged("event=recipient-refused peer=unix sender=s@sender.example "
		     "recipient=nobody@x.org fault=no-user"));
	say("RCPT TO:<full@x.org>\r\n");
	const unsigned full = answer_ok(*asked(), "full");
	failed(full, FAULT_QUOTA);
	CHECK(starts("452 4.2.2 "));
	CHECK(is_closed(full));
	say("RCPT TO:<broken@x.org>\r\n");
	answer_failed(*asked(), 9999);
	CHECK(starts("451 4.3.0 "));
	const unsigned i = to("alice");
	send_text();
	check_stored(i);
	delivered(i);
	CHECK(starts("250 2.1.5 <alice>"));
	CHECK(strchr(w.said, '\n')[1] == '\0');
	stop_lmtp();
}

/* As many sockets as descriptors allow. The recipients that were accepted get the
 * message, and the sockets are free for the next one. */
static void test_more_recipients_than_sockets(void **state)
{
	(void)state;
	start_lmtp();
	w.lmtp.links_most = 2;
	arrive();
	for (int round = 0; round < 2; round++) {
		mail();
		const unsigned a = to("a");
		const unsigned b = to("b");
		say("RCPT TO:<c>\r\n");
		CHECK(is_closed(answer_ok(*asked(), "c")));
		CHECK(starts("452 4."));
		send_text();
		check_stored(a);
		check_stored(b);
		delivered(a);
		delivered(b);
		CHECK(strstr(look(), "250 2.1.5 <a>") == w.said);
		CHECK(strstr(w.said, "250 2.1.5 <b>") != NULL);
	}
	stop_lmtp();
}

/* One reply for each recipient, in order, and the connection goes on. */
static void test_maildrop_processes_that_die(void **state)
{
	(void)state;
	begin_mail();
	say("RCPT TO:<dies@x.org>\r\n");
	close_drop(answer_ok(*asked(), "dies"));
	CHECK(starts("451 4.3.0 "));
	const unsigned a = to("a");
	const unsigned b = to("b");
	const unsigned c = to("c");
	close_drop(a);
	send_text();
	CHECK(starts("451 4.3.0 <a>"));
	check_stored(b);
	check_stored(c);
	delivered(c);
	CHECK_TEXT(look(), "");
	close_drop(b);
	CHECK(strstr(look(), "451 4.3.0 <b>") == w.said);
	CHECK(strstr(w.said, "\r\n250 2.1.5 <c>") != NULL);
	CHECK(logged("event=delivery-failed"));
	mail();
	stop_lmtp();
}

/* It would get the message twice if only the first address were tried again. */
static void test_a_user_whose_maildrop_process_was_started_again(void **state)
{
	(void)state;
	begin_mail();
	close_drop(recipient("alice@x.org", "alice"));
	const unsigned i = recipient("alice+x@x.org", "alice");
	send_text();
	check_stored(i);
	delivered(i);
	CHECK(strstr(look(), "250 2.1.5 <alice@x.org>") == w.said);
	CHECK(strstr(w.said, "250 2.1.5 <alice+x@x.org>") != NULL);
	stop_lmtp();
}

static void test_poplar_auth_dies(void **state)
{
	(void)state;
	begin_mail();
	say("RCPT TO:<alice>\r\n");
	asked();
	close_auth();
	CHECK(starts("451 4.3.0 "));
	say("RCPT TO:<alice>\r\n");
	CHECK_TEXT(look(), "");
	start_auth();
	const unsigned i = answer_ok(*asked(), "alice");
	accepts(i);
	CHECK(starts("250 2.1.5 "));
	stop_lmtp();
}

/* The question waits until there is a process to ask, but not for ever. */
static void test_answers_that_do_not_come(void **state)
{
	(void)state;
	begin_mail();
	close_auth();
	say("RCPT TO:<alice>\r\n");
	pass(59000);
	CHECK_TEXT(look(), "");
	pass(1000);
	CHECK(starts("451 4.3.0 "));
	start_auth();
	CHECK(nothing_asked());
	say("RCPT TO:<alice>\r\n");
	const struct message_RCPT_ASK late = *asked();
	pass(60000);
	CHECK(starts("451 4.3.0 "));
	CHECK(is_closed(answer_ok(late, "alice")));
	say("RCPT TO:<alice>\r\n");
	const unsigned slow = answer_ok(*asked(), "alice");
	pass(60000);
	CHECK(starts("451 4.3.0 "));
	CHECK(is_closed(slow));
	const unsigned i = to("alice");
	send_text();
	pass(539000);
	CHECK_TEXT(look(), "");
	pass(1000);
	CHECK(starts("451 4.3.0 <alice>"));
	check_stored(i);
	mail();
	stop_lmtp();
}

/* A captured maildrop process harms its own recipient only. */
static void test_answers_to_no_question(void **state)
{
	const struct message ends[] = {
		{ .kind = MESSAGE_DELIVERED },
		{ .kind = MESSAGE_FAILED, .FAILED = { FAULT_NONE } },
		{ .kind = MESSAGE_FAILED, .FAILED = { FAULT_COUNT } },
		{ .kind = MESSAGE_SPOOL_IS },
	};

	(void)state;
	for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
		begin_mail();
		const unsigned bad = to("bad");
		const unsigned i = to("alice");
		drop_says(bad, &ends[k], -1);
		CHECK(is_closed(bad));
		send_text();
		check_stored(i);
		delivered(i);
		CHECK(strstr(look(), "451 4.3.0 <bad>") == w.said);
		CHECK(strstr(w.said, "\r\n250 2.1.5 <alice>") != NULL);
		stop_lmtp();
	}
}

/* The client waits ten minutes after its dot, however many replies have come. */
static void test_one_time_limit_holds_for_all_outcomes(void **state)
{
	(void)state;
	begin_mail();
	const unsigned i = to("alice");
	const unsigned j = to("bob");
	data();
	send_lines(1);
	say(".\r\n");
	check_stored(i);
	check_stored(j);
	pass(8 * 60000);
	delivered(i);
	CHECK(starts("250 2.1.5 "));
	pass(60000);
	CHECK(starts("451 4.3.0 "));
	CHECK(is_closed(j));
	stop_lmtp();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_message),
		TEST(test_a_message_in_memory_is_sealed),
		TEST(test_two_messages_on_a_connection),
		TEST(test_a_pipeline),
		TEST(test_recipients_of_a_pipeline_are_asked_about_together),
		TEST(test_questions_end_with_their_transaction),
		TEST(test_chunks_in_a_pipeline),
		TEST(test_the_same_user_twice_gets_one_message),
		TEST(test_recipients_that_are_refused),
		TEST(test_more_recipients_than_sockets),
		TEST(test_maildrop_processes_that_die),
		TEST(test_a_user_whose_maildrop_process_was_started_again),
		TEST(test_poplar_auth_dies),
		TEST(test_answers_that_do_not_come),
		TEST(test_answers_to_no_question),
		TEST(test_one_time_limit_holds_for_all_outcomes),
	};

	return RUN(tests);
}
