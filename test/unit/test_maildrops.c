/* Promises of parent/drops: which maildrop processes there are, and when they leave. */
#include "parentworld.h"

static void want(uint64_t uid, uint64_t gid)
{
	const struct message m = { .kind = MESSAGE_DROP_WANTED,
				   .DROP_WANTED = { uid, gid } };

	world_say(world_child(ROLE_AUTH, 0), &m);
}

static unsigned watched_sends, unlisted_sends;

enum fault __wrap_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait);
enum fault __real_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait);

/* Counts the messages that follow the start of a second maildrop process. */
enum fault __wrap_channel_send(int fd, const struct message *m, int pass,
			       enum channel_wait wait)
{
	if (world_starts(ROLE_DROP) == 2) {
		watched_sends++;
		unlisted_sends += !world_lists(world_child(ROLE_DROP, 1));
	}
	return __real_channel_send(fd, m, pass, wait);
}

static void idle(const struct child *c)
{
	world_say(c, &(struct message){ .kind = MESSAGE_IDLE });
}

static const char *auth_heard(void)
{
	return world_heard(world_child(ROLE_AUTH, 0));
}

/* poplar-auth may be captured: the rule for uids is poplard's own. */
static void test_a_process_is_made_for_uids_that_may_own_mail(void **state)
{
	static const struct {
		bool as_root;
		uint64_t uid, gid;
		bool allowed;
	} cases[] = {
		{ true, 2000, 2000, true },
		{ true, 1000, 1, true },
		{ true, 999, 2000, false },
		{ true, 0, 2000, false },
		{ true, 2000, 0, false },
		{ true, UINT32_MAX, 2000, false },
		{ true, 2000, UINT32_MAX, false },
		{ true, UINT32_MAX - 1, 2000, true },
		{ true, UINT64_C(1) << 32 | 2000, 2000, false },
		{ false, 2000, 2000, false },
		{ false, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_serve("first-uid = 1000\n");
		world.as_root = world.p.is_root = cases[i].as_root;
		want(cases[i].uid, cases[i].gid);
		CHECK_EQ(world_starts(ROLE_DROP), 1 + cases[i].allowed);
		CHECK_TEXT(auth_heard(),
			   cases[i].allowed ? "DROP_LINK " : "DROP_REFUSED ");
		CHECK_EQ(peer_log_has("event=drop-refused uid="), !cases[i].allowed);
		CHECK_EQ(peer_log_has("first-uid"),
			 !cases[i].allowed && cases[i].as_root);
		if (cases[i].allowed) {
			const struct child *c = world_child(ROLE_DROP, 1);

			CHECK_EQ(c->ids.uid, cases[i].uid);
			CHECK_EQ(c->ids.gid, cases[i].gid);
			CHECK(c->change_ids);
		}
		world_end();
	}
}

static void test_a_refusal_names_who_was_refused(void **state)
{
	(void)state;
	world_serve("");
	want(UINT64_C(1) << 32 | 7, 8);
	const struct message *m = world_next(world_child(ROLE_AUTH, 0), NULL);
	CHECK_EQ(m->kind, MESSAGE_DROP_REFUSED);
	CHECK_EQ(m->DROP_REFUSED.uid, UINT64_C(1) << 32 | 7);
	CHECK_EQ(m->DROP_REFUSED.gid, 8);
	world_end();
}

/* mail-user's own process is allowed even where its uid is below first-uid. */
static void test_the_standard_process_is_linked_again(void **state)
{
	(void)state;
	world_serve("");
	world.as_root = true;
	const struct worker *k = world_worker(world_child(ROLE_DROP, 0));
	world_worker(world_child(ROLE_DROP, 0))->ids = (struct ids){ 8, 12 };
	want(8, 12);
	CHECK_EQ(world_starts(ROLE_DROP), 1);
	CHECK_TEXT(auth_heard(), "DROP_LINK ");
	CHECK_TEXT(world_heard(world_child(ROLE_DROP, 0)), "AUTH_LINK ");
	CHECK(k->standard);
	world_end();
}

/* A uid with another gid is another process. */
static void test_a_process_that_runs_is_linked_not_started(void **state)
{
	(void)state;
	world_serve("");
	world.as_root = true;
	want(2000, 2000);
	want(2000, 2000);
	CHECK_EQ(world_starts(ROLE_DROP), 2);
	CHECK_TEXT(auth_heard(), "DROP_LINK DROP_LINK ");
	want(2000, 2001);
	CHECK_EQ(world_starts(ROLE_DROP), 3);
	world_end();
}

/* While a process waits to be started again, poplar-auth is told so: at the death, and
 * when it asks. */
/* The next poplard ends every process that a killed one left behind, wherever between
 * two messages that one was killed. */
static void test_a_process_is_in_the_state_file_before_anybody_hears_of_it(void **state)
{
	(void)state;
	world_serve("");
	world.as_root = world.p.is_root = true;
	watched_sends = unlisted_sends = 0;
	want(2000, 2000);
	CHECK_EQ(world_starts(ROLE_DROP), 2);
	CHECK(watched_sends > 0);
	CHECK_EQ(unlisted_sends, 0);
	world_end();
}

static void test_a_process_that_will_come_late_is_said_to(void **state)
{
	(void)state;
	world_serve("");
	world_die(world_child(ROLE_DROP, 0), SIGKILL);
	CHECK_TEXT(auth_heard(), ""); /* at once: not late */
	world_pass(0);
	CHECK_TEXT(auth_heard(), "DROP_LINK ");
	world_die(world_child(ROLE_DROP, 1), SIGKILL);
	const struct message *m = world_next(world_child(ROLE_AUTH, 0), NULL);
	CHECK_EQ(m->kind, MESSAGE_DROP_LATE);
	CHECK_EQ(m->DROP_LATE.uid, 1000);
	CHECK_EQ(m->DROP_LATE.gid, 1001);
	want(1000, 1001);
	CHECK_TEXT(auth_heard(), "DROP_LATE ");
	CHECK_EQ(world_starts(ROLE_DROP), 2);
	world_pass(100);
	CHECK_TEXT(auth_heard(), "DROP_LINK ");
	world_end();
}

/* In a generation that drains, nothing is started again by itself, but a login that is
 * under way there gets its maildrop process. */
static void test_a_draining_generation_gets_a_process_it_asks_for(void **state)
{
	(void)state;
	world_serve("");
	world.p.generations->draining = true;
	world_die(world_child(ROLE_DROP, 0), SIGKILL);
	world_pass(100000);
	CHECK_EQ(world_starts(ROLE_DROP), 1);
	want(1000, 1001);
	CHECK_EQ(world_starts(ROLE_DROP), 2);
	CHECK_TEXT(auth_heard(), "DROP_LINK ");
	world_end();
}

static void test_only_a_maildrop_process_is_late(void **state)
{
	(void)state;
	world_serve("");
	world_die(world_child(ROLE_FRONT, 0), SIGKILL);
	world_pass(0);
	auth_heard();
	world_die(world_child(ROLE_FRONT, 1), SIGKILL);
	CHECK_TEXT(auth_heard(), "");
	world_end();
}

/* ---- leaving ---- */

static struct child *begin_second(void)
{
	world_serve("");
	world.as_root = true;
	want(2000, 2001);
	struct child *c = world_child(ROLE_DROP, 1);
	world_sandboxed(c, SANDBOX_DROP);
	world_heard(c);
	auth_heard();
	return c;
}

static void test_an_idle_process_leaves_and_is_forgotten(void **state)
{
	(void)state;
	struct child *c = begin_second();
	idle(c);
	const struct message *m = world_next(world_child(ROLE_AUTH, 0), NULL);
	CHECK_EQ(m->kind, MESSAGE_DROP_LEAVES);
	CHECK_EQ(m->DROP_LEAVES.uid, 2000);
	CHECK_EQ(m->DROP_LEAVES.gid, 2001);
	CHECK_TEXT(world_heard(c), "DRAIN ");
	idle(c); /* said twice: it leaves already */
	CHECK_TEXT(world_heard(c), "");
	world_die(c, 0);
	CHECK(!peer_log_has("child-died"));
	CHECK(!world_worker(c));
	world_pass(100000);
	CHECK_EQ(world_starts(ROLE_DROP), 2);
	world_end();
}

/* A login that comes while a process leaves gets a new one; that one stays until the
 * first has ended, so that a uid never has more than two. */
static void test_a_uid_has_two_processes_at_most(void **state)
{
	(void)state;
	struct child *first = begin_second();
	idle(first);
	want(2000, 2001);
	struct child *second = world_child(ROLE_DROP, 2);
	world_sandboxed(second, SANDBOX_DROP);
	world_heard(second);
	idle(second);
	CHECK_TEXT(world_heard(second), "");
	world_die(first, 0);
	idle(second);
	CHECK_TEXT(world_heard(second), "DRAIN ");
	world_end();
}

static void test_who_may_not_leave(void **state)
{
	enum { STANDARD, STOPPING, DRAINING, NOT_READY, CASES };

	(void)state;
	for (int i = 0; i < CASES; i++) {
		struct child *c = begin_second();
		struct generation *g = world.p.generations;

		if (i == STANDARD)
			c = world_child(ROLE_DROP, 0);
		world.p.stopping = i == STOPPING;
		g->draining = i == DRAINING;
		g->ready = i != NOT_READY;
		idle(c);
		CHECK_TEXT(world_heard(c), "");
		CHECK(!world_worker(c)->leaving);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_process_is_made_for_uids_that_may_own_mail),
		TEST(test_a_refusal_names_who_was_refused),
		TEST(test_the_standard_process_is_linked_again),
		TEST(test_a_process_that_runs_is_linked_not_started),
		TEST(test_a_process_is_in_the_state_file_before_anybody_hears_of_it),
		TEST(test_a_process_that_will_come_late_is_said_to),
		TEST(test_a_draining_generation_gets_a_process_it_asks_for),
		TEST(test_only_a_maildrop_process_is_late),
		TEST(test_an_idle_process_leaves_and_is_forgotten),
		TEST(test_a_uid_has_two_processes_at_most),
		TEST(test_who_may_not_leave),
	};

	return RUN(tests);
}
