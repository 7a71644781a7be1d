/* Promises of poplar-lmtp: messages that are given up or large, who may speak, and how
 * connections end. */
#include "lmtpmail.h"

static void test_rset_closes_the_sockets(void **state)
{
	static const char *const ways[] = { "RSET\r\n", "LHLO again\r\n" };

	(void)state;
	for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
		begin_mail();
		const unsigned i = to("alice");
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
	const unsigned i = begin_message();
	say(TEXT);
	hang_up();
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
	begin_mail();
	const unsigned a = to("a");
	const unsigned b = to("b");
	const unsigned c = to("c");
	send_text();
	shutdown(w.client, SHUT_RDWR);
	hang_up();
	check_stored(a);
	check_stored(b);
	check_stored(c);
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
	const unsigned i = to("alice");
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
	const size_t len = check_stored(i);
	CHECK(len > (size_t)130 * 1023);
	CHECK(strstr(file, "\na123456789\n") && strstr(file, "\nd123456789\n"));
	CHECK_TEXT(file + len - 5, "\nend\n");
	delivered(i);
	CHECK(starts("250 "));
	close(spool);
	w.open[spool] = false;
	stop_lmtp();
}

/* The message goes on in memory. The recipient gets it once, and the client hears so.
 */
static void test_a_spool_file_that_comes_late(void **state)
{
	const struct message is = { .kind = MESSAGE_SPOOL_IS };

	(void)state;
	for (int k = 0; k < 2; k++) {
		const unsigned i = begin_message();
		const int spool = file_memory("spool");

		send_lines(140);
		CHECK_EQ(told(i), MESSAGE_SPOOL);
		pass(60000);
		if (k == 0)
			drop_says(i, &is, spool);
		say(".\r\n");
		check_stored(i);
		if (k == 1)
			drop_says(i, &is, spool);
		close(spool);
		CHECK_TEXT(look(), "");
		delivered(i);
		CHECK(starts("250 2.1.5 "));
		stop_lmtp();
	}
}

static void test_without_a_spool_file_the_memory_is_bounded(void **state)
{
	const struct message none = { .kind = MESSAGE_SPOOL_IS,
				      .SPOOL_IS = { FAULT_FULL } };

	(void)state;
	const unsigned i = begin_message();
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
	begin_mail();
	const unsigned i = to("alice");
	const unsigned j = to("bob");
	data();
	send_lines(140);
	CHECK_EQ(told(i), MESSAGE_SPOOL);
	close_drop(i);
	send_lines(10);
	say(".\r\n");
	CHECK(check_stored(j) > (size_t)150 * 1023);
	delivered(j);
	look();
	CHECK(strstr(w.said, "451 4.3.0 ") != NULL);
	CHECK(strstr(w.said, "250 2.1.5 ") != NULL);
	stop_lmtp();
}

static void test_a_message_over_the_largest_size(void **state)
{
	(void)state;
	start_lmtp();
	w.lmtp.unix_policy.size_max = 100000;
	arrive();
	mail();
	const unsigned i = to("alice");
	data();
	send_lines(110);
	say(".\r\n");
	CHECK(starts("552 5.3.4 "));
	CHECK(is_closed(i));
	mail();
	stop_lmtp();
}

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
		const unsigned i = to("alice");
		data();
		say(".\r\n");
		check_stored(i);
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
	const unsigned i = begin_message();
	say(TEXT ".\r\n");
	w.f.stopping = true;
	turn_end_all(&w.f, true);
	CHECK_TEXT(look(), "");
	check_stored(i);
	delivered(i);
	CHECK(starts("250 2.1.5 <alice>"));
	CHECK(strstr(w.said, "\r\n421 4.3.2 ") != NULL);
	stop_lmtp();
}

static void test_a_stop_ends_what_has_not(void **state)
{
	(void)state;
	for (int k = 0; k < 3; k++) {
		begin_mail();
		if (k == 1)
			say("RCPT TO:<alice>\r\n");
		const unsigned i = k == 2 ? to("alice") : 0;
		if (k == 2) {
			data();
			say(TEXT);
		}
		w.f.stopping = true;
		turn_end_all(&w.f, true);
		CHECK(starts("421 4.3.2 "));
		CHECK(k < 2 || is_closed(i));
		hang_up();
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
		TEST(test_rset_closes_the_sockets),
		TEST(test_a_client_that_leaves_within_its_message),
		TEST(test_a_client_that_leaves_behind_its_message),
		TEST(test_a_large_message_goes_on_in_a_spool_file),
		TEST(test_a_spool_file_that_comes_late),
		TEST(test_without_a_spool_file_the_memory_is_bounded),
		TEST(test_the_process_of_the_first_recipient_dies_and_gives_no_file),
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
