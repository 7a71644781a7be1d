/* Promises of lmtp/content: what a message on the wire becomes in a Maildir, however
 * its octets come in. */
#include "check.h"

#include "lmtp/content.h"
#include "plain_content.h"

/* What came out of a message. */
struct heard {
	char text[8192];
	size_t len;
	struct content c;
	size_t left; /* octets behind the end */
};

/* Feed one piece from memory of just its size, into memory of just the room that is
 * promised to be enough, so that a sanitizer sees one octet too many. */
static void feed(struct heard *h, struct span piece)
{
	const size_t room = piece.len + CONTENT_HELD_MAX;
	char *in = malloc(piece.len ? piece.len : 1), *out = malloc(room);
	struct span rest = { in, piece.len };

	memcpy(in, piece.at, piece.len);
	const size_t n = content_take(&h->c, &rest, out, room);
	CHECK(n <= room);
	CHECK(h->c.ended || rest.len == 0);
	memcpy(h->text + h->len, out, n);
	h->len += n;
	h->left += rest.len;
	free(in);
	free(out);
}

static void end(struct heard *h)
{
	char *out = malloc(CONTENT_HELD_MAX);

	const size_t n = content_end(&h->c, out);
	CHECK(n <= CONTENT_HELD_MAX);
	memcpy(h->text + h->len, out, n);
	h->len += n;
	free(out);
}

/* Feed `wire` in pieces: cut at i and k. */
static struct heard *play(enum content_form form, struct span wire, size_t i, size_t k)
{
	static struct heard h;

	h = (struct heard){ .len = 0 };
	content_init(&h.c, form);
	feed(&h, (struct span){ wire.at, i });
	feed(&h, (struct span){ wire.at + i, k - i });
	feed(&h, span_after(wire, k));
	if (form == CONTENT_COUNTED)
		end(&h);
	return &h;
}

static void check_heard(const struct heard *h, struct span stored, size_t left,
			uint64_t octets)
{
	if (h->len != stored.len || memcmp(h->text, stored.at, stored.len) != 0)
		fail_msg("\"%.*s\" is not \"%.*s\"", (int)h->len, h->text,
			 (int)stored.len, stored.at);
	CHECK_EQ(h->left, left);
	CHECK_EQ(h->c.octets, octets);
}

/* In every way of cutting it in three, octet by octet, and through little room. */
static void check_all(enum content_form form, struct span wire, struct span stored,
		      size_t left, uint64_t octets)
{
	struct heard *h;

	for (size_t i = 0; i <= wire.len; i++) {
		for (size_t k = i; k <= wire.len; k++) {
			h = play(form, wire, i, k);
			CHECK_EQ(h->c.ended, form == CONTENT_DOTTED);
			check_heard(h, stored, left, octets);
		}
	}
	for (size_t room = CONTENT_HELD_MAX + 1; room < CONTENT_HELD_MAX + 4; room++) {
		static struct heard slow;
		struct span rest = wire;

		slow = (struct heard){ .len = 0 };
		content_init(&slow.c, form);
		while (rest.len > 0 && !slow.c.ended)
			slow.len += content_take(&slow.c, &rest, slow.text + slow.len,
						 room);
		slow.left = rest.len;
		if (form == CONTENT_COUNTED)
			end(&slow);
		check_heard(&slow, stored, left, octets);
	}
}

/* A message of DATA; `more` octets of it are the end and what follows. */
static void dotted(struct span wire, struct span stored, uint64_t octets)
{
	check_all(CONTENT_DOTTED, wire, stored, 0, octets);
}

static void counted(struct span wire, struct span stored)
{
	check_all(CONTENT_COUNTED, wire, stored, 0, wire.len);
}

/* ---- the end of the message, and dots ---- */

static void test_a_message(void **state)
{
	(void)state;
	dotted(SPAN("A: b\r\n\r\nbody\r\n.\r\n"), SPAN("A: b\n\nbody\n"), 14);
	dotted(SPAN(".\r\n"), SPAN(""), 0);
	dotted(SPAN("\r\n.\r\n"), SPAN("\n"), 2);
	dotted(SPAN("A: b\r\n.\r\n"), SPAN("A: b\n"), 6);
}

