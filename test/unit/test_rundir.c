/* Promises of rundir/ and parent/state: what poplard, the tool and the next poplard
 * find in the run directory.
 */
#include "parentworld.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "parent/control.h"
#include "parent/state.h"
#include "rundir/control.h"
#include "rundir/outcome.h"
#include "rundir/state.h"

static struct statefile parse(const char *text)
{
	struct statefile file;

	CHECK_EQ(statefile_parse(strdup(text), strlen(text), &file), FAULT_NONE);
	return file;
}

/* ---- the state file ---- */

static void test_an_entry_reads_back(void **state)
{
	const struct statefile_entry e = { ROLE_DROP,  SANDBOX_DROP, INT32_MAX,
					   UINT64_MAX, UINT32_MAX,   7,
					   3,          1000 };
	char room[512];
	struct buf b = BUF(room);

	(void)state;
	statefile_put(&b, &e);
	CHECK_TEXT(buf_cstr(&b),
		   "poplar-drop 2147483647 18446744073709551615 4294967295 7 3 1000 "
		   "drop\n");
	struct statefile file = parse(room);
	CHECK_EQ(file.count, 1);
	const struct statefile_entry *got = &file.at[0];
	CHECK_EQ(got->role, e.role);
	CHECK_EQ(got->sandbox, e.sandbox);
	CHECK_EQ(got->pid, e.pid);
	CHECK_EQ(got->started, e.started);
	CHECK_EQ(got->uid, e.uid);
	CHECK_EQ(got->gid, e.gid);
	CHECK_EQ(got->generation, e.generation);
	CHECK_EQ(got->abi, e.abi);
	statefile_done(&file);
}

/* A torn, foreign or older file: lines that poplard did not write are skipped, and no
 * other line suffers. */
static void test_malformed_lines_are_skipped(void **state)
{
	static const char *const lines[] = {
		"",
		"poplar-drop",
		"poplar-drop ",
		"poplar-drop 1",
		"poplar-drop 1 2 3 4 5 6",
		"poplar-drop 1 2 3 4 5 6 ",
		"poplar-drop 1 2 3 4 5 6 nonsense",
		"poplar-drop 1 2 3 4 5 6 drop more",
		"poplar-drop 0 2 3 4 5 6 drop",
		"poplar-drop -1 2 3 4 5 6 drop",
		"poplar-drop 2147483648 2 3 4 5 6 drop",
		"poplar-drop 1 18446744073709551616 3 4 5 6 drop",
		"poplar-drop 1 2 4294967296 4 5 6 drop",
		"poplar-drop 1 2 3 4294967296 5 6 drop",
		"poplar-drop 1 2 3 4 4294967296 6 drop",
		"poplar-drop 1 2 3 4 5 1001 drop",
		"poplar-else 1 2 3 4 5 6 drop",
		"poplar-drop  1 2 3 4 5 6 drop",
		" poplar-drop 1 2 3 4 5 6 drop",
	};
	static const char good[] = "poplar-front 1 2 3 4 5 6 front\n";

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char text[512];

		snprintf(text, sizeof text, "%s%s\n%s", good, lines[i], good);
		struct statefile file = parse(text);
		if (file.count != 2)
			fail_msg("\"%s\" is taken", lines[i]);
		CHECK_EQ(file.at[0].role, ROLE_FRONT);
		CHECK_EQ(file.at[1].role, ROLE_FRONT);
		statefile_done(&file);
	}
	struct statefile torn = parse("poplar-front 1 2 3 4 5 6 front");
	CHECK_EQ(torn.count, 1); /* only the line end is missing */
	statefile_done(&torn);
}

/* A file of lines without end is read up to a bound. */
static void test_the_number_of_entries_is_bounded(void **state)
{
	static const char line[] = "poplar-front 1 2 3 4 5 6 front\n";
	enum { LINES = 16384 + 5 };
	const size_t len = LINES * (sizeof line - 1);
	char *text = malloc(len + 1);

	(void)state;
	CHECK(text);
	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * (sizeof line - 1), line, sizeof line);
	struct statefile file;
	CHECK_EQ(statefile_parse(text, len, &file), FAULT_NONE);
	CHECK_EQ(file.count, 16384);
	statefile_done(&file);
}

