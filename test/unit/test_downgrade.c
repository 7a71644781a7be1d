/* Promises of mail/downgrade: surrogates as RFC 6857 and RFC 6858 have them, counted as
 * they are written, however the message is cut. */
#include "check.h"

#include "base/utf8.h"
#include "mail/downgrade.h"

enum { PLACE = 1 << 20 };

static struct downgrade judge, writer;
static char written[PLACE];

struct outcome {
	enum surrogate surrogate;
	uint64_t octets; /* on the wire, as judged */
	size_t len;      /* written */
};

static enum surrogate judge_in_pieces(struct span in, enum downgrade_way way,
				      size_t piece, bool told, int32_t *difference)
{
	downgrade_judge_start(&judge, way);
	for (size_t n; in.len > 0; in = span_after(in, n)) {
		n = in.len < piece ? in.len : piece;
		downgrade_judge(&judge, (struct span){ in.at, n }, told && n == in.len);
	}
	return downgrade_verdict(&judge, difference);
}

/* Whether it is told which piece is the last makes no difference. */
static void find(struct span in, enum downgrade_way way, size_t piece,
		 struct outcome *out)
{
	struct wire w;
	int32_t difference, other;

	out->surrogate = judge_in_pieces(in, way, piece, true, &difference);
	CHECK_EQ(judge_in_pieces(in, way, piece, false, &other), out->surrogate);
	CHECK_EQ(other, difference);
	wire_start(&w);
	wire_count(&w, in);
	wire_end(&w, NULL);
	out->octets = w.octets + (uint64_t)(int64_t)difference;
}

/* Offered in pieces, what is not taken again, as a front does. */
static size_t write_top(struct span in, enum downgrade_way way, size_t piece,
			size_t room, int64_t lines, uint64_t *octets)
{
	struct wire w;
	size_t len = 0;

	if (lines < 0)
		wire_start(&w);
	else
		wire_start_top(&w, (uint32_t)lines);
	downgrade_start(&writer, way, in.len);
	while (in.len > 0 && !w.full) {
		size_t n = in.len < piece ? in.len : piece;
		char *exact = malloc(n);
		struct span part = { exact, n };

		memcpy(exact, in.at, n);
		size_t got = downgrade_encode(&writer, &w, &part, written + len, room);
		CHECK(got <= room);
		CHECK(got > 0 || part.len < n);
		len += got;
		in = span_after(in, n - part.len);
		free(exact);
	}
	len += wire_end(&w, written + len);
	*octets = w.octets;
	return len;
}

static struct outcome downgrade(const char *text, enum downgrade_way way)
{
	const struct span in = span_of(text);
	struct outcome out;
	uint64_t octets;

	find(in, way, in.len, &out);
	out.len = write_top(in, way, in.len, 4096, -1, &octets);
	CHECK_EQ(octets, out.octets);
	written[out.len] = '\0';
	return out;
}

/* ---- fields ---- */

struct example {
	const char *field, *full, *simple; /* NULL: it goes */
};

