/* Promises of base/: spans, buffers, secrets, the log's lines. */
#include "check.h"

#include <errno.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/roles.h"
#include "base/secret.h"
#include "base/utf8.h"

static void test_cut_splits_at_the_first_separator_only(void **state)
{
	struct span rest = SPAN("a b c"), head;

	(void)state;
	CHECK(span_cut(&rest, ' ', &head));
	CHECK_SPAN(head, "a");
	CHECK_SPAN(rest, "b c");
	CHECK(span_cut(&rest, ' ', &head));
	CHECK(!span_cut(&rest, ' ', &head));
	CHECK_SPAN(head, "c");
	CHECK_EQ(rest.len, 0);
	rest = SPAN(" ");
	CHECK(span_cut(&rest, ' ', &head));
	CHECK(head.len == 0 && rest.len == 0);
	rest = SPAN("");
	CHECK(!span_cut(&rest, ' ', &head));
}

static void test_numbers_are_decimal_digits_and_fit(void **state)
{
	static const struct {
		const char *text;
		bool ok32, ok64;
		uint64_t value;
	} cases[] = {
		{ "0", true, true, 0 },
		{ "007", true, true, 7 },
		{ "4294967295", true, true, UINT32_MAX },
		{ "4294967296", false, true, UINT64_C(1) << 32 },
		{ "18446744073709551615", false, true, UINT64_MAX },
		{ "18446744073709551616", false, false, 0 },
		{ "99999999999999999999999", false, false, 0 },
		{ "00000000000000000000000000001", true, true, 1 },
		{ "", false, false, 0 },
		{ "-1", false, false, 0 },
		{ "+1", false, false, 0 },
		{ " 1", false, false, 0 },
		{ "1 ", false, false, 0 },
		{ "1x", false, false, 0 },
		{ "0x1", false, false, 0 },
		{ "\xb2", false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t n32 = 77;
		uint64_t n64 = 77;

		CHECK_EQ(span_u32(span_of(cases[i].text), &n32), cases[i].ok32);
		CHECK_EQ(span_u64(span_of(cases[i].text), &n64), cases[i].ok64);
		CHECK_EQ(n32, cases[i].ok32 ? cases[i].value : 77);
		CHECK_EQ(n64, cases[i].ok64 ? cases[i].value : 77);
	}
}

static void test_comparing_knows_ascii_case_only(void **state)
{
	(void)state;
	CHECK(span_is_nocase(SPAN("qUiT"), "QUIT"));
	CHECK(!span_is_nocase(SPAN("QUI"), "QUIT"));
	CHECK(!span_is_nocase(SPAN("QUITS"), "QUIT"));
	CHECK(!span_is_nocase(SPAN("\xc4"), "\xe4"));
	CHECK(span_starts_nocase(SPAN("get / http"), "GET "));
	CHECK(!span_starts_nocase(SPAN("GE"), "GET "));
	CHECK(span_has_any(SPAN("a\0b"), ""));
	CHECK(span_has_any(SPAN("a\rb"), "\r"));
	CHECK(span_has_any(SPAN("\rab"), "\r"));
	CHECK(!span_has_any(SPAN("ab"), "\r"));
}

static void test_a_start_is_compared_octet_by_octet(void **state)
{
	(void)state;
	CHECK(span_starts(SPAN("GET /"), "GET "));
	CHECK(span_starts(SPAN("GET "), "GET "));
	CHECK(!span_starts(SPAN("GET"), "GET "));
	CHECK(!span_starts(SPAN("get /"), "GET "));
	CHECK(span_starts((struct span){ NULL, 0 }, ""));
}

static void test_copy_refuses_what_does_not_fit_or_holds_nul(void **state)
{
	char room[4];

	(void)state;
	CHECK(span_copy(SPAN("abc"), room, sizeof room));
	CHECK_TEXT(room, "abc");
	CHECK(!span_copy(SPAN("abcd"), room, sizeof room));
	CHECK_TEXT(room, "");
	CHECK(!span_copy(SPAN("a\0b"), room, sizeof room));
	CHECK(span_copy(SPAN(""), room, sizeof room));
}

static void test_a_put_that_does_not_fit_writes_nothing(void **state)
{
	char room[5];
	struct buf b = BUF(room);

	(void)state;
	buf_text(&b, "abc");
	buf_text(&b, "def");
	CHECK(b.cut);
	CHECK_SPAN(buf_span(&b), "abc");
	buf_char(&b, 'd');
	buf_char(&b, 'e');
	CHECK_SPAN(buf_span(&b), "abcde");
	CHECK_TEXT(buf_cstr(&b), "abcd");
}

static void test_numbers_are_written_in_full(void **state)
{
	char room[64];
	struct buf b = BUF(room);

	(void)state;
	buf_u64(&b, 0);
	buf_char(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	buf_char(&b, ' ');
	buf_hex(&b, "\x00\xff\x1a", 3);
	CHECK_SPAN(buf_span(&b), "0 18446744073709551615 00ff1a");
}

static void test_secrets_compare_whole(void **state)
{
	(void)state;
	CHECK(secret_same(SPAN("abc"), SPAN("abc")));
	CHECK(!secret_same(SPAN("abc"), SPAN("abd")));
	CHECK(!secret_same(SPAN("abc"), SPAN("bbc")));
	CHECK(!secret_same(SPAN("abc"), SPAN("ab")));
	CHECK(!secret_same(SPAN(""), SPAN("a")));
	CHECK(secret_same(SPAN(""), SPAN("")));
	CHECK(!secret_same(SPAN("a\0b"), SPAN("a\0c")));
}

/* ---- the log ---- */

static struct span format(char *room, size_t len, const struct log_field *fields)
{
	return (struct span){ room, log_format(room, len, "test", fields) };
}

static void test_a_value_can_never_end_its_line_or_its_quotes(void **state)
{
	char room[512];
	const struct log_field fields[] = {
		LOG_T("plain", "alice@example.org"),
		LOG_S("hostile", SPAN("a b\"\\\r\nevent=login\0\x7f\x1b[2J\xc2\x9b")),
		LOG_T("utf8", "\xc3\xa4"),
		LOG_T("empty", ""),
		LOG_T("absent", NULL),
		LOG_N("number", 42),
		LOG_MS("seconds", 61005),
		{ 0 },
	};

	(void)state;
	struct span line = format(room, sizeof room, fields);
	CHECK_SPAN(line, "event=test plain=alice@example.org "
			 "hostile=\"a "
			 "b\\\"\\\\\\x0d\\x0aevent=login\\x00\\x7f\\x1b[2J\\xc2\\x9b\" "
			 "utf8=\"\xc3\xa4\" empty=\"\" number=42 seconds=61.005");
}

/* What no terminal and no reader of UTF-8 trips over, and nothing else, stays as it is.
 */
static void test_only_good_characters_stand_as_they_are(void **state)
{
	static const struct {
		const char *value, *shown;
	} cases[] = {
		{ "\x9b"
		  "31m",
		  "\"\\x9b31m\"" }, /* CSI in eight bits */
		{ "\xc2\x85", "\"\\xc2\\x85\"" },
		{ "\xc2\xa0", "\"\xc2\xa0\"" },
		{ "\xe2\x82\xac", "\"\xe2\x82\xac\"" },
		{ "\xe2\x82", "\"\\xe2\\x82\"" },
		{ "\xc0\xaf", "\"\\xc0\\xaf\"" },
		{ "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"" },
		{ "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
		{ "\xf5\x80\x80\x80", "\"\\xf5\\x80\\x80\\x80\"" },
		{ "\x1f", "\"\\x1f\"" },
		{ "\x7f", "\"\\x7f\"" },
		{ "\xc2\x9f", "\"\\xc2\\x9f\"" },
	};
	char room[128], expected[128];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct log_field fields[] = { LOG_T("v", cases[i].value), { 0 } };
		struct span line = format(room, sizeof room, fields);

		snprintf(expected, sizeof expected, "event=test v=%s", cases[i].shown);
		CHECK_SPAN(line, expected);
	}
}

/* RFC 3629 section 3. Returns the octets, 0 for a surrogate. */
static size_t encode(uint32_t code, char out[4])
{
	const unsigned n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (unsigned i = n - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(lead[n] | code);
	return n == 3 && (uint8_t)out[0] == 0xed && (uint8_t)out[1] >= 0xa0 ? 0 : n;
}

/* All 65,536 pairs of octets begin as many characters as RFC 3629 has for them. */
static void test_every_character_and_nothing_else_is_utf8(void **state)
{
	static uint8_t begins[65536]; /* octets of a character that begins so */
	char text[4] = "";

	(void)state;
	for (uint32_t code = 0x80; code <= 0x10ffff; code++) {
		const size_t n = encode(code, text);

		if (n == 0)
			continue;
		begins[(uint8_t)text[0] << 8 | (uint8_t)text[1]] = (uint8_t)n;
		CHECK_EQ(utf8_first((struct span){ text, n }), n);
		CHECK_EQ(utf8_first((struct span){ text, n - 1 }), 0);
		CHECK_EQ(utf8_code((struct span){ text, n }), code);
	}
	for (unsigned pair = 0; pair < 65536; pair++) {
		const char four[] = { (char)(pair >> 8), (char)pair, '\x80', '\xbf' };

		CHECK_EQ(utf8_first((struct span){ four, 4 }),
			 pair < 0x8000 ? 1 : begins[pair]);
	}
	CHECK_EQ(utf8_code(SPAN("A")), 'A');
	CHECK_EQ(utf8_first(SPAN("")), 0);
	CHECK_EQ(utf8_first(SPAN("\xe2\x82\x2c")), 0);
	CHECK_EQ(utf8_first(SPAN("\xe2\x82\xc0")), 0);
	CHECK(utf8_is_ascii(SPAN("\x7f")) && !utf8_is_ascii(SPAN("a\x80")));
	CHECK(!utf8_is_ascii(SPAN("\x80")) && utf8_is_ascii(SPAN("")));
}

/* The longest name that a client can give, of octets that need four each, does not push
 * the address off the line. */
static void test_a_line_has_room_for_the_longest_name(void **state)
{
	char name[251] = "", room[LOG_LINE_MAX];

	(void)state;
	memset(name, 1, sizeof name - 1);
	const struct log_field fields[] = { LOG_T("user", name),
					    LOG_T("peer", "[2001:db8::1]:65535"),
					    { 0 } };
	struct span line = format(room, sizeof room, fields);
	CHECK(line.len > 24);
	CHECK(memcmp(line.at + line.len - 24, "peer=[2001:db8::1]:65535", 24) == 0);
}

static void test_format_characters_are_data(void **state)
{
	char room[128];
	const struct log_field fields[] = { LOG_T("user", "%n%s%x"), { 0 } };

	(void)state;
	CHECK_SPAN(format(room, sizeof room, fields), "event=test user=%n%s%x");
}

/* S7 of test_history.py: a cut is a cut, never a line without an end. */
static void test_a_long_line_is_cut_not_spilt(void **state)
{
	char value[2000], room[100];
	const struct log_field fields[] = {
		LOG_S("user", ((struct span){ value, sizeof value })), { 0 }
	};

	(void)state;
	for (int c = 0; c < 256; c++) {
		memset(value, c, sizeof value);
		struct span line = format(room, sizeof room, fields);
		CHECK(line.len <= sizeof room);
		CHECK(!memchr(line.at, '\n', line.len) &&
		      !memchr(line.at, '\0', line.len));
	}
}

static char sunk[LOG_LINE_MAX + 1];

static void sink(int priority, struct span line)
{
	(void)priority;
	memcpy(sunk, line.at, line.len);
	sunk[line.len] = '\0';
}

static void test_faults_tell_their_story_at_their_own_priority(void **state)
{
	struct why why;

	(void)state;
	log_to(sink);
	log_level(LOG_INFO);
	CHECK_EQ(fault_set(&why, FAULT_IO, 2, "open", "/a b"), FAULT_IO);
	log_fault(&why, "trouble", LOG_T("user", "x"));
	CHECK_TEXT(sunk, "event=trouble user=x fault=io doing=open what=\"/a b\" "
			 "error=\"No such file or directory\"");
	sunk[0] = '\0';
	fault_set(&why, FAULT_NO_MESSAGE, 0, NULL, NULL);
	log_fault(&why, "quiet");
	CHECK_TEXT(sunk, "");
}

static void test_what_a_fault_names_is_cut_to_its_room(void **state)
{
	char what[300];
	struct why why;

	(void)state;
	memset(what, 'x', sizeof what - 1);
	what[sizeof what - 1] = '\0';
	fault_set(&why, FAULT_IO, 0, "open", what);
	CHECK_EQ(strnlen(why.what, sizeof why.what), sizeof why.what - 1);
	CHECK(memcmp(why.what, what, sizeof why.what - 1) == 0);
}

static void test_every_fault_has_a_reply_that_fits(void **state)
{
	(void)state;
	for (enum fault f = FAULT_NONE + 1; f < FAULT_COUNT; f++) {
		CHECK(*fault_text(f) && *fault_name(f));
		CHECK(fault_text(f)[0] != '[');
		CHECK(strlen(fault_text(f)) + strlen(fault_code(f)) < 500);
	}
	CHECK_TEXT(fault_text(FAULT_COUNT), "");
	for (enum role r = 0; r < ROLE_COUNT; r++)
		CHECK(*role_name(r));
}

static void test_a_story_names_what_was_done_and_the_error_however_little_room(
	void **state)
{
	static const struct {
		struct why why;
		size_t room;
		const char *story;
	} cases[] = {
		{ { .doing = "open", .what = "/a" }, 40, "open /a" },
		{ { .doing = "open", .sys = ENOENT },
		  40,
		  "open: No such file or directory" },
		{ { .doing = "open", .what = "/abc", .sys = ENOENT },
		  36,
		  "open /abc: No such file or directory" },
		{ { .doing = "open", .what = "/abc", .sys = ENOENT },
		  35,
		  "open /ab: No such file or directory" },
		{ { .what = "/abc" }, 5, " /abc" },
		{ { .doing = NULL }, 5, "" },
	};
	char room[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = { .at = room, .room = cases[i].room };

		fault_story(&cases[i].why, &b);
		CHECK(!b.cut);
		CHECK_SPAN(buf_span(&b), cases[i].story);
	}
	struct buf b = { .at = room, .room = 10 };
	fault_story(&(const struct why){ .doing = "open", .sys = ENOENT }, &b);
	CHECK(b.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_story_names_what_was_done_and_the_error_however_little_room),
		TEST(test_cut_splits_at_the_first_separator_only),
		TEST(test_numbers_are_decimal_digits_and_fit),
		TEST(test_comparing_knows_ascii_case_only),
		TEST(test_a_start_is_compared_octet_by_octet),
		TEST(test_copy_refuses_what_does_not_fit_or_holds_nul),
		TEST(test_a_put_that_does_not_fit_writes_nothing),
		TEST(test_numbers_are_written_in_full),
		TEST(test_secrets_compare_whole),
		TEST(test_a_value_can_never_end_its_line_or_its_quotes),
		TEST(test_only_good_characters_stand_as_they_are),
		TEST(test_every_character_and_nothing_else_is_utf8),
		TEST(test_a_line_has_room_for_the_longest_name),
		TEST(test_format_characters_are_data),
		TEST(test_a_long_line_is_cut_not_spilt),
		TEST(test_faults_tell_their_story_at_their_own_priority),
		TEST(test_what_a_fault_names_is_cut_to_its_room),
		TEST(test_every_fault_has_a_reply_that_fits),
	};

	return RUN(tests);
}