/* RFC 5321 section 4.5.2. */
static void test_dots_are_unstuffed(void **state)
{
	(void)state;
	dotted(SPAN("\r\n..\r\n...\r\n.a\r\na.\r\n..b.\r\n.\r\n"),
	       SPAN("\n.\n..\na\na.\n.b.\n"), 21);
	dotted(SPAN("..\r\n.\r\n"), SPAN(".\n"), 3);
	dotted(SPAN(".A: b\r\n.\r\n"), SPAN("A: b\n"), 6);
}

static void test_what_follows_the_end_stays(void **state)
{
	(void)state;
	check_all(CONTENT_DOTTED, SPAN("a\r\n.\r\nQUIT\r\n"), SPAN("a\n"), 6, 3);
	check_all(CONTENT_DOTTED, SPAN("a\r\n.\r\n.\r\n"), SPAN("a\n"), 3, 3);
}

/* RFC 5321 section 4.1.1.4: only CRLF "." CRLF. A client that ends its lines in
 * another way cannot make two messages of one, nor the rest of a message a command:
 * smuggling into this server. */
static void test_smuggling_in(void **state)
{
	static const struct {
		struct span end, stored;
		size_t octets;
	} ends[] = {
#define END(wire, stored) { SPAN(wire), SPAN(stored), sizeof wire - 1 }
		END("\n.\n", "\n.\n"),          END("\n.\r\n", "\n.\n"),
		END("\r.\r", "\r.\r"),          END("\r.\r\n", "\r.\n"),
		END("\n.\r", "\n.\r"),          END("\r.\n", "\r.\n"),
		END("\r\r.\r\r", "\r\r.\r\r"),  END("\n\r.\n\r", "\n\r.\n\r"),
		END("\0.\0", "\0.\0"),
	/* The dot that begins a line is one that the client has put there. */
#undef END
#define END(wire, stored) { SPAN(wire), SPAN(stored), sizeof wire - 2 }
		END("\r\n.\n", "\n\n"),         END("\r\n.\r", "\n\r"),
		END("\r\n.\r\r\n", "\n\r\n"),   END("\r\n.\n\r\n", "\n\n\n"),
		END("\r\n.\0\r\n", "\n\0\n"),   END("\r\n. \r\n", "\n \n"),
		END("\r\n.\r.\r\n", "\n\r.\n"), END("\r\r\n.\n", "\r\n\n"),
#undef END
	};

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		char wire[256], stored[256];
		struct buf w = BUF(wire), s = BUF(stored);

		buf_put(&w, SPAN("A: b\r\n\r\nx"));
		buf_put(&s, SPAN("A: b\n\nx"));
		buf_put(&w, ends[i].end);
		buf_put(&s, ends[i].stored);
		buf_put(&w, SPAN("MAIL FROM:<evil@x>\r\n.\r\n"));
		buf_put(&s, SPAN("MAIL FROM:<evil@x>\n"));
		dotted(buf_span(&w), buf_span(&s), 9 + ends[i].octets + 20);
	}
}

/* What is stored holds no line end and dot that would end the message for the next
 * program to read it from the wire: POP3 writes each LF as CRLF, and puts a dot in
 * front of each line that begins with one: smuggling out of this server. */
