/* Promises of the front to a client, whatever it asks for: TLS, lines and turns, time,
 * and replies that it takes late or never. */
#include "frontworld.h"

static void begin(void)
{
	start_front();
	arrive("192.0.2.1:1000", false);
}

/* ---- TLS ---- */

/* Its first octets may have come with the end of the handshake. */
static void test_commands_that_come_with_a_handshake(void **state)
{
	(void)state;
	for (int pending = 0; pending < 2; pending++) {
		start_front();
		w.accepts = TLS_WANT_READ;
		arrive("192.0.2.1:1000", true);
		say("\x16");
		w.accepts = TLS_DONE;
		w.tls_pending = pending;
		say("CAPA\r\n");
		CHECK_EQ(conn()->phase, PHASE_OPEN);
		CHECK_EQ(said("USER"), pending);
		say("QUIT\r\n");
		CHECK(logged("disconnect peer=192.0.2.1:1000 tls=yes"));
		stop_front();
	}
}

static void test_clear_text_behind_stls_ends_the_connection(void **state)
{
	(void)state;
	static const char *const words[] = { "STLS\r\nCAPA\r\n", "STLS\r\nX" };

	for (unsigned i = 0; i < 2; i++) {
		begin();
		say(words[i]);
		CHECK(!conn());
		CHECK_TEXT(w.ended, "clear-text-behind-stls");
		CHECK_EQ(SAID[0], 0);
		stop_front();
	}
}

static void test_stls_then_a_login_bound_to_tls(void **state)
{
	(void)state;
	begin();
	say("STLS\r\n");
	CHECK(said("+OK"));
	CHECK_EQ(conn()->phase, PHASE_HELLO);
	w.accepts = TLS_WANT_WRITE;
	say("\x16");
	CHECK_TEXT(SAID, "[hello]");
	CHECK_EQ(conn()->phase, PHASE_HANDSHAKE);
	w.accepts = TLS_DONE;
	w.clients[0].in_len = w.clients[0].in_at = 0;
	conn()->watch.wake(&conn()->watch, LOOP_READ);
	CHECK_EQ(conn()->phase, PHASE_OPEN);
	CHECK(conn()->pop3->session.binds && conn()->pop3->session.certified);
	CHECK(loop_is_set(&w.f.tidy_timer));
	ask();
	CHECK_EQ(asked_auth()->AUTH_ASK.tls, 1);
	CHECK_EQ(asked_auth()->AUTH_ASK.exporter.len,
		 0); /* a password is bound to nothing */
	auth_ok();
	const struct message m = ready();
	drop_says(conn()->pop3->drop.link, &m, listing_file(UINT32_MAX));
	CHECK(logged("tls=TLSv1.3 cipher=CIPHER"));
	say("QUIT\r\n");
	CHECK(said("[bye]"));
	CHECK_EQ(w.tls_shutdowns, 1 + 1); /* the last words, and the close */
	stop_front();
}

static void test_mechanisms_get_what_they_can_be_bound_to(void **state)
{
	(void)state;
	start_front();
	arrive_by_tls();
	CHECK(said("+OK ready"));
	say("AUTH SCRAM-SHA-256 bixuPWE=\r\n");
	const struct message_AUTH_ASK *a = &asked_auth()->AUTH_ASK;
	CHECK_EQ(a->exporter.len, TLS_EXPORTER_OCTETS);
	CHECK_EQ(a->unique.len, 12);
	CHECK_EQ(a->certificate.len, 0);
	answer_failed(conn(), FAULT_DENIED, 0);
	say("AUTH EXTERNAL =\r\n");
	CHECK_SPAN(asked_auth()->AUTH_ASK.certificate, "certified");
	stop_front();
	begin(); /* without TLS there is nothing */
	say("AUTH SCRAM-SHA-256 bixuPWE=\r\n");
	CHECK_EQ(asked_auth()->AUTH_ASK.exporter.len, 0);
	CHECK_EQ(asked_auth()->AUTH_ASK.unique.len, 0);
	stop_front();
}

