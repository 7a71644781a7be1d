/* Promises of parent/events: what poplard does in one turn of its loop, in which order,
 * and how long it sleeps. Signals come from a pipe, deaths from a table.
 */
#include "parentworld.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "parent/control.h"
#include "parent/events.h"
#include "parent/relay.h"
#include "parent/reloads.h"
#include "rundir/control.h"

enum { EXITED_0 = 0, EXITED_1 = 1 << 8 };

static struct {
	int slept_ms; /* the time that poll may take */
	int signals;  /* the end of the pipe that signals are written to */
	struct {
		pid_t pid;
		int status;
	} deaths[8];
	unsigned died, collected;
} turn;

int __real_poll(struct pollfd *polls, nfds_t count, int ms);
int __wrap_poll(struct pollfd *polls, nfds_t count, int ms);
int __wrap___poll_chk(struct pollfd *polls, nfds_t count, int ms, size_t room);

/* What has happened is there before poplard looks. */
int __wrap_poll(struct pollfd *polls, nfds_t count, int ms)
{
	turn.slept_ms = ms;
	return __real_poll(polls, count, 0);
}

int __wrap___poll_chk(struct pollfd *polls, nfds_t count, int ms, size_t room)
{
	CHECK(count * sizeof *polls <= room);
	return __wrap_poll(polls, count, ms);
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	CHECK(pid == -1 && options == WNOHANG);
	if (turn.collected == turn.died)
		return 0;
	*status = turn.deaths[turn.collected].status;
	return turn.deaths[turn.collected++].pid;
}

static void begin_turns(void)
{
	int pair[2];

	memset(&turn, 0, sizeof turn);
	CHECK_EQ(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	world.p.signals = pair[0];
	turn.signals = pair[1];
}

static void end_turns(void)
{
	close(world.p.signals);
	close(turn.signals);
	world_end();
}

static void serve(const char *more)
{
	world_serve(more);
	begin_turns();
}

static void signalled(int signal)
{
	const struct signalfd_siginfo info = { .ssi_signo = (uint32_t)signal };

	CHECK_EQ(write(turn.signals, &info, sizeof info), sizeof info);
}

/* The process is gone; its parent is not yet told so. */
static void dies(struct child *c, int status)
{
	own_fd_close(&c->channel);
	turn.deaths[turn.died].pid = c->pid;
	turn.deaths[turn.died++].status = status;
}

static void says_sandboxed(const struct child *c)
{
	const struct message m = { .kind = MESSAGE_SANDBOXED,
				   .SANDBOXED = { (uint64_t)sandbox_landlock_abi(),
						  sandbox_of(c->role), SPAN("") } };

	peer_say(c->channel, &m, -1);
}

/* ---- sleep ---- */

static void test_it_sleeps_until_the_next_thing_is_due(void **state)
{
	static const uint64_t cases[][2] = {
		/* from now, and how long it sleeps */
		{ 1, 1 },
		{ 250, 250 },
		{ 0, 0 },
		{ (uint64_t)-5, 0 },
	};

	(void)state;
	serve("");
	CHECK(events_turn(&world.p)); /* the age of certificates is due */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world.p.renew_at = world.now_ms + cases[i][0];
		CHECK(events_turn(&world.p));
		CHECK_EQ(turn.slept_ms, cases[i][1]);
	}
	CHECK_EQ(world.killed, 0);
	end_turns();
}

/* What is due is done in the turn in which its time has come. */
static void test_what_is_due_is_done(void **state)
{
	(void)state;
	serve("");
	dies(world_child(ROLE_FRONT, 0), EXITED_1);
	signalled(SIGCHLD);
	CHECK(events_turn(&world.p));
	CHECK_EQ(world_starts(ROLE_FRONT), 2);
	CHECK(!world.p.generations->draining);
	end_turns();
}

/* ---- messages and deaths ---- */

/* Each child is heard, one message a turn. */
static void test_all_who_speak_are_heard_in_one_turn(void **state)
{
	(void)state;
	world_begin("fronts = 3\n");
	CHECK(generation_start(&world.p));
	begin_turns();
	for (unsigned i = 0; i < world.count; i++)
		says_sandboxed(&world.children[i]);
	CHECK(events_turn(&world.p));
	CHECK(world.p.generations->ready);
	CHECK_EQ(world.killed, 0);
	end_turns();
}

/* The last child gets ready and dies: the generation serves and starts it again. If the
 * death came first, the generation would fail. */
static void test_a_child_is_heard_before_its_death(void **state)
{
	(void)state;
	world_begin("");
	CHECK(generation_start(&world.p));
	begin_turns();
	for (unsigned i = 0; i < world.count; i++) {
		world_heard(&world.children[i]);
		says_sandboxed(&world.children[i]);
	}
	dies(world_child(ROLE_FRONT, 0), EXITED_1);
	signalled(SIGCHLD);
	CHECK(events_turn(&world.p));
	CHECK(world.p.generations->ready);
	CHECK(peer_log_has("event=child-died role=poplar-front"));
	CHECK(!peer_log_has("generation-failed"));
	CHECK_EQ(world_starts(ROLE_FRONT), 2);
	end_turns();
}

