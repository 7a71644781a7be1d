/* Promises of parent/ports and parent/generation: poplar-lmtp runs if it has something
 * to listen at, and Unix sockets come and go with the setting.
 */
#include "parentworld.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "parent/reloads.h"

/* A configuration with listen-lmtp at the socket "lmtp" of the world's folder, and
 * `more`. */
static const char *with_socket(const char *more)
{
	static char text[512];

	snprintf(text, sizeof text, "listen-lmtp = {\"%s/lmtp\"}\n%s", world.dir, more);
	return text;
}

/* The world's folder has its name when it has begun. */
static void serve_with_socket(const char *more)
{
	world_begin("");
	world_configure(with_socket(more));
	reload_open(&world.p);
	CHECK(generation_start(&world.p));
	world_ready_from(0);
}

static void reload(const char *config)
{
	const unsigned first = world.count;

	world_configure(config);
	reload_begin(&world.p);
	world_ready_from(first);
}

/* False: there is no file. */
static bool look(struct stat *out)
{
	char path[96];

	snprintf(path, sizeof path, "%s/lmtp", world.dir);
	return lstat(path, out) == 0;
}

static bool connects(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	OWN_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s/lmtp", world.dir);
	return connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

/* ---- the process ---- */

static void test_poplar_lmtp_runs_if_it_has_something_to_listen_at(void **state)
{
	static const char *const configs[] = { "", "listen-lmtp = {}\n",
					       "listen-lmtp = {\"127.0.0.1:24\"}\n" };

	(void)state;
	for (unsigned i = 0; i < sizeof configs / sizeof *configs; i++) {
		world_serve(configs[i]);
		CHECK_EQ(world_starts(ROLE_LMTP), i == 2);
		CHECK_EQ(world_starts(ROLE_FRONT), 1);
		world_end();
	}
}

static void test_it_gets_what_a_front_gets(void **state)
{
	struct child *lmtp;

	(void)state;
	world_begin("listen-lmtp = {\"127.0.0.1:24\", \"127.0.0.1:2424\"}\n"
		    "listen = {\"127.0.0.1:110\"}\n");
	world.as_root = world.p.is_root = true;
	CHECK(generation_start(&world.p));
	lmtp = world_child(ROLE_LMTP, 0);
	CHECK_EQ(lmtp->ids.uid, 101);
	CHECK_EQ(lmtp->ids.gid, 201);
	CHECK_TEXT(world_heard(lmtp), "SETTINGS CONNLIMIT GO AUTH_LINK ");
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)),
		   "SETTINGS DIRECTORY DATABASE LMTP_LINK FRONT_LINK DROP_LINK GO ");
	CHECK(world_worker(lmtp)->column !=
	      world_worker(world_child(ROLE_FRONT, 0))->column);
	for (unsigned i = 0; i < world.count; i++)
		world_sandboxed(&world.children[i], sandbox_of(world.children[i].role));
	CHECK_TEXT(world_heard(lmtp), "LISTENER LISTENER ");
	CHECK_TEXT(world_heard(world_child(ROLE_FRONT, 0)),
		   "SETTINGS CONNLIMIT GO AUTH_LINK LISTENER ");
	tickets_do_due(&world.p, world.p.rotate_at);
	CHECK_TEXT(world_heard(lmtp), "TICKET_KEYS ");
	world_end();
}

static void test_it_is_started_again_and_linked_again(void **state)
{
	(void)state;
	world_serve("listen-lmtp = {\"127.0.0.1:24\"}\n");
	world_die(world_child(ROLE_LMTP, 0), SIGSEGV);
	world_pass(0);
	CHECK_EQ(world_starts(ROLE_LMTP), 2);
	CHECK_TEXT(world_heard(world_child(ROLE_LMTP, 1)),
		   "SETTINGS CONNLIMIT LISTENER AUTH_LINK GO ");
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)), "LMTP_LINK ");
	world_die(world_child(ROLE_AUTH, 0), SIGSEGV);
	world_pass(0);
	CHECK_TEXT(world_heard(world_child(ROLE_LMTP, 1)), "AUTH_LINK ");
	world_end();
}

static void test_it_is_replaced_when_poplar_auth_lost_its_link(void **state)
{
	(void)state;
	world_serve("listen-lmtp = {\"127.0.0.1:24\"}\n");
	const struct child *lmtp = world_child(ROLE_LMTP, 0);
	const struct message broken = { .kind = MESSAGE_FRONT_BROKEN,
					.FRONT_BROKEN = {
						world_worker(lmtp)->number } };
	world_say(world_child(ROLE_AUTH, 0), &broken);
	CHECK(world_killed(lmtp));
	CHECK(!world_killed(world_child(ROLE_FRONT, 0)));
	CHECK(peer_log_has("event=front-replaced pid="));
	CHECK(peer_log_has("role=poplar-lmtp"));
	world_end();
}

static void test_it_is_told_to_stop(void **state)
{
	(void)state;
	world_serve("listen-lmtp = {\"127.0.0.1:24\"}\n");
	supervise_stop(&world.p, "SIGTERM");
	CHECK_TEXT(world_heard(world_child(ROLE_LMTP, 0)), "STOP ");
	world_end();
}