static void test_ports_are_found_by_name_and_kind(void **state)
{
	char room[512];
	struct buf b = BUF(room);

	(void)state;
	statefile_put_port(&b, "listen", "*:110");
	statefile_put_port(&b, "listen-tls", "[::1]:995");
	struct statefile file = parse(buf_cstr(&b));
	CHECK_EQ(file.count, 0);
	CHECK(statefile_has_port(&file, "listen", "*:110"));
	CHECK(!statefile_has_port(&file, "listen-tls", "*:110"));
	CHECK(statefile_has_port(&file, "listen-tls", "[::1]:995"));
	CHECK(!statefile_has_port(&file, "listen", "[::1]:995"));
	CHECK(!statefile_has_port(&file, "listen", "*:11"));
	CHECK(!statefile_has_port(&file, "listen", ""));
	statefile_done(&file);
}

static void test_a_file_of_another_build_is_told_apart(void **state)
{
	char room[256], other[256];
	struct buf b = BUF(room);
	struct statefile file;

	(void)state;
	statefile_put_port(&b, "listen", "*:110");
	file = parse(buf_cstr(&b));
	CHECK(!statefile_is_of_this_build(&file));
	statefile_done(&file);
	statefile_put_build(&b);
	file = parse(buf_cstr(&b));
	CHECK(statefile_is_of_this_build(&file));
	CHECK_EQ(file.count, 0);
	statefile_done(&file);
	for (size_t i = strlen("listen *:110\n"); i + 1 < b.len; i++) {
		memcpy(other, room, sizeof other);
		other[i] ^= 1;
		file = parse(other);
		CHECK(!statefile_is_of_this_build(&file));
		statefile_done(&file);
	}
}

