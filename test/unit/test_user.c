/* Promises of `poplar user add`, passwd, del and list: which arguments they take, what
 * they write into the users file, and that they leave the file alone when anything is
 * wrong. The test gives the password, and says whether the Maildir could be made. */
#include "cliworld.h"

#include <unistd.h>

#include "auth/user/user.h"
#include "cli/password.h"
#include "cli/place.h"

static struct {
	bool no_password, no_place;
	unsigned passwords; /* asked for */
	char made[256];     /* the last user whose Maildir was made */
} world;

bool __wrap_cli_make_password(const char *name, const char *scheme,
			      char out[SCHEME_STORED_MAX]);
bool __wrap_cli_make_password(const char *name, const char *scheme,
			      char out[SCHEME_STORED_MAX])
{
	(void)name;
	world.passwords++;
	snprintf(out, SCHEME_STORED_MAX, "{%s}stored", scheme);
	return !world.no_password;
}

bool __wrap_cli_make_place(const struct settings *s, const struct user *user);
bool __wrap_cli_make_place(const struct settings *s, const struct user *user)
{
	(void)s;
	CHECK(span_copy(user->name, world.made, sizeof world.made));
	return !world.no_place;
}

bool __wrap_cli_find_ids(const char *user, struct ids *out);
bool __wrap_cli_find_ids(const char *user, struct ids *out)
{
	(void)user;
	*out = (struct ids){ getuid(), getgid() };
	return true;
}

static void begin(const char *more, const char *file)
{
	memset(&world, 0, sizeof world);
	cli_begin(more);
	if (file)
		cli_file("auth/users", file);
}

static const char three[] = "# people\n"
			    "alice:{PLAIN}a:8:12::/h::\n"
			    "bob:{PLAIN}b:::::\n"
			    "carol:{PLAIN}c:::::\n";

/* ---- arguments ---- */

static void test_wrong_arguments_change_nothing(void **state)
{
	static const char *const cases[][8] = {
		{ "user" },
		{ "user", "other", "dave" },
		{ "user", "add" },
		{ "user", "add", "dave", "erin" },
		{ "user", "add", "--other", "dave" },
		{ "user", "add", "--uid", "8", "dave" },
		{ "user", "add", "--gid", "8", "dave" },
		{ "user", "add", "--uid", "x", "--gid", "8", "dave" },
		{ "user", "add", "--uid", "-1", "--gid", "8", "dave" },
		{ "user", "add", "--uid", "4294967296", "--gid", "8", "dave" },
		{ "user", "add", "--uid", "8", "--gid", "", "dave" },
		{ "user", "add", "--home", "/a:b", "dave" },
		{ "user", "add", "--home", "/a\nroot:", "dave" },
		{ "user", "passwd" },
		{ "user", "del" },
		{ "user", "del", "alice", "bob" },
		{ "user", "list", "alice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin("", three);
		CHECK_EQ(cli_run(cli_user, cases[i]), CLI_USAGE);
		CHECK(strstr(cli.err, "usage: poplar user add"));
		CHECK_TEXT(cli_text("auth/users"), three);
		CHECK_EQ(world.passwords, 0);
		cli_end();
	}
	CHECK_EQ(CLI_RUN(cli_user, "user", "--help"), CLI_OK);
	CHECK(strstr(cli.out, "usage: poplar user add"));
}

static void test_no_name_can_break_the_file(void **state)
{
	static const char *const names[] = { "", "a b", "a:b", "#a", "a\nb", "a\tb" };
	char long_name[250];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		begin("", three);
		CHECK_EQ(CLI_RUN(cli_user, "user", "add", names[i]), CLI_BAD);
		CHECK_EQ(CLI_RUN(cli_user, "user", "del", names[i]), CLI_BAD);
		CHECK(strstr(cli.err, "a user name has 1 to 248 octets"));
		CHECK_TEXT(cli_text("auth/users"), three);
		cli_end();
	}
	for (size_t len = 248; len <= 249; len++) {
		memset(long_name, 'x', len);
		long_name[len] = '\0';
		begin("", NULL);
		CHECK_EQ(CLI_RUN(cli_user, "user", "add", long_name),
			 len == 248 ? CLI_OK : CLI_BAD);
		cli_end();
	}
	begin("default-domain = example.org\n", NULL);
	long_name[237] = '\0'; /* logins look for one that is longer */
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", long_name), CLI_BAD);
	CHECK_TEXT(cli_text("auth/users"), "");
	long_name[236] = '\0';
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", long_name), CLI_OK);
	cli_end();
}

/* ---- add ---- */

static void test_add_writes_a_line_behind_the_others(void **state)
{
	char expected[512];

	(void)state;
	begin("", three);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "--scheme", "SHA512-CRYPT", "--uid",
			 "1000", "--gid", "100", "--home", "/srv/d", "dave"),
		 CLI_OK);
	CHECK_TEXT(world.made, "dave");
	snprintf(expected, sizeof expected,
		 "%sdave:{SHA512-CRYPT}stored:1000:100::/srv/d::\n", three);
	CHECK_TEXT(cli_text("auth/users"), expected);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "erin"), CLI_OK);
	strcat(expected, "erin:{" SCHEME_DEFAULT "}stored::::::\n");
	CHECK_TEXT(cli_text("auth/users"), expected);
	cli_end();
}

/* Passwords are in it: only root and poplar-auth may read it. */
static void test_a_new_file_is_for_few(void **state)
{
	struct stat st;
	char path[96];

	(void)state;
	begin("", NULL);
	const mode_t before = umask(0);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "dave"), CLI_OK);
	umask(before);
	snprintf(path, sizeof path, "%s/auth/users", cli.dir);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0640);
	cli_end();
}

