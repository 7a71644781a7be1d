/* Promises of poplar-lmtp: one reply for each accepted recipient, in order, whatever
 * fails; 250 only for what is stored; and a connection that goes on. */
#include "lmtpworld.h"

#define TEXT "Subject: x\r\n\r\nbody\r\n"

static char file[1 << 20];

static bool starts(const char *text)
{
	return strncmp(look(), text, strlen(text)) == 0;
}

/* ---- a message ---- */

static void test_one_message(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice@example.org", "alice");
	data();
	say(TEXT ".\r\n");
	CHECK_TEXT(look(), "");
	const size_t len = stored(i, file, sizeof file);
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
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	data();
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
		const unsigned i = recipient("alice", "alice");
		data();
		say(TEXT ".\r\n");
		CHECK(stored(i, file, sizeof file) > 0);
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
	CHECK(stored(a, file, sizeof file) > 0);
	CHECK(stored(b, file, sizeof file) > 0);
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
	const size_t len = stored(a, file, sizeof file);
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
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice@x.org", "alice");
	say("RCPT TO:<alice+detail@x.org>\r\n");
	const unsigned other = answer_ok(*asked(), "alice");
	CHECK(starts("250 2.1.5 "));
	CHECK(is_closed(other));
	data();
	say(TEXT ".\r\n");
	CHECK(stored(i, file, sizeof file) > 0);
	delivered(i);
	CHECK(strstr(look(), "250 2.1.5 <alice@x.org>") == w.said);
	CHECK(strstr(w.said, "250 2.1.5 <alice+detail@x.org>") != NULL);
	stop_lmtp();
}

/* ---- what fails ---- */

static void test_recipients_that_are_refused(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	say("RCPT TO:<nobody@x.org>\r\n");
	answer_failed(*asked(), FAULT_NO_USER);
	CHECK(starts("550 5.1.1 "));
	CHECK(logged("event=recipient-refused peer=unix sender=s@sender.example "
		     "recipient=nobody@x.org fault=NO_USER"));
	say("RCPT TO:<full@x.org>\r\n");
	const unsigned full = answer_ok(*asked(), "full");
	failed(full, FAULT_QUOTA);
	CHECK(starts("452 4.2.2 "));
	CHECK(is_closed(full));
	say("RCPT TO:<broken@x.org>\r\n");
	answer_failed(*asked(), 9999);
	CHECK(starts("451 4.3.0 "));
	const unsigned i = recipient("alice", "alice");
	data();
	say(TEXT ".\r\n");
	CHECK(stored(i, file, sizeof file) > 0);
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
		const unsigned a = recipient("a", "a");
		const unsigned b = recipient("b", "b");
		say("RCPT TO:<c>\r\n");
		CHECK(is_closed(answer_ok(*asked(), "c")));
		CHECK(starts("452 4."));
		data();
		say(TEXT ".\r\n");
		CHECK(stored(a, file, sizeof file) > 0);
		CHECK(stored(b, file, sizeof file) > 0);
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
	start_lmtp();
	arrive();
	mail();
	say("RCPT TO:<dies@x.org>\r\n");
	close_drop(answer_ok(*asked(), "dies"));
	CHECK(starts("451 4.3.0 "));
	const unsigned a = recipient("a", "a");
	const unsigned b = recipient("b", "b");
	const unsigned c = recipient("c", "c");
	close_drop(a);
	data();
	say(TEXT ".\r\n");
	CHECK(starts("451 4.3.0 <a>"));
	CHECK_EQ(told(b), MESSAGE_DELIVER);
	close(w.told.files.at[0]);
	CHECK(stored(c, file, sizeof file) > 0);
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
	start_lmtp();
	arrive();
	mail();
	close_drop(recipient("alice@x.org", "alice"));
	const unsigned i = recipient("alice+x@x.org", "alice");
	data();
	say(TEXT ".\r\n");
	CHECK(stored(i, file, sizeof file) > 0);
	delivered(i);
	CHECK(strstr(look(), "250 2.1.5 <alice@x.org>") == w.said);
	CHECK(strstr(w.said, "250 2.1.5 <alice+x@x.org>") != NULL);
	stop_lmtp();
}