static void test_a_file_that_cannot_be_read_is_said_to(void **state)
{
	struct statefile file;

	(void)state;
	world_begin("");
	CHECK_EQ(statefile_read(world.p.run_dir, &file), FAULT_IO);
	statefile_done(&file);
	CHECK_EQ(symlinkat("/etc/passwd", world.p.run_dir, "state"), 0);
	CHECK_EQ(statefile_read(world.p.run_dir, &file), FAULT_IO);
	CHECK_EQ(unlinkat(world.p.run_dir, "state", 0), 0);
	CHECK_EQ(mkdirat(world.p.run_dir, "state", 0700), 0);
	CHECK_EQ(statefile_read(world.p.run_dir, &file), FAULT_IO);
	CHECK_EQ(unlinkat(world.p.run_dir, "state", AT_REMOVEDIR), 0);
	const int fd = openat(world.p.run_dir, "state", O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(ftruncate(fd, (1 << 20) + 1), 0);
	CHECK_EQ(statefile_read(world.p.run_dir, &file), FAULT_IO);
	CHECK_EQ(ftruncate(fd, 1 << 20), 0);
	CHECK_EQ(statefile_read(world.p.run_dir, &file), FAULT_NONE);
	CHECK_EQ(file.count, 0);
	statefile_done(&file);
	close(fd);
	world_end();
}

/* poplard lists itself, each process that runs, and each port. */
static void test_poplard_lists_what_runs(void **state)
{
	struct statefile file;

	(void)state;
	world_serve("");
	world_die(world_child(ROLE_DROP, 0), SIGKILL);
	CHECK_EQ(statefile_read(world.p.run_dir, &file), FAULT_NONE);
	CHECK_EQ(file.count, 3);
	CHECK_EQ(file.at[0].role, ROLE_PARENT);
	CHECK_EQ(file.at[0].pid, getpid());
	CHECK_EQ(file.at[0].sandbox, SANDBOX_PARENT);
	CHECK_EQ(file.at[0].uid, 1000);
	for (size_t i = 1; i < 3; i++) {
		const struct statefile_entry *e = &file.at[i];
		const struct child *c = world_child(e->role, 0);

		CHECK_EQ(e->pid, c->pid);
		CHECK_EQ(e->started, (uint64_t)c->pid * 10);
		CHECK_EQ(e->sandbox, sandbox_of(e->role));
		CHECK_EQ(e->generation, 1);
		CHECK_EQ(e->uid, 1000);
		CHECK_EQ(e->gid, 1001);
		CHECK_EQ(e->abi, sandbox_landlock_abi());
	}
	CHECK(statefile_has_port(&file, "listen", "127.0.0.1:110"));
	statefile_done(&file);
	world_end();
}

static void test_a_state_that_cannot_be_written_is_logged(void **state)
{
	(void)state;
	world_begin("");
	CHECK_EQ(mkdirat(world.p.run_dir, "state", 0700), 0);
	state_write(&world.p);
	CHECK(peer_log_has("event=state-not-written"));
	world_end();
}

/* ---- the directory ---- */

static bool open_run_dir(const char *path)
{
	struct settings s;

	CHECK_EQ(settings_init(&s), FAULT_NONE);
	CHECK(settings_set(&s, SETTING_ID_run_dir, span_of(path)));
	own_fd_close(&world.p.run_dir);
	const bool ok = state_open(&world.p, &s);
	settings_done(&s);
	return ok;
}

static void test_the_directory_is_made_and_locked(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	world_begin("");
	snprintf(path, sizeof path, "%s/new", world.dir);
	CHECK(open_run_dir(path));
	CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	const int first = dup(world.p.run_dir);
	CHECK(!open_run_dir(path));
	CHECK(peer_log_has("doing=\"lock: another poplard runs there\""));
	close(first);
	CHECK(open_run_dir(path));
	CHECK(!open_run_dir("/nonexistent/run"));
	CHECK(peer_log_has("event=run-dir-failed"));
	CHECK(peer_log_has("doing=make"));
	world_file("file", "");
	snprintf(path, sizeof path, "%s/file", world.dir);
	CHECK(!open_run_dir(path));
	CHECK(peer_log_has("doing=open"));
	world_end();
}

/* A child of a poplard that was killed: real, so that it can be ended. It says on the
 * pipe that it handles its signals. */
static pid_t orphan(bool obeys)
{
	int ready[2];
	char octet;

	CHECK_EQ(pipe(ready), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		signal(SIGTERM, obeys ? SIG_DFL : SIG_IGN);
		if (write(ready[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	CHECK_EQ(read(ready[0], &octet, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void write_state(enum role role, pid_t pid, uint64_t started)
{
	char text[256];

	snprintf(text, sizeof text, "%s %ld %ju 1 1 1 1 front\n", role_name(role),
		 (long)pid, (uintmax_t)started);
	world_file("run/state", text);
}

/* A process left behind is ended: it still has the ports. */
static void test_orphans_are_ended(void **state)
{
	char path[128];
	int status;

	(void)state;
	world_begin("");
	snprintf(path, sizeof path, "%s/run", world.dir);
	const pid_t pid = orphan(true);
	write_state(ROLE_FRONT, pid, (uint64_t)pid * 10);
	CHECK(open_run_dir(path));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHECK(peer_log_has("event=orphan-ended role=poplar-front"));
	world_end();
}

/* A pid that now belongs to another process, and poplard itself, are left alone. */
static void test_others_are_no_orphans(void **state)
{
	char path[128];
	int status;

	(void)state;
	world_begin("");
	snprintf(path, sizeof path, "%s/run", world.dir);
	const pid_t pid = orphan(true);
	const struct {
		enum role role;
		uint64_t started;
	} cases[] = { { ROLE_FRONT, (uint64_t)pid * 10 + 1 },
		      { ROLE_FRONT, 0 },
		      { ROLE_PARENT, (uint64_t)pid * 10 } };
	for (size_t i = 0; i < 3; i++) {
		write_state(cases[i].role, pid, cases[i].started);
		CHECK(open_run_dir(path));
		CHECK(!peer_log_has("orphan-ended"));
	}
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(__real_kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	world_end();
}

/* ---- the outcome of a reload ---- */

static void test_an_outcome_reads_back(void **state)
{
	struct why why;

	(void)state;
	world_begin("");
	for (enum outcome_state s = 0; s < OUTCOME_STATES; s++) {
		const struct outcome o = { .number = 7 + s,
					   .state = s,
					   .said = SPAN("one\ntwo three\n") };
		struct outcome got;

		CHECK_EQ(outcome_write(world.p.run_dir, &o, &why), FAULT_NONE);
		outcome_read(world.p.run_dir, &got);
		CHECK_EQ(got.number, o.number);
		CHECK_EQ(got.state, s);
		CHECK_SPAN(got.said, "one\ntwo three\n");
		outcome_done(&got);
		CHECK(!got.text && got.number == 0);
	}
	world_end();
}

static void test_a_malformed_outcome_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"7",
		"7 done", /* torn: no line end */
		"seven done\n",
		"7\n",
		"7 \n",
		"7 finished\n",
		"7 done \n",
		"-7 done\n",
		"18446744073709551616 done\n",
	};
	struct outcome got;

	(void)state;
	world_begin("");
	outcome_read(world.p.run_dir, &got);
	CHECK(!got.text);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		world_file("run/reload", texts[i]);
		outcome_read(world.p.run_dir, &got);
		if (got.text || got.number != 0)
			fail_msg("\"%s\" is taken", texts[i]);
	}
	world_file("run/reload", "18446744073709551615 refused\n");
	outcome_read(world.p.run_dir, &got);
	CHECK_EQ(got.number, UINT64_MAX);
	CHECK_EQ(got.said.len, 0);
	outcome_done(&got);
	world_end();
}

/* ---- the control socket ---- */

static int connect_control(void)
{
	const struct sockaddr_un address = control_address(world.p.run_dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	CHECK_EQ(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* The tool's connection goes to the poplar-auth that serves, and its other end works.
 */
static void test_the_tool_reaches_poplar_auth(void **state)
{
	struct timeval t;
	socklen_t len = sizeof t;
	struct stat st;
	char octet;
	int there;

	(void)state;
	world_serve("");
	world.as_tester = true;
	world_file("run/control", "of an earlier poplard");
	control_open(&world.p);
	CHECK(world.p.control >= 0);
	CHECK_EQ(fstatat(world.p.run_dir, "control", &st, 0), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	const int tool = connect_control();
	control_accept(&world.p);
	const struct message *m = world_next(world_child(ROLE_AUTH, 0), &there);
	CHECK_EQ(m->kind, MESSAGE_CONTROL);
	CHECK_EQ(write(there, "x", 1), 1);
	CHECK_EQ(read(tool, &octet, 1), 1);
	CHECK_EQ(getsockopt(there, SOL_SOCKET, SO_SNDTIMEO, &t, &len), 0);
	CHECK_EQ(t.tv_sec, 5);
	close(there);
	close(tool);
	world_end();
}

/* Before a generation serves, the connection is closed. */
static void test_the_tool_is_turned_away_before_service(void **state)
{
	char octet;

	(void)state;
	world_serve("");
	world.as_tester = true;
	control_open(&world.p);
	world.p.generations->ready = false;
	const int tool = connect_control();
	control_accept(&world.p);
	CHECK_EQ(read(tool, &octet, 1), 0);
	CHECK_TEXT(world_heard(world_child(ROLE_AUTH, 0)), "");
	close(tool);
	world_end();
}

static void test_a_control_socket_that_cannot_be_made_is_logged(void **state)
{
	(void)state;
	world_begin("");
	CHECK_EQ(mkdirat(world.p.run_dir, "control", 0700), 0);
	control_open(&world.p);
	CHECK_EQ(world.p.control, -1);
	CHECK(peer_log_has("event=control-unavailable"));
	world_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_entry_reads_back),
		TEST(test_malformed_lines_are_skipped),
		TEST(test_the_number_of_entries_is_bounded),
		TEST(test_ports_are_found_by_name_and_kind),
		TEST(test_a_file_of_another_build_is_told_apart),
		TEST(test_a_file_that_cannot_be_read_is_said_to),
		TEST(test_poplard_lists_what_runs),
		TEST(test_a_state_that_cannot_be_written_is_logged),
		TEST(test_the_directory_is_made_and_locked),
		TEST(test_orphans_are_ended),
		TEST(test_others_are_no_orphans),
		TEST(test_an_outcome_reads_back),
		TEST(test_a_malformed_outcome_is_none),
		TEST(test_the_tool_reaches_poplar_auth),
		TEST(test_the_tool_is_turned_away_before_service),
		TEST(test_a_control_socket_that_cannot_be_made_is_logged),
	};

	return RUN(tests);
}
