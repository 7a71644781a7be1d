/* Promises of `poplar user test`: what it asks poplar-auth, what it prints of each
 * answer, and its exit status. The test is poplar-auth: its answers wait in the
 * channel.
 */
#include "cliworld.h"

#include "auth/database.h"
#include "base/mechanism.h"
#include "cli/password.h"
#include "cli/server.h"

static struct {
	int server; /* the tool's end; -1: no server answers */
	struct channel auth;
	unsigned connected;
} world;

int __wrap_cli_connect(const struct settings *s);
int __wrap_cli_connect(const struct settings *s)
{
	(void)s;
	world.connected++;
	return TAKE_FD(world.server);
}

bool __wrap_cli_read_password(const char *name, struct cli_password *out);
bool __wrap_cli_read_password(const char *name, struct cli_password *out)
{
	if (strcmp(name, "silent") == 0)
		return false;
	strcpy(out->text, "secret");
	out->len = strlen("secret");
	return true;
}

static void world_begin(const char *more)
{
	cli_begin(more);
	world.connected = 0;
	world.auth = channel_of(peer_new(&world.server), ROLE_TOOL, ROLE_AUTH);
}

static void world_end(void)
{
	own_fd_close(&world.server);
	own_fd_close(&world.auth.fd);
	cli_end();
}

static void answer(struct message m)
{
	peer_say(world.auth.fd, &m, -1);
}

static void answer_login(const char *path)
{
	answer((struct message){
		.kind = MESSAGE_TEST_IS,
		.TEST_IS = { .user = SPAN("alice"), .path = span_of(path) } });
}

static void answer_denied(void)
{
	answer((struct message){ .kind = MESSAGE_TEST_IS,
				 .TEST_IS = { .fault = FAULT_DENIED } });
}

/* ---- the question ---- */

static void test_the_question_is_what_was_given(void **state)
{
	(void)state;
	world_begin("");
	answer_denied();
	CLI_RUN(cli_user, "user", "test", "--from", "2001:db8::1", "--method",
		"scram-sha-256", "alice");
	const struct message_TEST_ASK *ask =
		&peer_hears(&world.auth, MESSAGE_TEST_ASK, NULL)->TEST_ASK;
	CHECK_EQ(ask->tls, 1);
	CHECK_EQ(ask->mechanism, MECHANISM_ID_SCRAM_SHA_256);
	CHECK_SPAN(ask->peer, "[2001:db8::1]:110");
	CHECK_SPAN(ask->user, "alice");
	CHECK_SPAN(ask->password, "secret");
	world_end();
	world_begin("");
	answer_denied();
	CLI_RUN(cli_user, "user", "test", "--clear", "alice");
	ask = &peer_hears(&world.auth, MESSAGE_TEST_ASK, NULL)->TEST_ASK;
	CHECK_EQ(ask->tls, 0);
	CHECK_EQ(ask->mechanism, MECHANISM_ID_USER);
	CHECK_SPAN(ask->peer, "127.0.0.1:110");
	world_end();
}

static void test_wrong_arguments_are_usage_and_ask_nobody(void **state)
{
	static const char *const cases[][7] = {
		{ "user", "test" },
		{ "user", "test", "alice", "bob" },
		{ "user", "test", "--from", "localhost", "alice" },
		{ "user", "test", "--from", "", "alice" },
		{ "user", "test", "--method", "GSSAPI", "alice" },
		{ "user", "test", "--method", "OAUTHBEARER", "alice" },
		{ "user", "test", "--method", "XOAUTH2", "alice" },
		{ "user", "test", "--method", "EXTERNAL", "alice" },
		{ "user", "test", "--method", "ANONYMOUS", "alice" },
		{ "user", "test", "--method", "NONE", "alice" },
		{ "user", "test", "--other", "alice" },
		{ "user", "test", "--from" },
		{ "user", "test", "--recipient" },
		{ "user", "test", "--json", "alice" },
		{ "user", "test", "--recipient", "--clear", "alice" },
		{ "user", "test", "--recipient", "--from", "::1", "alice" },
		{ "user", "test", "--recipient", "--method", "PLAIN", "alice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin("");
		CHECK_EQ(cli_run(cli_user, cases[i]), CLI_USAGE);
		CHECK(strstr(cli.err, "usage: poplar user test"));
		CHECK_TEXT(cli.out, "");
		CHECK_EQ(world.connected, 0);
		world_end();
	}
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--help"), CLI_OK);
}

/* What a front would not offer is refused without a question. */
static void test_a_login_in_the_clear_is_refused_as_a_front_does(void **state)
{
	static const struct {
		const char *setting, *from, *method;
		bool asks;
	} cases[] = {
		{ "plaintext-auth = no\n", "127.0.0.1", "PLAIN", false },
		{ "plaintext-auth = loopback\n", "127.0.0.1", "PLAIN", true },
		{ "plaintext-auth = loopback\n", "::1", "USER", true },
		{ "plaintext-auth = loopback\n", "192.0.2.1", "USER", false },
		{ "plaintext-auth = loopback\n", "192.0.2.1", "APOP", false },
		{ "plaintext-auth = yes\n", "192.0.2.1", "USER", true },
		{ "plaintext-auth = no\n", "192.0.2.1", "SCRAM-SHA-256", true },
		{ "plaintext-auth = yes\n", "127.0.0.1", "SCRAM-SHA-256-PLUS", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin(cases[i].setting);
		answer_denied();
		CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--clear", "--from",
				 cases[i].from, "--method", cases[i].method, "alice"),
			 CLI_BAD);
		CHECK_EQ(world.connected, cases[i].asks);
		CHECK_EQ(strstr(cli.out, "start TLS before logging in") != NULL,
			 !cases[i].asks);
		world_end();
	}
}