static void test_poplar_auth_dies(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
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
	start_lmtp();
	arrive();
	mail();
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
	const unsigned i = recipient("alice", "alice");
	data();
	say(TEXT ".\r\n");
	pass(539000);
	CHECK_TEXT(look(), "");
	pass(1000);
	CHECK(starts("451 4.3.0 <alice>"));
	CHECK_EQ(told(i), MESSAGE_DELIVER);
	close(w.told.files.at[0]);
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
		start_lmtp();
		arrive();
		mail();
		const unsigned bad = recipient("bad", "bad");
		const unsigned i = recipient("alice", "alice");
		drop_says(bad, &ends[k], -1);
		CHECK(is_closed(bad));
		data();
		say(TEXT ".\r\n");
		CHECK(stored(i, file, sizeof file) > 0);
		delivered(i);
		CHECK(strstr(look(), "451 4.3.0 <bad>") == w.said);
		CHECK(strstr(w.said, "\r\n250 2.1.5 <alice>") != NULL);
		stop_lmtp();
	}
}

/* ---- transactions that are given up ---- */

static void test_rset_closes_the_sockets(void **state)
{
	static const char *const ways[] = { "RSET\r\n", "LHLO again\r\n" };

	(void)state;
	for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
		start_lmtp();
		arrive();
		mail();
		const unsigned i = recipient("alice", "alice");
		say(ways[k]);
		CHECK(starts("250"));
		CHECK(is_closed(i));
		say("DATA\r\n");
		CHECK(starts("503 5.5.1 "));
		stop_lmtp();
	}
}

static void test_a_client_that_leaves_within_its_message(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	data();
	say(TEXT);
	close(w.client);
	w.client = -1;
	turn();
	CHECK(is_closed(i));
	CHECK(!logged("event=message "));
	CHECK(logged("messages=0 stored=0"));
	CHECK_EQ(w.f.conn_count, 0);
	stop_lmtp();
}

/* The results are heard and logged. */
static void test_a_client_that_leaves_behind_its_message(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned a = recipient("a", "a");
	const unsigned b = recipient("b", "b");
	const unsigned c = recipient("c", "c");
	data();
	say(TEXT ".\r\n");
	shutdown(w.client, SHUT_RDWR);
	close(w.client);
	w.client = -1;
	turn();
	CHECK(stored(a, file, sizeof file) > 0);
	CHECK(stored(b, file, sizeof file) > 0);
	CHECK(stored(c, file, sizeof file) > 0);
	delivered(a);
	delivered(b);
	CHECK_EQ(w.f.conn_count, 1);
	delivered(c);
	CHECK(logged("user=a recipient=a"));
	CHECK(logged("user=b recipient=b"));
	CHECK(logged("user=c recipient=c"));
	CHECK(!logged("event=delivery-"));
	CHECK_EQ(w.f.conn_count, 0);
	stop_lmtp();
}

/* ---- large messages ---- */

static void send_lines(unsigned count)
{
	static char line[1025];

	memset(line, 'x', 1022);
	memcpy(line + 1022, "\r\n", 3);
	for (unsigned i = 0; i < count; i++)
		say(line);
}

/* The maildrop process of the first recipient gives the file. */
static void test_a_large_message_goes_on_in_a_spool_file(void **state)
{
	char name[] = "/tmp/poplar-spool-XXXXXX";
	const int spool = mkstemp(name);

	(void)state;
	unlink(name);
	start_lmtp();
	w.open[spool] = true;
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	data();
	send_lines(126);
	CHECK_EQ(told(i), MESSAGE_COUNT);
	CHECK(w.lmtp.memory_used > 120000);
	for (int k = 0; k < 4; k++) { /* what the client sends meanwhile waits */
		char line[] = "0123456789\r\n";
		line[0] = (char)('a' + k);
		send_lines(1);
		send(w.client, line, sizeof line - 1, MSG_DONTWAIT);
		turn();
	}
	CHECK_EQ(told(i), MESSAGE_SPOOL);
	const struct message m = { .kind = MESSAGE_SPOOL_IS };
	CHECK_EQ(channel_send_files(w.drops[i].fd, &m, &spool, 1, CHANNEL_NOW),
		 FAULT_NONE);
	turn();
	CHECK_EQ(w.lmtp.memory_used, 0);
	say("end\r\n.\r\n");
	const size_t len = stored(i, file, sizeof file);
	CHECK(len > (size_t)130 * 1023);
	CHECK(strstr(file, "\na123456789\n") && strstr(file, "\nd123456789\n"));
	CHECK_TEXT(file + len - 5, "\nend\n");
	delivered(i);
	CHECK(starts("250 "));
	close(spool);
	w.open[spool] = false;
	stop_lmtp();
}

