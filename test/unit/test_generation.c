/* Promises of parent/generation, ports, lookups and reloads: a configuration is taken
 * in as a whole, or the old one stays.
 */
#include "parentworld.h"

#include "parent/reloads.h"
#include "rundir/outcome.h"

/* ---- the first one ---- */

static void test_workers_are_those_of_the_settings(void **state)
{
	(void)state;
	world_begin("fronts = 3\n"
		    "database \"a\" { driver = checkpassword program = {\"/bin/true\"} "
		    "processes = 2 }\n"
		    "database \"b\" { driver = passwd-file }\n");
	CHECK(generation_start(&world.p));
	CHECK_EQ(world_starts(ROLE_FRONT), 3);
	CHECK_EQ(world_starts(ROLE_AUTH), 1);
	CHECK_EQ(world_starts(ROLE_DROP), 1);
	CHECK_EQ(world_starts(ROLE_LOOKUP), 2);
	CHECK_EQ(world.count, 7);
	for (unsigned i = 0; i < world.count; i++)
		CHECK(!world.children[i].change_ids);
	world_end();
}

/* Without the setting there is one front for each processor, and at least one. */
static void test_fronts_follow_the_processors(void **state)
{
	(void)state;
	world_begin("fronts = 0\n");
	CHECK(generation_start(&world.p));
	CHECK_EQ(world_starts(ROLE_FRONT), sysconf(_SC_NPROCESSORS_ONLN));
	world_end();
}

/* As root, each role has the user of its setting. */
static void test_as_root_each_role_has_its_user(void **state)
{
	static const struct {
		enum role role;
		uid_t uid;
		gid_t gid;
	} cases[] = { { ROLE_FRONT, 101, 201 },
		      { ROLE_AUTH, 102, 202 },
		      { ROLE_DROP, 103, 203 },
		      { ROLE_LOOKUP, 104, 42 } };

	(void)state;
	world_begin("database \"a\" { driver = checkpassword program = {\"/bin/true\"} "
		    "processes = 1 run-as = ldap run-as-group = shadow }\n");
	world.as_root = world.p.is_root = true;
	CHECK(generation_start(&world.p));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct child *c = world_child(cases[i].role, 0);

		CHECK_EQ(c->ids.uid, cases[i].uid);
		CHECK_EQ(c->ids.gid, cases[i].gid);
		CHECK(c->change_ids);
	}
	world_end();
}

enum { EXIT_MAY_MEND = 1 };

