/* Promises of net/line: lines come out the same however the octets come in. */
#include "check.h"

#include "net/line.h"

/* What came out of a stream: each line as "F:text" or "O:" and a bar behind it. */
struct heard {
	char text[4096];
	size_t len;
};

/* A reader of POP3's lines. */
static struct line_reader reader(void)
{
	static char texts[4][LINE_POP3_MAX];
	static unsigned turn;
	struct line_reader r;

	line_init(&r, texts[turn++ % 4], LINE_POP3_MAX);
	return r;
}

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
			struct line_reader r = reader();
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
	struct line_reader r = reader();
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
				struct line_reader r = reader();
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
	struct line_reader r = reader();
	struct heard h = { 0 };

	(void)state;
	memset(in, 'A', sizeof in);
	memcpy(in + sizeof in - 12, "\rQUIT\nSTAT\r\n", 12);
	for (size_t at = 0; at < sizeof in; at += 1000)
		feed(&r, (struct span){ in + at, 1000 }, &h);
	CHECK_TEXT(h.text, "O|FSTAT|");
}

/* Each protocol has its own longest line, and memory for one such line is enough. */
static void test_the_limit_is_the_owners(void **state)
{
	static const uint16_t most[] = { 2, 64, 512, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
		char *text = malloc(most[i]), in[1100];
		struct heard h = { 0 };
		struct line_reader r;

		memset(in, 'x', sizeof in);
		memcpy(in + most[i] - 2, "\r\n", 2);
		line_init(&r, text, most[i]);
		feed(&r, (struct span){ in, 1 }, &h);
		feed(&r, (struct span){ in + 1, most[i] - 1u }, &h);
		CHECK_EQ(h.text[0], 'F');
		CHECK_EQ(h.len, most[i] - 2u + 2);
		memset(in, 'x', sizeof in);
		memcpy(in + most[i] - 1, "\r\n", 2);
		h.len = 0;
		feed(&r, (struct span){ in, 1 }, &h);
		feed(&r, (struct span){ in + 1, most[i] }, &h);
		CHECK_TEXT(h.text, "O|");
		free(text);
	}
}

/* Responses of SASL are long, and AUTH with an initial one; nothing else gets room. */
static void test_a_long_line_grows_for_auth_only(void **state)
{
	static char in[LINE_LONG_MAX + 2], room[LINE_LONG_MAX];
	static const struct {
		const char *start;
		size_t len; /* line end included */
		bool allowed, grows, full;
	} cases[] = {
		{ "AUTH X ", LINE_LONG_MAX, true, true, true },
		{ "auth X ", 256, true, true, true },
		{ "AUTH X ", 255, true, false, true },
		{ "AUTH X ", LINE_LONG_MAX + 1, true, true, false },
		{ "AUTH X ", 256, false, false, false },
		{ "AUTHX ", 256, true, false, false },
		{ "USER ", 256, true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t cut = 1; cut < cases[i].len; cut += cut < 300 ? 1 : 997) {
			struct line_reader r = reader();
			struct span out = { 0 };

			r.auth_grows = cases[i].allowed;
			enum line_got got = LINE_MORE;
			bool grew = false;

			memset(in, 'x', sizeof in);
			memcpy(in, cases[i].start, strlen(cases[i].start));
			memcpy(in + cases[i].len - 2, "\r\n", 2);
			for (size_t at = 0; at < cases[i].len;) {
				size_t end = at < cut ? cut : cases[i].len;
				struct span piece = { in + at, end - at };

				while ((got = line_feed(&r, &piece, &out)) ==
				       LINE_GROWS) {
					CHECK(!grew);
					grew = true;
					CHECK(!line_widen(&r, room));
				}
				at = end;
			}
			CHECK_EQ(grew, cases[i].grows);
			CHECK_EQ(got, cases[i].full ? LINE_FULL : LINE_OVERLONG);
			if (cases[i].full) {
				CHECK_EQ(out.len, cases[i].len - 2);
				CHECK(memcmp(out.at, in, out.len) == 0);
			}
			CHECK_EQ(line_widen(&r, NULL), grew ? room : NULL);
		}
	}
}

/* What is kept when the room is taken away is kept as far as it fits, and said. */
static void test_room_taken_away(void **state)
{
	static char room[LINE_LONG_MAX], in[600];
	struct line_reader r = reader();
	struct span piece = SPAN("NO"), out;

	(void)state;
	CHECK(!line_widen(&r, room));
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_MORE);
	CHECK_EQ(line_widen(&r, NULL), room);
	piece = SPAN("OP\r\n");
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_FULL);
	CHECK_SPAN(out, "NOOP");
	CHECK(!line_widen(&r, room));
	memset(in, 'x', sizeof in);
	piece = (struct span){ in, sizeof in };
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_MORE);
	CHECK_EQ(line_widen(&r, NULL), room);
	piece = SPAN("\r\n");
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_OVERLONG);
}