static void test_without_a_spool_file_the_memory_is_bounded(void **state)
{
	const struct message none = { .kind = MESSAGE_SPOOL_IS,
				      .SPOOL_IS = { FAULT_FULL } };

	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	data();
	send_lines(140);
	CHECK_EQ(told(i), MESSAGE_SPOOL);
	CHECK_EQ(channel_send_files(w.drops[i].fd, &none, NULL, 0, CHANNEL_NOW),
		 FAULT_NONE);
	turn();
	send_lines(300);
	CHECK(w.lmtp.memory_used > 400000);
	send_lines(600);
	CHECK_EQ(w.lmtp.memory_used, 0);
	say(".\r\n");
	CHECK(starts("452 4.3.1 "));
	CHECK(is_closed(i));
	mail();
	stop_lmtp();
}

static void test_the_process_of_the_first_recipient_dies_and_gives_no_file(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	const unsigned j = recipient("bob", "bob");
	data();
	send_lines(140);
	CHECK_EQ(told(i), MESSAGE_SPOOL);
	close_drop(i);
	send_lines(10);
	say(".\r\n");
	CHECK(stored(j, file, sizeof file) > (size_t)150 * 1023);
	delivered(j);
	look();
	CHECK(strstr(w.said, "451 4.3.0 ") != NULL);
	CHECK(strstr(w.said, "250 2.1.5 ") != NULL);
	stop_lmtp();
}

/* The client waits ten minutes after its dot, however many replies have come. */
static void test_one_time_limit_holds_for_all_outcomes(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	const unsigned j = recipient("bob", "bob");
	data();
	send_lines(1);
	say(".\r\n");
	CHECK(stored(i, file, sizeof file) > 0);
	CHECK(stored(j, file, sizeof file) > 0);
	pass(8 * 60000);
	delivered(i);
	CHECK(starts("250 2.1.5 "));
	pass(60000);
	CHECK(starts("451 4.3.0 "));
	CHECK(is_closed(j));
	stop_lmtp();
}

static void test_a_message_over_the_largest_size(void **state)
{
	(void)state;
	start_lmtp();
	w.lmtp.unix_policy.size_max = 100000;
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	data();
	send_lines(110);
	say(".\r\n");
	CHECK(starts("552 5.3.4 "));
	CHECK(is_closed(i));
	mail();
	stop_lmtp();
}

/* ---- who may speak ---- */

static void test_a_stranger(void **state)
{
	(void)state;
	start_lmtp();
	CHECK(nets_add(&w.lmtp.from, SPAN("192.0.2.0/24")));
	connect_from("198.51.100.1:1000");
	look();
	say("LHLO x.example\r\nMAIL FROM:<s@x.org>\r\n");
	look();
	CHECK(strstr(w.said, "\r\n530 5.7.0 ") || strstr(w.said, "\r\n450 4.7.1 "));
	say("RCPT TO:<alice>\r\n");
	CHECK(nothing_asked());
	stop_lmtp();
}

static void test_those_who_may_speak(void **state)
{
	static const char *const peers[] = { "127.0.0.1:1000", "[::1]:1000",
					     "192.0.2.7:1000" };

	(void)state;
	for (size_t k = 0; k < sizeof peers / sizeof *peers; k++) {
		start_lmtp();
		CHECK(nets_add(&w.lmtp.from, SPAN("192.0.2.0/24")));
		connect_from(peers[k]);
		look();
		say("LHLO x.example\r\n");
		look();
		mail();
		const unsigned i = recipient("alice", "alice");
		data();
		say(".\r\n");
		CHECK(stored(i, file, sizeof file) > 0);
		CHECK(strstr(file, k == 1   ? "[IPv6:::1]"
				   : k == 0 ? "[127.0.0.1]"
					    : "[192.0.2.7]") != NULL);
		delivered(i);
		stop_lmtp();
	}
}

/* A web page can send commands in the body of a request to this machine. */
static void test_a_browser(void **state)
{
	(void)state;
	start_lmtp();
	connect_from("127.0.0.1:1000");
	look();
	say("POST / HTTP/1.1\r\n\r\nLHLO x\r\nMAIL FROM:<>\r\n");
	CHECK_EQ(w.f.conn_count, 0);
	CHECK(logged("end=not-lmtp"));
	stop_lmtp();
}

