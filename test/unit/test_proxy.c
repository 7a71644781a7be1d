/* Promises of net/proxy: one reading of a header, and nothing taken behind it. */
#include "check.h"

#include "net/proxy.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FROM4     "\xc0\x00\x02\x07\xc6\x33\x64\x01\xc3\xcb\x03\xe3" /* 192.0.2.7:50123 */
#define AUTHORITY "\x02\x00\x0fpop.example.org"
#define NOOP      "\x04\x00\x02\0\0"
#define TLS_RUNS                                                                       \
	"\x21\x00\x07TLSv1.3\x22\x00\x05"                                              \
	"alice"
#define OVER_TLS "\x20\x00\x17\x07\0\0\0\0" TLS_RUNS
#define FOREIGN  "\xea\x00\x01x"

/* Made by another implementation, with its checksum. */
#define WHOLE                                                                          \
	SIGNATURE "\x21\x11\x00\x48" FROM4 AUTHORITY NOOP OVER_TLS FOREIGN             \
		  "\x03\x00\x04\xf2\x88\xaa\x68"

static enum proxy_got feed(struct proxy_reader *r, struct span in, size_t *out_taken,
			   struct proxy *out)
{
	/* Read from memory of just this size, so that a sanitizer sees one octet too
	 * many. */
	char *copy = malloc(in.len ? in.len : 1);
	struct span rest = { copy, in.len };

	memcpy(copy, in.at, in.len);
	enum proxy_got got = proxy_feed(r, &rest, out);
	*out_taken = in.len - rest.len;
	free(copy);
	return got;
}

static enum proxy_got read_all(struct span in, struct proxy_reader *r,
			       struct proxy *out)
{
	size_t taken;

	r->len = 0;
	return feed(r, in, &taken, out);
}

/* In two pieces, cut anywhere, with a command behind it: the same is read, and the
 * command is left alone. */
static void check_every_cut(struct span header, enum proxy_got expected)
{
	static struct proxy_reader r;
	char in[PROXY_OCTETS_MAX + 6];
	struct proxy whole, p;
	size_t taken, more;

	memcpy(in, header.at, header.len);
	memcpy(in + header.len, "CAPA\r\n", 6);
	CHECK_EQ(read_all(header, &r, &whole), expected);
	for (size_t cut = 0; cut <= header.len; cut++) {
		r.len = 0;
		enum proxy_got got = feed(&r, (struct span){ in, cut }, &taken, &p);

		if (got == PROXY_MORE) {
			CHECK_EQ(taken, cut);
			got = feed(&r, (struct span){ in + cut, header.len + 6 - cut },
				   &more, &p);
			taken += more;
		}
		CHECK_EQ(got, expected);
		if (got != PROXY_DONE)
			continue;
		CHECK_EQ(taken, header.len);
		CHECK(memcmp(&p.address, &whole.address, sizeof p.address) == 0);
		CHECK(p.source == whole.source && p.port == whole.port &&
		      p.tls == whole.tls);
	}
}

/* Whatever is missing at its end, a header is not done. */
static void check_every_truncation(struct span header)
{
	static struct proxy_reader r;
	struct proxy p;

	for (size_t len = 0; len < header.len; len++)
		CHECK_EQ(read_all((struct span){ header.at, len }, &r, &p), PROXY_MORE);
}

/* ---- version 1 ---- */

static const struct {
	const char *line, *peer;
} good_lines[] = {
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 50123 995\r\n", "192.0.2.7:50123" },
	{ "PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", "0.0.0.0:0" },
	{ "PROXY TCP6 2001:db8::7 2001:db8::1 65535 110\r\n", "[2001:db8::7]:65535" },
	{ "PROXY TCP6 ::ffff:192.0.2.7 ::1 7 110\r\n", "192.0.2.7:7" },
	{ "PROXY UNKNOWN\r\n", "unknown" },
	{ "PROXY UNKNOWN ffff::1 whatever 1 2\r\n", "unknown" },
};