/* Half of a line must not be taken for a whole one, wherever it ends afterwards. */
static void test_a_line_that_was_cut_stays_overlong(void **state)
{
	static char room[LINE_LONG_MAX], in[600];
	struct line_reader r = reader();
	struct span piece = { in, sizeof in }, out;

	(void)state;
	memset(in, 'x', sizeof in);
	CHECK(!line_widen(&r, room));
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_MORE);
	CHECK_EQ(line_widen(&r, NULL), room);
	CHECK(!line_widen(&r, room)); /* room enough for its end */
	piece = SPAN("y\r\nNOOP\r\n");
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_OVERLONG);
	CHECK_EQ(line_feed(&r, &piece, &out), LINE_FULL);
	CHECK_SPAN(out, "NOOP");
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

/* The octet in front of what is fed is no part of the line. */
static void test_a_line_end_looks_at_its_own_line_only(void **state)
{
	static const char octets[] = "\r\n";
	struct line_reader r = reader();
	struct span in = { octets + 1, 1 }, out;

	(void)state;
	CHECK_EQ(line_feed(&r, &in, &out), LINE_FULL);
	CHECK_EQ(out.len, 0);
}

static void test_an_unfinished_auth_is_known_by_its_first_word(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = { { "", false },
		      { "AUTH", false },
		      { "AUTH ", true },
		      { "auth x", true },
		      { "NOOP x", false } };
	static char room[LINE_LONG_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int wide = 0; wide < 2; wide++) {
			struct line_reader r = reader();
			struct span in = span_of(cases[i].text), out;

			if (wide)
				line_widen(&r, room);
			CHECK_EQ(line_feed(&r, &in, &out), LINE_MORE);
			CHECK_EQ(line_is_auth(&r), cases[i].is);
		}
}

/* Every way of cutting the input in three, for a reader that ends lines with CRLF. */
static void check_crlf(struct span in, uint16_t most, const char *expected)
{
	for (size_t i = 0; i <= in.len; i++) {
		for (size_t k = i; k <= in.len; k++) {
			char text[64];
			struct line_reader r;
			struct heard h = { 0 };

			line_init(&r, text, most);
			r.crlf = true;
			feed(&r, (struct span){ in.at, i }, &h);
			feed(&r, (struct span){ in.at + i, k - i }, &h);
			feed(&r, span_after(in, k), &h);
			CHECK_TEXT(h.text, expected);
		}
	}
}

/* A client that ends lines in another way can say no command within another. */
static void test_only_crlf_ends_a_line(void **state)
{
	(void)state;
	check_crlf(SPAN("NOOP\r\nQUIT\r\n"), 64, "FNOOP|FQUIT|");
	check_crlf(SPAN("a\nb\r\n"), 64, "Fa\nb|");
	check_crlf(SPAN("\na\rb\n\r\r\nc\r\n"), 64, "F\na\rb\n\r|Fc|");
	check_crlf(SPAN("\n\n\n\r\n\r\n"), 64, "F\n\n\n|F|");
	check_crlf(SPAN("\r\n\n\r\n"), 64, "F|F\n|");
	check_crlf(SPAN("12345678\n\n\r\nx\r\n"), 8, "O|Fx|");
	check_crlf(SPAN("1234567\r\n\nx\r\n"), 8, "O|F\nx|");
	check_crlf(SPAN("12345678901\r\r\n"), 8, "O|");
}

/* An LF that is data is searched past no further than to the end of the input. */
/* An owner has no input before its first read. */
static void test_no_input_is_no_line(void **state)
{
	struct line_reader r = reader();
	struct span in = { 0 }, line;

	(void)state;
	CHECK_EQ(line_feed(&r, &in, &line), LINE_MORE);
	in = SPAN("NOOP\r\n");
	CHECK_EQ(line_feed(&r, &in, &line), LINE_FULL);
	CHECK_SPAN(line, "NOOP");
}

static void test_what_lies_behind_the_input_ends_no_line(void **state)
{
	static const char memory[] = "a\nb\r\n";
	char text[64];
	struct line_reader r;
	struct span line;

	(void)state;
	for (size_t n = 0; n < sizeof memory - 1; n++) {
		struct span in = { memory, n };

		line_init(&r, text, sizeof text);
		r.crlf = true;
		CHECK_EQ(line_feed(&r, &in, &line), LINE_MORE);
		CHECK_EQ(in.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_line_end_looks_at_its_own_line_only),
		TEST(test_an_unfinished_auth_is_known_by_its_first_word),
		TEST(test_every_cut_gives_the_same_lines),
		TEST(test_every_single_octet_feed),
		TEST(test_the_limit_is_255_octets_with_the_line_end),
		TEST(test_an_overlong_line_is_reported_once_and_dropped),
		TEST(test_the_limit_is_the_owners),
		TEST(test_a_long_line_grows_for_auth_only),
		TEST(test_room_taken_away),
		TEST(test_a_line_that_was_cut_stays_overlong),
		TEST(test_other_protocols_are_known_by_their_first_line),
		TEST(test_only_crlf_ends_a_line),
		TEST(test_no_input_is_no_line),
		TEST(test_what_lies_behind_the_input_ends_no_line),
	};

	return RUN(tests);
}