/* Memory that handshakes have used goes back once, a while after the first. */
static void test_memory_is_tidied_after_handshakes(void **state)
{
	(void)state;
	start_front();
	arrive_by_tls();
	pass(5000);
	arrive("192.0.2.1:1000", true);
	say_as(1, "\x16");
	pass(4999);
	CHECK_EQ(w.trims, 0);
	pass(1);
	CHECK_EQ(w.trims, 1);
	pass(20000);
	CHECK_EQ(w.trims, 1);
	stop_front();
}

/* OpenSSL may hold octets that the kernel announces no more. */
static void test_octets_that_tls_has_read_are_used(void **state)
{
	static char many[1500 * 6 + 1];

	(void)state;
	for (unsigned i = 0; i < 1500; i++)
		memcpy(many + 6 * i, "NOOP\r\n", 7);
	for (int pending = 0; pending < 2; pending++) {
		start_front();
		w.pop3.policy.errors_max = 2000;
		arrive_by_tls();
		w.tls_pending = pending;
		say(many);
		while (conn()->unfinished)
			conn()->watch.wake(&conn()->watch, LOOP_WRITE);
		CHECK_EQ(w.clients[0].in_at, pending ? 9000 : 8192);
		stop_front();
	}
}

static void test_a_client_that_sends_octet_by_octet(void **state)
{
	static const char words[] = "CAPA\r\n";

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		start_front();
		if (tls)
			arrive_by_tls();
		else
			arrive("192.0.2.1:1000", false);
		for (unsigned i = 0; i < sizeof words - 1; i++)
			say((const char[]){ words[i], '\0' });
		CHECK(said("+OK") && said("USER"));
		stop_front();
	}
}

static void test_how_a_tls_client_goes(void **state)
{
	static const enum tls_got goes[] = { TLS_CLOSED, TLS_FAILED };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		start_front();
		arrive_by_tls();
		w.reads = TLS_WANT_READ;
		say("x");
		CHECK_EQ(conn()->watch.events, LOOP_READ);
		CHECK(!conn()->client.readable);
		w.reads = goes[i];
		say("x");
		CHECK(!conn());
		CHECK_TEXT(w.ended, "hangup");
		stop_front();
	}
}

static void test_a_handshake_that_does_not_begin(void **state)
{
	(void)state;
	start_front();
	arrive("192.0.2.1:1000", true);
	say("");
	CHECK_EQ(conn()->phase, PHASE_HELLO);
	w.clients[0].error = ECONNRESET;
	say("");
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
}

static void test_a_connection_that_breaks(void **state)
{
	(void)state;
	begin();
	w.clients[0].error = ECONNRESET;
	say("");
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
}

static void test_a_handshake_that_fails(void **state)
{
	(void)state;
	start_front();
	w.accepts = TLS_FAILED;
	arrive("192.0.2.1:1000", true);
	say("\x16");
	CHECK(!conn());
	CHECK_TEXT(w.ended, "tls-failed");
	CHECK(logged("tls-failed peer=192.0.2.1:1000"));
	stop_front();
}

static void test_no_memory_for_tls(void **state)
{
	(void)state;
	start_front();
	w.tls_fails = true;
	arrive("192.0.2.1:1000", true);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "out-of-memory");
	arrive("192.0.2.1:1000", false);
	say_as(1, "STLS\r\n");
	CHECK_EQ(w.f.conn_count, 0);
	stop_front();
}

static void test_records_without_octets(void **state)
{
	(void)state;
	start_front();
	arrive_by_tls();
	w.reads = TLS_AGAIN;
	w.tls_reads = 0;
	say("x");
	CHECK_EQ(w.tls_reads, 1); /* a turn */
	CHECK(conn()->unfinished);
	CHECK_EQ(conn()->watch.events, LOOP_WRITE);
	w.reads = TLS_FLOODED;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "tls-flood");
	stop_front();
}

/* ---- lines ---- */