static const struct example examples[] = {
	/* clang-format off */
	/* RFC 6857 sections 3.1.1, 3.2.6, 3.2.8 */
	{ "Subject: ö", "Subject: =?UTF-8?Q?=C3=B6?=", "Subject: =?UTF-8?Q?=C3=B6?=" },
	{ "Subject:ö", "Subject: =?UTF-8?Q?=C3=B6?=", "Subject: =?UTF-8?Q?=C3=B6?=" },
	{ "SUBJECT: a  b ö c", "SUBJECT: a  b =?UTF-8?Q?=C3=B6?= c", "SUBJECT: a  b =?UTF-8?Q?=C3=B6?= c" },
	{ "Subject: ö  ä", "Subject: =?UTF-8?B?w7YgIMOk?=", "Subject: =?UTF-8?B?w7YgIMOk?=" },
	{ "Subject: =?UTF-8?Q?a?= ö =?UTF-8?Q?b?= c",
	  "Subject: =?UTF-8?Q?a?= =?UTF-8?Q?_=C3=B6_?= =?UTF-8?Q?b?= c",
	  "Subject: =?UTF-8?Q?a?= =?UTF-8?Q?_=C3=B6_?= =?UTF-8?Q?b?= c" },
	{ "Content-Description: Größe", "Content-Description: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?=", NULL },
	{ "X-Other: Größe", "X-Other: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?=", NULL },
	{ "List-Id: Größe <x>", "List-Id: =?UTF-8?Q?Gr=C3=B6=C3=9Fe?= <x>", NULL },
	/* 3.1.2, 3.2.7 */
	{ "Keywords: a, b ö, \"c ä\"", "Keywords: a, =?UTF-8?Q?b_=C3=B6?=, =?UTF-8?Q?c_=C3=A4?=", NULL },
	/* 3.1.3, 3.2.2 */
	{ "Date: Mon (Zeit: ö (a \\) ä) b)",
	  "Date: Mon (=?UTF-8?Q?Zeit=3A_=C3=B6_?=\r\n (=?UTF-8?Q?a_=29_=C3=A4?=) b)", NULL },
	{ "MIME-Version: 1.0 (ö)", "MIME-Version: 1.0 (=?UTF-8?Q?=C3=B6?=)", NULL },
	/* 3.1.4, 3.2.5: RFC 2231 */
	{ "Content-Type: text/plain (ö); charset=utf-8; name=\"a\\\"ö b\"",
	  "Content-Type: text/plain (=?UTF-8?Q?=C3=B6?=); charset=utf-8;\r\n name*=UTF-8''a%22%C3%B6%20b",
	  "Content-Type: text/plain (=?UTF-8?Q?=C3=B6?=); charset=utf-8" },
	{ "Content-Disposition: attachment; filename=ö.txt",
	  "Content-Disposition: attachment; filename*=UTF-8''%C3%B6.txt", "Content-Disposition: attachment" },
	{ "Content-Disposition: attachment; filename*=UTF-8''%C3%A4ö",
	  "Content-Disposition: attachment; filename*=UTF-8''%C3%A4%C3%B6", "Content-Disposition: attachment" },
	{ "Content-Disposition: attachment; filename=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaö",
	  "Content-Disposition: attachment;\r\n filename*0*=UTF-8''aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;\r\n filename*1*=aaaaaaaaaaaaaaaaaaa%C3%B6", "Content-Disposition: attachment" },
	/* 3.1.5: a name, as one */
	{ "From: J\xc3\xb6rg <a@b>", "From: =?UTF-8?Q?J=C3=B6rg?= <a@b>", "From: =?UTF-8?Q?J=C3=B6rg?= <a@b>" },
	{ "To: \"J\\\"ö\" X (ä) <a@b>, c@d",
	  "To: =?UTF-8?Q?J=22=C3=B6_X?= (=?UTF-8?Q?=C3=A4?=) <a@b>, c@d",
	  "To: =?UTF-8?Q?J=22=C3=B6_X?= (=?UTF-8?Q?=C3=A4?=) <a@b>, c@d" },
	{ "Reply-To: a@b (ö)", "Reply-To: a@b (=?UTF-8?Q?=C3=B6?=)", "Reply-To: a@b (=?UTF-8?Q?=C3=B6?=)" },
	/* 3.1.6 */
	{ "Cc: X <a@müller.example>, b@-Ö.example",
	  "Cc: X <a@xn--mller-kva.example>, =?UTF-8?Q?b=40-=C3=96=2Eexample?= :;",
	  "Cc: X =?UTF-8?Q?a=40m=C3=BCller=2Eexample?=\r\n <invalid@internationalized-address.invalid>,\r\n =?UTF-8?Q?b=40-=C3=96=2Eexample?=\r\n <invalid@internationalized-address.invalid>" },
	/* 3.1.7 */
	{ "To: G: a@b, ö@c; , X <d@e>", "To: G =?UTF-8?B?YUBiLCDDtkBj?= :;, X <d@e>",
	  "To: G: a@b, =?UTF-8?Q?=C3=B6=40c?=\r\n <invalid@internationalized-address.invalid>;, X <d@e>" },
	{ "To: Grüppe: a@ü.example, b@c;", "To: =?UTF-8?Q?Gr=C3=BCppe?=: a@xn--tda.example, b@c;",
	  "To: =?UTF-8?Q?Gr=C3=BCppe?=: =?UTF-8?Q?a=40=C3=BC=2Eexample?=\r\n <invalid@internationalized-address.invalid>, b@c;" },
	/* 3.1.8, appendix A with its erratum */
	{ "Return-Path: <ö@example.com>", "Return-Path: =?UTF-8?Q?=C3=B6=40example=2Ecom?= :;",
	  "Return-Path: =?UTF-8?Q?=C3=B6=40example=2Ecom?=\r\n <invalid@internationalized-address.invalid>" },
	{ "From: Ä <ö@example.com>", "From: =?UTF-8?B?w4Qg?= =?UTF-8?Q?=C3=B6=40example=2Ecom?= :;",
	  "From: =?UTF-8?B?w4Qg?= =?UTF-8?Q?=C3=B6=40example=2Ecom?=\r\n <invalid@internationalized-address.invalid>" },
	{ "Disposition-Notification-To: ö@a", "Disposition-Notification-To: =?UTF-8?Q?=C3=B6=40a?= :;", NULL },
	/* 3.1.9: RFC 6533 */
	{ "Original-Recipient: utf-8; ö+x@a (ä)",
	  "Original-Recipient: utf-8; \\x{F6}\\x{2B}x@a\r\n (=?UTF-8?Q?=C3=A4?=)", NULL },
	{ "Final-Recipient: rfc822; ö@a", "Downgraded-Final-Recipient: rfc822; =?UTF-8?Q?=C3=B6=40a?=", NULL },
	/* 3.1.10, 3.2.3 */
	{ "Message-ID: <ö@a>", "Downgraded-Message-ID: =?UTF-8?B?PMO2QGE+?=", NULL },
	{ "References: <a@b> (ö)\n <c@d>", "References: <a@b> (=?UTF-8?Q?=C3=B6?=) <c@d>", NULL },
	/* 3.2.4 */
	{ "Received: from ö.example (ö) by b.c with UTF8SMTP id ö\n for <a@ö.example>; Mon, 1 Jan (ö)",
	  "Received: from xn--nda.example (=?UTF-8?Q?=C3=B6?=) by b.c with UTF8SMTP\r\n for <a@xn--nda.example>; Mon, 1 Jan (=?UTF-8?Q?=C3=B6?=)", NULL },
	{ "Received: from a by b for <ö@c>; Mon", "Received: from a by b; Mon", NULL },
	/* what is no good is ASCII all the same */
	{ "To: \"ö", "To: =?UTF-8?B?IsO2?= :;",
	  "To: =?UTF-8?B?IsO2?= <invalid@internationalized-address.invalid>" },
	{ "Date: ((ö", "Date: ((=?UTF-8?Q?=C3=B6?=", NULL },
	/* clang-format on */
};

