/* Promises of pop3/line: lines come out the same however the octets come in. */
#include "check.h"

#include "pop3/line.h"

/* What came out of a stream: each line as "F:text" or "O:" and a bar behind it. */
struct heard {
	char text[4096];
	size_t len;
};

static void hear(struct heard *h, enum line_got got, struct span line)
{
	if (got == LINE_MORE)
		return;
	h->text[h->len++] = got == LINE_FULL ? 'F' : 'O';
	if (got == LINE_FULL) {
		memcpy(h->text + h->len, line.at, line.len);
		h->len += line.len;
	}
	h->text[h->len++] = '|';
	h->text[h->len] = '\0';
}

static void feed(struct line_reader *r, struct span in, struct heard *h)
{
	/* Read from memory of just this size, so that a sanitizer sees one octet too
	 * many. */
	char *copy = malloc(in.len ? in.len : 1);
	struct span rest = { copy, in.len };

	memcpy(copy, in.at, in.len);
	while (rest.len > 0) {
		struct span line = { 0 };
		enum line_got got = line_feed(r, &rest, &line);

		hear(h, got, line);
	}
	free(copy);
}

/* Every way of cutting the input in three. */
static void check_all_cuts(struct span in, const char *expected)
{
	for (size_t i = 0; i <= in.len; i++) {
		for (size_t k = i; k <= in.len; k++) {
			struct line_reader r = { 0 };
			struct heard h = { 0 };

			feed(&r, (struct span){ in.at, i }, &h);
			feed(&r, (struct span){ in.at + i, k - i }, &h);
			feed(&r, span_after(in, k), &h);
			CHECK_TEXT(h.text, expected);
		}
	}
}

static void test_every_cut_gives_the_same_lines(void **state)
{
	(void)state;
	check_all_cuts(SPAN("USER a\r\nPASS b c \r\nSTAT\nQU"),
		       "FUSER a|FPASS b c |FSTAT|");
	check_all_cuts(SPAN("\r\n\n\r\r\n"), "F|F|F\r|");
	check_all_cuts(SPAN("a\rb\r\n"), "Fa\rb|");
	check_all_cuts(SPAN("\r\n"), "F|");
}

static void test_every_single_octet_feed(void **state)
{
	const struct span in = SPAN("CAPA\r\nNOOP\r\n");
	struct line_reader r = { 0 };
	struct heard h = { 0 };

	(void)state;
	for (size_t i = 0; i < in.len; i++)
		feed(&r, (struct span){ in.at + i, 1 }, &h);
	CHECK_TEXT(h.text, "FCAPA|FNOOP|");
}

/* RFC 2449 section 4: 255 octets with the line end are a line, 256 are not. */
static void test_the_limit_is_255_octets_with_the_line_end(void **state)
{
	char in[600];

	(void)state;
	for (size_t len = 250; len <= 300; len++) {
		for (int crlf = 0; crlf < 2; crlf++) {
			memset(in, 'x', sizeof in);
			in[len - 1] = '\n';
			if (crlf)
				in[len - 2] = '\r';
			memcpy(in + len, "NOOP\r\n", 6);
			for (size_t cut = 0; cut < len + 6; cut += 7) {
				struct line_reader r = { 0 };
				struct heard h = { 0 };

				feed(&r, (struct span){ in, cut }, &h);
				feed(&r, (struct span){ in + cut, len + 6 - cut }, &h);
				CHECK_EQ(h.text[0], len <= 255 ? 'F' : 'O');
				CHECK_TEXT(h.text + h.len - 6, "FNOOP|");
				CHECK_EQ(h.len, len <= 255
							? len - 1 - (size_t)crlf + 2 + 6
							: 8);
			}
		}
	}
}

/* The tail of an over-long line must never be read as a command. */
static void test_an_overlong_line_is_reported_once_and_dropped(void **state)
{
	char in[9000];
	struct line_reader r = { 0 };
	struct heard h = { 0 };

	(void)state;
	memset(in, 'A', sizeof in);
	memcpy(in + sizeof in - 12, "\rQUIT\nSTAT\r\n", 12);
	for (size_t at = 0; at < sizeof in; at += 1000)
		feed(&r, (struct span){ in + at, 1000 }, &h);
	CHECK_TEXT(h.text, "O|FSTAT|");
}

static void test_what_was_kept_is_bounded(void **state)
{
	(void)state;
	CHECK(sizeof(struct line_reader) <= 260);
}

static void test_other_protocols_are_known_by_their_first_line(void **state)
{
	static const char *const aliens[] = {
		"GET / HTTP/1.1",
		"get /",
		"POST /x HTTP/1.0",
		"HEAD / HTTP/1.0",
		"PUT / HTTP/1.1",
		"DELETE / HTTP/1.1",
		"OPTIONS * HTTP/1.1",
		"CONNECT a:1 HTTP/1.1",
		"TRACE / HTTP/1.1",
		"PATCH / HTTP/1.1",
		"PRI * HTTP/2.0",
		"EHLO x",
		"HELO x",
		"LHLO x",
		"MAIL FROM:<>",
		"RCPT TO:<a>",
		"\x16\x03\x01\x02",
	};
	static const char *const ours[] = { "USER get", "CAPA",   "QUIT", "STLS",
					    "NOOP",     "",       "GETX", "AUTH PLAIN",
					    "TOP 1 1",  "DELE 1", "HELP" };

	(void)state;
	for (size_t i = 0; i < sizeof aliens / sizeof *aliens; i++)
		CHECK(line_is_alien(span_of(aliens[i])));
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		CHECK(!line_is_alien(span_of(ours[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_cut_gives_the_same_lines),
		TEST(test_every_single_octet_feed),
		TEST(test_the_limit_is_255_octets_with_the_line_end),
		TEST(test_an_overlong_line_is_reported_once_and_dropped),
		TEST(test_what_was_kept_is_bounded),
		TEST(test_other_protocols_are_known_by_their_first_line),
	};

	return RUN(tests);
}