/* The exit status tells a supervisor whether another start can do any good. */
static void test_what_is_wrong_decides_the_exit_status(void **state)
{
	static const struct {
		const char *more;
		bool as_root;
		int failure;
		const char *said;
	} cases[] = {
		{ "nonsense = 1\n", false, EXIT_CONFIG, "no such option" },
		{ "front-user = nobody-here\n", true, EXIT_CONFIG, "no such user" },
		{ "mail-user = root\n", true, EXIT_CONFIG, "other than root" },
		{ "mail-root = /nonexistent\n", false, EXIT_MAY_MEND,
		  "doing=\"open mail-root\"" },
		{ "users = /nonexistent/users\n", false, EXIT_MAY_MEND,
		  "setting=users" },
		{ "tls-certificate = {\"/nonexistent\"}\n", false, EXIT_CONFIG,
		  "event=certificate-refused" },
		{ "database \"a\" { driver = sqlite path = /nonexistent/x query-find = "
		  "\"%u\" }\n",
		  false, EXIT_CONFIG, "database=a" },
		{ "database \"a\" { driver = sqlite path = /tmp/x query-find = \"%u\" "
		  "run-as = nobody-here }\n",
		  true, EXIT_CONFIG, "doing=\"find run-as\" what=nobody-here" },
		{ "database \"a\" { driver = sqlite path = /tmp/x query-find = \"%u\" "
		  "run-as-group = nobody-here }\n",
		  true, EXIT_CONFIG, "doing=\"find run-as-group\" what=nobody-here" },
		{ "database \"a\" { driver = sqlite path = /tmp/x query-find = \"%u\" "
		  "run-as = root }\n",
		  true, EXIT_CONFIG, "doing=\"run as root\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(cases[i].more);
		world.as_root = world.p.is_root = cases[i].as_root;
		CHECK(!generation_start(&world.p));
		CHECK_EQ(world.p.failure, cases[i].failure);
		if (!peer_log_has(cases[i].said))
			fail_msg("%s: %s", cases[i].more, peer_log);
		CHECK_EQ(world.count, 0);
		CHECK(!world.p.generations && !world.p.ports);
		world_end();
	}
}

/* PAM and the system's own users may need root. */
static void test_root_is_for_databases_that_need_it(void **state)
{
	(void)state;
	world_begin("database \"a\" { driver = system run-as = root processes = 1 }\n");
	world.as_root = world.p.is_root = true;
	CHECK(generation_start(&world.p));
	CHECK_EQ(world_child(ROLE_LOOKUP, 0)->ids.uid, 0);
	world_end();
}

/* ---- ports ---- */

static void test_a_port_that_cannot_be_opened_has_a_hint(void **state)
{
	static const struct {
		int error;
		const char *listen, *said;
	} cases[] = {
		{ EACCES, "127.0.0.1:110", "CAP_NET_BIND_SERVICE" },
		{ EADDRINUSE, "127.0.0.1:110", "another program listens there" },
		{ EADDRNOTAVAIL, "127.0.0.1:110", "event=listen-failed" },
		{ EADDRINUSE, "*:110", "another program listens there" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char more[64];

		snprintf(more, sizeof more, "listen = {\"%s\"}\n", cases[i].listen);
		world_begin(more);
		world.listen_error = cases[i].error;
		CHECK(!generation_start(&world.p));
		CHECK_EQ(world.p.failure, EXIT_MAY_MEND);
		CHECK(peer_log_has(cases[i].said));
		CHECK(!world.p.ports);
		world_end();
	}
}

/* Ports that were opened before the one that could not be are closed again. */
static void test_no_port_stays_open_for_nobody(void **state)
{
	(void)state;
	world_begin("listen = {\"127.0.0.1:110\", \"127.0.0.1:111\"}\n");
	world.listens_most = 1;
	CHECK(!generation_start(&world.p));
	CHECK_EQ(world.listens, 1);
	CHECK(!world.p.ports);
	world_end();
}

/* "*" is two sockets. */
static void test_every_address_is_both_families(void **state)
{
	(void)state;
	world_serve("listen = {\"*:110\"}\n");
	CHECK_EQ(world.listens, 2);
	world_end();
}

/* Fronts get the ports when all workers are ready, and not before. */
static void test_ports_are_told_when_all_are_ready(void **state)
{
	(void)state;
	world_begin("");
	CHECK(generation_start(&world.p));
	const struct child *front = world_child(ROLE_FRONT, 0);
	world_heard(front);
	world_sandboxed(front, SANDBOX_FRONT);
	world_sandboxed(world_child(ROLE_DROP, 0), SANDBOX_DROP);
	CHECK_TEXT(world_heard(front), "");
	CHECK(!peer_log_has("event=ready"));
	world_sandboxed(world_child(ROLE_AUTH, 0), SANDBOX_AUTH);
	CHECK_TEXT(world_heard(front), "LISTENER ");
	CHECK(peer_log_has("event=ready generation=1"));
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)),
		   "SETTINGS DIRECTORY DATABASE FRONT_LINK DROP_LINK GO ");
	world_end();
}

/* ---- reloads ---- */

static bool outcome_is(uint64_t number, enum outcome_state state, const char *line)
{
	struct outcome o;

	outcome_read(world.p.run_dir, &o);
	const bool same = o.number == number && o.state == state &&
			  (!*line || memmem(o.said.at, o.said.len, line, strlen(line)));
	outcome_done(&o);
	return same;
}

