/* Promises of the client of POP3 servers (src/cli/popclient.h, moveside.h, compare.h):
 * it hears what a server says, octet for octet and however the octets are cut; a server
 * that lies, stops or floods ends its session and nothing else. */
#include "check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/compare.h"
#include "cli/moveside.h"

static struct {
	struct pop pop;
	int server; /* the other end of the connection */
	char taken[4096];
	struct buf out;
} w;

/* The server has said all of this, and has closed its side. */
static bool open_with(const char *said, size_t len)
{
	static const struct pop_server clear = { .host = "x", .port = "1" };
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	CHECK(write(ends[1], said, len) == (ssize_t)len);
	CHECK(shutdown(ends[1], SHUT_WR) == 0);
	w.server = ends[1];
	w.out = BUF(w.taken);
	return pop_open_on(&w.pop, &clear, ends[0]);
}

/* What the client has sent. */
static void close_with(const char *sent)
{
	char room[4096];

	pop_close(&w.pop);
	const ssize_t n = read(w.server, room, sizeof room);
	CHECK_SPAN(((struct span){ room, n > 0 ? (size_t)n : 0 }), sent);
	close(w.server);
}

static bool open_text(const char *said)
{
	return open_with(said, strlen(said));
}

static void take(void *arg, struct span part)
{
	(void)arg;
	buf_put(&w.out, part);
}

static void take_line(void *arg, struct span line)
{
	take(arg, line);
	buf_char(&w.out, '|');
}

static void test_a_session_says_user_pass_and_commands(void **state)
{
	(void)state;
	CHECK(open_text("+OK hi\r\n+OK\r\n+OK in\r\n+OK 2 320\r\n"));
	CHECK_TEXT(w.pop.said, "hi");
	CHECK(pop_login(&w.pop, "ann", "pass word:x"));
	CHECK(pop_ask(&w.pop, "STAT"));
	CHECK_TEXT(w.pop.said, "2 320");
	close_with("USER ann\r\nPASS pass word:x\r\nSTAT\r\n");
}

static void test_no_quit_is_sent(void **state)
{
	(void)state;
	CHECK(open_text("+OK\r\n"));
	close_with("");
}

static void test_a_refusal_is_told_in_the_words_of_the_server(void **state)
{
	(void)state;
	CHECK(!open_text("-ERR [SYS/TEMP] later\r\n"));
	CHECK_TEXT(w.pop.said, "-ERR [SYS/TEMP] later");
	close_with("");
	CHECK(open_text("+OK\r\n-ERR who\r\n"));
	CHECK(!pop_login(&w.pop, "ann", "secret"));
	CHECK_TEXT(w.pop.said, "-ERR who");
	close_with("USER ann\r\n");
}

static void test_the_end_of_a_connection_is_no_reply(void **state)
{
	(void)state;
	CHECK(!open_text("+OK no line end"));
	CHECK_TEXT(w.pop.said, "the server closed the connection");
	close_with("");
}

static void test_a_line_without_end_ends_the_session(void **state)
{
	char flood[2 * POP_LINE_MAX];

	(void)state;
	memset(flood, 'x', sizeof flood);
	memcpy(flood, "+OK", 3);
	flood[sizeof flood - 1] = '\n';
	CHECK(!open_with(flood, sizeof flood));
	CHECK_TEXT(w.pop.said, "the server sent a line that is too long");
	close_with("");
}

/* A line within a command would be a second command. */
static void test_no_command_is_cut(void **state)
{
	char name[POP_LINE_MAX];

	(void)state;
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	CHECK(open_text("+OK\r\n"));
	CHECK(!pop_login(&w.pop, name, "secret"));
	close_with("");
}

static void test_lists_have_their_lines(void **state)
{
	(void)state;
	CHECK(open_text(
		"+OK\r\n+OK 2\r\n1 a\r\n2 ..\r\n.\r\n+OK\r\n.\r\n+OK\r\n1 x\r\n"));
	CHECK(pop_ask(&w.pop, "UIDL"));
	CHECK(pop_lines(&w.pop, take_line, NULL));
	CHECK_SPAN(buf_span(&w.out), "1 a|2 ..|");
	CHECK(pop_ask(&w.pop, "UIDL"));
	CHECK(pop_lines(&w.pop, take_line, NULL));
	CHECK(pop_ask(&w.pop, "UIDL"));
	CHECK(!pop_lines(&w.pop, take_line, NULL)); /* cut off */
	close_with("UIDL\r\nUIDL\r\nUIDL\r\n");
}

/* Octets on the wire, and those of the message. */
static const struct {
	const char *wire, *message;
} messages[] = {
	{ ".\r\n", "" },
	{ "a\r\n.\r\n", "a\r\n" },
	{ "..\r\n...a\r\n.\r\n", ".\r\n..a\r\n" },
	{ "a.\r\n.b\r\n.\r\n", "a.\r\nb\r\n" },
	{ ".\rx\r\n.\r\n", "\rx\r\n" },
	{ ".\r\r\n.\r\n", "\r\r\n" },
	{ "a\n.\n.\r\nb\r\n.\r\n", "a\n.\n.\r\nb\r\n" }, /* an LF alone ends no line */
	{ "\r\n\r\n.\r\n", "\r\n\r\n" },
	{ "a\r.\r\n.\r\n", "a\r.\r\n" },
};