/* ---- the answers ---- */

static void test_each_step_is_a_line(void **state)
{
	static const struct {
		uint64_t says;
		const char *trouble, *line;
	} steps[] = {
		{ DATABASE_UNKNOWN, "", "database people: does not know the user\n" },
		{ DATABASE_WRONG, "locked",
		  "database people: the password is wrong, or the user is refused: "
		  "locked\n" },
		{ DATABASE_RIGHT, "", "database people: the password is right\n" },
		{ DATABASE_DOWN, "a\nb\x7f\x1b",
		  "database people: cannot tell: a?b??\n" },
		{ DATABASE_DOWN + 1, "", "database people: ?\n" },
	};

	(void)state;
	world_begin("");
	answer((struct message){ .kind = MESSAGE_TEST_LOOKS,
				 .TEST_LOOKS = { SPAN("alice@example.org") } });
	answer((struct message){ .kind = MESSAGE_TEST_LOOKS });
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		answer((struct message){ .kind = MESSAGE_TEST_SAYS,
					 .TEST_SAYS = { SPAN("people"), steps[i].says,
							span_of(steps[i].trouble) } });
	answer_denied();
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "alice"), CLI_BAD);
	CHECK(strstr(cli.out, "looking for alice@example.org\n"
			      "no user can have this name\n"));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		CHECK(strstr(cli.out, steps[i].line));
	world_end();
}

/* The status is what a client would be told. */
static void test_the_status_is_that_of_the_response_code(void **state)
{
	static const struct {
		uint64_t fault;
		int status;
	} cases[] = {
		{ FAULT_DENIED, CLI_BAD },      { FAULT_NEEDS_TLS, CLI_BAD },
		{ FAULT_NOT_UTF8, CLI_BAD },    { FAULT_BUSY, CLI_TEMPORARY },
		{ FAULT_IO, CLI_TEMPORARY },    { FAULT_TOO_SOON, CLI_TEMPORARY },
		{ FAULT_SETUP, CLI_PERMANENT }, { FAULT_CORRUPT, CLI_PERMANENT },
		{ FAULT_COUNT, CLI_TEMPORARY }, { UINT64_MAX, CLI_TEMPORARY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world_begin("");
		answer((struct message){ .kind = MESSAGE_TEST_IS,
					 .TEST_IS = { .fault = cases[i].fault,
						      .trouble = SPAN("by a rule") } });
		CHECK_EQ(CLI_RUN(cli_user, "user", "test", "alice"), cases[i].status);
		CHECK(strstr(cli.out, "login refused: "));
		CHECK(strstr(cli.out, ": by a rule\n"));
		world_end();
	}
}

static void test_a_server_that_gives_no_answer_has_a_status(void **state)
{
	(void)state;
	world_begin("");
	own_fd_close(&world.server);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "alice"), CLI_NO_SERVER);
	world_end();
	world_begin("");
	answer((struct message){ .kind = MESSAGE_TEST_LOOKS });
	own_fd_close(&world.auth.fd);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "alice"), CLI_NO_SERVER);
	world_end();
	world_begin("");
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "silent"), CLI_BAD);
	CHECK_EQ(world.connected, 0);
	world_end();
}

/* ---- recipients ---- */

static void answer_recipient(struct message_TEST_IS is)
{
	const struct message_TEST_SAYS says[] = {
		{ SPAN("people"), DATABASE_DOWN, SPAN("no \"server\"\n") },
		{ SPAN("users"), DATABASE_RIGHT, SPAN("") },
	};

	for (size_t i = 0; i < 2; i++) {
		answer((struct message){ .kind = MESSAGE_TEST_LOOKS,
					 .TEST_LOOKS = { SPAN("alice\xff") } });
		answer((struct message){ .kind = MESSAGE_TEST_SAYS,
					 .TEST_SAYS = says[i] });
	}
	answer((struct message){ .kind = MESSAGE_TEST_IS, .TEST_IS = is });
}

