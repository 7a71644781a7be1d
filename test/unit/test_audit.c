/* Promises of `poplar audit`: what it reads from the kernel's tables, and which
 * differences from the table of sandboxes it finds. The process that it looks at is the
 * test. */
#include "cliworld.h"

#include "cli/procfs.h"
#include "rundir/state.h"
#include "sys/proc.h"

/* The number that this process has in /proc, which may show another name space. */
static pid_t own_pid(void)
{
	char text[16] = "";

	CHECK(readlink("/proc/self", text, sizeof text - 1) > 0);
	return (pid_t)strtol(text, NULL, 10);
}

/* ---- the kernel's tables ---- */

static void test_a_status_is_read(void **state)
{
	static const char text[] = "Name:\tpoplar-front\n"
				   "Uid:\t1\t2\t3\t4\n"
				   "Gid:\t5\t6\t7\t8\n"
				   "CapInh:\tffffffffffffffff\n"
				   "CapPrm:\t00000000000000c5\n"
				   "CapEff:\t0000000000000004\n"
				   "CapBnd:\t000001ffffffffff\n"
				   "NoNewPrivs:\t1\n"
				   "Seccomp:\t2\n"
				   "Seccomp_filters:\t3\n";
	struct procfs_facts f;

	(void)state;
	procfs_parse_status(span_of(text), &f);
	for (uint64_t i = 0; i < 4; i++) {
		CHECK_EQ(f.uid[i], 1 + i);
		CHECK_EQ(f.gid[i], 5 + i);
	}
	CHECK_EQ(f.caps_may, 0xc5);
	CHECK_EQ(f.caps_now, 4);
	CHECK_EQ(f.caps_bound, 0x1ffffffffff);
	CHECK_EQ(f.no_new_privs, 1);
	CHECK_EQ(f.seccomp, 2);
	CHECK_EQ(f.filters, 3);
}

/* What the kernel does not tell is never what the table asks for. */
static void test_what_is_missing_in_a_status_is_no_protection(void **state)
{
	static const char *const texts[] = {
		"", "Uid:\nGid:\nSeccomp:\nNoNewPrivs:\n",
		"Uid:\tx\tx\tx\tx\nGid:\t-1\t\t\t\nSeccomp:\tx\nNoNewPrivs:\t-\n",
		"XUid:\t0\t0\t0\t0\nSeccomp_filters\t2\n"
	};
	struct procfs_facts f;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		memset(&f, 1, sizeof f);
		procfs_parse_status(span_of(texts[i]), &f);
		for (int k = 0; k < 4; k++) {
			CHECK_EQ(f.uid[k], UINT64_MAX);
			CHECK_EQ(f.gid[k], UINT64_MAX);
		}
		CHECK_EQ(f.no_new_privs, 0);
		CHECK_EQ(f.seccomp, 0);
		CHECK_EQ(f.filters, 0);
	}
}