static void test_a_message_has_its_octets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		char said[200];

		snprintf(said, sizeof said, "+OK\r\n%s+OK behind\r\n",
			 messages[i].wire);
		CHECK(open_text(said));
		CHECK(pop_message(&w.pop, take, NULL));
		CHECK_SPAN(buf_span(&w.out), messages[i].message);
		CHECK(pop_ask(&w.pop, "NOOP"));
		CHECK_TEXT(w.pop.said, "behind");
		close_with("NOOP\r\n");
	}
}

/* Each cut of the input: the octets before it come with the greeting, in one read. */
static void test_no_cut_changes_a_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		for (size_t cut = 0; cut <= strlen(messages[i].wire); cut++) {
			struct span wire = span_of(messages[i].wire);

			CHECK(open_text("+OK\r\n"));
			memcpy(w.pop.in, wire.at, cut);
			w.pop.unread = (struct span){ w.pop.in, cut };
			close(w.server);
			close(w.pop.fd);
			int ends[2];
			CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
			wire = span_after(wire, cut);
			CHECK(write(ends[1], wire.at, wire.len) == (ssize_t)wire.len);
			CHECK(shutdown(ends[1], SHUT_WR) == 0);
			w.pop.fd = ends[0];
			w.server = ends[1];
			CHECK(pop_message(&w.pop, take, NULL));
			CHECK_SPAN(buf_span(&w.out), messages[i].message);
			close_with("");
		}
}

static void test_a_message_that_is_cut_off_is_no_message(void **state)
{
	(void)state;
	CHECK(open_text("+OK\r\na\r\n."));
	CHECK(!pop_message(&w.pop, take, NULL));
	close_with("");
}

/* ---- where servers are ---- */

static void test_a_server_is_a_host_and_perhaps_a_port(void **state)
{
	static const struct {
		const char *text, *tls, *host, *port;
		enum pop_tls got;
	} good[] = {
		{ "mail.example", NULL, "mail.example", "110", POP_STLS },
		{ "mail.example:995", NULL, "mail.example", "995", POP_TLS },
		{ "mail.example", "tls", "mail.example", "995", POP_TLS },
		{ "mail.example:995", "none", "mail.example", "995", POP_CLEAR },
		{ "127.0.0.2:1110", NULL, "127.0.0.2", "1110", POP_CLEAR },
		{ "localhost", NULL, "localhost", "110", POP_CLEAR },
		{ "::1", NULL, "::1", "110", POP_CLEAR },
		{ "[::1]", NULL, "::1", "110", POP_CLEAR },
		{ "[2001:db8::1]:1995", "stls", "2001:db8::1", "1995", POP_STLS },
		{ "2001:db8::1", NULL, "2001:db8::1", "110", POP_STLS },
	};
	static const char *const bad[] = { "",         ":110",   "host:",
					   "host:0",   "host:x", "host:65536",
					   "[::1]110", "[::1]:", "[::1" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct move_side side = { .option = "--old" };

		CHECK(side_parse(&side, good[i].text, good[i].tls));
		CHECK_TEXT(side.server.host, good[i].host);
		CHECK_TEXT(side.server.port, good[i].port);
		CHECK_EQ(side.server.tls, good[i].got);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct move_side side = { .option = "--old" };

		CHECK(!side_parse(&side, bad[i], NULL));
	}
	struct move_side side = { .option = "--old" };
	CHECK(!side_parse(&side, "host", "ssl"));
}

/* Reads the text as a file of passwords. */
static bool read_secrets(struct side_secrets *out, const char *text, mode_t mode)
{
	char path[] = "/tmp/poplar-secrets-XXXXXX";
	const int fd = mkstemp(path);

	*out = (struct side_secrets){ 0 };
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(fchmod(fd, mode) == 0 && close(fd) == 0);
	const bool good = side_read(out, path);
	unlink(path);
	return good;
}

static void test_a_file_of_passwords_is_taken_as_it_is_or_not_at_all(void **state)
{
	static const char *const bad[] = { "ann\n", ":secret\n", "ann:a\nann:b\n",
					   "ann:a\r\n" };
	struct side_secrets secrets;

	(void)state;
	CHECK(read_secrets(&secrets, "# users\n\nbob:b:c d\nann:\n", 0600));
	CHECK_EQ(secrets.count, 2);
	CHECK_TEXT(secrets.at[0].name, "ann");
	CHECK_TEXT(secrets.at[0].password, "");
	CHECK_TEXT(secrets.at[1].password, "b:c d");
	side_secrets_done(&secrets);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(!read_secrets(&secrets, bad[i], 0600));
		side_secrets_done(&secrets);
	}
	CHECK(!read_secrets(&secrets, "ann:a\n", 0644));
	side_secrets_done(&secrets);
}