static void check_example(const struct example *e, enum downgrade_way way,
			  const char *expected)
{
	char message[1024], want[1024];

	sprintf(message, "A: 1\n%s\nB: 2\r\n\n.ö\n", e->field);
	sprintf(want, "A: 1\r\n%s%sB: 2\r\n\r\n..ö\r\n.\r\n", expected ? expected : "",
		expected ? "\r\n" : "");
	const struct outcome o = downgrade(message, way);
	CHECK_TEXT(written, want);
	CHECK_EQ(o.surrogate, SURROGATE_MADE);
}

static void test_each_field_in_its_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		check_example(&examples[i], DOWNGRADE_FULL, examples[i].full);
		check_example(&examples[i], DOWNGRADE_SIMPLE, examples[i].simple);
	}
}

/* RFC 6857 appendix A, figures 1 and 2; '@' and '.' as its erratum 3955 has them. */
static void test_appendix_a(void **state)
{
	static const char received[] =
		"Return-Path: <NÖN@example.com>\n"
		"Received: from a by b for <RÉM1@example.net>\n"
		"Received: from b by c for <RÉM1@example.net>\n"
		"From: DÏSPLAY <NÖN@example.com>\n"
		"To: DÏS1 <RÉM1@example.net>,\n    DÏS2 <RÉM2@example.com>\n"
		"Cc: DÏS3 <RÉM3@example.org>\n"
		"Subject: SÜBJECT\n"
		"Date: Mon, 30 Jul 2012 01:23:45 -0000\n"
		"Message-Id: MËSSAGE_ID\n"
		"Mime-Version: 1.0\n"
		"Content-Type: text/plain; charset=\"UTF-8\"\n"
		"Content-Transfer-Encoding: 8bit\n"
		"X-Unknown-Header: CHÄRACTERS\n\nMÄIL_BODY\n";
	static const char sent[] =
		"Return-Path: =?UTF-8?Q?N=C3=96N=40example=2Ecom?= :;\r\n"
		"Received: from a by b\r\n"
		"Received: from b by c\r\n"
		"From: =?UTF-8?Q?D=C3=8FSPLAY_?= =?UTF-8?Q?N=C3=96N=40example=2Ecom?= "
		":;\r\n"
		"To: =?UTF-8?Q?D=C3=8FS1_?= =?UTF-8?Q?R=C3=89M1=40example=2Enet?= "
		":;,\r\n"
		" =?UTF-8?Q?D=C3=8FS2_?= =?UTF-8?Q?R=C3=89M2=40example=2Ecom?= :;\r\n"
		"Cc: =?UTF-8?Q?D=C3=8FS3_?= =?UTF-8?Q?R=C3=89M3=40example=2Eorg?= "
		":;\r\n"
		"Subject: =?UTF-8?Q?S=C3=9CBJECT?=\r\n"
		"Date: Mon, 30 Jul 2012 01:23:45 -0000\r\n"
		"Downgraded-Message-Id: =?UTF-8?Q?M=C3=8BSSAGE=5FID?=\r\n"
		"Mime-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=\"UTF-8\"\r\n"
		"Content-Transfer-Encoding: 8bit\r\n"
		"X-Unknown-Header: "
		"=?UTF-8?Q?CH=C3=84RACTERS?=\r\n\r\nMÄIL_BODY\r\n.\r\n";

	(void)state;
	downgrade(received, DOWNGRADE_FULL);
	CHECK_TEXT(written, sent);
}