static void test_smuggling_out(void **state)
{
	static const struct span wires[] = {
		SPAN("A: b\r\n\r\n.\r\r\nx\r\n.\r\n"),
		SPAN("A: b\r\n\r\n\r\r\n.\r\n"),
		SPAN("A: b\r\n\r\nx\r\n.\r\n"),
		SPAN("A: b\r\n\r\nx\n.\n.\r\n.\r\n"),
		SPAN("A: b\r\n\r\nx\r.\r.\r\n.\r\n"),
		SPAN("A: b\r\n\r\nx\r\r\n..\r\r\n\r\n.\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
		struct heard *h = play(CONTENT_DOTTED, wires[i], 0, wires[i].len);

		CHECK(h->c.ended);
		/* Each line of the stored form, stuffed again, is a message that ends
		 * where this one does. */
		char again[512];
		struct buf b = BUF(again);
		for (size_t k = 0; k < h->len; k++) {
			if (h->text[k] == '.' && (k == 0 || h->text[k - 1] == '\n'))
				buf_char(&b, '.');
			if (h->text[k] == '\n')
				buf_char(&b, '\r');
			buf_char(&b, h->text[k]);
		}
		buf_put(&b, SPAN(".\r\n"));
		char stored[512];
		const size_t n = h->len;
		memcpy(stored, h->text, n);
		h = play(CONTENT_DOTTED, buf_span(&b), 0, b.len);
		CHECK(h->c.ended);
		CHECK_EQ(h->left, 0);
		CHECK_EQ(h->len, n);
		CHECK(memcmp(h->text, stored, n) == 0);
	}
}

/* A message that the connection cuts off has not ended. */
static void test_no_beginning_of_an_end_is_the_end(void **state)
{
	static const char whole[] = "A: b\r\n\r\nx\r\n.\r\n";

	(void)state;
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct heard *h =
			play(CONTENT_DOTTED, (struct span){ whole, n }, n / 2, n);

		CHECK(!h->c.ended);
	}
}

/* ---- BDAT ---- */

/* RFC 3030 section 2: no dots are added, and none ends the message. */
static void test_counted_octets(void **state)
{
	(void)state;
	counted(SPAN("A: b\r\n\r\n..\r\n.\r\nx"), SPAN("A: b\n\n..\n.\nx"));
	counted(SPAN(".\r\n"), SPAN(".\n"));
	counted(SPAN(""), SPAN(""));
	counted(SPAN("x\r"), SPAN("x\r"));
	counted(SPAN("\r\r\n\r"), SPAN("\r\n\r"));
	counted(SPAN("A: \0\xff\r\n"), SPAN("A: \0\xff\n"));
	counted(SPAN("return-pat"), SPAN("return-pat"));
	counted(SPAN("return-path\r"), SPAN("return-path\r"));
}

/* ---- the header ---- */

/* RFC 5321 section 4.4: the server that delivers adds the field, and takes off others.
 */
static void test_return_path_is_taken_off(void **state)
{
	static const struct {
		struct span wire, stored;
	} headers[] = {
#define ROW(wire, stored) { SPAN(wire), SPAN(stored) }
		ROW("Return-Path: <a@b>\r\nA: b\r\n\r\nx\r\n", "A: b\n\nx\n"),
		ROW("A: b\r\nRETURN-path:<a@b>\r\n\r\n", "A: b\n\n"),
		ROW("A: b\r\nReturn-Path: <a@b>\r\n", "A: b\n"),
		ROW("Return-Path: x\r\n y\r\n\tz\r\nA: b\r\n c\r\n\r\n",
		    "A: b\n c\n\n"),
		ROW("Return-Path: x\r\nReturn-Path:\r\n \r\nA: b\r\n", "A: b\n"),
		ROW("Return-Path \t : x\r\nA: b\r\n", "A: b\n"),
		ROW("Return-Path: x\r\n\r\nReturn-Path: body\r\n y\r\n",
		    "\nReturn-Path: body\n y\n"),
		ROW("A: b\r\n\r\nx\r\nReturn-Path: body\r\n",
		    "A: b\n\nx\nReturn-Path: body\n"),
		ROW(" x\r\nReturn-Path: x\r\n\r\n", " x\n\n"),
		ROW("Return-Path: x\nA: b\r\n y\n\nReturn-Path: body\r\n",
		    "A: b\n y\n\nReturn-Path: body\n"),
		ROW("Return-Path: a\rb\r\nA: b\r\n", "A: b\n"),
		ROW("A: b\r\n Return-Path: x\r\n\r\n", "A: b\n Return-Path: x\n\n"),
		ROW("A: b\r\n\rReturn-Path: x\r\n\r\n", "A: b\n\rReturn-Path: x\n\n"),
		/* These are other fields. */
		ROW("Return-Paths: x\r\n y\r\n\r\n", "Return-Paths: x\n y\n\n"),
		ROW("Return-Pat: x\r\n y\r\n\r\n", "Return-Pat: x\n y\n\n"),
		ROW("XReturn-Path: x\r\n\r\n", "XReturn-Path: x\n\n"),
		ROW("Return-Path\r\n: x\r\n\r\n", "Return-Path\n: x\n\n"),
		ROW("Return-Path x: y\r\n\r\n", "Return-Path x: y\n\n"),
		ROW("Return-Path                      : x\r\n",
		    "Return-Path                      : x\n"),
		ROW("ReturnReturn-Path: x\r\n\r\n", "ReturnReturn-Path: x\n\n"),
		ROW("R\r\nRe\r\nReturn-Path\r\n\r\n", "R\nRe\nReturn-Path\n\n"),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		char wire[256];
		struct buf w = BUF(wire);

		counted(headers[i].wire, headers[i].stored);
		buf_put(&w, headers[i].wire);
		buf_put(&w, SPAN(".\r\n"));
		dotted(buf_span(&w), headers[i].stored, headers[i].wire.len);
	}
}