static void test_a_master_user_logs_in_for_the_user(void **state)
{
	struct move_side side = { .separator = '*' };

	(void)state;
	CHECK(read_secrets(&side.passwords, "ann:a\n", 0600));
	CHECK(open_text("+OK\r\n+OK\r\n+OK\r\n"));
	CHECK(side_login(&side, &w.pop, "ann"));
	close_with("USER ann\r\nPASS a\r\n");
	CHECK(open_text("+OK\r\n"));
	CHECK(!side_login(&side, &w.pop, "bob"));
	CHECK_TEXT(w.pop.said, "no password is known for this user");
	close_with("");
	CHECK(read_secrets(&side.master, "admin:m\n", 0600));
	CHECK(open_text("+OK\r\n+OK\r\n+OK\r\n"));
	CHECK(side_login(&side, &w.pop, "bob"));
	close_with("USER bob*admin\r\nPASS m\r\n");
	side_secrets_done(&side.passwords);
	side_secrets_done(&side.master);
}

/* ---- what they say ---- */

static struct compare_view view(const char *stat, const char *list, const char *uidl)
{
	struct compare_view v = { 0 };
	struct span rest = span_of(list), line;

	CHECK(compare_stat(span_of(stat), &v));
	while (rest.len > 0) {
		(void)span_cut(&rest, '|', &line);
		compare_add(&v.list, line);
	}
	rest = span_of(uidl);
	while (rest.len > 0) {
		(void)span_cut(&rest, '|', &line);
		compare_add(&v.uidl, line);
	}
	return v;
}

static void check_pair(const struct compare_view *b, bool sizes, const char *wanted)
{
	struct compare_view a = view("2 30", "1 10|2 20", "1 a|2 b");
	char room[512];
	struct buf out = BUF(room);

	CHECK_EQ(compare_views(&a, b, sizes, &out), *wanted == '\0');
	CHECK_SPAN(buf_span(&out), wanted);
	compare_done(&a.list);
	compare_done(&a.uidl);
}

static void test_the_first_difference_is_told_and_the_number_of_all(void **state)
{
	static const struct {
		const char *stat, *list, *uidl, *said, *without_sizes;
	} cases[] = {
		{ "2 30", "1 10|2 20", "1 a|2 b", "", "" },
		{ "2 31", "1 10|2 21", "1 a|2 b",
		  "LIST: the old server says \"2 20\", the new one \"2 21\"", "" },
		{ "2 31 more", "1 10|2 20", "1 a|2 b",
		  "STAT: the old server says 2 30, the new one 2 31", "" },
		{ "2 30", "1 10|2 20", "1 b|2 a",
		  "UIDL: the old server says \"1 a\", the new one \"1 b\" (and 1 more)",
		  "UIDL: the old server says \"1 a\", the new one \"1 b\" (and 1 "
		  "more)" },
		{ "1 10", "1 10", "1 a",
		  "UIDL: the old server says \"2 b\", the new one nothing",
		  "UIDL: the old server says \"2 b\", the new one nothing" },
		{ "3 60", "1 10|2 20|3 30", "1 a|2 b|3 c",
		  "UIDL: the old server says nothing, the new one \"3 c\"",
		  "UIDL: the old server says nothing, the new one \"3 c\"" },
		{ "3 30", "1 10|2 20", "1 a|2 b",
		  "STAT: the old server says 2 30, the new one 3 30",
		  "STAT: the old server says 2 30, the new one 3 30" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct compare_view b =
			view(cases[i].stat, cases[i].list, cases[i].uidl);

		check_pair(&b, true, cases[i].said);
		check_pair(&b, false, cases[i].without_sizes);
		compare_done(&b.list);
		compare_done(&b.uidl);
	}
}

static void test_stat_has_two_numbers(void **state)
{
	static const char *const bad[] = {
		"", "2", "2 ", "x 3", "2 y", " 2 3", "2 99999999999999999999"
	};
	struct compare_view v = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!compare_stat(span_of(bad[i]), &v));
	CHECK(compare_stat(SPAN("7 8 (more)"), &v));
	CHECK_EQ(v.messages, 7);
	CHECK_EQ(v.octets, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_session_says_user_pass_and_commands),
		TEST(test_no_quit_is_sent),
		TEST(test_a_refusal_is_told_in_the_words_of_the_server),
		TEST(test_the_end_of_a_connection_is_no_reply),
		TEST(test_a_line_without_end_ends_the_session),
		TEST(test_no_command_is_cut),
		TEST(test_lists_have_their_lines),
		TEST(test_a_message_has_its_octets),
		TEST(test_no_cut_changes_a_message),
		TEST(test_a_message_that_is_cut_off_is_no_message),
		TEST(test_a_server_is_a_host_and_perhaps_a_port),
		TEST(test_a_file_of_passwords_is_taken_as_it_is_or_not_at_all),
		TEST(test_a_master_user_logs_in_for_the_user),
		TEST(test_the_first_difference_is_told_and_the_number_of_all),
		TEST(test_stat_has_two_numbers),
	};

	return RUN(tests);
}
