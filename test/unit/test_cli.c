/* Promises of the commands of poplar that have no test of their own: passwords from
 * standard input, and the configuration that is printed. */
#include "cliworld.h"

#include <unistd.h>

#include "cli/password.h"

/* ---- passwords ---- */

static struct {
	enum fault fault;   /* of scheme_make */
	unsigned made;      /* its calls */
	char password[256]; /* what it was given last */
} world;

enum fault __wrap_scheme_make(const char *scheme, struct span password,
			      char out[SCHEME_STORED_MAX]);
enum fault __wrap_scheme_make(const char *scheme, struct span password,
			      char out[SCHEME_STORED_MAX])
{
	world.made++;
	snprintf(out, SCHEME_STORED_MAX, "{%s}stored", scheme);
	return span_copy(password, world.password, sizeof world.password) ? world.fault
									  : FAULT_LIMIT;
}

static struct {
	struct span input;
	char stored[SCHEME_STORED_MAX];
	struct cli_password read;
} typing;

static int make_password(const char *config, int argc, char **argv)
{
	(void)config, (void)argc, (void)argv;
	return cli_make_password("alice", "X", typing.stored) ? CLI_OK : CLI_BAD;
}

static int read_password(const char *config, int argc, char **argv)
{
	(void)config, (void)argc, (void)argv;
	return cli_read_password("alice", &typing.read) ? CLI_OK : CLI_BAD;
}

/* Run one of the two with this standard input. */
static int type(int (*what)(const char *, int, char **), struct span input)
{
	int file;
	char nothing[8];
	const int before = cli_catch(STDIN_FILENO, &file);

	CHECK(pwrite(file, input.at, input.len, 0) == (ssize_t)input.len);
	memset(&world.password, 0, sizeof world.password);
	world.made = 0;
	memset(&typing, 0, sizeof typing);
	const int status = CLI_RUN(what, "password");
	cli_release(STDIN_FILENO, before, file, nothing, sizeof nothing);
	return status;
}

static const char long_line[] =
	"12345678901234567890123456789012345678901234567890"
	"12345678901234567890123456789012345678901234567890"
	"12345678901234567890123456789012345678901234567890"
	"12345678901234567890123456789012345678901234567890"
	"12345678901234567890123456789012345678901234567890123456";