static void test_another_protocol_is_told_nothing(void **state)
{
	(void)state;
	begin();
	say("GET / HTTP/1.1\r\n");
	CHECK(!conn());
	CHECK_EQ(SAID[0], 0);
	CHECK_TEXT(w.ended, "not-pop3");
	arrive("192.0.2.1:1000", false);
	say_as(1, "\x16\x03\x01");
	CHECK_EQ(w.f.conn_count, 0);
	arrive("192.0.2.1:1000", false);
	say_as(2, "CAPA\r\nGET / HTTP/1.1\r\n"); /* it has said POP3 before */
	CHECK_EQ(w.f.conn_count, 1);
	stop_front();
}

/* Its first octets are those of no other protocol. TLS begins anew. */
static void test_the_first_line_is_looked_at(void **state)
{
	(void)state;
	begin();
	say("\x17");
	CHECK(conn());
	stop_front();
	begin();
	say("STLS\r\n");
	w.accepts = TLS_DONE;
	say("\x16");
	say("GET / HTTP/1.1\r\n");
	CHECK(!conn());
	CHECK_TEXT(w.ended, "not-pop3");
	stop_front();
}

static void test_input_is_kept_while_poplar_auth_is_asked(void **state)
{
	(void)state;
	begin();
	say("USER a\r\nPASS b\r\nNOOP\r\n");
	CHECK(conn()->client.held && conn()->client.in.len == 6);
	answer_failed(conn(), FAULT_DENIED, 0);
	CHECK(said("-ERR [AUTH]"));
	CHECK_EQ(conn()->client.in.len, 0);
	say("NOOP\r\n");
	CHECK(!conn()->client.held);
	stop_front();
	begin(); /* what is kept may be a password */
	say("USER alice\r\nPASS b\r\nPASS secret\r\n");
	CHECK(conn()->client.held);
	answer_failed(conn(), FAULT_DENIED, 0);
	CHECK_EQ(conn()->client.in.len, 0);
	stop_front();
}

/* A long response has room; a long command has none, and is refused. */
static void test_long_lines_of_auth_alone(void **state)
{
	static char line[10000];

	(void)state;
	begin();
	strcpy(line, "AUTH PLAIN ");
	memset(line + 11, 'A', 4000);
	strcpy(line + 4011, "\r\n");
	say(line);
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 1);
	CHECK_EQ(asked_auth()->AUTH_ASK.response.len, 4000);
	answer_failed(conn(), FAULT_DENIED, 0);
	say("NOOP\r\n");
	CHECK(!conn()->pop3->input.lines.room);
	memset(line, 'A', 4000);
	say(line);
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 1);
	CHECK(said("-ERR"));
	stop_front();
}

/* A long response that comes in pieces, and one that is longer than any may be. */
static void test_a_response_in_pieces_and_one_too_long(void **state)
{
	static char line[13001];

	(void)state;
	begin();
	memcpy(line, "AUTH PLAIN secret", 17);
	memset(line + 17, 'A', 10000 - 6);
	strcpy(line + 10011, "\r\n");
	say(line);
	CHECK_EQ(asked_auth()->AUTH_ASK.response.len, 10000);
	answer_failed(conn(), FAULT_DENIED, 0);
	CHECK(!logged("response-too-long"));
	memset(line + 17, 'A', 12980 - 6);
	strcpy(line + 12991, "\r\n");
	say(line);
	CHECK(said("-ERR"));
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 1);
	CHECK(logged("response-too-long peer=192.0.2.1:1000 tls=no most=12288"));
	stop_front();
	begin();
	memset(line, 'A', 1000);
	strcpy(line + 1000, "\r\n");
	say(line);
	CHECK(said("-ERR"));
	CHECK(!logged("response-too-long"));
	stop_front();
}

