/* Promises of the front to those who connect: when it accepts them, and how it ends. */
#include "frontworld.h"

static void wake_listener(void)
{
	w.f.listeners->watch.wake(&w.f.listeners->watch, LOOP_READ);
}

/* A listener and clients that wait in its queue. */
static void begin(unsigned backlog)
{
	start_front();
	listener_add(&w.f, LISTENER_FD, false);
	w.backlog = backlog;
}

/* How many listeners the front accepts clients from. */
static unsigned accepting(void)
{
	unsigned count = 0;

	for (const struct listener *l = w.f.listeners; l; l = l->next)
		count += l->watch.events == LOOP_READ;
	return count;
}

static void test_whoever_waits_is_accepted(void **state)
{
	(void)state;
	begin(2);
	wake_listener();
	CHECK_EQ(w.f.conn_count, 2);
	CHECK_TEXT(w.f.slots[1]->peer, "192.0.2.1:1000");
	CHECK(strncmp(w.clients[1].said, "+OK ready", 9) == 0);
	CHECK_EQ(accepting(), 1);
	CHECK(!logged("connections-full"));
	stop_front();
	CHECK(w.listeners_closed[0]);
}

static void test_a_tls_port_begins_with_tls(void **state)
{
	(void)state;
	start_front();
	listener_add(&w.f, LISTENER_FD, true);
	w.backlog = 1;
	wake_listener();
	CHECK_EQ(conn()->phase, PHASE_HELLO);
	stop_front();
}

static void test_a_full_front_leaves_clients_in_the_queue(void **state)
{
	(void)state;
	begin(3);
	listener_add(&w.f, LISTENER_FD + 1, false);
	w.f.slot_count = 2;
	wake_listener();
	CHECK_EQ(w.f.conn_count, 2);
	CHECK_EQ(w.backlog, 1);
	CHECK_EQ(accepting(), 0);
	CHECK(logged("connections-full connections=2"));
	say("QUIT\r\n");
	CHECK_EQ(accepting(), 2);
	wake_listener();
	CHECK_EQ(w.backlog, 0);
	CHECK_EQ(w.f.conn_count, 2);
	stop_front();
}

/* Other fronts wait for the same clients. */
static void test_a_front_does_not_take_all_at_once(void **state)
{
	(void)state;
	begin(1);
	w.accept_error = ECONNABORTED;
	w.accept_fails = 17;
	wake_listener();
	CHECK_EQ(w.accept_fails, 1);
	wake_listener();
	CHECK_EQ(w.f.conn_count, 1);
	stop_front();
}

static void test_errors_of_one_client_are_passed_over(void **state)
{
	static const int errors[] = { EINTR, ECONNABORTED };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		begin(1);
		w.accept_error = errors[i];
		w.accept_fails = 1;
		wake_listener();
		CHECK_EQ(w.f.conn_count, 1);
		CHECK(!logged("accept-failed"));
		stop_front();
	}
}

/* The client stays in the queue, so that the loop would wake the front at once. */
static void test_a_front_without_resources_rests(void **state)
{
	static const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };

	(void)state;
	for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
		begin(1);
		w.accept_error = errors[i];
		w.accept_fails = 1;
		wake_listener();
		CHECK(logged("accept-failed"));
		CHECK_EQ(w.f.conn_count, 0);
		CHECK_EQ(accepting(), 0);
		pass(199);
		CHECK_EQ(accepting(), 0);
		pass(1);
		CHECK_EQ(accepting(), 1);
		wake_listener();
		CHECK_EQ(w.f.conn_count, 1);
		stop_front();
	}
}

static void test_another_error_ends_the_turn(void **state)
{
	(void)state;
	begin(1);
	w.accept_error = EPERM;
	w.accept_fails = 1;
	wake_listener();
	CHECK_EQ(w.f.conn_count, 0);
	CHECK_EQ(w.accept_fails, 0);
	CHECK_EQ(accepting(), 1);
	CHECK(!logged("accept-failed"));
	stop_front();
}

/* ---- offers ---- */

static void test_nobody_is_accepted_before_the_offers_are_known(void **state)
{
	(void)state;
	start_without_offers();
	listener_add(&w.f, LISTENER_FD, false);
	CHECK_EQ(accepting(), 0);
	offer(1);
	CHECK_EQ(w.pop3.policy.mechanisms, 1);
	CHECK_EQ(accepting(), 1);
	stop_front();
}

/* The kernel may have had no memory for the question, or for its answer. */
static void test_offers_that_do_not_come_are_asked_for_again(void **state)
{
	(void)state;
	start_without_offers();
	listener_add(&w.f, LISTENER_FD, false);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 1);
	pass(999);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 1);
	pass(1);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 2);
	w.auth_fault = FAULT_NOMEM;
	pass(1000);
	w.auth_fault = FAULT_NONE;
	pass(1000);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 3);
	CHECK_EQ(accepting(), 0);
	offer(1);
	CHECK_EQ(accepting(), 1);
	pass(5000);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 3);
	stop_front();
}

