/* Promises of the front to a client that logs in, and to poplar-auth, which it asks. */
#include "frontworld.h"

static void begin(void)
{
	start_front();
	arrive("192.0.2.1:1000", false);
}

static void answer_later(uint64_t delay_ms)
{
	const struct message m = { .kind = MESSAGE_AUTH_LATER,
				   .AUTH_LATER = { .id = slots_id(conn()),
						   .delay_ms = delay_ms } };

	auth_says(&m, -1);
}

static void test_a_question_says_all_that_a_proof_depends_on(void **state)
{
	(void)state;
	begin();
	ask();
	const struct message_AUTH_ASK *a = &asked_auth()->AUTH_ASK;
	CHECK_EQ(a->id, slots_id(conn()));
	CHECK_EQ(a->exchange, 1);
	CHECK_EQ(a->waited, 0);
	CHECK_EQ(a->tls, 0);
	CHECK_EQ(a->mechanism, MECHANISM_ID_USER);
	CHECK_SPAN(a->peer, "192.0.2.1:1000");
	CHECK_SPAN(a->user, "alice");
	CHECK_EQ(a->response.len, 6);
	CHECK_EQ(a->exporter.len, 0);
	CHECK_TEXT(last(MESSAGE_AUTH_ASK)->text, "secret");
	CHECK_EQ(last(MESSAGE_AUTH_ASK)->fd, AUTH_FD);
	stop_front();
}

/* The password stands nowhere where the next connection could find it. */
static void test_no_password_stays_in_shared_memory(void **state)
{
	(void)state;
	begin();
	ask();
	CHECK(!memmem(w.f.input, sizeof w.f.input, "secret", 6));
	say("PASS again\r\n");
	CHECK(!memmem(w.f.input, sizeof w.f.input, "again", 5));
	answer_failed(conn(), FAULT_DENIED, 0);
	say("PASS half a li");
	const struct conn *c = conn();
	CHECK(memmem(&c->pop3->input, sizeof c->pop3->input, "half", 4));
	turn_end_all(&w.f, false);
	CHECK(!memmem(&c->pop3->input, sizeof c->pop3->input, "half", 4));
	stop_front();
}

/* Also of a line that came in pieces, and of one that was refused. */
static void test_no_password_stays_where_lines_are_kept(void **state)
{
	(void)state;
	begin();
	say("PASS sec");
	say("ret\r\n");
	CHECK(said("-ERR"));
	CHECK(!memmem(&conn()->pop3->input, sizeof conn()->pop3->input, "secret", 6));
	say("USER alice\r\nPASS sec");
	say("ret\r\n");
	CHECK_EQ(conn()->pop3->awaits, AWAITS_AUTH);
	CHECK(!memmem(&conn()->pop3->input, sizeof conn()->pop3->input, "secret", 6));
	stop_front();
}

static void test_a_refusal_is_logged_at_once_and_told_after_its_delay(void **state)
{
	(void)state;
	begin();
	ask();
	answer_failed(conn(), FAULT_DENIED, 2000);
	CHECK(logged("login-failed user=alice peer=192.0.2.1:1000 tls=no method=USER "
		     "reason=[AUTH]"));
	CHECK(!said("-ERR"));
	pass(1999);
	CHECK(!said("-ERR"));
	CHECK_EQ(conn()->pop3->awaits, AWAITS_REFUSAL);
	pass(1);
	CHECK(said("-ERR [AUTH]"));
	CHECK_EQ(conn()->pop3->awaits, AWAITS_NOTHING);
	stop_front();
}

/* The delay counts from the question. */
static void test_a_refusal_whose_delay_has_passed_is_told_at_once(void **state)
{
	(void)state;
	begin();
	ask();
	pass(2000);
	answer_failed(conn(), FAULT_DENIED, 2000);
	CHECK(said("-ERR [AUTH]"));
	stop_front();
}

static void test_a_fault_that_is_none_counts_as_trouble(void **state)
{
	static const enum fault none[] = { FAULT_NONE, FAULT_COUNT };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin();
		ask();
		answer_failed(conn(), none[i], 0);
		CHECK(said("-ERR [SYS/TEMP]"));
		stop_front();
	}
}