/* Spaces at either end belong to a password; the line end does not. */
static void test_a_password_is_the_first_line(void **state)
{
	static const struct {
		struct span input;
		const char *password; /* NULL: refused */
	} cases[] = {
		{ SPAN("secret\n"), "secret" },
		{ SPAN("secret"), "secret" },
		{ SPAN("secret\r\n"), "secret" },
		{ SPAN("secret\r"), "secret" },
		{ SPAN(" two  words \nmore\n"), " two  words " },
		{ SPAN(""), NULL },
		{ SPAN("\n"), NULL },
		{ SPAN("\r\nsecret\n"), NULL },
		{ { long_line, 256 }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *password = cases[i].password;

		CHECK_EQ(type(read_password, cases[i].input),
			 password ? CLI_OK : CLI_BAD);
		CHECK_EQ(strstr(cli.err, "a password has 1 to 255 octets") != NULL,
			 !password);
		if (password)
			CHECK_SPAN(((struct span){ typing.read.text, typing.read.len }),
				   password);
	}
	CHECK_EQ(type(read_password, (struct span){ long_line, 255 }), CLI_OK);
	CHECK_EQ(typing.read.len, 255);
}

/* As logins prepare and send it. */
static void test_a_new_password_is_one_that_clients_can_send(void **state)
{
	static const struct {
		struct span input;
		const char *password, *says; /* NULL: refused */
	} cases[] = {
		{ SPAN("secret\n"), "secret", NULL },
		{ SPAN("se\u00adcret\n"), "secret", NULL }, /* RFC 4013 section 2.1 */
		{ SPAN("\u2168\n"), "IX", NULL },           /* section 3 */
		{ SPAN("se\rcret\n"), NULL, "no client can send" },
		{ SPAN("se\0cret\n"), NULL, "no client can send" },
		{ SPAN("se\xff\n"), NULL, "a password is UTF-8" },
		{ SPAN("se\uFDD0\n"), NULL, "a password is UTF-8" }, /* section 2.3 */
		{ SPAN("\x07\n"), "\x07", NULL }, /* RFC 1939 allows any */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *password = cases[i].password;

		CHECK_EQ(type(make_password, cases[i].input),
			 password ? CLI_OK : CLI_BAD);
		CHECK_EQ(world.made, password != NULL);
		CHECK_TEXT(world.password, password ? password : "");
		CHECK_TEXT(typing.stored, password ? "{X}stored" : "");
		if (cases[i].says)
			CHECK(strstr(cli.err, cases[i].says));
	}
}

/* "PASS ", the password and CRLF are a line of 255 octets (RFC 2449 section 4). */
static void test_a_password_too_long_for_pass_is_a_warning(void **state)
{
	(void)state;
	CHECK_EQ(type(make_password, (struct span){ long_line, 248 }), CLI_OK);
	CHECK_TEXT(cli.err, "");
	CHECK_EQ(type(make_password, (struct span){ long_line, 249 }), CLI_OK);
	CHECK(strstr(cli.err, "249 octets are more than the 248 that PASS takes"));
}

static void test_what_a_scheme_cannot_store_is_said(void **state)
{
	static const struct {
		enum fault fault;
		const char *says;
	} cases[] = {
		{ FAULT_SYNTAX, "no such scheme for new passwords: X" },
		{ FAULT_LIMIT, "this scheme cannot store such a password: X" },
		{ FAULT_NOMEM, "the password could not be hashed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		world.fault = cases[i].fault;
		CHECK_EQ(type(make_password, SPAN("secret\n")), CLI_BAD);
		CHECK(strstr(cli.err, cases[i].says));
	}
	world.fault = FAULT_NONE;
}

/* ---- the configuration ---- */

/* What is printed is a configuration that says the same. */
static void test_the_printed_configuration_reads_back(void **state)
{
	static char printed[sizeof cli.out];
	char text[4096];

	(void)state;
	cli_begin("database \"a \\\"b\" { driver = checkpassword "
		  "program = {\"/bin/true\", \"x y\"} timeout = 7s }\n"
		  "default-domain = \"example.org\"\nxtnd = yes\n");
	snprintf(text, sizeof text,
		 "%sboard \"news\" { maildir = \"%s/mail/news\" readers = {\"*\"} }\n",
		 cli_text("poplar.conf"), cli.dir);
	cli_file("poplar.conf", text);
	CHECK_EQ(CLI_RUN(cli_config, "config"), CLI_OK);
	strcpy(printed, cli.out);
	CHECK(strstr(printed, "database \"a \\\"b\" {\n"));
	CHECK(strstr(printed, "\ttimeout = 7s\n"));
	CHECK(!strstr(printed, "\tquery-find = ")); /* checkpassword has none */
	CHECK(strstr(printed, "board \"news\" {\n\tmaildir = "));
	cli_file("poplar.conf", printed);
	CHECK_EQ(CLI_RUN(cli_config, "config"), CLI_OK);
	CHECK_TEXT(cli.out, printed);
	CHECK_EQ(CLI_RUN(cli_config, "config", "more"), CLI_USAGE);
	cli_end();
}

/* ---- reload ---- */

static void test_a_reload_needs_a_server(void **state)
{
	(void)state;
	cli_begin("");
	CHECK_EQ(CLI_RUN(cli_reload, "reload"), CLI_BAD);
	CHECK(strstr(cli.err, "poplard does not run"));
	/* A process that began at another time is another process, and gets no SIGHUP.
	 */
	char line[64];
	snprintf(line, sizeof line, "poplard %d 1 0 0 0 0 parent\n", (int)getpid());
	cli_file("run/state", line);
	CHECK_EQ(CLI_RUN(cli_reload, "reload"), CLI_BAD);
	CHECK(strstr(cli.err, "poplard does not run"));
	CHECK_TEXT(cli.out, "");
	CHECK_EQ(CLI_RUN(cli_reload, "reload", "more"), CLI_USAGE);
	cli_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_password_is_the_first_line),
		TEST(test_a_new_password_is_one_that_clients_can_send),
		TEST(test_a_password_too_long_for_pass_is_a_warning),
		TEST(test_what_a_scheme_cannot_store_is_said),
		TEST(test_the_printed_configuration_reads_back),
		TEST(test_a_reload_needs_a_server),
	};

	return RUN(tests);
}
