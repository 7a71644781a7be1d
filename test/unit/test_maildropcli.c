/* Promises of `poplar index` and `poplar expire`: what they print, what they change,
 * and what they leave alone. */
#include "climail.h"

#include <utime.h>

#include "auth/user/scheme.h"

#define INDEX "mail/ann/Maildir/poplar-index"

static bool is_there(const char *name)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", cli.dir, name);
	return stat(path, &st) == 0;
}

/* The message came long ago. */
static void make_old(const char *name)
{
	char path[160];

	snprintf(path, sizeof path, "%s/%s", cli.dir, name);
	CHECK_EQ(utime(path, &(const struct utimbuf){ 1000000000, 1000000000 }), 0);
}

/* ---- index ---- */

static void test_an_index_is_built_shown_and_verified(void **state)
{
	(void)state;
	mail_begin("");
	CHECK_EQ(CLI_RUN(cli_index, "index", "show", "ann"), CLI_BAD);
	CHECK_TEXT(cli.err, "poplar: there is no index yet: ann\n");
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "2 messages, 19 octets\n");
	CHECK_EQ(CLI_RUN(cli_index, "index", "show", "ann"), CLI_OK);
	CHECK(strstr(cli.out, "\nrecords 2\nmessages 2\noctets 19\n"));
	CHECK(strstr(cli.out, "\n1 record=0 octets=8 "));
	CHECK(strstr(cli.out, " uid=1.a name="));
	CHECK(strstr(cli.out, "\n2 record=1 octets=11 "));
	CHECK(strstr(cli.out, " uid=2.b name="));
	CHECK_EQ(CLI_RUN(cli_index, "index", "verify", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "2 messages, all as they are without the index\n");
	CHECK_TEXT(cli.err, "");
	cli_end();
}

/* A terminal obeys no name of a message. */
static void test_names_are_shown_without_control_characters(void **state)
{
	(void)state;
	mail_begin("");
	mail_file("mail/ann/Maildir/new/3.c\x1b[2J%", "x\n");
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "ann"), CLI_OK);
	CHECK_EQ(CLI_RUN(cli_index, "index", "show", "ann"), CLI_OK);
	CHECK(!strchr(cli.out, '\x1b'));
	CHECK(strstr(cli.out, "3.c%1B[2J%25\n"));
	cli_end();
}

/* A message that was changed where it lies, within its time stamp. */
static void test_a_listing_that_is_wrong_is_found(void **state)
{
	(void)state;
	mail_begin("");
	make_old("mail/ann/Maildir/new/1.a");
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "ann"), CLI_OK);
	mail_file("mail/ann/Maildir/new/1.a", "a:\nb\n\n");
	make_old("mail/ann/Maildir/new/1.a");
	cli_file("auth/same", ""); /* nothing of the folders has changed */
	CHECK_EQ(CLI_RUN(cli_index, "index", "verify", "ann"), CLI_BAD);
	CHECK(strstr(cli.out, "message 1 uid=1.a octets=8 "));
	CHECK(strstr(cli.out, ", without the index uid=1.a octets=9 "));
	CHECK(!strstr(cli.out, "message 2"));
	CHECK(!strstr(cli.out, "all as they are"));
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "ann"), CLI_OK);
	CHECK_EQ(CLI_RUN(cli_index, "index", "verify", "ann"), CLI_OK);
	cli_end();
}

static void test_a_damaged_index_is_told(void **state)
{
	(void)state;
	mail_begin("");
	mail_file(INDEX, "rubbish");
	CHECK_EQ(CLI_RUN(cli_index, "index", "show", "ann"), CLI_BAD);
	CHECK(strstr(cli.err, "poplar-index"));
	CHECK_EQ(CLI_RUN(cli_index, "index", "verify", "ann"), CLI_BAD);
	CHECK(strstr(cli.err, "poplar-index"));
	CHECK_TEXT(cli.out, "");
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "ann"), CLI_OK);
	CHECK_EQ(CLI_RUN(cli_index, "index", "verify", "ann"), CLI_OK);
	cli_end();
}

static void test_a_maildrop_may_be_named_by_its_path(void **state)
{
	char path[160];

	(void)state;
	mail_begin("");
	snprintf(path, sizeof path, "%s/mail/ann/Maildir", cli.dir);
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", path), CLI_OK);
	CHECK_TEXT(cli.out, "2 messages, 19 octets\n");
	snprintf(path, sizeof path, "%s/mailx/ann", cli.dir);
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", path), CLI_BAD);
	CHECK(strstr(cli.err, "this path is not below mail-root"));
	snprintf(path, sizeof path, "%s/mail", cli.dir);
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", path), CLI_BAD);
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "nobody"), CLI_BAD);
	CHECK(strstr(cli.err, "no such user in a users file: nobody"));
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "bob"), CLI_BAD);
	CHECK(strstr(cli.err, "cannot open bob/Maildir"));
	cli_end();
}

static void test_wrong_arguments_of_index_are_usage(void **state)
{
	static const char *const cases[][5] = {
		{ "index" },
		{ "index", "show" },
		{ "index", "other", "ann" },
		{ "index", "show", "ann", "bob" },
	};

	(void)state;
	mail_begin("");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(cli_run(cli_index, cases[i]), CLI_USAGE);
		CHECK(strstr(cli.err, "usage: poplar index"));
	}
	CHECK_EQ(CLI_RUN(cli_index, "index", "--help"), CLI_OK);
	CHECK(strstr(cli.out, "usage: poplar index"));
	cli_end();
}

