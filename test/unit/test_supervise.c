/* Promises of parent/supervise and parent/workers: what poplard does when children
 * speak or die, and how it stops.
 */
#include "parentworld.h"

#include <sys/wait.h>

enum { EXITED_1 = 1 << 8, KILLED = SIGKILL };

/* ---- restarts ---- */

/* Each quick death in a row doubles the delay; a long life ends the row. */
static void test_a_dying_loop_is_slowed_down(void **state)
{
	static const unsigned delays[] = { 0,    100,   200,   400,   800,   1600, 3200,
					   6400, 12800, 25600, 30000, 30000, 30000 };

	(void)state;
	world_serve("");
	for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
		struct child *c = world_child(ROLE_FRONT, (unsigned)i);
		struct worker *k = world_worker(c);

		world.now_ms += 9999;
		peer_log_begin();
		log_to(world_log);
		world_die(c, EXITED_1);
		CHECK_EQ(k->start_at, world.now_ms + delays[i]);
		CHECK_EQ(workers_next_due(&world.p), k->start_at);
		if (delays[i] > 0)
			world_pass(delays[i] - 1);
		CHECK_EQ(world_starts(ROLE_FRONT), i + 1);
		world_pass(delays[i] > 0);
		CHECK_EQ(world_starts(ROLE_FRONT), i + 2);
	}
	world.now_ms += 10000;
	struct child *last = world_child(ROLE_FRONT, 13);
	struct worker *k = world_worker(last);
	world_die(last, EXITED_1);
	CHECK_EQ(k->start_at, world.now_ms);
	CHECK_EQ(k->quick, 0);
	world_end();
}