/* ---- verdicts ---- */

static void test_what_needs_a_surrogate(void **state)
{
	static const struct {
		const char *message;
		enum surrogate surrogate;
	} cases[] = {
		{ "", SURROGATE_NONE },
		{ "Subject: x\n\nö\n", SURROGATE_NONE },
		{ "Subject: ö\n\nx\n", SURROGATE_MADE },
		{ "Subject: ö", SURROGATE_MADE }, /* cut short, but a header */
		{ "Subject: \xf6\n\nx\n",
		  SURROGATE_NONE }, /* Latin 1: as it is stored */
		{ "From: ö\nSubject: \xf6\n\nx\n", SURROGATE_NONE },
		{ "Subject: \xc0\x80\n\nx\n", SURROGATE_NONE },
		{ "Subject: \xed\xa0\x80\n\nx\n", SURROGATE_NONE },
		{ "Sübject: x\n\nx\n",
		  SURROGATE_NONE }, /* RFC 6532 allows no such name */
		{ "ö\n\nx\n", SURROGATE_NONE },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: ö\n\n--b--\n",
		  SURROGATE_MADE },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: "
		  "\xf6\n\n--b\nX: ö\n\n",
		  SURROGATE_NONE },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nX: ö\n--b--\nX: "
		  "ö\n",
		  SURROGATE_NONE },
		{ "Content-Type: multipart/mixed; boundary=b\n\nX: ö\n",
		  SURROGATE_NONE },
		{ "Content-Type: text/plain; boundary=b\n\n--b\nX: ö\n",
		  SURROGATE_NONE },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct span in = span_of(cases[i].message);

		find(in, DOWNGRADE_FULL, 1, &o);
		CHECK_EQ(o.surrogate, cases[i].surrogate);
		find(in, DOWNGRADE_REFUSE, 7, &o);
		CHECK_EQ(o.surrogate, cases[i].surrogate == SURROGATE_MADE
					      ? SURROGATE_REFUSED
					      : SURROGATE_NONE);
	}
}

/* "Subject: " and `octets` more, with or without an ö at the end. */
static char *long_field(size_t octets, bool beyond)
{
	char *text = malloc(octets + 32);

	strcpy(text, "Subject: ");
	memset(text + 9, 'a', octets);
	strcpy(text + 9 + octets, beyond ? "ö\n\nx\n" : "\n\nx\n");
	return text;
}