/* An attempt that had to wait says so, and its refusal is as late as any other. */
static void test_a_delayed_login_is_asked_again(void **state)
{
	(void)state;
	begin();
	ask();
	answer_later(3000);
	CHECK_EQ(conn()->watch.events, LOOP_HANGUP);
	pass(2999);
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 1);
	pass(1);
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 2);
	CHECK_EQ(asked_auth()->AUTH_ASK.waited, 1);
	CHECK_EQ(asked_auth()->AUTH_ASK.exchange, 1);
	CHECK_TEXT(last(MESSAGE_AUTH_ASK)->text, "secret");
	pass(500);
	answer_failed(conn(), FAULT_DENIED, 1000);
	CHECK(!said("-ERR"));
	pass(500);
	CHECK(said("-ERR [AUTH]"));
	ask(); /* another attempt has not waited */
	CHECK_EQ(asked_auth()->AUTH_ASK.waited, 0);
	CHECK_EQ(asked_auth()->AUTH_ASK.exchange, 2);
	stop_front();
}

/* poplar-auth has kept the exchange. */
static void test_a_delayed_exchange_goes_on(void **state)
{
	(void)state;
	begin();
	say("AUTH PLAIN AGEAYg==\r\n");
	answer_later(3000);
	CHECK(said(""));
	pass(3000);
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 1);
	CHECK_EQ(last(MESSAGE_AUTH_NEXT)->message.AUTH_NEXT.waited, 1);
	CHECK_EQ(last(MESSAGE_AUTH_NEXT)->message.AUTH_NEXT.exchange, 1);
	CHECK_TEXT(last(MESSAGE_AUTH_NEXT)->text, "AGEAYg==");
	answer_failed(conn(), FAULT_DENIED, 0);
	CHECK(said("-ERR [AUTH]"));
	ask(); /* a new question, and nothing to be cancelled */
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 2);
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 0);
	stop_front();
}

/* The end of an exchange says who the client is. */
static void test_a_good_exchange_is_over(void **state)
{
	const struct message m = ready();

	(void)state;
	begin();
	say("AUTH SCRAM-SHA-256 bixuPWE=\r\n");
	const struct message more = { .kind = MESSAGE_AUTH_MORE,
				      .AUTH_MORE = { .id = slots_id(conn()),
						     .challenge = SPAN("Pw==") } };
	auth_says(&more, -1);
	say("YQ==\r\n");
	const struct message ok = { .kind = MESSAGE_AUTH_OK,
				    .AUTH_OK = { .id = slots_id(conn()),
						 .user = SPAN("r") } };
	auth_says(&ok, DROP_FD + w.drops++);
	drop_says(conn()->pop3->drop.link, &m, listing_file(UINT32_MAX));
	CHECK(logged("login user=r peer="));
	CHECK(logged("method=SCRAM-SHA-256"));
	CHECK(!conn()->pop3->question.secret && !conn()->pop3->question.ticket);
	say("QUIT\r\n");
	CHECK(logged("session user=r peer="));
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 0);
	stop_front();
}

static void test_apop_is_asked_with_the_timestamp_of_the_greeting(void **state)
{
	char timestamp[TIMESTAMP_TEXT_MAX];

	(void)state;
	begin();
	CHECK_EQ(sscanf(SAID, "+OK ready %127s", timestamp), 1);
	say("APOP alice 0123456789abcdef0123456789abcdef\r\n");
	CHECK_SPAN(asked_auth()->AUTH_ASK.timestamp, timestamp);
	CHECK_SPAN(asked_auth()->AUTH_ASK.user, "alice");
	CHECK_EQ(asked_auth()->AUTH_ASK.mechanism, MECHANISM_ID_APOP);
	answer_failed(conn(), FAULT_DENIED, 0);
	ask();
	CHECK_EQ(asked_auth()->AUTH_ASK.timestamp.len, 0);
	stop_front();
}

/* A fault without a response code has its text. */
static void test_the_log_says_why_a_login_failed(void **state)
{
	(void)state;
	begin();
	ask();
	answer_failed(conn(), FAULT_BINDING, 0);
	CHECK(logged("reason=\"channel binding does not fit this connection\""));
	stop_front();
}

