/* Promises of mail/wire: exact sizes, exact octets, however the message is cut. */
#include "check.h"

#include "mail/lineend.h"
#include "mail/wire.h"
#include "plain_wire.h"

struct sent {
	uint64_t octets;
	bool whole; /* nothing of the message is missing */
};

/* Encode in pieces of at most `piece` octets into room of at most `room` at a time. */
static size_t encode(struct span in, int64_t lines, size_t piece, size_t room,
		     char *out, struct sent *sent)
{
	struct wire w;
	size_t len = 0;

	if (lines < 0)
		wire_start(&w);
	else
		wire_start_top(&w, (uint64_t)lines);
	while (in.len > 0 && !w.full) {
		size_t n = in.len < piece ? in.len : piece;
		char *exact = malloc(n); /* a sanitizer sees one octet too many */
		struct span part = { exact, n };

		memcpy(exact, in.at, n);
		size_t got = wire_encode(&w, &part, out + len, room);
		CHECK(got <= room);
		len += got;
		CHECK(got > 0 || part.len < n || w.full);
		in = span_after(in, n - part.len);
		free(exact);
	}
	len += wire_end(&w, out + len);
	*sent = (struct sent){ w.octets, in.len == 0 && !w.cut };
	return len;
}

static void check(struct span in, int64_t lines, size_t piece, size_t room)
{
	static struct plain p, all;
	static char out[PLAIN_ROOM];
	struct sent sent;

	plain_encode(&p, in, lines);
	plain_encode(&all, in, -1);
	size_t len = encode(in, lines, piece, room, out, &sent);
	CHECK_EQ(len, p.len);
	CHECK_EQ(memcmp(out, p.out, len), 0);
	CHECK_EQ(sent.octets, p.octets);
	CHECK_EQ(sent.whole, p.len == all.len);
	if (lines < 0) {
		struct wire w;

		wire_start(&w);
		wire_count(&w, in);
		wire_end(&w, NULL);
		CHECK_EQ(w.octets, p.octets);
		bool same = p.len == in.len + 3 &&
			    (in.len == 0 || !memcmp(p.out, in.at, in.len));
		CHECK_EQ(wire_form(&w) == WIRE_FORM_READY, same);
	}
}

static const struct span samples[] = {
	SPAN(""),
	SPAN("\n"),
	SPAN("\r\n"),
	SPAN("\r"),
	SPAN("."),
	SPAN(".\n"),
	SPAN("..\n"),
	SPAN(".\r\n.\r\n"),
	SPAN("a"),
	SPAN("a\r"),
	SPAN("a\r\r\n"),
	SPAN("a\n.b\n..\n.\nend"),
	SPAN("a\r\n.b\r\n"),
	SPAN("Subject: x\n\nbody\n\n.\n"),
	SPAN("Subject: x\r\n\r\nbody\r\n\r\n.\r\n"),
	SPAN("A: b\nC: d\n\r\n1\n2\n3\n"),
	SPAN("\n1\n2\n"),
	SPAN("no body at all\nnor here"),
	SPAN("nul\0in\0it\n\0.\n.\0\n"),
	SPAN("\xff\xfe\x80\n.\xff"),
	SPAN("lone\rcr\n\r.\n\r\r.\r\n"),
};

static void test_every_sample_in_every_chunking(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		for (int64_t lines = -1; lines < 5; lines++)
			for (size_t piece = 1; piece <= samples[i].len + 1; piece++)
				for (size_t room = 2; room <= 12; room++)
					check(samples[i], lines, piece, room);
}

/* All texts of up to seven octets over the octets that matter. */
static void test_every_short_text(void **state)
{
	static const char octets[] = { 'a', '.', '\r', '\n' };
	char text[7];

	(void)state;
	for (size_t len = 0; len <= sizeof text; len++) {
		size_t count = (size_t)1 << 2 * len;

		for (size_t n = 0; n < count; n++) {
			for (size_t i = 0; i < len; i++)
				text[i] = octets[n >> 2 * i & 3];
			struct span in = { text, len };
			for (int64_t lines = -1; lines < 3; lines++) {
				check(in, lines, len + 1, PLAIN_ROOM / 2);
				check(in, lines, 1, 2);
				check(in, lines, 2, 3);
			}
		}
	}
}