/* Whoever does not take replies gets no further ones. */
static void test_a_full_socket_stops_commands(void **state)
{
	static char many[100 * 6 + 1];

	(void)state;
	begin();
	for (int i = 0; i < 100; i++)
		memcpy(many + 6 * i, "NOOP\r\n", 7);
	w.pop3.policy.errors_max = 1000;
	w.clients[0].room = 10;
	say(many);
	CHECK(conn()->output.blocked);
	const size_t left = conn()->client.in.len;
	CHECK(left > 0);
	w.clients[0].room = 10;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK(conn()->output.blocked);
	CHECK_EQ(conn()->client.in.len, left);
	w.clients[0].room = SIZE_MAX;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK_EQ(conn()->client.in.len, 0);
	CHECK_EQ(w.clients[0].mores, 0);
	stop_front();
}

/* The slot of a client that went is the last to be used again. */
static void test_slots_are_used_in_turn(void **state)
{
	(void)state;
	begin();
	w.f.slot_count = 2;
	say("QUIT\r\n");
	arrive("192.0.2.1:1000", false);
	CHECK(!w.f.slots[0] && w.f.slots[1]);
	arrive("192.0.2.1:1000", false);
	CHECK(w.f.slots[0] && w.f.slots[1]);
	arrive("192.0.2.1:1003", false);
	CHECK_EQ(w.f.conn_count, 2);
	CHECK(logged("connection-refused peer=192.0.2.1:1003"));
	CHECK(w.clients[3].closed);
	stop_front();
	begin();
	w.f.slot_count = 2;
	arrive("192.0.2.1:1000", false);
	say_as(1, "QUIT\r\n");
	arrive("192.0.2.1:1000", false); /* the first slot is taken */
	CHECK(w.f.slots[0] && w.f.slots[1]);
	stop_front();
}

/* Whoever always has more to do lets others have their turn. */
static void test_a_turn_ends_by_steps_and_by_time(void **state)
{
	static char many[1024];

	(void)state;
	begin();
	for (int i = 0; i < 100; i++)
		memcpy(many + 6 * i, "NOOP\r\n", 7);
	w.pop3.policy.errors_max = 1000;
	say(many);
	CHECK(conn()->unfinished);
	CHECK_EQ(conn()->watch.events, LOOP_WRITE);
	CHECK_EQ(conn()->client.in.len, 36 * 6);
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK(!conn()->unfinished);
	CHECK_EQ(conn()->watch.events, LOOP_READ);
	w.clock_step = 1;
	say(many);
	CHECK_EQ(conn()->client.in.len, 97 * 6);
	w.clock_step = 0;
	stop_front();
}

/* ---- time ---- */

/* The server's own work is not the client's time, four times login-timeout at most. */
static void test_time_that_the_server_works_is_not_the_clients(void **state)
{
	(void)state;
	begin();
	ask();
	pass(100000);
	CHECK(conn());
	answer_failed(conn(), FAULT_DENIED, 0);
	CHECK(said("-ERR"));
	pass(59999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "login-timeout");
	stop_front();
}

static void test_a_login_that_never_ends_is_given_up(void **state)
{
	(void)state;
	begin();
	ask();
	pass(239999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK_TEXT(w.ended, "login-too-long");
	CHECK(logged("login-failed"));
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 1);
	stop_front();
}

static void test_a_handshake_has_its_own_time(void **state)
{
	(void)state;
	start_front();
	arrive("192.0.2.1:1000", true);
	pass(29999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "login-timeout");
	stop_front();
	begin(); /* it counts from STLS */
	w.f.child.settings.handshake_timeout = 10;
	pass(5000);
	say("STLS\r\n");
	pass(9999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	stop_front();
}

/* A delay is the server's, but the time behind it is the client's. */
static void test_after_a_refusal_the_client_has_the_rest_of_its_time(void **state)
{
	(void)state;
	begin();
	ask();
	answer_failed(conn(), FAULT_DENIED, 2000);
	pass(2000);
	CHECK(said("-ERR [AUTH]"));
	pass(57999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "login-timeout");
	stop_front();
}

/* A client that is told everything, and stays. */
static void test_a_client_that_does_not_close_has_two_seconds(void **state)
{
	(void)state;
	start_front();
	log_in();
	say("QUIT\r\nNOOP\r\n");
	CHECK_EQ(conn()->phase, PHASE_LINGER);
	CHECK(w.clients[0].shut);
	CHECK(!conn()->client.held);
	pass(1999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "quit");
	stop_front();
}

/* A line is activity, also before its reply can be sent; and so are octets that the
 * client takes. */
static void test_what_counts_as_activity(void **state)
{
	(void)state;
	start_front();
	log_in();
	pass(599999);
	say("RETR 1\r\n");
	pass(599999);
	CHECK(conn());
	w.clients[0].room = 10;
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	pass(599999);
	CHECK(conn());
	w.clients[0].room = 10;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	pass(599999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "idle-timeout");
	stop_front();
}

static void test_activity_moves_the_idle_timeout(void **state)
{
	(void)state;
	start_front();
	log_in();
	pass(599999);
	CHECK(conn());
	say("NOOP\r\n");
	pass(599999);
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "idle-timeout");
	stop_front();
}