static void test_an_exchange_goes_on_and_is_cancelled_by_a_star(void **state)
{
	const struct message more = { .kind = MESSAGE_AUTH_MORE,
				      .AUTH_MORE = { .challenge = SPAN("Pw==") } };
	struct message m = more;

	(void)state;
	begin();
	say("AUTH SCRAM-SHA-256 bixuPWE=\r\n");
	m.AUTH_MORE.id = slots_id(conn());
	auth_says(&m, -1);
	CHECK_TEXT(SAID, "+ Pw==\r\n");
	say("YQ==\r\n");
	CHECK_EQ(heard(MESSAGE_AUTH_NEXT), 1);
	CHECK_EQ(last(MESSAGE_AUTH_NEXT)->message.AUTH_NEXT.exchange, 1);
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 0);
	auth_says(&m, -1);
	say("*\r\n");
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 1);
	CHECK_EQ(last(MESSAGE_AUTH_CANCEL)->message.AUTH_CANCEL.exchange, 1);
	say("NOOP\r\n");
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 1);
	stop_front();
}

static void test_a_client_that_goes_cancels_its_question(void **state)
{
	(void)state;
	begin();
	ask();
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
	CHECK(!conn());
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 1);
	stop_front();
}

/* What comes for a client that has gone is undone, and never reaches the next in its
 * slot. */
static void test_answers_for_a_client_that_has_gone(void **state)
{
	(void)state;
	begin();
	ask();
	const uint64_t id = slots_id(conn());
	conn()->watch.wake(&conn()->watch, LOOP_BROKEN);
	w.f.slot_hint = 0;
	arrive("192.0.2.2:1000", false);
	CHECK(conn() && conn()->slot == 0);
	say_as(1, "USER bob\r\nPASS x\r\n");
	CHECK(slots_id(conn()) != id);
	auth_says(&(struct message){ .kind = MESSAGE_AUTH_OK, .AUTH_OK = { .id = id } },
		  DROP_FD + w.drops++);
	auth_says(&(struct message){ .kind = MESSAGE_AUTH_FAILED,
				     .AUTH_FAILED = { .id = id, .fault = FAULT_IO } },
		  -1);
	const unsigned before = heard(MESSAGE_AUTH_CANCEL);
	auth_says(&(struct message){ .kind = MESSAGE_AUTH_MORE,
				     .AUTH_MORE = { .id = id, .exchange = 1 } },
		  -1);
	auth_says(&(struct message){ .kind = MESSAGE_AUTH_LATER,
				     .AUTH_LATER = { .id = id, .exchange = 1 } },
		  -1);
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), before + 2);
	CHECK_EQ(conn()->pop3->awaits, AWAITS_AUTH);
	stop_front();
}

/* ---- the queue ---- */

static void say_all_three(void)
{
	for (unsigned i = 0; i < 3; i++) {
		arrive("192.0.2.1:1000", false);
		say_as(i, i == 0   ? "USER a\r\nPASS a\r\n"
			  : i == 1 ? "USER b\r\nPASS b\r\n"
				   : "USER c\r\nPASS c\r\n");
	}
}

static void send_queue(void)
{
	w.auth_fault = FAULT_NONE;
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_WRITE);
}

static void test_questions_that_cannot_be_sent_wait_in_order(void **state)
{
	(void)state;
	start_front();
	w.auth_fault = FAULT_LIMIT;
	say_all_three();
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 0);
	CHECK_EQ(w.f.auth->watch.events, LOOP_READ | LOOP_WRITE);
	w.f.slots[1]->watch.wake(&w.f.slots[1]->watch, LOOP_BROKEN);
	const unsigned first = w.heard_count;
	send_queue();
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 2);
	CHECK_TEXT(w.heard[first].text, "a");
	CHECK_TEXT(w.heard[first + 1].text, "c");
	CHECK_EQ(heard(MESSAGE_AUTH_CANCEL), 0); /* b was never asked */
	CHECK_EQ(w.f.auth->watch.events, LOOP_READ);
	stop_front();
}

/* Whoever comes behind those that wait does not overtake them. */
static void test_nobody_overtakes_the_queue(void **state)
{
	(void)state;
	start_front();
	w.auth_fault = FAULT_LIMIT;
	arrive("192.0.2.1:1000", false);
	say("USER a\r\nPASS a\r\n");
	w.auth_fault = FAULT_NONE;
	arrive("192.0.2.1:1000", false);
	say_as(1, "USER b\r\nPASS b\r\n");
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 0);
	const unsigned first = w.heard_count;
	send_queue();
	CHECK_EQ(heard(MESSAGE_AUTH_ASK), 2);
	CHECK_TEXT(w.heard[first].text, "a");
	stop_front();
}