static const struct {
	const char *line;
	enum proxy_got got;
} bad_lines[] = {
	{ "USER alice\r\n", PROXY_MISSING },
	{ "\x16\x03\x01", PROXY_MISSING },
	{ "proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n", PROXY_MISSING },
	{ "PROXYTCP4 192.0.2.7 198.51.100.1 1 2\r\n", PROXY_MISSING },
	{ "\r\n\r\nQUIT", PROXY_MISSING },
	{ "PROXY \r\n", PROXY_BROKEN },
	{ "PROXY\r\n", PROXY_MISSING },
	{ "PROXY UNKNOWN\n", PROXY_BROKEN },
	{ "PROXY UNKNOWN\r\r\n", PROXY_BROKEN },
	{ "PROXY unknown\r\n", PROXY_BROKEN },
	{ "PROXY TCP5 192.0.2.7 198.51.100.1 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n", PROXY_BROKEN },
	{ "PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 000001 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 192.0.2.7 host 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 ::1 ::1 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP4 ::ffff:192.0.2.7 192.0.2.7 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n", PROXY_BROKEN },
	{ "PROXY TCP6 [::1] ::1 1 2\r\n", PROXY_BROKEN },
};

static void test_lines(void **state)
{
	static struct proxy_reader r;
	char peer[ADDRESS_TEXT_MAX];
	struct proxy p;

	(void)state;
	for (size_t i = 0; i < sizeof good_lines / sizeof *good_lines; i++) {
		struct span line = span_of(good_lines[i].line);

		CHECK_EQ(read_all(line, &r, &p), PROXY_DONE);
		address_text(&p.address, p.port, peer);
		CHECK_TEXT(peer, good_lines[i].peer);
		CHECK(!p.tls);
		CHECK_EQ(p.source,
			 p.address.bits ? PROXY_SOURCE_ADDRESS : PROXY_SOURCE_UNKNOWN);
		check_every_cut(line, PROXY_DONE);
		check_every_truncation(line);
	}
	for (size_t i = 0; i < sizeof bad_lines / sizeof *bad_lines; i++)
		check_every_cut(span_of(bad_lines[i].line), bad_lines[i].got);
}

/* Section 2.1: the longest line that there can be, and one octet more. */
static void test_a_line_has_107_octets_at_most(void **state)
{
	char line[PROXY_TEXT_MAX + 1];

	(void)state;
	memset(line, 'x', sizeof line);
	memcpy(line, "PROXY UNKNOWN ", 14);
	memcpy(line + PROXY_TEXT_MAX - 2, "\r\n", 2);
	check_every_cut((struct span){ line, PROXY_TEXT_MAX }, PROXY_DONE);
	memcpy(line + PROXY_TEXT_MAX - 2, "x\r\n", 3);
	check_every_cut((struct span){ line, PROXY_TEXT_MAX + 1 }, PROXY_BROKEN);
}

/* ---- version 2 ---- */

/* A header with these behind its signature. The span is good until the next call. */
static struct span binary(unsigned command, unsigned family, struct span rest)
{
	static char h[16 + 65535];

	memcpy(h, SIGNATURE, 12);
	h[12] = (char)command;
	h[13] = (char)family;
	h[14] = (char)(rest.len >> 8);
	h[15] = (char)rest.len;
	memcpy(h + 16, rest.at, rest.len);
	return (struct span){ h, 16 + rest.len };
}

static void test_the_whole_of_it(void **state)
{
	static struct proxy_reader r;
	char peer[ADDRESS_TEXT_MAX];
	struct proxy p;

	(void)state;
	CHECK_EQ(read_all(SPAN(WHOLE), &r, &p), PROXY_DONE);
	address_text(&p.address, p.port, peer);
	CHECK_TEXT(peer, "192.0.2.7:50123");
	CHECK_EQ(p.source, PROXY_SOURCE_ADDRESS);
	CHECK(p.tls);
	CHECK_SPAN(p.tls_version, "TLSv1.3");
	CHECK_SPAN(p.common_name, "alice");
	CHECK_SPAN(p.authority, "pop.example.org");
	check_every_cut(SPAN(WHOLE), PROXY_DONE);
	check_every_truncation(SPAN(WHOLE));
}

/* A bit that is wrong anywhere but in the names of the runs, whose meaning it changes,
 * is found. */
