/* Promises of `poplar quota`: how much mail each user has, within which quota. */
#include "climail.h"

#include "auth/user/scheme.h"

static void world_begin(void)
{
	mail_begin("quota = \"1k, 4 messages\"\n");
}

static void test_each_user_is_a_line(void **state)
{
	static const char all[] = "ann: 19 octets, 2 messages, 50% of 1k, 4 messages\n"
				  "bob: 0 octets, 0 messages, 0% of 10, 5 messages\n"
				  "cat: 0 octets, 0 messages, no quota\n";

	(void)state;
	world_begin();
	CHECK_EQ(CLI_RUN(cli_quota, "quota"), CLI_OK);
	CHECK_TEXT(cli.out, all);
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "--all"), CLI_OK);
	CHECK_TEXT(cli.out, all);
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "cat", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "cat: 0 octets, 0 messages, no quota\n"
			    "ann: 19 octets, 2 messages, 50% of 1k, 4 messages\n");
	CHECK_TEXT(cli.err, "");
	cli_end();
}

static void test_each_user_is_an_object_of_json(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "--json", "ann", "cat"), CLI_OK);
	CHECK_TEXT(cli.out,
		   "{\"user\": \"ann\", \"octets\": 19, \"messages\": 2, \"quota\": "
		   "{\"octets\": 1024, \"messages\": 4}, \"percent\": 50}\n"
		   "{\"user\": \"cat\", \"octets\": 0, \"messages\": 0, \"quota\": "
		   "{\"octets\": null, \"messages\": null}, \"percent\": null}\n");
	cli_end();
}

static void test_the_fuller_limit_counts(void **state)
{
	static const struct {
		const char *quota, *line;
	} cases[] = {
		{ "19", "100% of 19\n" },
		{ "10", "190% of 10\n" },
		{ "20, 1 message", "200% of 20, 1 message\n" },
		{ "8388607T", "0% of 8388607T\n" },
		{ "3 messages", "66% of 3 messages\n" },
	};
	char more[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin();
		snprintf(more, sizeof more,
			 "listen-tls = {}\nlisten = {\"127.0.0.1:110\"}\n"
			 "quota = \"%s\"\n",
			 cases[i].quota);
		char text[1024];
		snprintf(text, sizeof text,
			 "%smail-root = %s/mail\nusers = %s/auth/users\n"
			 "run-dir = %s/run\n",
			 more, cli.dir, cli.dir, cli.dir);
		cli_file("poplar.conf", text);
		CHECK_EQ(CLI_RUN(cli_quota, "quota", "ann"), CLI_OK);
		CHECK(strstr(cli.out, cases[i].line));
		cli_end();
	}
}

static void test_a_recalculation_writes_a_new_index(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "recalc", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "2 messages, 19 octets\n");
	char path[160];
	struct stat st;
	snprintf(path, sizeof path, "%s/mail/ann/Maildir/poplar-index", cli.dir);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "ann"), CLI_OK);
	CHECK(strstr(cli.out, "ann: 19 octets, 2 messages"));
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "recalc", "nobody"), CLI_BAD);
	cli_end();
}

static void check_size_file(const char *text)
{
	char path[160], found[128] = "";

	snprintf(path, sizeof path, "%s/mail/ann/Maildir/maildirsize", cli.dir);
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_EQ(fd >= 0, text != NULL);
	if (!text)
		return;
	CHECK(read(fd, found, sizeof found - 1) >= 0);
	CHECK_TEXT(found, text);
}

/* The quota of a path is the site's, which may not be that of the user. */
static void test_a_recalculation_renews_the_size_file_that_is_there(void **state)
{
	static const char at[] = "mail/ann/Maildir/maildirsize";
	char path[160];

	(void)state;
	world_begin();
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "recalc", "ann"), CLI_OK);
	check_size_file(NULL);
	mail_file(at, "77S\n5000 40\n");
	snprintf(path, sizeof path, "%s/mail/ann/Maildir", cli.dir);
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "recalc", path), CLI_OK);
	check_size_file("77S\n14 2\n");
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "recalc", "ann"), CLI_OK);
	CHECK_TEXT(cli.out, "2 messages, 19 octets\n");
	check_size_file("1024S,4C\n14 2\n");
	cli_end();
}

/* The new file is written to tmp, which forbids it. */
static void test_a_size_file_that_cannot_be_renewed_is_a_failure(void **state)
{
	static const char at[] = "mail/ann/Maildir/maildirsize";
	char tmp[160];

	(void)state;
	world_begin();
	mail_file(at, "77S\n5000 40\n");
	snprintf(tmp, sizeof tmp, "%s/mail/ann/Maildir/tmp", cli.dir);
	CHECK_EQ(chmod(tmp, 0500), 0);
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "recalc", "ann"), CLI_BAD);
	CHECK(strstr(cli.err, "create tmp/"));
	check_size_file("77S\n5000 40\n");
	cli_end();
}

static void test_who_cannot_be_counted_has_a_status(void **state)
{
	(void)state;
	world_begin();
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "nobody", "cat"), CLI_BAD);
	CHECK_TEXT(cli.out, "cat: 0 octets, 0 messages, no quota\n");
	CHECK(strstr(cli.err, "no such user in a users file: nobody"));
	cli_file("mail/bob", "no folder");
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "bob", "ann"), CLI_BAD);
	CHECK(strstr(cli.out, "ann: 19 octets"));
	CHECK(strstr(cli.err, "not counted: bob"));
	cli_end();
}

static void test_wrong_arguments_are_usage(void **state)
{
	static const char *const cases[][7] = {
		{ "quota", "--all", "ann" },    { "quota", "--other" },
		{ "quota", "recalc" },          { "quota", "recalc", "ann", "bob" },
		{ "quota", "recalc", "--all" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin();
		CHECK_EQ(cli_run(cli_quota, cases[i]), CLI_USAGE);
		CHECK(strstr(cli.err, "usage: poplar quota"));
		CHECK_TEXT(cli.out, "");
		cli_end();
	}
	world_begin();
	CHECK_EQ(CLI_RUN(cli_quota, "quota", "--help"), CLI_OK);
	CHECK(strstr(cli.out, "usage: poplar quota"));
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_user_is_a_line),
		TEST(test_each_user_is_an_object_of_json),
		TEST(test_the_fuller_limit_counts),
		TEST(test_a_recalculation_writes_a_new_index),
		TEST(test_a_recalculation_renews_the_size_file_that_is_there),
		TEST(test_a_size_file_that_cannot_be_renewed_is_a_failure),
		TEST(test_who_cannot_be_counted_has_a_status),
		TEST(test_wrong_arguments_are_usage),
	};

	return scheme_start() ? RUN(tests) : 1;
}