static void test_random_texts_in_random_pieces(void **state)
{
	static const char octets[] = "aaaaaaaabcd...\r\r\n\n\n\0\xff";
	static char text[4000];
	uint64_t seed = 20261120;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t len = check_random(&seed) % sizeof text;

		for (size_t i = 0; i < len; i++)
			text[i] = octets[check_random(&seed) % (sizeof octets - 1)];
		check((struct span){ text, len },
		      check_random(&seed) % 2 ? -1
					      : (int64_t)(check_random(&seed) % 50),
		      1 + check_random(&seed) % 5000, 2 + check_random(&seed) % 5000);
	}
}

/* A file that was said to be stored as it goes out, and is not any more: the dot still
 * stands on a line of its own, however the file was cut into pieces. */
static void test_a_ready_message_that_lost_its_end(void **state)
{
	static const struct {
		struct span first, last;
		const char *end;
		uint64_t octets;
	} cases[] = {
		{ SPAN("a\r\n"), SPAN("b\r\n"), ".\r\n", 6 },
		{ SPAN("a\r\n"), SPAN("b"), "\r\n.\r\n", 6 },
		{ SPAN("a\r\n"), SPAN("b\r"), "\r\n.\r\n", 7 },
		{ SPAN("a"), SPAN("\r\n"), ".\r\n", 3 },
		{ SPAN("a\r"), SPAN("\n"), ".\r\n", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[WIRE_END_MAX];
		struct wire w;

		wire_start(&w);
		wire_passed(&w, cases[i].first);
		wire_passed(&w, cases[i].last);
		const size_t n = wire_end(&w, out);
		CHECK_SPAN(((struct span){ out, n }), cases[i].end);
		CHECK_EQ(w.octets, cases[i].octets);
	}
}

/* By the plain code and by every vector code that this processor has. */
static void test_line_ends_are_found_in_every_place(void **state)
{
	struct lineends ends;
	uint64_t seed = 1939;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		size_t len = check_random(&seed) %
			     (round % 2 ? 200 : LINEEND_PIECE_MAX + 1);
		size_t every = 1 + check_random(&seed) % 90;
		char *exact = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			exact[i] = check_random(&seed) % every
					   ? (char)(check_random(&seed) % 256)
					   : '\n';
		exact = realloc(exact, len ? len : 1);
		struct span in = { exact, len };
		enum lineend_way best = lineend_best();
		for (enum lineend_way way = LINEEND_PLAIN; way <= best; way++) {
			size_t count = 0, found = lineend_find(way, in, &ends);

			for (size_t i = 0; i < len; i++) {
				if (exact[i] == '\n')
					CHECK_EQ(ends.at[count++], i);
			}
			CHECK_EQ(found, count);
		}
		free(exact);
	}
}

/* RFC 1939 section 11, and what PROTOCOL decides about a missing line end. */
static void test_sizes(void **state)
{
	static const struct {
		struct span in;
		uint64_t octets;
	} cases[] = {
		{ SPAN(""), 0 },      { SPAN("a"), 3 },      { SPAN("a\n"), 3 },
		{ SPAN("a\r\n"), 3 }, { SPAN(".\n"), 3 },    { SPAN("a\r"), 4 },
		{ SPAN("\n"), 2 },    { SPAN("a\0b\n"), 5 }, { SPAN("a\nb\r\nc"), 9 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct wire w;

		wire_start(&w);
		wire_count(&w, cases[i].in);
		wire_end(&w, NULL);
		CHECK_EQ(w.octets, cases[i].octets);
	}
}

static void test_room_for_less_than_two_octets_writes_nothing(void **state)
{
	struct wire w;
	struct span in = SPAN("ab");
	char out[2];

	(void)state;
	wire_start(&w);
	CHECK_EQ(wire_encode(&w, &in, out, 0), 0);
	CHECK_EQ(wire_encode(&w, &in, out, 1), 0);
	CHECK_EQ(in.len, 2);
}

/* A 32-bit count anywhere would show here. */
static void test_counts_beyond_four_gigabytes(void **state)
{
	static char chunk[1 << 20];
	struct wire w;

	(void)state;
	memset(chunk, 'x', sizeof chunk);
	wire_start(&w);
	for (int i = 0; i < 5000; i++)
		wire_count(&w, (struct span){ chunk, sizeof chunk });
	wire_end(&w, NULL);
	CHECK_EQ(w.octets, UINT64_C(5000) * sizeof chunk + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_sample_in_every_chunking),
		TEST(test_every_short_text),
		TEST(test_random_texts_in_random_pieces),
		TEST(test_a_ready_message_that_lost_its_end),
		TEST(test_line_ends_are_found_in_every_place),
		TEST(test_sizes),
		TEST(test_room_for_less_than_two_octets_writes_nothing),
		TEST(test_counts_beyond_four_gigabytes),
	};

	return RUN(tests);
}