/* ---- ends ---- */

static void test_an_idle_client_is_told(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	pass(299000);
	CHECK_TEXT(look(), "");
	say("NOOP\r\n");
	CHECK(starts("250 "));
	pass(299000);
	CHECK_TEXT(look(), "");
	pass(1000);
	CHECK(starts("421 4.4.2 "));
	pass(2000);
	CHECK(logged("end=idle-timeout"));
	CHECK_EQ(w.f.conn_count, 0);
	stop_lmtp();
}

static void test_a_stop_finishes_what_has_come_whole(void **state)
{
	(void)state;
	start_lmtp();
	arrive();
	mail();
	const unsigned i = recipient("alice", "alice");
	data();
	say(TEXT ".\r\n");
	w.f.stopping = true;
	turn_end_all(&w.f, true);
	CHECK_TEXT(look(), "");
	CHECK(stored(i, file, sizeof file) > 0);
	delivered(i);
	CHECK(starts("250 2.1.5 <alice>"));
	CHECK(strstr(w.said, "\r\n421 4.3.2 ") != NULL);
	stop_lmtp();
}

static void test_a_stop_ends_what_has_not(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		start_lmtp();
		arrive();
		mail();
		if (k == 1)
			say("RCPT TO:<alice>\r\n");
		const unsigned i = k == 2 ? recipient("alice", "alice") : 0;
		if (k == 2) {
			data();
			say(TEXT);
		}
		w.f.stopping = true;
		turn_end_all(&w.f, true);
		CHECK(starts("421 4.3.2 "));
		CHECK(k < 2 || is_closed(i));
		close(w.client);
		w.client = -1;
		turn();
		CHECK(logged("end=shutdown"));
		CHECK_EQ(w.f.conn_count, 0);
		stop_lmtp();
	}
}

/* Nothing is read from it until it has taken its replies. */
static void test_a_client_that_reads_no_replies(void **state)
{
	char noops[4096];
	const struct span all = { noops, sizeof noops / 6 * 6 };
	unsigned refused = 0;

	(void)state;
	for (size_t i = 0; i + 6 <= sizeof noops; i += 6)
		memcpy(noops + i, "NOOP\r\n", 6);
	start_lmtp();
	arrive();
	for (unsigned i = 0; i < 100000 && refused == 0; i++) {
		refused += send(w.client, all.at, all.len, MSG_DONTWAIT) !=
			   (ssize_t)all.len;
		turn();
	}
	CHECK(refused > 0);
	CHECK(conn()->output.blocked || conn()->unfinished);
	pass(300000);
	pass(2000);
	CHECK(logged("end=idle-timeout"));
	CHECK_EQ(w.f.conn_count, 0);
	stop_lmtp();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_message),
		TEST(test_a_message_in_memory_is_sealed),
		TEST(test_two_messages_on_a_connection),
		TEST(test_a_pipeline),
		TEST(test_chunks_in_a_pipeline),
		TEST(test_the_same_user_twice_gets_one_message),
		TEST(test_recipients_that_are_refused),
		TEST(test_more_recipients_than_sockets),
		TEST(test_maildrop_processes_that_die),
		TEST(test_a_user_whose_maildrop_process_was_started_again),
		TEST(test_poplar_auth_dies),
		TEST(test_answers_that_do_not_come),
		TEST(test_answers_to_no_question),
		TEST(test_rset_closes_the_sockets),
		TEST(test_a_client_that_leaves_within_its_message),
		TEST(test_a_client_that_leaves_behind_its_message),
		TEST(test_a_large_message_goes_on_in_a_spool_file),
		TEST(test_without_a_spool_file_the_memory_is_bounded),
		TEST(test_the_process_of_the_first_recipient_dies_and_gives_no_file),
		TEST(test_one_time_limit_holds_for_all_outcomes),
		TEST(test_a_message_over_the_largest_size),
		TEST(test_a_stranger),
		TEST(test_those_who_may_speak),
		TEST(test_a_browser),
		TEST(test_an_idle_client_is_told),
		TEST(test_a_stop_finishes_what_has_come_whole),
		TEST(test_a_stop_ends_what_has_not),
		TEST(test_a_client_that_reads_no_replies),
	};

	return RUN(tests);
}