static void test_a_field_too_long_to_rewrite(void **state)
{
	static const struct {
		size_t octets;
		bool beyond;
		enum surrogate surrogate;
	} cases[] = {
		{ FOLD_FIELD_MAX - 20, true, SURROGATE_MADE },
		{ FOLD_FIELD_MAX - 9, true, SURROGATE_REFUSED },
		{ FOLD_FIELD_MAX, true, SURROGATE_REFUSED },
		{ 3 * FOLD_FIELD_MAX, true, SURROGATE_REFUSED },
		{ FOLD_FIELD_MAX - 9, false, SURROGATE_NONE },
		{ 3 * FOLD_FIELD_MAX, false, SURROGATE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = long_field(cases[i].octets, cases[i].beyond);
		struct outcome o;

		find(span_of(text), DOWNGRADE_FULL, 1000, &o);
		CHECK_EQ(o.surrogate, cases[i].surrogate);
		if (o.surrogate == SURROGATE_MADE)
			downgrade(text, DOWNGRADE_FULL);
		free(text);
	}
}

/* ---- parts ---- */

static const char parts[] =
	"Content-Type: multipart/mixed; boundary=\"a\"\n\nX: ö\n--a\n"
	"Content-Type: multipart/digest;\n boundary=b\nX: ö\n\n--b\n\nX: ö\n\nX: "
	"ä\n--b \nX: ö\n\n"
	"X: ö\n\nX: ä\n--a\nContent-Type: message/global\n\nX: ö\n\nX: ä\n--a\n"
	"Content-Type: message/delivery-status\n\nX: ö\n\nFinal-Recipient: "
	"utf-8;ö@a\n--a--\nX: ä\n";

static const char parts_full[] =
	"Content-Type: multipart/mixed; boundary=\"a\"\r\n\r\nX: ö\r\n--a\r\n"
	"Content-Type: multipart/digest;\r\n boundary=b\r\nX: "
	"=?UTF-8?Q?=C3=B6?=\r\n\r\n--b\r\n\r\n"
	"X: =?UTF-8?Q?=C3=B6?=\r\n\r\nX: ä\r\n--b \r\nX: =?UTF-8?Q?=C3=B6?=\r\n\r\n"
	"X: =?UTF-8?Q?=C3=B6?=\r\n\r\nX: ä\r\n--a\r\nContent-Type: "
	"message/global\r\n\r\n"
	"X: =?UTF-8?Q?=C3=B6?=\r\n\r\nX: ä\r\n--a\r\n"
	"Content-Type: message/delivery-status\r\n\r\nX: =?UTF-8?Q?=C3=B6?=\r\n\r\n"
	"Final-Recipient: utf-8;\\x{F6}@a\r\n--a--\r\nX: ä\r\n.\r\n";

static void test_headers_of_parts(void **state)
{
	(void)state;
	downgrade(parts, DOWNGRADE_FULL);
	CHECK_TEXT(written, parts_full);
}

/* Parts in parts, deeper than is looked: there all stays as it is. */
static void test_depth(void **state)
{
	static char text[8192];
	size_t len = 0;
	struct outcome o;

	(void)state;
	for (int i = 0; i <= DOWNGRADE_DEPTH_MAX; i++)
		len += (size_t)sprintf(
			text + len,
			"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	strcpy(text + len, "X: ö\n\n");
	find(span_of(text), DOWNGRADE_FULL, 1000, &o);
	CHECK_EQ(o.surrogate, SURROGATE_NONE);
	len = 0;
	for (int i = 0; i < DOWNGRADE_DEPTH_MAX; i++)
		len += (size_t)sprintf(
			text + len,
			"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	strcpy(text + len, "X: ö\n\n");
	find(span_of(text), DOWNGRADE_FULL, 1000, &o);
	CHECK_EQ(o.surrogate, SURROGATE_MADE);
}

/* ---- cuts ---- */

static void check_cuts(struct span in, enum downgrade_way way)
{
	static const size_t rooms[] = { 2, 3, 7, 64, 4096 };
	static char whole[PLACE];
	uint64_t octets, again;
	struct outcome o;
	const size_t len = write_top(in, way, in.len, sizeof written / 2, -1, &octets);

	memcpy(whole, written, len);
	for (size_t piece = 1; piece <= in.len; piece += piece < 40 ? 1 : 37) {
		const size_t room = rooms[piece % (sizeof rooms / sizeof *rooms)];

		CHECK_EQ(write_top(in, way, piece, room, -1, &again), len);
		CHECK_EQ(memcmp(written, whole, len), 0);
		CHECK_EQ(again, octets);
		find(in, way, piece, &o);
		CHECK_EQ(o.octets, octets);
	}
}

static void test_how_it_is_cut_changes_nothing(void **state)
{
	char message[1024];

	(void)state;
	check_cuts(span_of(parts), DOWNGRADE_FULL);
	check_cuts(span_of(parts), DOWNGRADE_SIMPLE);
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		sprintf(message, "A: 1\n%s\nB: 2\r\n\n.ö\n", examples[i].field);
		check_cuts(span_of(message), DOWNGRADE_FULL);
		check_cuts(span_of(message), DOWNGRADE_SIMPLE);
		check_cuts(span_of(examples[i].field), DOWNGRADE_FULL);
	}
}

static void test_top(void **state)
{
	const struct span in = SPAN("Subject: ö\n\n1\n2\n3\n");
	uint64_t octets;

	(void)state;
	for (int64_t lines = 0; lines < 4; lines++) {
		char want[] = "Subject: =?UTF-8?Q?=C3=B6?=\r\n\r\n1\r\n2\r\n3\r\n";
		const size_t len = strlen(want) - (size_t)(3 - lines) * 3;

		CHECK_EQ(write_top(in, DOWNGRADE_FULL, 3, 5, lines, &octets), len + 3);
		CHECK_EQ(memcmp(written, want, len), 0);
	}
}

/* ---- lines ---- */

/* Words of all lengths, and none of them too long for a line. */
static void test_lines_are_short_and_words_whole(void **state)
{
	static char text[20000];
	uint64_t random = 1;
	size_t len = 0;

	(void)state;
	len += (size_t)sprintf(text, "To: ");
	while (len < 15000) {
		static const char *const bits[] = { "a",    "ö",     "漢字", "😀",
						    " ",    "\"",    "(ä)",  "b@c,",
						    "ö@ö,", "<ä@b>," };

		len += (size_t)sprintf(text + len, "%s",
				       bits[check_random(&random) % 10]);
	}
	strcpy(text + len, "\n\n");
	const struct outcome o = downgrade(text, DOWNGRADE_FULL);
	CHECK(utf8_is_ascii((struct span){ written, o.len }));
	for (char *line = strtok(written, "\r\n"); line; line = strtok(NULL, "\r\n"))
		if (strlen(line) > FOLD_LINE_MAX && strstr(line, "=?"))
			fail_msg("%s", line);
}

/* Where there are too many domains, those behind them are encoded, not half written. */
static void test_domains_are_limited(void **state)
{
	static char text[FOLD_FIELD_MAX];
	const char *const begins[] = { "To: ", "To: G: ", "Received: from " };
	const char *const more[] = { "a@ü,", "a@ü,", "ü " };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t len = (size_t)sprintf(text, "%s", begins[i]);

		for (int k = 0; k < 2 * FOLD_DOMAINS_MAX; k++)
			len += (size_t)sprintf(text + len, "%s", more[i]);
		strcpy(text + len, "\n\n");
		const struct outcome o = downgrade(text, DOWNGRADE_FULL);
		CHECK(utf8_is_ascii((struct span){ written, o.len }));
		CHECK(i == 2 || strstr(written, "=?UTF-8?") != NULL);
	}
}

static void test_utf8(void **state)
{
	static const struct {
		struct span text;
		bool good;
	} cases[] = {
		{ SPAN(""), true },
		{ SPAN("a\0b"), true },
		{ SPAN("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"), true },
		{ SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80"),
		  true },
		{ SPAN("\x80"), false },
		{ SPAN("\xc1\xbf"), false },
		{ SPAN("\xc2"), false },
		{ SPAN("\xe0\x9f\xbf"), false },
		{ SPAN("\xed\xa0\x80"), false },
		{ SPAN("\xf0\x8f\xbf\xbf"), false },
		{ SPAN("\xf4\x90\x80\x80"), false },
		{ SPAN("\xf5\x80\x80\x80"), false },
		{ SPAN("\xe2\x82"), false },
		{ SPAN("\xe2\x82z"), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(utf8_is(cases[i].text), cases[i].good);
	CHECK_EQ(utf8_code(SPAN("\xf0\x9f\x98\x80")), 0x1f600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_field_in_its_way),
		TEST(test_appendix_a),
		TEST(test_what_needs_a_surrogate),
		TEST(test_a_field_too_long_to_rewrite),
		TEST(test_headers_of_parts),
		TEST(test_depth),
		TEST(test_how_it_is_cut_changes_nothing),
		TEST(test_top),
		TEST(test_lines_are_short_and_words_whole),
		TEST(test_domains_are_limited),
		TEST(test_utf8),
	};

	return RUN(tests);
}