static void test_a_death_is_logged_with_its_cause_and_what_follows(void **state)
{
	static const struct {
		int status;
		const char *cause;
	} cases[] = {
		{ EXITED_1, "cause=\"exit status 1\" restart-in=0.000" },
		{ KILLED, "cause=\"signal 9 (Killed)\" restart-in=0.000" },
		{ SIGSYS, "cause=\"signal 31 (Bad system call): a system call that its "
			  "sandbox forbids\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_serve("");
		world_die(world_child(ROLE_AUTH, 0), cases[i].status);
		CHECK(peer_log_has("event=child-died role=poplar-auth pid="));
		CHECK(peer_log_has(cases[i].cause));
		world_end();
	}
}

static unsigned deaths_logged;

static void check_the_state_file(int priority, struct span line)
{
	(void)priority;
	if (!memmem(line.at, line.len, "event=child-died", 16))
		return;
	deaths_logged++;
	CHECK(!world_lists(world_child(ROLE_FRONT, 0)));
}

/* Whoever reads of a death in the log finds the process in the state file no more. */
static void test_a_process_has_left_the_state_file_when_its_death_is_logged(
	void **state)
{
	(void)state;
	deaths_logged = 0;
	world_serve("");
	CHECK(world_lists(world_child(ROLE_FRONT, 0)));
	world.listener = check_the_state_file;
	world_die(world_child(ROLE_FRONT, 0), KILLED);
	CHECK_EQ(deaths_logged, 1);
	world_end();
}

/* A process that could not be forked is tried again like one that died. */
static void test_a_failed_start_is_tried_again(void **state)
{
	(void)state;
	world_serve("");
	struct child *c = world_child(ROLE_FRONT, 0);
	struct worker *k = world_worker(c);
	world_die(c, KILLED);
	world.fork_fails = true;
	world_pass(0);
	CHECK_EQ(k->pid, 0);
	CHECK_EQ(k->channel.fd, -1);
	CHECK(peer_log_has("event=start-failed role=poplar-front restart-in=0.100"));
	CHECK(peer_log_has("doing=fork what=poplar-front"));
	world.fork_fails = false;
	world_pass(100);
	CHECK_EQ(k->pid, world_child(ROLE_FRONT, 1)->pid);
	world_end();
}

/* Whatever the time that poplard itself takes meanwhile. */
static void test_the_log_has_the_pause_that_was_chosen(void **state)
{
	(void)state;
	world_serve("");
	world.tick_ms = 7;
	world_die(world_child(ROLE_FRONT, 0), KILLED);
	CHECK(peer_log_has("event=child-died role=poplar-front"));
	CHECK(peer_log_has("restart-in=0.000"));
	world.fork_fails = true;
	world_pass(0);
	CHECK(peer_log_has("event=start-failed role=poplar-front restart-in=0.100"));
	world.fork_fails = false;
	world_pass(100);
	world_die(world_child(ROLE_FRONT, 1), KILLED);
	CHECK(peer_log_has("restart-in=0.200"));
	world_end();
}

/* A front that is started again counts connections in its old column, which begins
 * empty. */
static void test_a_front_keeps_its_column(void **state)
{
	struct connlimit c = { 0 };
	struct address a;

	(void)state;
	world_serve("fronts = 2\n");
	CHECK(address_parse(SPAN("192.0.2.1"), &a));
	const int first = world_worker(world_child(ROLE_FRONT, 0))->column;
	const int second = world_worker(world_child(ROLE_FRONT, 1))->column;
	CHECK(first >= 0 && second >= 0 && first != second);
	CHECK(connlimit_open(&c, world.p.connlimit_fd, (uint64_t)first));
	const uint64_t key = connlimit_key(&c, &a);
	CHECK_EQ(connlimit_add_from(&c, key, 1), CONNLIMIT_COUNTED);
	CHECK_EQ(connlimit_add_from(&c, key, 1), CONNLIMIT_MANY);
	world_die(world_child(ROLE_FRONT, 0), KILLED);
	CHECK_EQ(connlimit_add_from(&c, key, 1), CONNLIMIT_COUNTED);
	world_pass(0);
	CHECK_EQ(world_worker(world_child(ROLE_FRONT, 2))->column, first);
	connlimit_close(&c);
	world_end();
}

static void test_a_pid_of_nobody_is_nobody(void **state)
{
	(void)state;
	world_serve("");
	supervise_died(&world.p, 42, KILLED);
	CHECK(!peer_log_has("child-died"));
	CHECK_EQ(world_worker(world_child(ROLE_AUTH, 0))->ready, true);
	world_end();
}

/* ---- messages ---- */

/* A child reports its sandbox once, and its own. */
static void test_a_sandbox_that_is_not_the_roles_is_death(void **state)
{
	(void)state;
	for (enum sandbox sandbox = 0; sandbox < SANDBOX_COUNT; sandbox++) {
		world_begin("");
		CHECK(generation_start(&world.p));
		const struct child *c = world_child(ROLE_FRONT, 0);
		world_sandboxed(c, sandbox);
		const bool good = sandbox == sandbox_of(ROLE_FRONT);
		CHECK_EQ(world_worker(c)->ready, good);
		CHECK_EQ(world_killed(c), !good);
		CHECK_EQ(peer_log_has("event=child-killed role=poplar-front"), !good);
		CHECK_EQ(world_worker(c)->channel.fd < 0, !good);
		world_end();
	}
}

static void test_a_kernel_without_landlock_is_a_warning(void **state)
{
	(void)state;
	world_serve("");
	CHECK_EQ(peer_log_has("event=no-landlock role=poplar-front rules=rules"),
		 sandbox_landlock_abi() == 0);
	world_end();
}

static void test_a_sandbox_is_reported_once(void **state)
{
	(void)state;
	world_serve("");
	const struct child *c = world_child(ROLE_DROP, 0);
	world_sandboxed(c, sandbox_of(ROLE_DROP));
	CHECK(world_killed(c));
	CHECK(peer_log_has("cause=\"illegal message: SANDBOXED (too late)\""));
	world_end();
}

/* poplard knows the kernel's Landlock: a child has that one or is captured. */
static void test_a_wrong_version_of_landlock_is_death(void **state)
{
	const struct message m = { .kind = MESSAGE_SANDBOXED,
				   .SANDBOXED = { 99, SANDBOX_FRONT, SPAN("") } };

	(void)state;
	world_begin("");
	CHECK(generation_start(&world.p));
	world_say(world_child(ROLE_FRONT, 0), &m);
	CHECK(world_killed(world_child(ROLE_FRONT, 0)));
	world_end();
}

/* poplar-auth may report a narrower sandbox where it found no keys for GSSAPI. */
static void test_gssapi_allows_two_sandboxes(void **state)
{
	static const struct {
		enum sandbox sandbox;
		bool good;
	} cases[] = { { SANDBOX_AUTH, true },
		      { SANDBOX_AUTH_GSSAPI, true },
		      { SANDBOX_DROP, false } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin("mechanisms = {\"PLAIN\", \"GSSAPI\"}\n"
			    "gssapi-keytab = /etc/krb5.keytab\n");
		CHECK(generation_start(&world.p));
		world_sandboxed(world_child(ROLE_AUTH, 0), cases[i].sandbox);
		CHECK_EQ(world_killed(world_child(ROLE_AUTH, 0)), !cases[i].good);
		CHECK_EQ(world_worker(world_child(ROLE_AUTH, 0))->ready, cases[i].good);
		world_end();
	}
}

static void test_a_lookup_process_has_the_sandbox_of_its_database(void **state)
{
	(void)state;
	for (int right = 0; right < 2; right++) {
		world_begin("database \"a\" { driver = checkpassword program = "
			    "{\"/bin/true\"} processes = 1 }\n");
		CHECK(generation_start(&world.p));
		world_sandboxed(world_child(ROLE_LOOKUP, 0),
				right ? SANDBOX_LOOKUP_CODE : SANDBOX_LOOKUP_FILE);
		CHECK_EQ(world_killed(world_child(ROLE_LOOKUP, 0)), !right);
		world_end();
	}
}

/* A child asks for nothing before it has reported its sandbox. */
static void test_a_message_before_the_sandbox_is_death(void **state)
{
	const struct message m = { .kind = MESSAGE_DROP_WANTED };

	(void)state;
	world_begin("");
	CHECK(generation_start(&world.p));
	world_say(world_child(ROLE_AUTH, 0), &m);
	CHECK(world_killed(world_child(ROLE_AUTH, 0)));
	CHECK(peer_log_has("cause=\"illegal message: DROP_WANTED (too early)\""));
	world_end();
}

static void test_what_the_table_forbids_is_death(void **state)
{
	(void)state;
	world_serve("");
	const struct child *c = world_child(ROLE_FRONT, 0);
	CHECK_EQ(write(c->channel, "nonsense", 8), 8);
	supervise_hear(&world.p, world_worker(c));
	CHECK(world_killed(c));
	CHECK(peer_log_has("cause=\"illegal message: ? (not a message of this "
			   "sender)\""));
	world_end();
}

/* A child whose channel is closed cannot be told anything any more. */
static void test_a_child_without_a_channel_is_killed_silently(void **state)
{
	(void)state;
	world_serve("");
	struct child *c = world_child(ROLE_FRONT, 0);
	struct worker *k = world_worker(c);
	supervise_hear(&world.p, k);
	CHECK(!world_killed(c) && k->channel.fd >= 0);
	own_fd_close(&c->channel);
	supervise_hear(&world.p, k);
	CHECK(world_killed(c) && k->channel.fd < 0);
	CHECK(!peer_log_has("child-killed"));
	world_end();
}

/* poplar-auth names the process by the number of its start; one of an earlier start, or
 * of another role, is left alone. */
static void test_a_process_that_poplar_auth_gave_up_is_replaced(void **state)
{
	static const struct {
		enum message_kind kind;
		enum role role;
		const char *event;
	} cases[] = {
		{ MESSAGE_LOOKUP_BROKEN, ROLE_LOOKUP,
		  "event=lookup-replaced database=a pid=" },
		{ MESSAGE_FRONT_BROKEN, ROLE_FRONT, "event=front-replaced pid=" },
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		world_begin("database \"a\" { driver = checkpassword program = "
			    "{\"/bin/true\"} processes = 1 }\n");
		CHECK(generation_start(&world.p));
		const struct child *c = world_child(cases[i].role, 0);
		const struct child *auth = world_child(ROLE_AUTH, 0);
		struct worker *k = world_worker(c);
		world_sandboxed(auth, SANDBOX_AUTH);
		struct message m = { .kind = cases[i].kind,
				     .FRONT_BROKEN = { world_worker(auth)->number } };
		world_say(auth, &m);
		CHECK_EQ(world.killed, 0);
		m.FRONT_BROKEN.number = k->number;
		k->pid = 0;
		world_say(auth, &m);
		CHECK_EQ(world.killed, 0);
		CHECK(!peer_log_has(cases[i].event));
		k->pid = c->pid;
		world_say(auth, &m);
		CHECK(world_killed(c) && world.killed == 1);
		CHECK(peer_log_has(cases[i].event));
		world_end();
	}
}

/* Its fronts end with their last sessions, and close their links: nobody takes their
 * place, and one that has only lost its link still serves who has logged in. */
static void test_a_generation_that_drains_replaces_nobody(void **state)
{
	(void)state;
	world_serve("");
	const struct child *c = world_child(ROLE_FRONT, 0);
	const struct message m = { .kind = MESSAGE_FRONT_BROKEN,
				   .FRONT_BROKEN = { world_worker(c)->number } };
	world.p.generations->draining = true;
	world_say(world_child(ROLE_AUTH, 0), &m);
	CHECK_EQ(world.killed, 0);
	CHECK(!peer_log_has("front-replaced"));
	world_end();
}

/* A front that dies closes its link: poplar-auth may say so before SIGCHLD comes. */
static void test_a_front_that_has_ended_by_itself_is_not_replaced(void **state)
{
	siginfo_t info;

	(void)state;
	world_serve("");
	const struct child *c = world_child(ROLE_FRONT, 0);
	struct worker *k = world_worker(c);
	const struct message m = { .kind = MESSAGE_FRONT_BROKEN,
				   .FRONT_BROKEN = { k->number } };
	const pid_t ended = fork();
	if (ended == 0)
		_exit(0);
	CHECK_EQ(waitid(P_PID, (id_t)ended, &info, WEXITED | WNOWAIT), 0);
	k->pid = ended;
	world_say(world_child(ROLE_AUTH, 0), &m);
	CHECK(!peer_log_has("front-replaced"));
	k->pid = c->pid;
	CHECK_EQ(waitpid(ended, NULL, 0), ended);
	world_say(world_child(ROLE_AUTH, 0), &m);
	CHECK(world_killed(c));
	world_end();
}

/* ---- stopping ---- */

static void test_stopping_tells_all_then_kills_who_stays(void **state)
{
	(void)state;
	world_serve("grace = 5s\nlog-level = debug\n");
	supervise_stop(&world.p, "SIGTERM");
	CHECK(peer_log_has("event=stopping cause=SIGTERM"));
	CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 0)), "STOP ");
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)), "DRAIN ");
	CHECK_TEXT(world_heard(world_child(ROLE_DROP, 0)), "DRAIN ");
	supervise_stop(&world.p, "SIGINT");
	CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 0)), "");
	CHECK_EQ(supervise_next_due(&world.p), world.now_ms + 5000);
	world_die(world_child(ROLE_FRONT, 0), 0);
	CHECK(peer_log_has("event=child-ended role=poplar-front"));
	world_die(world_child(ROLE_DROP, 0), SIGTERM);
	CHECK(peer_log_has("event=child-died role=poplar-drop"));
	world_pass(4999);
	CHECK_EQ(world.killed, 0);
	world_pass(1);
	CHECK(world_killed(world_child(ROLE_AUTH, 0)) && world.killed == 1);
	CHECK(peer_log_has("cause=\"it did not end within grace\""));
	CHECK_EQ(supervise_next_due(&world.p), world.now_ms + 1000);
	world_pass(999);
	CHECK_EQ(world.killed, 1);
	world_pass(1);
	CHECK_EQ(world.killed, 2);
	world_end();
}

