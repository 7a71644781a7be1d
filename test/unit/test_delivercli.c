/* Promises of `poplar deliver`: the exit status that the programs in front of it
 * understand, whose words are what, and that a message is stored once. */
#include "climail.h"

#include <signal.h>
#include <sys/wait.h>

#include "auth/user/scheme.h"

#define TEXT "From s@t Fri Nov 20 12:00:00 2026\nSubject: x\n\nbody\n"

/* Run it with this message on standard input. */
static int deliver(const char *text, const char *const *arguments)
{
	int file;
	char none[4];
	const int before = cli_catch(STDIN_FILENO, &file);

	CHECK_EQ(pwrite(file, text, strlen(text), 0), strlen(text));
	const int status = cli_run(cli_deliver, arguments);
	cli_release(STDIN_FILENO, before, file, none, sizeof none);
	return status;
}

#define DELIVER(text, ...)                                                             \
	deliver((text), (const char *const[]){ "deliver", __VA_ARGS__, NULL })

/* The messages of a user, with the text of one that begins with a Return-Path. */
static unsigned count(const char *user, char *out, size_t room)
{
	char path[160];
	unsigned count = 0;

	out[0] = '\0';
	snprintf(path, sizeof path, "%s/mail/%s/Maildir/new", cli.dir, user);
	DIR *all = opendir(path);
	for (struct dirent *e; all && (e = readdir(all));) {
		char name[512];

		if (e->d_name[0] == '.' || strcmp(e->d_name, "1.a") == 0)
			continue;
		count++;
		snprintf(name, sizeof name, "mail/%s/Maildir/new/%s", user, e->d_name);
		snprintf(out, room, "%s", cli_text(name));
	}
	if (all)
		closedir(all);
	return count;
}

static void check_stored(const char *user, const char *text)
{
	char got[512];

	CHECK_EQ(count(user, got, sizeof got), 1);
	CHECK_TEXT(got, text);
}

static void check_empty(const char *user)
{
	char got[512];

	CHECK_EQ(count(user, got, sizeof got), 0);
}

/* Users ann and bob have Maildirs, cat has none. */
static void begin(void)
{
	mail_begin("mail-user = \"nobody\"\n");
	cli_file("auth/users", "ann:{PLAIN}x\nbob:{PLAIN}x\ncat:{PLAIN}x\n");
	mail_maildir("bob");
}

/* ---- without a server ---- */

static void test_every_recipient_gets_the_message_once(void **state)
{
	static const char stored[] = "Return-Path: <s@t>\nSubject: x\n\nbody\n";

	(void)state;
	begin();
	CHECK_EQ(DELIVER(TEXT, "--direct", "ann", "-a", "bob", "ann"), CLI_OK);
	CHECK_TEXT(cli.err, "");
	check_stored("ann", stored);
	check_stored("bob", stored);
	cli_end();
}