static const struct message_TEST_IS alice_is = { .user = SPAN("alice"),
						 .path = SPAN("alice/Maildir"),
						 .has_uid = 1,
						 .uid = 7,
						 .quota_octets = 1024 };

static void test_a_recipient_is_asked_for_without_a_password(void **state)
{
	char line[256];

	(void)state;
	world_begin("");
	answer_recipient(alice_is);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", "silent@example.org"),
		 CLI_OK);
	CHECK_SPAN(peer_hears(&world.auth, MESSAGE_TEST_RECIPIENT, NULL)
			   ->TEST_RECIPIENT.address,
		   "silent@example.org");
	snprintf(line, sizeof line,
		 "mail goes to alice, maildrop %s/mail/alice/Maildir, kept by uid 7\n"
		 "quota: 1k\n",
		 cli.dir);
	CHECK(strstr(cli.out, line));
	CHECK(strstr(cli.out, "looking for alice\\xff\n"
			      "database people: cannot tell: no \"server\"\\x0a\n"));
	CHECK(strstr(cli.out, "database users: has the user\n"));
	world_end();
}

static void test_a_recipient_is_one_object_of_json(void **state)
{
	char text[1024];

	(void)state;
	world_begin("");
	answer_recipient(alice_is);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", "--json", "a\\@b"),
		 CLI_OK);
	snprintf(text, sizeof text,
		 "{\"address\": \"a\\\\@b\", \"steps\": [{\"name\": \"alice\\ufffd\", "
		 "\"database\": \"people\", \"says\": \"down\", "
		 "\"trouble\": \"no \\\"server\\\"\\u000a\"}, "
		 "{\"name\": \"alice\\ufffd\", \"database\": \"users\", "
		 "\"says\": \"found\", \"trouble\": \"\"}], \"fault\": null, "
		 "\"user\": \"alice\", \"mail_root\": \"%s/mail\", "
		 "\"maildrop\": \"alice/Maildir\", \"uid\": 7, "
		 "\"quota\": {\"octets\": 1024, \"messages\": null}}\n",
		 cli.dir);
	CHECK_TEXT(cli.out, text);
	world_end();
	world_begin("");
	answer((struct message){ .kind = MESSAGE_TEST_IS,
				 .TEST_IS = { .user = SPAN("m\u00fcller"),
					      .path = SPAN("m/Maildir"),
					      .quota_messages = 5 } });
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--json", "--recipient", "m"),
		 CLI_OK);
	snprintf(text, sizeof text,
		 "{\"address\": \"m\", \"steps\": [], \"fault\": null, "
		 "\"user\": \"m\u00fcller\", \"mail_root\": \"%s/mail\", "
		 "\"maildrop\": \"m/Maildir\", \"uid\": null, "
		 "\"quota\": {\"octets\": null, \"messages\": 5}}\n",
		 cli.dir);
	CHECK_TEXT(cli.out, text);
	world_end();
}

static void test_the_status_says_whether_mail_is_refused_or_waits(void **state)
{
	static const struct {
		uint64_t fault;
		int status;
		const char *line, *json;
	} cases[] = {
		{ FAULT_NO_USER, CLI_BAD, "mail is refused: no such user: by a rule\n",
		  "\"no-user\"" },
		{ FAULT_NO_DELIVERY, CLI_BAD,
		  "mail is refused: user takes no mail: by a rule\n",
		  "\"no-delivery\"" },
		{ FAULT_IO, CLI_TEMPORARY, "mail has to wait: ", "\"io\"" },
		{ FAULT_SETUP, CLI_TEMPORARY, "mail has to wait: ", "\"setup\"" },
		{ FAULT_DENIED, CLI_TEMPORARY, "mail has to wait: ", "\"denied\"" },
		{ UINT64_MAX, CLI_TEMPORARY, "mail has to wait: ", "\"peer\"" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		const size_t n = i / 2;

		world_begin("");
		answer((struct message){ .kind = MESSAGE_TEST_IS,
					 .TEST_IS = { .fault = cases[n].fault,
						      .trouble = SPAN("by a rule") } });
		CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient",
				 i % 2 ? "--json" : "--recipient", "bob@e"),
			 cases[n].status);
		CHECK(strstr(cli.out, i % 2 ? cases[n].json : cases[n].line));
		CHECK(strstr(cli.out, "by a rule"));
		world_end();
	}
	world_begin("");
	own_fd_close(&world.server);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", "bob@e"),
		 CLI_NO_SERVER);
	CHECK_TEXT(cli.out, "");
	world_end();
	world_begin("");
	own_fd_close(&world.auth.fd);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", "bob@e"),
		 CLI_NO_SERVER);
	world_end();
	world_begin("");
	static char longer[514];
	memset(longer, 'x', sizeof longer - 1);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", longer), CLI_BAD);
	world_end();
}