/* A new generation serves when it is complete; only then the old one drains. Ports that
 * both want stay open, those that only the old one wanted are closed. */
static void test_a_reload_replaces_the_generation(void **state)
{
	(void)state;
	world_begin("listen = {\"127.0.0.1:110\", \"127.0.0.1:111\"}\n");
	reload_open(&world.p);
	CHECK(generation_start(&world.p));
	world_ready_from(0);
	CHECK_EQ(world.listens, 2);
	const int kept = strcmp(world.p.ports->name, "127.0.0.1:110") == 0
				 ? world.p.ports->fd
				 : world.p.ports->next->fd;
	world_configure("listen = {\"127.0.0.1:110\", \"127.0.0.1:112\"}\n");
	reload_begin(&world.p);
	CHECK(outcome_is(1, OUTCOME_BEGUN, ""));
	CHECK_EQ(world.listens, 3);
	CHECK_EQ(world.count, 6);
	CHECK_TEXT(world_heard(&world.children[0]), "");
	world_sandboxed(world_child(ROLE_FRONT, 1), SANDBOX_FRONT);
	world_sandboxed(world_child(ROLE_DROP, 1), SANDBOX_DROP);
	world_sandboxed(world_child(ROLE_AUTH, 1), SANDBOX_AUTH);
	CHECK(peer_log_has("event=reloaded generation=2"));
	CHECK(outcome_is(1, OUTCOME_DONE, ""));
	for (unsigned i = 0; i < 3; i++)
		CHECK_TEXT(world_heard(&world.children[i]), "DRAIN ");
	const struct port *p = world.p.ports;
	CHECK(p && p->next && !p->next->next);
	CHECK(p->fd == kept || p->next->fd == kept);
	for (; p; p = p->next)
		CHECK(strcmp(p->name, "127.0.0.1:111") != 0);
	for (unsigned i = 0; i < 3; i++)
		world_die(&world.children[i], 0);
	generation_drop_empty(&world.p);
	CHECK(world.p.generations && !world.p.generations->next);
	CHECK_EQ(world.p.generations->number, 2);
	world_end();
}

/* The lines that say why are the outcome, too, from warnings up. */
static void test_a_refused_reload_changes_nothing(void **state)
{
	(void)state;
	world_begin("");
	reload_open(&world.p);
	CHECK(generation_start(&world.p));
	world_ready_from(0);
	CHECK(outcome_is(0, OUTCOME_BEGUN, ""));
	world_configure("nonsense = 1\n");
	reload_begin(&world.p);
	CHECK(outcome_is(1, OUTCOME_REFUSED, "no such option"));
	CHECK(!outcome_is(1, OUTCOME_REFUSED, "event=reloading"));
	CHECK(peer_log_has("event=reload-refused what=\"the old configuration stays in "
			   "force\""));
	CHECK_EQ(world.count, 3);
	CHECK(world.p.generations->ready && !world.p.generations->draining);
	CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 0)), "");
	world_configure("");
	reload_begin(&world.p);
	world_ready_from(3);
	CHECK(outcome_is(2, OUTCOME_DONE, ""));
	CHECK(!outcome_is(2, OUTCOME_DONE, "no such option"));
	world_end();
}

/* One worker that dies before its generation serves ends all of that generation, and a
 * port that only it wanted. */