static void test_a_question_that_can_never_be_sent_fails_alone(void **state)
{
	(void)state;
	start_front();
	w.auth_fault = FAULT_UNSENDABLE;
	arrive("192.0.2.1:1000", false);
	say("USER a\r\nPASS a\r\n");
	CHECK(said("-ERR"));
	CHECK_EQ(conn()->pop3->awaits, AWAITS_NOTHING);
	w.auth_fault = FAULT_LIMIT;
	say("USER a\r\nPASS a\r\n");
	w.auth_fault = FAULT_UNSENDABLE;
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_WRITE);
	CHECK(said("-ERR"));
	CHECK(!w.pop3.queue);
	CHECK(logged("login-failed"));
	stop_front();
}

static void test_a_channel_that_takes_no_more_is_waited_for(void **state)
{
	(void)state;
	begin();
	w.auth_fault = FAULT_LIMIT;
	ask();
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_WRITE);
	CHECK_EQ(conn()->pop3->awaits, AWAITS_QUEUE);
	CHECK_EQ(w.f.auth->watch.events, LOOP_READ | LOOP_WRITE);
	send_queue();
	CHECK_EQ(conn()->pop3->awaits, AWAITS_AUTH);
	CHECK_TEXT(last(MESSAGE_AUTH_ASK)->text, "secret");
	stop_front();
}

/* The kernel says that it is broken, and there is nothing to be read. */
static void test_a_broken_channel_is_lost(void **state)
{
	(void)state;
	begin();
	ask();
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_READ);
	CHECK(w.f.auth && conn()->pop3->awaits == AWAITS_AUTH);
	w.f.auth->watch.wake(&w.f.auth->watch, LOOP_READ | LOOP_BROKEN);
	CHECK(!w.f.auth);
	CHECK(said("-ERR [SYS/TEMP]"));
	stop_front();
}

/* A question that was sent may have killed poplar-auth; the others wait for the next.
 */
static void test_a_lost_link_fails_what_was_asked_and_keeps_what_waits(void **state)
{
	(void)state;
	start_front();
	arrive("192.0.2.1:1000", false);
	say("USER a\r\nPASS a\r\n");
	w.auth_fault = FAULT_LIMIT;
	arrive("192.0.2.1:1000", false);
	say_as(1, "USER b\r\nPASS b\r\n");
	deliver(&w.f.auth->watch, CHANNEL_BROKEN, NULL, NULL, 0);
	CHECK(!w.f.auth);
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK_EQ(w.f.slots[0]->pop3->awaits, AWAITS_NOTHING);
	CHECK_EQ(w.f.slots[1]->pop3->awaits, AWAITS_QUEUE);
	w.auth_fault = FAULT_NONE;
	authchannel_use(&w.f, AUTH_FD);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 2);
	CHECK_EQ(w.f.auth->watch.events, LOOP_READ | LOOP_WRITE);
	send_queue();
	CHECK_TEXT(last(MESSAGE_AUTH_ASK)->text, "b");
	CHECK_EQ(w.f.slots[1]->pop3->awaits, AWAITS_AUTH);
	stop_front();
}

static void test_a_new_link_takes_the_place_of_the_old(void **state)
{
	(void)state;
	begin();
	ask();
	authchannel_use(&w.f, AUTH_FD);
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK(w.f.auth && heard(MESSAGE_AUTH_WHICH) == 2);
	stop_front();
}

/* ---- the session socket ---- */

static void test_a_socket_that_found_no_room_fails_the_login(void **state)
{
	(void)state;
	begin();
	ask();
	const struct message ok = { .kind = MESSAGE_AUTH_OK,
				    .AUTH_OK = { .id = slots_id(conn()),
						 .user = SPAN("real") } };
	deliver(&w.f.auth->watch, CHANNEL_CUT, &ok, NULL, 0);
	CHECK(said("-ERR [SYS/TEMP]"));
	CHECK(logged("login-failed user=real"));
	CHECK_EQ(conn()->pop3->awaits, AWAITS_NOTHING);
	stop_front();
}

static void test_a_login_with_its_log_lines(void **state)
{
	(void)state;
	start_front();
	log_in();
	CHECK(said("+OK"));
	CHECK(logged("login user=alice peer=192.0.2.1:1000 tls=no"));
	CHECK(logged("messages=40 octets=1040"));
	say("QUIT\r\n");
	CHECK(said("+OK"));
	CHECK(!conn());
	CHECK(logged("session user=alice"));
	CHECK_TEXT(w.ended, "quit");
	stop_front();
}