/* Nothing is due for a child that would have been started again. */
static void test_nobody_is_started_while_stopping(void **state)
{
	(void)state;
	world_serve("");
	struct worker *k = world_worker(world_child(ROLE_FRONT, 0));
	world_die(world_child(ROLE_FRONT, 0), KILLED);
	supervise_stop(&world.p, "SIGTERM");
	CHECK_EQ(workers_next_due(&world.p), UINT64_MAX);
	world_pass(1);
	CHECK_EQ(world_starts(ROLE_FRONT), 1);
	CHECK_EQ(k->pid, 0);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_dying_loop_is_slowed_down),
		TEST(test_a_death_is_logged_with_its_cause_and_what_follows),
		TEST(test_a_process_has_left_the_state_file_when_its_death_is_logged),
		TEST(test_a_failed_start_is_tried_again),
		TEST(test_the_log_has_the_pause_that_was_chosen),
		TEST(test_a_front_keeps_its_column),
		TEST(test_a_pid_of_nobody_is_nobody),
		TEST(test_a_sandbox_that_is_not_the_roles_is_death),
		TEST(test_a_kernel_without_landlock_is_a_warning),
		TEST(test_a_sandbox_is_reported_once),
		TEST(test_a_wrong_version_of_landlock_is_death),
		TEST(test_gssapi_allows_two_sandboxes),
		TEST(test_a_lookup_process_has_the_sandbox_of_its_database),
		TEST(test_a_message_before_the_sandbox_is_death),
		TEST(test_what_the_table_forbids_is_death),
		TEST(test_a_child_without_a_channel_is_killed_silently),
		TEST(test_a_process_that_poplar_auth_gave_up_is_replaced),
		TEST(test_a_generation_that_drains_replaces_nobody),
		TEST(test_a_front_that_has_ended_by_itself_is_not_replaced),
		TEST(test_stopping_tells_all_then_kills_who_stays),
		TEST(test_nobody_is_started_while_stopping),
	};

	return RUN(tests);
}
