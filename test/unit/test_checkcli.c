/* Promises of `poplar check`: what keeps poplard from starting is an error, what some
 * users would miss is trouble, and each is told with the setting or the user. Ports are
 * those of a machine that the test makes up. */
#include "climail.h"

#include <errno.h>
#include <unistd.h>

#include "auth/user/scheme.h"
#include "sys/sock.h"

#define SITE "front-user = \"daemon\"\nauth-user = \"bin\"\nmail-user = \"nobody\"\n"

static int listen_error; /* of every port; 0: all are free */

enum fault __wrap_sock_listen(const struct sock_address *address, int *out_fd,
			      struct why *why);
enum fault __wrap_sock_listen(const struct sock_address *address, int *out_fd,
			      struct why *why)
{
	(void)address, (void)out_fd;
	return listen_error ? fault_set(why, FAULT_SETUP, listen_error, "bind",
					"127.0.0.1:110")
			    : FAULT_NONE;
}

/* poplar-auth must be able to read the users file. */
static void begin(const char *more)
{
	char settings[1024], path[160];

	if (geteuid() != 0)
		skip(); /* nobody else can check what other users may read */
	listen_error = 0;
	snprintf(settings, sizeof settings, "%s%s", SITE, more);
	mail_begin(settings);
	mail_maildir("bob");
	mail_maildir("cat");
	snprintf(path, sizeof path, "%s/auth", cli.dir);
	CHECK_EQ(chmod(path, 0755), 0);
}

static void check(int status, const char *said)
{
	const int got = CLI_RUN(cli_check, "check");

	if (got != status || !strstr(cli.err, said))
		fail_msg("%d, not %d with \"%s\":\n%s", got, status, said, cli.err);
	CHECK_EQ(strstr(cli.out, ": all is well\n") != NULL, status == CLI_OK);
	cli_end();
}

static void test_a_sound_site_has_nothing_wrong(void **state)
{
	(void)state;
	begin("");
	check(CLI_OK, "");
	CHECK(!strstr(cli.err, "error: ") && !strstr(cli.err, "trouble: "));
}

static void test_what_keeps_poplard_from_starting_is_an_error(void **state)
{
	static const struct {
		const char *mail_root, *users, *more; /* NULL: those of cli_begin() */
		const char *said;
	} cases[] = {
		{ "/nowhere", NULL, "",
		  "mail-root: expected a folder, found \"/nowhere\": No such file" },
		{ NULL, "/nowhere/users", "", "cannot open directory /nowhere" },
		{ NULL, NULL,
		  "listen-tls = {\"127.0.0.1:995\"}\n"
		  "tls-certificate = \"/nowhere\"\ntls-key = \"/nowhere\"\n",
		  "/nowhere: No such file" },
		{ NULL, NULL, "listen-tls = {}\nlisten-lmtp = {\"/nowhere/lmtp\"}\n",
		  ": make its folder\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[1024], mail[96], users[96];

		begin("");
		snprintf(mail, sizeof mail, "%s/mail", cli.dir);
		snprintf(users, sizeof users, "%s/auth/users", cli.dir);
		snprintf(text, sizeof text,
			 "listen = {\"127.0.0.1:110\"}\nmail-root = \"%s\"\n"
			 "users = \"%s\"\nrun-dir = %s/run\n%s%s%s",
			 cases[i].mail_root ? cases[i].mail_root : mail,
			 cases[i].users ? cases[i].users : users, cli.dir, SITE,
			 *cases[i].more ? "" : "listen-tls = {}\n", cases[i].more);
		cli_file("poplar.conf", text);
		check(CLI_CONFIG, cases[i].said);
	}
}

static void test_a_port_in_use_is_an_error(void **state)
{
	(void)state;
	begin("");
	listen_error = EADDRINUSE;
	check(CLI_CONFIG,
	      "listen: cannot bind 127.0.0.1:110: Address already in use\n");
}

static void test_what_some_users_would_miss_is_trouble(void **state)
{
	static const struct {
		const char *users, *said;
	} cases[] = {
		{ "broken\n", "users:1: " },
		{ "ann:{ROT13}x\n", "users:1: " },
		{ "ann:{PLAIN}x:1000:\n", "user ann: a uid needs a gid beside it\n" },
		{ "j\xf6rg:{PLAIN}x\n", "user j" },
		{ "ann:{PLAIN}x::::/elsewhere\n", "user ann: cannot find maildrop" },
		{ "dan:{PLAIN}x\n",
		  "user dan: cannot open Maildir dan/Maildir: No such "
		  "file or directory: expected a home there" },
		{ "\xef\xbb\xbf"
		  "ann:{PLAIN}x\n",
		  "found a byte order mark" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin("");
		cli_file("auth/users", cases[i].users);
		check(CLI_BAD, cases[i].said);
	}
}

/* The server serves them, by the bounds of the site. */
static void test_what_the_site_changes_for_a_user_is_a_warning(void **state)
{
	(void)state;
	begin("login-delay-most = \"30s\"\n");
	cli_file("auth/users", "ann:{PLAIN}x::::::login-delay=1h\n");
	check(CLI_OK,
	      "warning: user ann: login-delay is held to 30s by login-delay-most\n");
}

static void test_users_who_could_all_not_log_in_are_told(void **state)
{
	(void)state;
	begin("mechanisms = {\"SCRAM-SHA-256\"}\n");
	cli_file("auth/users", "ann:{SHA512-CRYPT}$6$x$y\n");
	check(CLI_BAD, "nobody can log in: ");
	begin("mechanisms = {\"PLAIN\", \"ANONYMOUS\"}\n"
	      "anonymous-user = \"guest\"\n");
	check(CLI_BAD, "anonymous-user: no users file has guest\n");
}

static void test_wrong_arguments_are_usage(void **state)
{
	(void)state;
	begin("");
	CHECK_EQ(CLI_RUN(cli_check, "check", "more"), CLI_USAGE);
	CHECK(strstr(cli.err, "usage: poplar"));
	CHECK_EQ(CLI_RUN(cli_check, "check", "--help"), CLI_OK);
	CHECK(strstr(cli.out, "usage: poplar"));
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_sound_site_has_nothing_wrong),
		TEST(test_what_keeps_poplard_from_starting_is_an_error),
		TEST(test_a_port_in_use_is_an_error),
		TEST(test_what_some_users_would_miss_is_trouble),
		TEST(test_what_the_site_changes_for_a_user_is_a_warning),
		TEST(test_users_who_could_all_not_log_in_are_told),
		TEST(test_wrong_arguments_are_usage),
	};

	return scheme_start() ? RUN(tests) : 1;
}