static void test_a_generation_fails_as_a_whole(void **state)
{
	(void)state;
	world_begin("");
	reload_open(&world.p);
	CHECK(generation_start(&world.p));
	world_ready_from(0);
	world_configure("listen = {\"127.0.0.1:112\"}\n");
	reload_begin(&world.p);
	struct generation *old = world.p.generations->next;
	world_sandboxed(world_child(ROLE_AUTH, 1), SANDBOX_AUTH);
	world_die(world_child(ROLE_FRONT, 1), 1 << 8);
	CHECK(peer_log_has("event=generation-failed generation=2 what=\"the old "
			   "configuration stays in force\""));
	CHECK(outcome_is(1, OUTCOME_REFUSED, "event=generation-failed"));
	CHECK(world_killed(world_child(ROLE_AUTH, 1)));
	CHECK(world_killed(world_child(ROLE_DROP, 1)));
	CHECK(!world_killed(world_child(ROLE_AUTH, 0)));
	CHECK(!world.p.failed);
	CHECK(!world.p.ports->next &&
	      strcmp(world.p.ports->name, "127.0.0.1:110") == 0);
	world_die(world_child(ROLE_AUTH, 1), SIGKILL);
	world_die(world_child(ROLE_DROP, 1), SIGKILL);
	generation_drop_empty(&world.p);
	CHECK(world.p.generations == old && old->ready && !old->draining);
	world_pass(100000);
	CHECK_EQ(world.count, 6);
	world_end();
}

static void test_a_first_generation_that_fails_ends_poplard(void **state)
{
	(void)state;
	world_begin("");
	CHECK(generation_start(&world.p));
	world_die(world_child(ROLE_DROP, 0), 1 << 8);
	CHECK(world.p.failed);
	CHECK(peer_log_has(
		"event=generation-failed generation=1 what=\"poplard ends\""));
	world_end();
}

/* A second SIGHUP during a reload is done behind it, once. */
static void test_reloads_are_done_one_after_the_other(void **state)
{
	(void)state;
	world_serve("");
	reload_begin(&world.p);
	CHECK_EQ(world.p.reloads, 1);
	reload_begin(&world.p);
	reload_begin(&world.p);
	world_pass(0);
	CHECK_EQ(world.p.reloads, 1);
	world_ready_from(3);
	world_pass(0);
	CHECK_EQ(world.p.reloads, 2);
	world_ready_from(6);
	world_pass(0);
	CHECK_EQ(world.p.reloads, 2);
	world_end();
}

static void test_no_reload_begins_while_stopping(void **state)
{
	(void)state;
	world_serve("");
	reload_begin(&world.p);
	reload_begin(&world.p);
	world_ready_from(3);
	supervise_stop(&world.p, "SIGTERM");
	world_pass(0);
	CHECK_EQ(world.p.reloads, 1);
	world_end();
}

/* An upgrade on disk takes effect when poplard itself is restarted: a reload says so.
 */
static void test_replaced_executables_are_named(void **state)
{
	char path[160];

	(void)state;
	world_serve("");
	reload_open(&world.p);
	reload_begin(&world.p);
	CHECK(!peer_log_has("executables-replaced"));
	world_ready_from(3);
	world_file("old", "");
	snprintf(path, sizeof path, "%s/old", world.dir);
	close(world.p.exe[ROLE_DROP]);
	world.p.exe[ROLE_DROP] = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_EQ(unlink(path), 0);
	reload_begin(&world.p);
	CHECK(peer_log_has("event=executables-replaced"));
	world_ready_from(6);
	CHECK(outcome_is(2, OUTCOME_DONE, "event=executables-replaced"));
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_workers_are_those_of_the_settings),
		TEST(test_fronts_follow_the_processors),
		TEST(test_as_root_each_role_has_its_user),
		TEST(test_what_is_wrong_decides_the_exit_status),
		TEST(test_root_is_for_databases_that_need_it),
		TEST(test_a_port_that_cannot_be_opened_has_a_hint),
		TEST(test_no_port_stays_open_for_nobody),
		TEST(test_every_address_is_both_families),
		TEST(test_ports_are_told_when_all_are_ready),
		TEST(test_a_reload_replaces_the_generation),
		TEST(test_a_refused_reload_changes_nothing),
		TEST(test_a_generation_fails_as_a_whole),
		TEST(test_a_first_generation_that_fails_ends_poplard),
		TEST(test_reloads_are_done_one_after_the_other),
		TEST(test_no_reload_begins_while_stopping),
		TEST(test_replaced_executables_are_named),
	};

	return RUN(tests);
}