static void test_the_checksum_is_held_against_the_octets(void **state)
{
	const struct span whole = SPAN(WHOLE);
	static struct proxy_reader r;
	char in[sizeof WHOLE];
	struct proxy p;

	(void)state;
	for (size_t at = 16; at < whole.len; at++) {
		if (at >= whole.len - 7 && at < whole.len - 4)
			continue;
		for (int bit = 0; bit < 8; bit++) {
			memcpy(in, whole.at, whole.len);
			in[at] ^= (char)(1 << bit);
			CHECK_EQ(read_all((struct span){ in, whole.len }, &r, &p),
				 PROXY_BROKEN);
		}
	}
}

/* The octet right behind the checksum counts, too. */
static void test_the_checksum_may_stand_in_front(void **state)
{
	char h[] = SIGNATURE "\x21\x11\x00\x17" FROM4
			     "\x03\x00\x04\x6f\xd1\xd2\x91" FOREIGN;
	const struct span whole = { h, sizeof h - 1 };
	static struct proxy_reader r;
	struct proxy p;

	(void)state;
	CHECK_EQ(read_all(whole, &r, &p), PROXY_DONE);
	CHECK_EQ(p.source, PROXY_SOURCE_ADDRESS);
	h[whole.len - 4] ^= 1;
	CHECK_EQ(read_all(whole, &r, &p), PROXY_BROKEN);
}

static void test_families(void **state)
{
	static const struct {
		unsigned command, family;
		size_t octets;
		enum proxy_got got;
		enum proxy_source source;
	} cases[] = {
		{ 0x20, 0x00, 0, PROXY_DONE, PROXY_SOURCE_OWN },
		{ 0x20, 0x11, 3, PROXY_DONE, PROXY_SOURCE_OWN },
		{ 0x20, 0xff, 300, PROXY_DONE, PROXY_SOURCE_OWN },
		{ 0x21, 0x00, 0, PROXY_DONE, PROXY_SOURCE_UNKNOWN },
		{ 0x21, 0x11, 12, PROXY_DONE, PROXY_SOURCE_ADDRESS },
		{ 0x21, 0x11, 11, PROXY_BROKEN, 0 },
		{ 0x21, 0x11, 0, PROXY_BROKEN, 0 },
		{ 0x21, 0x21, 36, PROXY_DONE, PROXY_SOURCE_ADDRESS },
		{ 0x21, 0x21, 35, PROXY_BROKEN, 0 },
		{ 0x21, 0x31, 216, PROXY_DONE, PROXY_SOURCE_UNKNOWN },
		{ 0x21, 0x31, 215, PROXY_BROKEN, 0 },
		{ 0x21, 0x12, 12, PROXY_BROKEN, 0 }, /* UDP */
		{ 0x21, 0x10, 12, PROXY_BROKEN, 0 },
		{ 0x21, 0x01, 12, PROXY_BROKEN, 0 },
		{ 0x21, 0x41, 216, PROXY_BROKEN, 0 },
		{ 0x22, 0x11, 12, PROXY_BROKEN, 0 },
		{ 0x11, 0x11, 12, PROXY_BROKEN, 0 },
		{ 0x31, 0x11, 12, PROXY_BROKEN, 0 },
	};
	static struct proxy_reader r;
	char zeros[300] = "";
	struct proxy p = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct span h = binary(cases[i].command, cases[i].family,
				       (struct span){ zeros, cases[i].octets });

		CHECK_EQ(read_all(h, &r, &p), cases[i].got);
		if (cases[i].got == PROXY_DONE)
			CHECK_EQ(p.source, cases[i].source);
		if (cases[i].source != PROXY_SOURCE_ADDRESS && h.len > 0)
			CHECK(cases[i].got != PROXY_DONE || p.address.bits == 0);
		check_every_cut(h, cases[i].got);
	}
}