/* A user without a Maildir, or without a password, is not added. */
static void test_add_is_all_or_nothing(void **state)
{
	(void)state;
	begin("", three);
	world.no_place = true;
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "dave"), CLI_BAD);
	CHECK_TEXT(cli_text("auth/users"), three);
	world.no_place = false;
	world.no_password = true;
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "dave"), CLI_BAD);
	CHECK_TEXT(cli_text("auth/users"), three);
	CHECK_EQ(world.passwords, 2);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "bob"), CLI_BAD);
	CHECK(strstr(cli.err, "user exists already: bob"));
	CHECK_EQ(world.passwords, 2); /* before a password is asked for */
	CHECK_TEXT(cli_text("auth/users"), three);
	cli_end();
}

/* Logins look for the prepared name. */
static void test_a_new_user_has_the_name_that_logins_look_for(void **state)
{
	(void)state;
	begin("fold-names = yes\ndefault-domain = example.org\n", NULL);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "Dave"), CLI_OK);
	CHECK(strstr(cli.out, "the user is dave@example.org; a login as Dave looks "
			      "for this name\n"));
	CHECK(strncmp(cli_text("auth/users"), "dave@example.org:", 17) == 0);
	CHECK_EQ(CLI_RUN(cli_user, "user", "passwd", "DAVE"), CLI_OK);
	CHECK_EQ(CLI_RUN(cli_user, "user", "del", "Dave"), CLI_OK);
	CHECK_TEXT(cli_text("auth/users"), "");
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "\xff"), CLI_BAD);
	cli_end();
	begin("master-separator = \"*\"\n", NULL);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "a*b"), CLI_BAD);
	CHECK(strstr(cli.err, "master-separator"));
	cli_end();
}

/* ---- passwd and del ---- */

static void test_passwd_changes_one_password_alone(void **state)
{
	(void)state;
	begin("", three);
	CHECK_EQ(CLI_RUN(cli_user, "user", "passwd", "--scheme", "X", "alice"), CLI_OK);
	CHECK_TEXT(cli_text("auth/users"), "# people\n"
					   "alice:{X}stored:8:12::/h::\n"
					   "bob:{PLAIN}b:::::\n"
					   "carol:{PLAIN}c:::::\n");
	CHECK_EQ(CLI_RUN(cli_user, "user", "passwd", "dave"), CLI_BAD);
	CHECK(strstr(cli.err, "there is no such user: dave"));
	CHECK_EQ(world.passwords, 1);
	cli_end();
}

static void test_del_removes_one_line_alone(void **state)
{
	(void)state;
	begin("", three);
	CHECK_EQ(CLI_RUN(cli_user, "user", "del", "bob"), CLI_OK);
	CHECK_TEXT(cli_text("auth/users"), "# people\n"
					   "alice:{PLAIN}a:8:12::/h::\n"
					   "carol:{PLAIN}c:::::\n");
	CHECK_EQ(CLI_RUN(cli_user, "user", "del", "bob"), CLI_BAD);
	CHECK_EQ(CLI_RUN(cli_user, "user", "del", "ali"), CLI_BAD);
	CHECK(strstr(cli_text("auth/users"), "alice"));
	cli_end();
}

/* Whoever may write to the folder could lead root to any file by a link. */
static void test_no_edit_goes_through_a_link(void **state)
{
	char path[96];

	(void)state;
	begin("", NULL);
	cli_file("other", three);
	snprintf(path, sizeof path, "%s/auth/users", cli.dir);
	CHECK_EQ(symlink("../other", path), 0);
	CHECK_EQ(CLI_RUN(cli_user, "user", "add", "dave"), CLI_BAD);
	CHECK_EQ(CLI_RUN(cli_user, "user", "passwd", "alice"), CLI_BAD);
	CHECK_EQ(CLI_RUN(cli_user, "user", "del", "alice"), CLI_BAD);
	CHECK(strstr(cli.err, "is a symbolic link"));
	CHECK_TEXT(cli_text("other"), three);
	CHECK_EQ(CLI_RUN(cli_user, "user", "list"), CLI_OK);
	CHECK(strstr(cli.out, "alice\t8\t"));
	cli_end();
}

/* ---- list ---- */

static void test_list_shows_who_keeps_the_mail_and_where(void **state)
{
	char line[160];

	(void)state;
	begin("", "alice:{PLAIN}a:8:12::/h::\nbob:{PLAIN}b:::::\nno line\n");
	CHECK_EQ(CLI_RUN(cli_user, "user", "list"), CLI_OK);
	CHECK(strstr(cli.out, "alice\t8\t(not below mail-root: "));
	snprintf(line, sizeof line, "bob\tpoplar-mail\t%s/mail/bob", cli.dir);
	CHECK(strstr(cli.out, line));
	CHECK(strstr(cli.err, "users:3: "));
	cli_end();
	begin("", NULL);
	CHECK_EQ(CLI_RUN(cli_user, "user", "list"), CLI_BAD);
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wrong_arguments_change_nothing),
		TEST(test_no_name_can_break_the_file),
		TEST(test_add_writes_a_line_behind_the_others),
		TEST(test_a_new_file_is_for_few),
		TEST(test_add_is_all_or_nothing),
		TEST(test_a_new_user_has_the_name_that_logins_look_for),
		TEST(test_passwd_changes_one_password_alone),
		TEST(test_del_removes_one_line_alone),
		TEST(test_no_edit_goes_through_a_link),
		TEST(test_list_shows_who_keeps_the_mail_and_where),
	};

	return RUN(tests);
}