/* A client that takes nothing of what was sent is looked for after half a minute, then
 * every five seconds. */
static void test_a_client_that_vanished_is_found(void **state)
{
	(void)state;
	start_front();
	w.peer = SOCK_PEER_BEHIND;
	log_in();
	pass(30000);
	CHECK(conn());
	pass(4999);
	w.peer = SOCK_PEER_GONE;
	CHECK(conn());
	pass(1);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "client-gone");
	stop_front();
}

/* ---- output ---- */

/* What the socket does not take is held, all of it, and in order. */
static void test_replies_that_are_held(void **state)
{
	(void)state;
	start_front();
	log_in();
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
	start_front();
	log_in();
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
	start_front();
	log_in();
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
	start_front();
	log_in();
	w.clients[0].room = 0;
	say("QUIT\r\n");
	CHECK(conn() && !conn()->pop3->drop.link);
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
	start_front();
	log_in();
	w.clients[0].eof = true;
	say("UIDL\r\n");
	CHECK(said("\r\n40 uid-40\r\n.\r\n"));
	conn()->watch.wake(&conn()->watch, LOOP_READ);
	CHECK(!conn());
	CHECK_TEXT(w.ended, "hangup");
	stop_front();
	start_front();
	log_in();
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
	CHECK_EQ(conn()->pop3->session.tally.retr_octets, 200000);
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
		TEST(test_commands_that_come_with_a_handshake),
		TEST(test_clear_text_behind_stls_ends_the_connection),
		TEST(test_stls_then_a_login_bound_to_tls),
		TEST(test_mechanisms_get_what_they_can_be_bound_to),
		TEST(test_memory_is_tidied_after_handshakes),
		TEST(test_octets_that_tls_has_read_are_used),
		TEST(test_a_client_that_sends_octet_by_octet),
		TEST(test_how_a_tls_client_goes),
		TEST(test_a_handshake_that_does_not_begin),
		TEST(test_a_connection_that_breaks),
		TEST(test_a_handshake_that_fails),
		TEST(test_no_memory_for_tls),
		TEST(test_records_without_octets),
		TEST(test_another_protocol_is_told_nothing),
		TEST(test_the_first_line_is_looked_at),
		TEST(test_input_is_kept_while_poplar_auth_is_asked),
		TEST(test_long_lines_of_auth_alone),
		TEST(test_a_response_in_pieces_and_one_too_long),
		TEST(test_a_full_socket_stops_commands),
		TEST(test_slots_are_used_in_turn),
		TEST(test_a_turn_ends_by_steps_and_by_time),
		TEST(test_time_that_the_server_works_is_not_the_clients),
		TEST(test_a_login_that_never_ends_is_given_up),
		TEST(test_a_handshake_has_its_own_time),
		TEST(test_after_a_refusal_the_client_has_the_rest_of_its_time),
		TEST(test_a_client_that_does_not_close_has_two_seconds),
		TEST(test_what_counts_as_activity),
		TEST(test_activity_moves_the_idle_timeout),
		TEST(test_a_client_that_vanished_is_found),
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