/* The kernel tells once of several deaths. */
static void test_one_signal_may_stand_for_many_deaths(void **state)
{
	(void)state;
	serve("fronts = 3\n");
	for (unsigned i = 0; i < 3; i++)
		dies(world_child(ROLE_FRONT, i), EXITED_1);
	signalled(SIGCHLD);
	CHECK(events_turn(&world.p));
	CHECK_EQ(turn.collected, 3);
	CHECK_EQ(world_starts(ROLE_FRONT), 6);
	end_turns();
}

/* ---- signals ---- */

static void test_sighup_reloads_unless_poplard_stops(void **state)
{
	(void)state;
	serve("");
	signalled(SIGHUP);
	CHECK(events_turn(&world.p));
	CHECK(peer_log_has("event=reloading"));
	CHECK_EQ(world.p.generations->number, 2);
	signalled(SIGTERM);
	CHECK(events_turn(&world.p));
	signalled(SIGHUP);
	CHECK(events_turn(&world.p));
	CHECK_EQ(world.p.reloads, 1);
	CHECK(!world.p.reload_wanted);
	end_turns();
}

/* Signals of one turn are all handled, in their order. */
static void test_term_and_int_stop_poplard(void **state)
{
	static const struct {
		int signals[2];
		const char *cause;
	} cases[] = {
		{ { SIGTERM, SIGINT }, "event=stopping cause=SIGTERM" },
		{ { SIGINT, SIGTERM }, "event=stopping cause=SIGINT" },
	};

	char octet;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		serve("");
		signalled(cases[i].signals[0]);
		signalled(cases[i].signals[1]);
		CHECK(events_turn(&world.p));
		CHECK(world.p.stopping);
		CHECK(peer_log_has(cases[i].cause));
		CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 0)), "STOP ");
		CHECK_EQ(read(world.p.signals, &octet, 1), -1);
		end_turns();
	}
}

/* poplard is there until the last child of the last generation has ended. */
static void test_it_ends_when_all_children_have(void **state)
{
	(void)state;
	serve("");
	signalled(SIGHUP);
	CHECK(events_turn(&world.p));
	signalled(SIGTERM);
	CHECK(events_turn(&world.p));
	for (unsigned i = 0; i < world.count; i++) {
		dies(&world.children[i], EXITED_0);
		signalled(SIGCHLD);
		CHECK_EQ(events_turn(&world.p), i < world.count - 1);
	}
	CHECK_EQ(world.count, 6);
	CHECK(!peer_log_has("child-died"));
	end_turns();
}

/* ---- the other descriptors ---- */

static void test_lines_go_on_to_syslog(void **state)
{
	(void)state;
	serve("");
	const int log = world.p.log;
	world_lines[0] = '\0';
	CHECK(relay_open(&world.p, &world.p.generations->settings));
	CHECK_EQ(send(world.p.log, "<4>a line", 9, 0), 9);
	CHECK(events_turn(&world.p));
	CHECK_TEXT(world_lines, "4:a line\n");
	close(world.p.relay);
	close(world.p.log);
	world.p.log = log;
	end_turns();
}

static void test_the_tool_goes_on_to_poplar_auth(void **state)
{
	(void)state;
	serve("");
	world.as_tester = true;
	control_open(&world.p);
	const struct sockaddr_un address = control_address(world.p.run_dir);
	OWN_FD tool = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHECK_EQ(connect(tool, (const struct sockaddr *)&address, sizeof address), 0);
	CHECK(events_turn(&world.p));
	struct pollfd waiting = { world.p.control, POLLIN, 0 };
	CHECK_EQ(__real_poll(&waiting, 1, 0), 0);
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)), "CONTROL ");
	end_turns();
}

static void test_changes_of_certificates_are_heard(void **state)
{
	(void)state;
	serve("");
	int pair[2];
	CHECK(events_turn(&world.p)); /* watches the directories anew */
	own_fd_close(&world.p.watch);
	CHECK_EQ(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	world.p.watch = pair[0];
	CHECK(events_turn(&world.p));
	CHECK_EQ(world.p.renew_at, 0);
	CHECK_EQ(write(pair[1], "changed", 7), 7);
	CHECK(events_turn(&world.p));
	CHECK(world.p.renew_at > world.now_ms);
	close(pair[1]);
	end_turns();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_sleeps_until_the_next_thing_is_due),
		TEST(test_what_is_due_is_done),
		TEST(test_all_who_speak_are_heard_in_one_turn),
		TEST(test_a_child_is_heard_before_its_death),
		TEST(test_one_signal_may_stand_for_many_deaths),
		TEST(test_sighup_reloads_unless_poplard_stops),
		TEST(test_term_and_int_stop_poplard),
		TEST(test_it_ends_when_all_children_have),
		TEST(test_lines_go_on_to_syslog),
		TEST(test_the_tool_goes_on_to_poplar_auth),
		TEST(test_changes_of_certificates_are_heard),
	};

	return RUN(tests);
}