/* ---- expire ---- */

/* ann has one message that is due, one that is not; bob has none; cat has no Maildir.
 */
static void expire_begin(void)
{
	mail_begin("expire = \"30\"\n");
	mail_maildir("bob");
	make_old("mail/ann/Maildir/cur/2.b:2,");
}

/* A restored backup may have brought it: whoever logs in first still sees it. */
static void test_what_is_due_stays_where_it_is_first_seen(void **state)
{
	(void)state;
	expire_begin();
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "removed 0 messages, 0 octets, in 0 of 1 maildrops\n");
	CHECK(is_there("mail/ann/Maildir/cur/2.b:2,"));
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "ann"), CLI_OK);
	CHECK(!is_there("mail/ann/Maildir/cur/2.b:2,"));
	cli_end();
}

/* The same, and its messages have been seen. */
static void expire_begin_seen(void)
{
	expire_begin();
	CHECK_EQ(CLI_RUN(cli_index, "index", "rebuild", "ann"), CLI_OK);
}

static void test_what_is_due_goes_and_the_rest_stays(void **state)
{
	(void)state;
	expire_begin_seen();
	CHECK_EQ(CLI_RUN(cli_expire, "expire"), CLI_OK);
	CHECK_TEXT(cli.out, "ann: 1 messages, 11 octets\n"
			    "removed 1 messages, 11 octets, in 1 of 3 maildrops\n");
	CHECK_TEXT(cli.err, "");
	CHECK(!is_there("mail/ann/Maildir/cur/2.b:2,"));
	CHECK(is_there("mail/ann/Maildir/new/1.a"));
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "ann", "bob"), CLI_OK);
	CHECK_TEXT(cli.out, "removed 0 messages, 0 octets, in 0 of 2 maildrops\n");
	cli_end();
}

static void test_a_dry_run_changes_nothing(void **state)
{
	(void)state;
	expire_begin();
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "--dry-run", "ann"), CLI_OK);
	CHECK_TEXT(cli.out,
		   "ann: 1 messages, 11 octets\n"
		   "would remove 1 messages, 11 octets, in 1 of 1 maildrops\n");
	CHECK(is_there("mail/ann/Maildir/cur/2.b:2,"));
	CHECK(!is_there(INDEX));
	cli_end();
}

static void test_without_the_setting_nothing_expires(void **state)
{
	(void)state;
	mail_begin("");
	make_old("mail/ann/Maildir/cur/2.b:2,");
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "removed 0 messages, 0 octets, in 0 of 1 maildrops\n");
	CHECK(is_there("mail/ann/Maildir/cur/2.b:2,"));
	cli_end();
}

/* One name a line; an empty line is none. */
static void test_names_come_from_standard_input(void **state)
{
	int file;

	(void)state;
	expire_begin_seen();
	const int before = cli_catch(STDIN_FILENO, &file);
	CHECK_EQ(pwrite(file, "\r\nann\r\nbob", 10, 0), 10);
	clearerr(stdin);
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "-"), CLI_OK);
	CHECK_TEXT(cli.out, "ann: 1 messages, 11 octets\n"
			    "removed 1 messages, 11 octets, in 1 of 2 maildrops\n");
	char none[4];
	cli_release(STDIN_FILENO, before, file, none, sizeof none);
	cli_end();
}

static void test_a_user_who_is_not_there_is_a_failure_and_the_others_are_done(
	void **state)
{
	(void)state;
	expire_begin_seen();
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "nobody", "ann"), CLI_BAD);
	CHECK(strstr(cli.err, "no such user in a users file: nobody"));
	CHECK(strstr(cli.out, "removed 1 messages, 11 octets, in 1 of 1 maildrops\n"));
	cli_end();
}

static void test_wrong_arguments_of_expire_are_usage(void **state)
{
	(void)state;
	expire_begin();
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "--other"), CLI_USAGE);
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "-", "ann"), CLI_USAGE);
	CHECK(strstr(cli.err, "usage: poplar expire"));
	CHECK(is_there("mail/ann/Maildir/cur/2.b:2,"));
	CHECK_EQ(CLI_RUN(cli_expire, "expire", "--help"), CLI_OK);
	CHECK(strstr(cli.out, "usage: poplar expire"));
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_index_is_built_shown_and_verified),
		TEST(test_names_are_shown_without_control_characters),
		TEST(test_a_listing_that_is_wrong_is_found),
		TEST(test_a_damaged_index_is_told),
		TEST(test_a_maildrop_may_be_named_by_its_path),
		TEST(test_wrong_arguments_of_index_are_usage),
		TEST(test_what_is_due_stays_where_it_is_first_seen),
		TEST(test_what_is_due_goes_and_the_rest_stays),
		TEST(test_a_dry_run_changes_nothing),
		TEST(test_without_the_setting_nothing_expires),
		TEST(test_names_come_from_standard_input),
		TEST(test_a_user_who_is_not_there_is_a_failure_and_the_others_are_done),
		TEST(test_wrong_arguments_of_expire_are_usage),
	};

	return scheme_start() ? RUN(tests) : 1;
}