/* Spaces up to the room for them, and one more. */
static void test_spaces_before_the_colon(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		char wire[128], stored[128];
		struct buf w = BUF(wire), s = BUF(stored);

		buf_put(&w, SPAN("Return-Path"));
		for (size_t i = 0; i < n; i++)
			buf_char(&w, ' ');
		buf_put(&s, buf_span(&w));
		buf_put(&w, SPAN(": x\r\n"));
		buf_put(&s, SPAN(": x\n"));
		counted(buf_span(&w), n <= 21 ? SPAN("") : buf_span(&s));
	}
}

/* ---- everything ---- */

/* Random octets, of those that mean something, in random pieces: the same as what the
 * plain routine makes of them. */
static void check_random_octets(enum content_form form, uint64_t *seed)
{
	static const char *const some[] = {
		"\r", "\n", ".", "a", " ", "\r\n", "Return-Path", "Return-Path: "
	};
	static struct plain_content p;
	static struct heard h;
	char wire[512];
	struct buf w = BUF(wire);
	size_t at = 0;

	for (int i = 0; i < 30; i++)
		buf_text(&w, some[check_random(seed) % (sizeof some / sizeof *some)]);
	buf_put(&w, SPAN("a\r\n.\r\n"));
	plain_content(&p, buf_span(&w), form == CONTENT_DOTTED);
	h = (struct heard){ .len = 0 };
	content_init(&h.c, form);
	while (at < w.len && !h.c.ended) {
		size_t len = 1 + check_random(seed) % 8;

		len = len < w.len - at ? len : w.len - at;
		feed(&h, (struct span){ wire + at, len });
		at += len;
	}
	end(&h);
	CHECK_EQ(h.c.ended, form == CONTENT_DOTTED);
	CHECK_EQ(h.c.ended, p.ended);
	CHECK_EQ(at - h.left, p.taken);
	CHECK_EQ(h.len, p.len);
	CHECK(memcmp(h.text, p.out, p.len) == 0);
}

static void test_any_octets_in_any_pieces(void **state)
{
	uint64_t seed = 12;

	(void)state;
	for (int round = 0; round < 20000; round++)
		check_random_octets(round % 2 ? CONTENT_DOTTED : CONTENT_COUNTED,
				    &seed);
}

/* Without room for what may be held back nothing is taken. */
static void test_too_little_room(void **state)
{
	char out[CONTENT_HELD_MAX];
	struct content c;

	(void)state;
	content_init(&c, CONTENT_DOTTED);
	for (size_t room = 0; room <= CONTENT_HELD_MAX; room++) {
		struct span in = SPAN("abc");

		CHECK_EQ(content_take(&c, &in, out, room), 0);
		CHECK_EQ(in.len, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_message),
		TEST(test_dots_are_unstuffed),
		TEST(test_what_follows_the_end_stays),
		TEST(test_smuggling_in),
		TEST(test_smuggling_out),
		TEST(test_no_beginning_of_an_end_is_the_end),
		TEST(test_counted_octets),
		TEST(test_return_path_is_taken_off),
		TEST(test_spaces_before_the_colon),
		TEST(test_any_octets_in_any_pieces),
		TEST(test_too_little_room),
	};
	return RUN(tests);
}