/* It appears and disappears with the setting. */
static void test_a_reload_starts_it_and_ends_it(void **state)
{
	(void)state;
	world_serve("");
	reload("listen-lmtp = {\"127.0.0.1:24\"}\n");
	CHECK_EQ(world_starts(ROLE_LMTP), 1);
	CHECK(world.p.generations->ready);
	const int listening = world.p.ports->fd;
	reload("listen-lmtp = {\"127.0.0.1:24\"}\nmax-errors = 3\n");
	CHECK_EQ(world_starts(ROLE_LMTP), 2);
	CHECK_EQ(world.p.ports->fd, listening);
	reload("");
	CHECK_EQ(world_starts(ROLE_LMTP), 2);
	CHECK(!world.p.ports->next);
	world_end();
}

/* ---- Unix sockets ---- */

static void test_a_socket_comes_and_goes_with_the_setting(void **state)
{
	struct stat first, st;

	(void)state;
	serve_with_socket("");
	CHECK(look(&first) && S_ISSOCK(first.st_mode));
	CHECK_EQ(first.st_mode & 07777, 0660);
	CHECK(connects());
	reload(with_socket("max-errors = 3\n"));
	CHECK(look(&st));
	CHECK_EQ(st.st_ino, first.st_ino);
	CHECK(connects());
	reload("");
	CHECK(!look(&st));
	world_end();
}

static void test_a_socket_is_removed_at_the_end(void **state)
{
	struct stat st;

	(void)state;
	serve_with_socket("");
	CHECK(look(&st));
	world.p.generations->draining = true;
	ports_close_unwanted(&world.p);
	CHECK(!look(&st));
	world_end();
}

/* Another mode holds when the configuration is in force, and not before. */
static void test_a_reload_changes_the_mode_of_a_socket(void **state)
{
	struct stat st;

	(void)state;
	serve_with_socket("");
	world_configure(with_socket("lmtp-socket-mode = 0606\n"));
	reload_begin(&world.p);
	CHECK(look(&st));
	CHECK_EQ(st.st_mode & 07777, 0660);
	world_die(world_child(ROLE_LMTP, 1), 1 << 8);
	CHECK(look(&st));
	CHECK_EQ(st.st_mode & 07777, 0660);
	CHECK(connects());
	reload(with_socket("lmtp-socket-mode = 0606\n"));
	CHECK(look(&st));
	CHECK_EQ(st.st_mode & 07777, 0606);
	world_end();
}

/* poplard does not start, and says what is in the way. */
static void test_what_is_in_the_way_of_a_socket_is_told(void **state)
{
	static const char *const hints[] = { "hint=\"make its folder\"",
					     "hint=\"a file that is no socket has this "
					     "name\"" };
	struct stat st;

	(void)state;
	for (int is_file = 0; is_file < 2; is_file++) {
		world_begin("");
		world_configure(is_file ? with_socket("")
					: "listen-lmtp = {\"/nonexistent/lmtp\"}\n");
		if (is_file)
			world_file("lmtp", "mine");
		CHECK(!generation_start(&world.p));
		CHECK_EQ(world.p.failure, EXIT_FAILURE);
		CHECK(peer_log_has("event=listen-failed"));
		CHECK(peer_log_has(hints[is_file]));
		CHECK(!is_file || (look(&st) && S_ISREG(st.st_mode)));
		CHECK(!world.p.ports);
		world_end();
	}
}

/* A reload whose socket cannot be made changes nothing, and leaves none behind. */
static void test_a_refused_reload_leaves_no_socket(void **state)
{
	char config[256];
	struct stat st;

	(void)state;
	world_serve("");
	reload_open(&world.p);
	snprintf(config, sizeof config,
		 "listen-lmtp = {\"%s/lmtp\", \"/nonexistent/lmtp\"}\n", world.dir);
	world_configure(config);
	reload_begin(&world.p);
	CHECK(peer_log_has("event=reload-refused"));
	CHECK(!look(&st));
	CHECK_EQ(world_starts(ROLE_LMTP), 0);
	world_end();
}

/* As root, names of nobody are refused with their line. */
static void test_owner_and_group_are_known_to_the_system(void **state)
{
	static const struct {
		const char *more, *said;
	} cases[] = {
		{ "lmtp-socket-owner = nobody-here\n",
		  "lmtp-socket-owner: expected a user of this system, found" },
		{ "lmtp-socket-group = nobody-here\n",
		  "lmtp-socket-group: expected a group of this system, found" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(cases[i].more);
		world.as_root = world.p.is_root = true;
		CHECK(!generation_start(&world.p));
		CHECK_EQ(world.p.failure, EXIT_CONFIG);
		CHECK(peer_log_has(cases[i].said));
		world_end();
	}
	world_begin("lmtp-socket-group = shadow\nlmtp-socket-owner = ldap\n");
	world.as_root = world.p.is_root = true;
	CHECK(generation_start(&world.p));
	CHECK_EQ(world.p.generations->socket_ids.uid, 104);
	CHECK_EQ(world.p.generations->socket_ids.gid, 42);
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_poplar_lmtp_runs_if_it_has_something_to_listen_at),
		TEST(test_it_gets_what_a_front_gets),
		TEST(test_it_is_started_again_and_linked_again),
		TEST(test_it_is_replaced_when_poplar_auth_lost_its_link),
		TEST(test_it_is_told_to_stop),
		TEST(test_a_reload_starts_it_and_ends_it),
		TEST(test_a_socket_comes_and_goes_with_the_setting),
		TEST(test_a_socket_is_removed_at_the_end),
		TEST(test_a_reload_changes_the_mode_of_a_socket),
		TEST(test_what_is_in_the_way_of_a_socket_is_told),
		TEST(test_a_refused_reload_leaves_no_socket),
		TEST(test_owner_and_group_are_known_to_the_system),
	};

	return RUN(tests);
}