static void test_a_maildrop_that_cannot_be_opened(void **state)
{
	const struct message failed = { .kind = MESSAGE_FAILED,
					.FAILED = { FAULT_BUSY } };

	(void)state;
	begin();
	ask();
	auth_ok();
	drop_says(conn()->pop3->drop.link, &failed, -1);
	CHECK(said("-ERR [IN-USE]"));
	CHECK(logged("login-failed") && logged("IN-USE"));
	CHECK(!conn()->pop3->drop.link);
	ask();
	CHECK_EQ(conn()->pop3->awaits, AWAITS_AUTH);
	stop_front();
}

/* Numbers that no maildrop can have. */
static void test_a_ready_that_cannot_be_right(void **state)
{
	(void)state;
	for (int i = 0; i < 11; i++) {
		struct message m = ready();
		struct message_READY *r = &m.READY;
		const uint64_t over[] = { (uint64_t)UINT32_MAX + 1,
					  POLICY_DELAY_MAX + UINT64_C(1),
					  POLICY_NEVER + UINT64_C(1),
					  RETRIEVAL_REMOVES + 1,
					  DOWNGRADE_WAY_COUNT,
					  2,
					  MESSAGES - 1,
					  (uint64_t)UINT32_MAX + 1,
					  MESSAGE_GIVEN_COUNT,
					  (uint64_t)INT64_MAX + 1,
					  0 };
		uint64_t *const at[] = { &r->count,     &r->login_delay, &r->expire,
					 &r->retrieval, &r->downgrade,   &r->read_only,
					 &r->maxima,    &r->maxima,      &r->given,
					 &r->window,    &r->maxima };

		begin();
		*at[i] = over[i];
		open_maildrop(&m, listing_file(UINT32_MAX));
		if (conn_is_logged_in(conn()) != (i == 10))
			fail_msg("number %d", i);
		CHECK(i == 10 || said("-ERR [SYS/TEMP]"));
		stop_front();
	}
}

static void test_gaps_that_cannot_be_right(void **state)
{
	char gaps[8] = { 0 };
	struct message m = ready();

	(void)state;
	begin();
	m.READY.gaps = (struct span){ gaps, sizeof gaps }; /* none is removed */
	const int listing = listing_file(UINT32_MAX);
	open_maildrop(&m, listing);
	CHECK(!conn_is_logged_in(conn()));
	CHECK(!is_open(listing)); /* the next login has its own */
	stop_front();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_question_says_all_that_a_proof_depends_on),
		TEST(test_no_password_stays_in_shared_memory),
		TEST(test_no_password_stays_where_lines_are_kept),
		TEST(test_a_refusal_is_logged_at_once_and_told_after_its_delay),
		TEST(test_a_refusal_whose_delay_has_passed_is_told_at_once),
		TEST(test_a_fault_that_is_none_counts_as_trouble),
		TEST(test_a_delayed_login_is_asked_again),
		TEST(test_a_delayed_exchange_goes_on),
		TEST(test_a_good_exchange_is_over),
		TEST(test_apop_is_asked_with_the_timestamp_of_the_greeting),
		TEST(test_the_log_says_why_a_login_failed),
		TEST(test_an_exchange_goes_on_and_is_cancelled_by_a_star),
		TEST(test_a_client_that_goes_cancels_its_question),
		TEST(test_answers_for_a_client_that_has_gone),
		TEST(test_questions_that_cannot_be_sent_wait_in_order),
		TEST(test_nobody_overtakes_the_queue),
		TEST(test_a_question_that_can_never_be_sent_fails_alone),
		TEST(test_a_channel_that_takes_no_more_is_waited_for),
		TEST(test_a_broken_channel_is_lost),
		TEST(test_a_lost_link_fails_what_was_asked_and_keeps_what_waits),
		TEST(test_a_new_link_takes_the_place_of_the_old),
		TEST(test_a_socket_that_found_no_room_fails_the_login),
		TEST(test_a_login_with_its_log_lines),
		TEST(test_a_maildrop_that_cannot_be_opened),
		TEST(test_a_ready_that_cannot_be_right),
		TEST(test_gaps_that_cannot_be_right),
	};
	return RUN(tests);
}