/* Where nobody can log in, a client has the front ask whether that is still so. */
static void test_where_nobody_can_log_in_a_client_has_the_front_ask(void **state)
{
	(void)state;
	begin(1);
	offer(0);
	CHECK_EQ(w.backlog, 1); /* unasked: nobody was kept waiting for it */
	wake_listener();
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 2);
	CHECK_EQ(accepting(), 0);
	CHECK_EQ(w.f.conn_count, 0);
	pass(1000); /* the answer was lost */
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 3);
	offer(0);
	CHECK_EQ(w.f.conn_count, 1);
	CHECK_EQ(accepting(), 1);
	pass(5000);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 3);
	w.backlog = 1;
	wake_listener();
	offer(1);
	CHECK_EQ(accepting(), 1);
	CHECK_EQ(w.backlog, 1); /* the loop wakes the front for it */
	wake_listener();
	CHECK_EQ(w.f.conn_count, 2);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 4);
	stop_front();
}

/* poplar-auth is busy, or is being started again. */
static void test_where_poplar_auth_cannot_be_asked_clients_are_accepted(void **state)
{
	(void)state;
	begin(1);
	offer(0);
	w.auth_fault = FAULT_LIMIT;
	wake_listener();
	CHECK_EQ(w.f.conn_count, 1);
	CHECK_EQ(accepting(), 1);
	stop_front();
}

static void test_a_front_that_drains_asks_for_nothing(void **state)
{
	(void)state;
	start_without_offers();
	listener_drain(&w.f);
	pass(5000);
	CHECK_EQ(heard(MESSAGE_AUTH_WHICH), 1);
	CHECK_EQ(w.f.loop.timer_count, 0);
	stop_front();
}

/* ---- the end ---- */

static void test_a_front_that_drains_ends_with_its_last_connection(void **state)
{
	(void)state;
	begin(1);
	wake_listener();
	listener_drain(&w.f);
	CHECK(w.listeners_closed[0] && !w.f.listeners);
	CHECK(!w.f.loop.stopped);
	say("NOOP\r\n");
	CHECK(!w.f.loop.stopped);
	say("QUIT\r\n");
	CHECK(w.f.loop.stopped);
	stop_front();
	begin(0);
	listener_drain(&w.f);
	CHECK(w.f.loop.stopped);
	stop_front();
}

static void test_a_front_that_serves_goes_on_without_connections(void **state)
{
	(void)state;
	begin(1);
	wake_listener();
	say("QUIT\r\n");
	CHECK(!w.f.loop.stopped);
	stop_front();
}

/* What is under way ends first. */
static void test_a_front_that_stops_closes_who_has_nothing_under_way(void **state)
{
	(void)state;
	start_front();
	log_in();
	arrive("192.0.2.1:1000", false);
	say("RETR 1\r\n");
	w.f.stopping = true;
	turn_end_all(&w.f, true);
	CHECK_EQ(w.f.conn_count, 1);
	CHECK(w.clients[1].closed && logged("disconnect"));
	drop_bodies(1, body_of(MESSAGE_OCTETS), MESSAGE_TEXT);
	CHECK(said(MESSAGE_TEXT ".\r\n"));
	CHECK(!conn());
	CHECK_TEXT(w.ended, "shutdown");
	stop_front();
}

static void test_a_client_that_takes_its_replies_slowly_gets_them(void **state)
{
	(void)state;
	start_front();
	log_in();
	w.clients[0].room = 100;
	say("UIDL\r\n");
	w.f.stopping = true;
	turn_end_all(&w.f, true);
	CHECK(conn());
	w.clients[0].room = SIZE_MAX;
	conn()->watch.wake(&conn()->watch, LOOP_WRITE);
	CHECK(said("\r\n40 uid-40\r\n.\r\n"));
	CHECK(!conn());
	stop_front();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whoever_waits_is_accepted),
		TEST(test_a_tls_port_begins_with_tls),
		TEST(test_a_full_front_leaves_clients_in_the_queue),
		TEST(test_a_front_does_not_take_all_at_once),
		TEST(test_errors_of_one_client_are_passed_over),
		TEST(test_a_front_without_resources_rests),
		TEST(test_another_error_ends_the_turn),
		TEST(test_nobody_is_accepted_before_the_offers_are_known),
		TEST(test_offers_that_do_not_come_are_asked_for_again),
		TEST(test_where_nobody_can_log_in_a_client_has_the_front_ask),
		TEST(test_where_poplar_auth_cannot_be_asked_clients_are_accepted),
		TEST(test_a_front_that_drains_asks_for_nothing),
		TEST(test_a_front_that_drains_ends_with_its_last_connection),
		TEST(test_a_front_that_serves_goes_on_without_connections),
		TEST(test_a_front_that_stops_closes_who_has_nothing_under_way),
		TEST(test_a_client_that_takes_its_replies_slowly_gets_them),
	};
	return RUN(tests);
}