/* Every length that lies about what follows, and what may not stand twice. */
static void test_hostile_runs(void **state)
{
	static const struct {
		struct span runs;
		enum proxy_got got;
	} cases[] = {
		{ SPAN("\x04"), PROXY_BROKEN },
		{ SPAN("\x04\x00"), PROXY_BROKEN },
		{ SPAN("\x04\x00\x00"), PROXY_DONE },
		{ SPAN("\x04\x00\x01"), PROXY_BROKEN },
		{ SPAN("\xee\xff\xff..."), PROXY_BROKEN },
		{ SPAN("\x03\x00\x03\0\0\0"), PROXY_BROKEN },
		{ SPAN("\x03\x00\x04\0\0\0\0"), PROXY_BROKEN },
		{ SPAN("\x20\x00\x04\x01\0\0\0"), PROXY_BROKEN },
		{ SPAN("\x20\x00\x05\x01\0\0\0\0"), PROXY_DONE },
		{ SPAN("\x20\x00\x06\x01\0\0\0\0\x21"), PROXY_BROKEN },
		{ SPAN("\x20\x00\x08\x01\0\0\0\0\x21\0\1"), PROXY_BROKEN },
		{ SPAN("\x20\x00\x08\x01\0\0\0\0\x21\0\1" NOOP), PROXY_BROKEN },
		{ SPAN(OVER_TLS OVER_TLS), PROXY_BROKEN },
		{ SPAN(AUTHORITY AUTHORITY), PROXY_BROKEN },
		{ SPAN("\x20\x00\x0d\x01\0\0\0\0\x21\0\1a\x21\0\1b"), PROXY_BROKEN },
		{ SPAN(NOOP NOOP FOREIGN FOREIGN), PROXY_DONE },
	};
	char rest[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		memcpy(rest, FROM4, 12);
		memcpy(rest + 12, cases[i].runs.at, cases[i].runs.len);
		check_every_cut(binary(0x21, 0x11,
				       (struct span){ rest, 12 + cases[i].runs.len }),
				cases[i].got);
	}
}

/* TLS counts only where the flag says so, a name only where it was verified. */
static void test_what_the_flags_say(void **state)
{
	static const struct {
		char flags, verify;
		bool tls, named;
	} cases[] = {
		{ 0, 0, false, false }, { 1, 0, true, false }, { 3, 0, true, true },
		{ 5, 0, true, true },   { 7, 1, true, false }, { 6, 0, false, false },
	};
	static struct proxy_reader r;
	struct proxy p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char rest[] = FROM4 OVER_TLS;

		rest[15] = cases[i].flags;
		rest[19] = cases[i].verify;
		CHECK_EQ(read_all(binary(0x21, 0x11,
					 (struct span){ rest, sizeof rest - 1 }),
				  &r, &p),
			 PROXY_DONE);
		CHECK_EQ(p.tls, cases[i].tls);
		CHECK_EQ(p.tls_version.at != NULL, cases[i].tls);
		CHECK_EQ(p.tls_version.len > 0, cases[i].tls);
		CHECK_EQ(p.common_name.len > 0, cases[i].named);
	}
}

/* The limit is held as soon as the length is known. */
static void test_a_header_has_4096_octets_at_most(void **state)
{
	static struct proxy_reader r;
	static char rest[65535];
	struct proxy p;

	(void)state;
	memcpy(rest, FROM4, 12);
	for (size_t len = 4070; len < 4090; len++) {
		rest[12] = 4; /* one long NOOP */
		rest[13] = (char)((len - 15) >> 8);
		rest[14] = (char)(len - 15);
		struct span h = binary(0x21, 0x11, (struct span){ rest, len });
		bool fits = h.len <= PROXY_OCTETS_MAX;

		CHECK_EQ(read_all(h, &r, &p), fits ? PROXY_DONE : PROXY_BROKEN);
		h.len = 16;
		CHECK_EQ(read_all(h, &r, &p), fits ? PROXY_MORE : PROXY_BROKEN);
	}
	struct span h = binary(0x20, 0, (struct span){ rest, 65535 });
	CHECK_EQ(read_all(h, &r, &p), PROXY_BROKEN);
	CHECK_EQ(r.len, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines),
		TEST(test_a_line_has_107_octets_at_most),
		TEST(test_the_whole_of_it),
		TEST(test_the_checksum_is_held_against_the_octets),
		TEST(test_the_checksum_may_stand_in_front),
		TEST(test_families),
		TEST(test_hostile_runs),
		TEST(test_what_the_flags_say),
		TEST(test_a_header_has_4096_octets_at_most),
	};

	return RUN(tests);
}