static void test_flags_of_a_descriptor_are_octal(void **state)
{
	static const struct {
		const char *text;
		int flags;
	} cases[] = {
		{ "pos:\t0\nflags:\t02100000\nmnt_id:\t9\n", O_CLOEXEC | 0100000 },
		{ "flags:\t0100001\n", O_WRONLY | 0100000 },
		{ "pos:\t0\n", O_RDWR },
		{ "", O_RDWR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(procfs_parse_flags(span_of(cases[i].text)), cases[i].flags);
	OWN_FD fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	char name[16];
	snprintf(name, sizeof name, "%d", fd);
	CHECK_EQ(procfs_open_flags(own_pid(), name) & O_ACCMODE, O_WRONLY);
	CHECK_EQ(procfs_open_flags(own_pid(), "99999"), O_RDWR);
}

static void test_sockets_are_found_by_their_inode(void **state)
{
	static const char tcp[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
		"retrnsmt   uid  timeout inode\n"
		"   0: 00000000:006E 00000000:0000 0A 00000000:00000000 00:00000000 "
		"00000000     0        0 1001 1 0000 100 0 0 10 0\n"
		"  10: 0100007F:006E 0100007F:D431 01 00000000:00000000 00:00000000 "
		"00000000     0        0 1002 1 0000 20 4 30 10 -1\n"
		"  11: short\n";
	static const char local[] =
		"Num       RefCount Protocol Flags    Type St Inode Path\n"
		"0000000000000000: 00000003 00000000 00000000 0005 03 1003\n"
		"0000000000000000: 00000002 00000000 00010000 0005 01 1004 /run/x\n";
	static const struct {
		uint64_t inode;
		enum sandbox_kind kind;
	} cases[] = {
		{ 1001, SANDBOX_KIND_LISTENER }, { 1002, SANDBOX_KIND_CLIENT },
		{ 1003, SANDBOX_KIND_LOCAL },    { 1004, SANDBOX_KIND_LOCAL },
		{ 0, SANDBOX_KIND_OTHER },       { 1005, SANDBOX_KIND_OTHER },
	};
	struct procfs_sockets s = { 0 };

	(void)state;
	procfs_parse_sockets(span_of(tcp), (struct procfs_columns){ 9, 3 }, &s);
	CHECK_EQ(s.count, 2);
	procfs_parse_sockets(span_of(local), (struct procfs_columns){ 6, -1 }, &s);
	CHECK_EQ(s.count, 4);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(procfs_socket_kind(&s, cases[i].inode), cases[i].kind);
	procfs_sockets_done(&s);
	CHECK_EQ(procfs_socket_kind(&s, 1001), SANDBOX_KIND_OTHER);
}

static void test_any_number_of_sockets_is_kept(void **state)
{
	struct procfs_sockets s = { 0 };
	char line[64];

	(void)state;
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(line, sizeof line, "x: 1 2 3 4 5 %u\n", i);
		procfs_parse_sockets(span_of(line), (struct procfs_columns){ 6, -1 },
				     &s);
	}
	for (unsigned i = 1; i <= 1000; i++)
		CHECK_EQ(procfs_socket_kind(&s, i), SANDBOX_KIND_LOCAL);
	procfs_sockets_done(&s);
}

/* ---- the command ---- */

/* The test, as poplard would list it. */
static struct statefile_entry self(enum role role)
{
	return (struct statefile_entry){
		.role = role,
		.sandbox = sandbox_of(role),
		.pid = own_pid(),
		.started = proc_started_at(own_pid()),
		.uid = getuid(),
		.gid = getgid(),
		.generation = role != ROLE_PARENT,
		.abi = sandbox_landlock_abi(),
	};
}

static void list(const struct statefile_entry *entries, size_t count)
{
	char room[2048];
	struct buf b = BUF(room);

	statefile_put_build(&b);
	for (size_t i = 0; i < count; i++)
		statefile_put(&b, &entries[i]);
	cli_file("run/state", buf_cstr(&b));
}

static bool says(const char *text)
{
	return strstr(cli.out, text) != NULL;
}

static void test_without_a_state_file_nothing_runs(void **state)
{
	(void)state;
	cli_begin("");
	CHECK_EQ(CLI_RUN(cli_audit, "audit"), CLI_BAD);
	CHECK(strstr(cli.err, "poplard does not run"));
	CHECK_EQ(CLI_RUN(cli_audit, "audit", "more"), CLI_USAGE);
	CHECK_EQ(CLI_RUN(cli_audit, "audit", "--help"), CLI_OK);
	cli_end();
}

/* The state file of another build tells nothing about this one's sandboxes. */
static void test_another_build_is_not_judged(void **state)
{
	(void)state;
	cli_begin("");
	cli_file("run/state", "poplar-front 1 1 0 0 1 0 front\n");
	CHECK_EQ(CLI_RUN(cli_audit, "audit"), CLI_BAD);
	CHECK_TEXT(cli.out, "");
	CHECK(strstr(cli.err, "another build"));
	cli_end();
}

/* The test has neither the filter nor the ids that the entries name. */
static void test_what_differs_from_the_table_is_wrong(void **state)
{
	struct statefile_entry e[] = { self(ROLE_FRONT), self(ROLE_AUTH),
				       self(ROLE_DROP) };

	(void)state;
	cli_begin("");
	e[1].gid++;
	e[2].started++;
	list(e, 3);
	CHECK_EQ(CLI_RUN(cli_audit, "audit"), CLI_BAD);
	const char *auth = strstr(cli.out, "poplar-auth, pid "),
		   *drop = strstr(cli.out, "poplar-drop, pid "),
		   *ids = strstr(cli.out, "WRONG: uid or gid differs");
	CHECK(says("poplar-front, pid ") && auth && drop);
	CHECK(auth < ids && ids < drop);
	CHECK(!strstr(ids + 1, "WRONG: uid or gid differs"));
	CHECK(says("WRONG: no seccomp filter of its own"));
	CHECK(strstr(drop, "WRONG: is not running"));
	CHECK(!strstr(drop, "seccomp"));
	CHECK(says("WRONG: a role is missing"));
	CHECK_EQ(says("WRONG: runs as root"), getuid() == 0);
	cli_end();
}

static void test_all_roles_but_lookup_must_be_there(void **state)
{
	const struct statefile_entry e[] = { self(ROLE_PARENT), self(ROLE_FRONT),
					     self(ROLE_AUTH), self(ROLE_DROP) };

	(void)state;
	for (size_t left = 0; left <= 4; left++) {
		struct statefile_entry some[4];
		size_t count = 0;

		cli_begin("");
		for (size_t i = 0; i < 4; i++)
			if (i != left)
				some[count++] = e[i];
		list(some, count);
		CLI_RUN(cli_audit, "audit");
		CHECK_EQ(says("WRONG: a role is missing"), left < 4);
		cli_end();
	}
}

/* A front may hold listeners and memory, but no file that it could write. */
static void test_a_descriptor_that_the_table_does_not_have_is_wrong(void **state)
{
	const struct statefile_entry e[] = { self(ROLE_FRONT) };
	char path[160];

	(void)state;
	cli_begin("");
	list(e, 1);
	snprintf(path, sizeof path, "%s/file", cli.dir);
	OWN_FD fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CLI_RUN(cli_audit, "audit");
	snprintf(path, sizeof path, "WRONG: %s", sandbox_kind_name(SANDBOX_KIND_WRITE));
	CHECK(says(path));
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_status_is_read),
		TEST(test_what_is_missing_in_a_status_is_no_protection),
		TEST(test_flags_of_a_descriptor_are_octal),
		TEST(test_sockets_are_found_by_their_inode),
		TEST(test_any_number_of_sockets_is_kept),
		TEST(test_without_a_state_file_nothing_runs),
		TEST(test_another_build_is_not_judged),
		TEST(test_what_differs_from_the_table_is_wrong),
		TEST(test_all_roles_but_lookup_must_be_there),
		TEST(test_a_descriptor_that_the_table_does_not_have_is_wrong),
	};

	return RUN(tests);
}