/* Whoever parses it gets an object, whatever became of the server. */
static void test_json_is_whole_without_an_answer(void **state)
{
	static const char lost[] =
		"{\"address\": \"bob@e\", \"steps\": [], \"fault\": \"peer\", "
		"\"trouble\": \"the server gave no answer\"}\n";

	(void)state;
	world_begin("");
	own_fd_close(&world.server);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", "--json", "bob@e"),
		 CLI_NO_SERVER);
	CHECK_TEXT(cli.out, lost);
	world_end();
	world_begin("");
	own_fd_close(&world.auth.fd);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "--recipient", "--json", "bob@e"),
		 CLI_NO_SERVER);
	CHECK_TEXT(cli.out, lost);
	world_end();
}

/* ---- the maildrop ---- */

/* poplar-auth sends a socket; at its other end, poplar-drop says this. */
static void answer_drop(const struct message *m)
{
	int theirs, listing = open("/dev/null", O_RDONLY);
	OWN_FD drop = peer_new(&theirs);

	if (m)
		peer_say(drop, m, m->kind == MESSAGE_READY ? listing : -1);
	close(listing);
	peer_say(world.auth.fd, &(struct message){ .kind = MESSAGE_TEST_DROP }, theirs);
	close(theirs);
}

static void test_a_good_login_shows_the_maildrop(void **state)
{
	const struct message ready = { .kind = MESSAGE_READY,
				       .READY = { .count = 3, .octets = 60 } };
	char line[256];

	(void)state;
	world_begin("");
	answer_login("alice/Maildir");
	answer_drop(&ready);
	CHECK_EQ(CLI_RUN(cli_user, "user", "test", "alice"), CLI_OK);
	snprintf(line, sizeof line, "login as alice, maildrop %s/mail/alice/Maildir, ",
		 cli.dir);
	CHECK(strstr(cli.out, line));
	CHECK(strstr(cli.out, "messages in it: 3, octets: 60\n"));
	world_end();
}

static void test_a_maildrop_that_does_not_open_has_a_status(void **state)
{
	static const struct {
		const char *folders[5];
		enum fault fault; /* NONE: poplar-drop ends without a word */
		int status;
	} cases[] = {
		{ { NULL }, FAULT_BUSY, CLI_TEMPORARY },
		{ { NULL }, FAULT_NONE, CLI_TEMPORARY },
		{ { NULL }, FAULT_SETUP, CLI_PERMANENT },
		/* the login makes what is missing of a Maildir, but not the home */
		{ { "mail/alice", NULL }, FAULT_SETUP, CLI_OK },
		{ { "mail/alice", NULL }, FAULT_IO, CLI_TEMPORARY },
		{ { "mail/alice", "mail/alice/Maildir", NULL }, FAULT_SETUP, CLI_OK },
		{ { "mail/alice", "mail/alice/Maildir", "mail/alice/Maildir/cur",
		    NULL },
		  FAULT_SETUP,
		  CLI_OK },
		{ { "mail/alice", "mail/alice/Maildir", "mail/alice/Maildir/new",
		    NULL },
		  FAULT_SETUP,
		  CLI_OK },
		{ { "mail/alice", "mail/alice/Maildir", "mail/alice/Maildir/new",
		    "mail/alice/Maildir/cur", NULL },
		  FAULT_SETUP,
		  CLI_PERMANENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct message failed = { .kind = MESSAGE_FAILED,
						.FAILED = { cases[i].fault } };

		world_begin("");
		for (const char *const *f = cases[i].folders; *f; f++)
			cli_mkdir(*f);
		answer_login("alice/Maildir");
		answer_drop(cases[i].fault ? &failed : NULL);
		CHECK_EQ(CLI_RUN(cli_user, "user", "test", "alice"), cases[i].status);
		CHECK_EQ(strstr(cli.out, "there is no Maildir yet") != NULL,
			 cases[i].status == CLI_OK);
		world_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_question_is_what_was_given),
		TEST(test_wrong_arguments_are_usage_and_ask_nobody),
		TEST(test_a_login_in_the_clear_is_refused_as_a_front_does),
		TEST(test_each_step_is_a_line),
		TEST(test_the_status_is_that_of_the_response_code),
		TEST(test_a_server_that_gives_no_answer_has_a_status),
		TEST(test_a_recipient_is_asked_for_without_a_password),
		TEST(test_a_recipient_is_one_object_of_json),
		TEST(test_the_status_says_whether_mail_is_refused_or_waits),
		TEST(test_json_is_whole_without_an_answer),
		TEST(test_a_good_login_shows_the_maildrop),
		TEST(test_a_maildrop_that_does_not_open_has_a_status),
	};

	return RUN(tests);
}