static void test_the_sender_of_the_option_counts(void **state)
{
	static const struct {
		const char *option, *stored;
	} cases[] = {
		{ "o@p", "Return-Path: <o@p>\nSubject: x\n\nbody\n" },
		{ "", "Return-Path: <>\nSubject: x\n\nbody\n" },
		{ "<>", "Return-Path: <>\nSubject: x\n\nbody\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin();
		CHECK_EQ(DELIVER(TEXT, "-f", cases[i].option, "--direct", "bob"),
			 CLI_OK);
		check_stored("bob", cases[i].stored);
		cli_end();
	}
}

static void test_a_path_gets_the_message(void **state)
{
	char path[160];

	(void)state;
	begin();
	snprintf(path, sizeof path, "%s/mail/bob/Maildir", cli.dir);
	CHECK_EQ(DELIVER(TEXT, "--maildir", path), CLI_OK);
	check_stored("bob", "Return-Path: <s@t>\nSubject: x\n\nbody\n");
	snprintf(path, sizeof path, "%s/mail/none/Maildir", cli.dir);
	CHECK_EQ(DELIVER(TEXT, "--maildir", path), CLI_TEMPORARY);
	cli_end();
}

/* The worst outcome is the status, and nobody gets the message if one is refused. */
static void test_one_outcome_for_all(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(DELIVER(TEXT, "--direct", "bob", "nobody"), CLI_NO_USER);
	CHECK(strstr(cli.err, "poplar: nobody: 550 5.1.1 "));
	CHECK(!strstr(cli.err, "poplar: nobody: 550 5.1.1 \n"));
	check_empty("bob");
	CHECK_EQ(DELIVER(TEXT, "--direct", "nobody", "cat"), CLI_TEMPORARY);
	CHECK(strstr(cli.err, "poplar: cat: 45"));
	check_empty("bob");
	cli_end();
}

/* bob has room for ten octets. */
static void test_a_full_maildrop_may_have_room_later(void **state)
{
	(void)state;
	begin();
	cli_file("auth/users", "bob:{PLAIN}x::::::quota=10\n");
	CHECK_EQ(DELIVER(TEXT, "--direct", "bob"), CLI_TEMPORARY);
	CHECK(strstr(cli.err, "poplar: bob: 452 4.2.2 "));
	check_empty("bob");
	cli_end();
}

static void test_an_empty_message_is_none(void **state)
{
	(void)state;
	begin();
	CHECK_EQ(DELIVER("", "--direct", "bob"), CLI_DATA);
	CHECK_TEXT(cli.err, "poplar: the message is empty\n");
	check_empty("bob");
	cli_end();
}

/* ---- what an operator can mend ---- */

static void test_wrong_arguments_are_tried_again(void **state)
{
	static const char *const cases[][8] = {
		{ "deliver" },
		{ "deliver", "--other", "bob" },
		{ "deliver", "--direct", "--socket", "/x", "bob" },
		{ "deliver", "--maildir", "relative" },
		{ "deliver", "--maildir", "/x", "bob" },
		{ "deliver", "--maildir", "/x", "--socket", "/y" },
		{ "deliver", "-f" },
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(deliver(TEXT, cases[i]), CLI_TEMPORARY);
		CHECK(strstr(cli.err, "usage: poplar deliver"));
		CHECK_TEXT(cli.out, "");
	}
	CHECK_EQ(DELIVER("", "--help"), CLI_OK);
	CHECK(strstr(cli.out, "usage: poplar deliver"));
	cli_end();
}

static void test_a_wrong_configuration_is_tried_again(void **state)
{
	(void)state;
	begin();
	cli_file("poplar.conf", "no setting\n");
	CHECK_EQ(DELIVER(TEXT, "--direct", "bob"), CLI_TEMPORARY);
	CHECK_EQ(DELIVER(TEXT, "bob"), CLI_TEMPORARY);
	cli_end();
}

/* A Unix socket comes before an address, wherever it stands. */
static void test_the_server_is_the_first_of_listen_lmtp(void **state)
{
	static const struct {
		const char *setting, *said;
	} cases[] = {
		{ "listen-lmtp = {}\n", "listen-lmtp is empty" },
		{ "listen-lmtp = {\"127.0.0.1:1\", \"/nowhere/a\", \"/nowhere/b\"}\n",
		  "cannot reach the server by /nowhere/a: " },
		{ "listen-lmtp = {\"127.0.0.1:1\"}\n",
		  "cannot reach the server by 127.0.0.1:1: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		mail_begin(cases[i].setting);
		CHECK_EQ(DELIVER(TEXT, "bob"), CLI_TEMPORARY);
		CHECK(strstr(cli.err, cases[i].said));
		CHECK_EQ(DELIVER(TEXT, "--socket", "/nowhere/c", "bob"), CLI_TEMPORARY);
		CHECK(strstr(cli.err, "cannot reach the server by /nowhere/c: "));
		CHECK(strstr(cli.err, "poplar: bob: not delivered: no server\n"));
		cli_end();
	}
}

/* Some programs take death by a signal for a refusal. */
static void test_a_signal_is_tried_again(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGXCPU, SIGSEGV };
	struct sigaction now;

	(void)state;
	begin();
	CHECK_EQ(DELIVER(TEXT, "--direct", "nobody"), CLI_NO_USER);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		CHECK_EQ(sigaction(signals[i], NULL, &now), 0);
		CHECK(now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
		int status;
		const pid_t pid = fork();

		if (pid == 0) {
			now.sa_handler(signals[i]);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == CLI_TEMPORARY);
	}
	CHECK(sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
	CHECK(sigaction(SIGXFSZ, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_recipient_gets_the_message_once),
		TEST(test_the_sender_of_the_option_counts),
		TEST(test_a_path_gets_the_message),
		TEST(test_one_outcome_for_all),
		TEST(test_a_full_maildrop_may_have_room_later),
		TEST(test_an_empty_message_is_none),
		TEST(test_wrong_arguments_are_tried_again),
		TEST(test_a_wrong_configuration_is_tried_again),
		TEST(test_the_server_is_the_first_of_listen_lmtp),
		TEST(test_a_signal_is_tried_again),
	};

	return scheme_start() ? RUN(tests) : 1;
}
