/* Promises of mail/downgrade: surrogates as RFC 6857 and RFC 6858 have them, counted as
 * they are written, however the message is cut. */
#include "check.h"

#include "base/utf8.h"
#include "mail/downgrade.h"

enum { PLACE = 16 << 20 };

static struct downgrade judge, writer;
static char written[PLACE];
static bool is_whole; /* `written` is all of the message */

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
	unsigned idle = 0; /* calls that only did some of their work */

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
		idle = got > 0 || part.len < n ? 0 : idle + 1;
		CHECK(idle < 1000);
		len += got;
		in = span_after(in, n - part.len);
		free(exact);
	}
	is_whole = in.len == 0 && !w.cut;
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
	{ "Keywords: a, b ö, \"c ä\"", "Keywords: a, =?UTF-8?Q?b_=C3=B6?= , =?UTF-8?Q?c_=C3=A4?=", NULL },
	/* 3.1.3, 3.2.2 */
	{ "Date: Mon (Zeit: ö (a \\) ä) b)",
	  "Date: Mon (=?UTF-8?Q?Zeit=3A_=C3=B6?=\r\n (=?UTF-8?Q?a_=29_=C3=A4?=) b)", NULL },
	{ "MIME-Version: 1.0 (ö)", "MIME-Version: 1.0 (=?UTF-8?Q?=C3=B6?=)", NULL },
	/* 3.1.4, 3.2.5: RFC 2231 */
	{ "Content-Type: text/plain (ö); charset=utf-8; name=\"a\\\"ö b\"",
	  "Content-Type: text/plain (=?UTF-8?Q?=C3=B6?=); charset=utf-8;\r\n name*=UTF-8''a%22%C3%B6%20b",
	  "Content-Type: text/plain (=?UTF-8?Q?=C3=B6?=); charset=utf-8" },
	{ "Content-Disposition: attachment; filename=ö.txt",
	  "Content-Disposition: attachment; filename*=UTF-8''%C3%B6.txt", "Content-Disposition: attachment" },
	{ "Content-Disposition: attachment; filename*=UTF-8''%C3%A4ö",
	  "Content-Disposition: attachment; filename*=UTF-8''%C3%A4%C3%B6", "Content-Disposition: attachment" },
	{ "Content-Disposition: attachment; x*=UTF-8''a%20%4f%zz%2ö%0",
	  "Content-Disposition: attachment; x*=UTF-8''a%20O%25zz%252%C3%B6%250", "Content-Disposition: attachment" },
	{ "Content-Disposition: attachment; filename=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaö",
	  "Content-Disposition: attachment;\r\n filename*0*=UTF-8''aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;\r\n filename*1*=aaaaaaaaaaaaaa%C3%B6", "Content-Disposition: attachment" },
	/* 3.1.5: a name, as one */
	{ "From: J\xc3\xb6rg <a@b>", "From: =?UTF-8?Q?J=C3=B6rg?= <a@b>", "From: =?UTF-8?Q?J=C3=B6rg?= <a@b>" },
	{ "To: \"J\\\"ö\" X (ä) <a@b>, c@d",
	  "To: =?UTF-8?Q?J=22=C3=B6_X?= (=?UTF-8?Q?=C3=A4?=) <a@b>, c@d",
	  "To: =?UTF-8?Q?J=22=C3=B6_X?= (=?UTF-8?Q?=C3=A4?=) <a@b>, c@d" },
	{ "Reply-To: a@b (ö)", "Reply-To: a@b (=?UTF-8?Q?=C3=B6?=)", "Reply-To: a@b (=?UTF-8?Q?=C3=B6?=)" },
	/* ... before no address, too */
	{ "To: Ä <>", "To: =?UTF-8?Q?=C3=84?= <>", "To: =?UTF-8?Q?=C3=84?= <>" },
	/* 3.1.6 */
	{ "Cc: X <a@müller.example>, b@-Ö.example",
	  "Cc: X <a@xn--mller-kva.example>, =?UTF-8?Q?b=40-=C3=96=2Eexample?= :;",
	  "Cc: X =?UTF-8?Q?a=40m=C3=BCller=2Eexample?=\r\n <invalid@internationalized-address.invalid>,\r\n =?UTF-8?Q?b=40-=C3=96=2Eexample?=\r\n <invalid@internationalized-address.invalid>" },
	/* ... whose local part may be a quoted string */
	{ "To: \"a b\"@ü", "To: \"a b\"@xn--tda",
	  "To: =?UTF-8?Q?=22a_b=22=40=C3=BC?=\r\n <invalid@internationalized-address.invalid>" },
	/* ... what is no host name stays none, whatever libidn2 makes of it */
	{ "To: a@b_c.ü", "To: a@b_c.xn--tda", "To: =?UTF-8?Q?a=40b=5Fc=2E=C3=BC?=\r\n <invalid@internationalized-address.invalid>" },
	{ "To: a@b!c.ü", "To: =?UTF-8?Q?a=40b!c=2E=C3=BC?= :;",
	  "To: =?UTF-8?Q?a=40b!c=2E=C3=BC?=\r\n <invalid@internationalized-address.invalid>" },
	/* 3.1.7 */
	{ "To: G: a@b, ö@c; , X <d@e>", "To: G =?UTF-8?B?YUBiLCDDtkBj?= :;, X <d@e>",
	  "To: G: a@b, =?UTF-8?Q?=C3=B6=40c?=\r\n <invalid@internationalized-address.invalid>;, X <d@e>" },
	{ "To: Grüppe: a@ü.example, b@c;", "To: =?UTF-8?Q?Gr=C3=BCppe?= : a@xn--tda.example, b@c;",
	  "To: =?UTF-8?Q?Gr=C3=BCppe?= : =?UTF-8?Q?a=40=C3=BC=2Eexample?=\r\n <invalid@internationalized-address.invalid>, b@c;" },
	/* 3.1.8, appendix A with its erratum */
	{ "Return-Path: <ö@example.com>", "Return-Path: =?UTF-8?Q?=C3=B6=40example=2Ecom?= :;",
	  "Return-Path: =?UTF-8?Q?=C3=B6=40example=2Ecom?=\r\n <invalid@internationalized-address.invalid>" },
	{ "From: Ä <ö@example.com>", "From: =?UTF-8?B?w4Qg?= =?UTF-8?Q?=C3=B6=40example=2Ecom?= :;",
	  "From: =?UTF-8?B?w4Qg?= =?UTF-8?Q?=C3=B6=40example=2Ecom?=\r\n <invalid@internationalized-address.invalid>" },
	{ "Sender: X <ö@a> (ä)", "Sender: X =?UTF-8?Q?=C3=B6=40a?= (=?UTF-8?Q?=C3=A4?=) :;",
	  "Sender: X =?UTF-8?Q?=C3=B6=40a?=\r\n <invalid@internationalized-address.invalid>\r\n (=?UTF-8?Q?=C3=A4?=)" },
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
	/* RFC 2047 section 5: white space on both sides of an encoded-word in a phrase */
	{ "Keywords: ö, ä", "Keywords: =?UTF-8?Q?=C3=B6?= , =?UTF-8?Q?=C3=A4?=", NULL },
	{ "To: Ä : a@b;", "To: =?UTF-8?Q?=C3=84?= : a@b;", "To: =?UTF-8?Q?=C3=84?= : a@b;" },
	/* ... what the sender has encoded is not encoded again, unless it is a quoted string */
	{ "From: =?UTF-8?Q?J=C3=B6?= Ä <a@b>", "From: =?UTF-8?Q?J=C3=B6?= =?UTF-8?B?IMOE?= <a@b>",
	  "From: =?UTF-8?Q?J=C3=B6?= =?UTF-8?B?IMOE?= <a@b>" },
	{ "From: a@b (=?UTF-8?Q?a?= ö)", "From: a@b (=?UTF-8?Q?a?= =?UTF-8?B?IMO2?=)",
	  "From: a@b (=?UTF-8?Q?a?= =?UTF-8?B?IMO2?=)" },
	{ "From: \"=?x?q?a?= ö\" <a@b>", "From: =?UTF-8?B?PT94P3E/YT89IMO2?= <a@b>",
	  "From: =?UTF-8?B?PT94P3E/YT89IMO2?= <a@b>" },
	{ "To: G: =?UTF-8?Q?J?= <ö@c>, b@d;", "To: G =?UTF-8?Q?J?= =?UTF-8?B?IDzDtkBjPiwgYkBk?= :;",
	  "To: G: =?UTF-8?Q?J?= =?UTF-8?Q?=C3=B6=40c?=\r\n <invalid@internationalized-address.invalid>, b@d;" },
	/* RFC 2231 sections 3 and 4.1: segments, with and without '*' */
	{ "Content-Type: text/plain; name*1=\"ö\"; name*0=\"a b\"; x=y; name*2*=%C3%A4",
	  "Content-Type: text/plain; name*=UTF-8''a%20b%C3%B6%C3%A4; x=y", "Content-Type: text/plain; x=y" },
	{ "Content-Type: text/plain; name*0*=ISO-8859-1'de'%E4; name*1=\"(\"; x=ö",
	  "Content-Type: text/plain; name*0*=ISO-8859-1'de'%E4; name*1=\"(\";\r\n x*=UTF-8''%C3%B6",
	  "Content-Type: text/plain; name*0*=ISO-8859-1'de'%E4; name*1=\"(\"" },
	/* ... each name once */
	{ "Content-Type: text/plain; name=ö; Name*=UTF-8''%C3%A4",
	  "Content-Type: text/plain; name*=UTF-8''%C3%A4", "Content-Type: text/plain" },
	{ "Content-Type: text/plain; name=ö; name=x; name*0=y",
	  "Content-Type: text/plain; name*=UTF-8''%C3%B6", "Content-Type: text/plain" },
	{ "Content-Type: text/plain; a^=ö; a~=ä",
	  "Content-Type: text/plain; a^*=UTF-8''%C3%B6; a~*=UTF-8''%C3%A4", "Content-Type: text/plain" },
	/* what is no token, address or date does not become one */
	{ "Content-Disposition: attachment; grö=1; ä; x@=ö; y=ü",
	  "Content-Disposition: attachment; y*=UTF-8''%C3%BC", "Content-Disposition: attachment" },
	{ "Content-Type: text/plöin; name=x", NULL, NULL },
	{ "Date: Mon, 1 Jän 2020", NULL, NULL },
	{ "To: a b@ü.example", "To: =?UTF-8?Q?a_b=40=C3=BC=2Eexample?= :;",
	  "To: =?UTF-8?Q?a_b=40=C3=BC=2Eexample?=\r\n <invalid@internationalized-address.invalid>" },
	{ "To: foo@bar <ö@x>", "To: =?UTF-8?Q?foo=40bar_?= =?UTF-8?Q?=C3=B6=40x?= :;",
	  "To: =?UTF-8?Q?foo=40bar_?= =?UTF-8?Q?=C3=B6=40x?=\r\n <invalid@internationalized-address.invalid>" },
	{ "To: , ,a@b,, ö@c ,", "To: a@b, =?UTF-8?Q?=C3=B6=40c?= :;",
	  "To: a@b, =?UTF-8?Q?=C3=B6=40c?= <invalid@internationalized-address.invalid>" },
	/* RFC 6533 section 3: what is escaped is not escaped again */
	{ "Original-Recipient: utf-8; \\x{E4}ö\\x@a", "Original-Recipient: utf-8; \\x{E4}\\x{F6}\\x{5C}x@a", NULL },
	/* a line that is no field becomes a valid one */
	{ "Größe: x", "Comments: =?UTF-8?Q?Gr=C3=B6=C3=9Fe=3A?= x", NULL },
	{ "ö", "Comments: =?UTF-8?Q?=C3=B6?=", NULL },
	/* what is no good is ASCII all the same */
	{ "To: \"ö", "To: =?UTF-8?B?IsO2?= :;",
	  "To: =?UTF-8?B?IsO2?= <invalid@internationalized-address.invalid>" },
	{ "Date: ((ö", "Date: ((=?UTF-8?Q?=C3=B6?=))", NULL },
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
		/* Latin 1 alone: as it is stored */
		{ "Subject: \xf6\n\nx\n", SURROGATE_NONE },
		{ "Subject: \xc0\x80\n\nx\n", SURROGATE_NONE },
		{ "Subject: \xed\xa0\x80\n\nx\n", SURROGATE_NONE },
		/* each field is judged for itself */
		{ "From: ö\nSubject: \xf6\n\nx\n", SURROGATE_MADE },
		{ "From: ö\nno field\n\nx\n", SURROGATE_MADE },
		{ "From: ö\n\xf6\n\nx\n", SURROGATE_MADE },
		{ "From: x\nSübject: x\n\nx\n", SURROGATE_MADE },
		/* where there is no field there is no header */
		{ "ö\n\nx\n", SURROGATE_NONE },
		{ "Sübject: x\n\nx\n", SURROGATE_NONE },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: ö\n\n--b--\n",
		  SURROGATE_MADE },
		{ "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: "
		  "\xf6\n\n--b\nX: ö\n\n",
		  SURROGATE_MADE },
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

static void test_in_a_surrogate_no_field_is_left_in_another_charset(void **state)
{
	(void)state;
	downgrade("From: \xf6 <a@b>\nSubject: gr\xfc\xdf\n\xe4\nX: ö\n\n\xf6\n",
		  DOWNGRADE_FULL);
	CHECK_TEXT(written, "From: =?UNKNOWN-8BIT?Q?=F6?= <a@b>\r\n"
			    "Subject: =?UNKNOWN-8BIT?Q?gr=FC=DF?=\r\n"
			    "Comments: =?UNKNOWN-8BIT?Q?=E4?=\r\n"
			    "X: =?UTF-8?Q?=C3=B6?=\r\n\r\n\xf6\r\n.\r\n");
}

/* ---- fields longer than what is held of one ---- */

/* So many octets of `each`, between `begin` and `end`. */
static char *long_field(const char *begin, const char *each, size_t octets,
			const char *end)
{
	char *text = malloc(octets + strlen(begin) + strlen(end) + 64);
	size_t len = (size_t)sprintf(text, "%s", begin);

	while (len < octets)
		len += (size_t)sprintf(text + len, "%s", each);
	sprintf(text + len, "%s\n\nx\n", end);
	return text;
}

static size_t count(const char *text, const char *part)
{
	const size_t len = strlen(part);
	const char *const end = text + strlen(text);
	size_t n = 0;

	for (; (text = memmem(text, (size_t)(end - text), part, len)); text += len)
		n++;
	return n;
}

/* What each of a field's elements becomes, and what marks one. */
static const struct {
	const char *begin, *each, *end, *mark, *becomes;
} longs[] = {
	{ "Subject: ", "öabcdefgh", "", "ö", "=C3=B6" },
	{ "Subject: ", "ö a ", "", "ö", "=?UTF-8?Q?=C3=B6?=" },
	{ "X-Other: ", "öabcdefgh", "", "ö", "=C3=B6" },
	{ "X-Other: ", "a ", "ö", "a ", "a" },
	{ "To: ", "\"ö\" <a@b.c>, ", "x@y", "@b", "<a@b.c>," },
	{ "To: ", "ö@b,\n ", "x@y", "@b", "=?UTF-8?Q?=C3=B6=40b?=" },
	{ "To: a", ",\r\n a@ü", "", "@", "a@xn--tda" },
	{ "To: G: a", ", b@ü", ";", "@", "b@xn--tda" },
	{ "To: G: ö@a", ", b@c", ";", "@", "=40" },
	{ "Received: from a", " by ü", "; Mon (ö)", "ü", "xn--tda" },
	{ "References: ", "<a@b> (ö) ", "<c@d>", "(", "(=?UTF-8?Q?=C3=B6?=)" },
	{ "References: <ö@a>", " <a@b>", "<c@d>", "@b", "<a@b>" },
	{ "Keywords: a", ", ö", "", "ö", "=?UTF-8?Q?=C3=B6?=" },
};

static void test_a_field_longer_than_is_held_is_written_all_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
		for (size_t octets = FOLD_FIELD_MAX - 30; octets < 140000;
		     octets += octets < FOLD_FIELD_MAX + 30 ? 7 : 61111) {
			char *text = long_field(longs[i].begin, longs[i].each, octets,
						longs[i].end);
			const struct outcome o = downgrade(text, DOWNGRADE_FULL);

			CHECK_EQ(o.surrogate, SURROGATE_MADE);
			CHECK(utf8_is_ascii((struct span){ written, o.len }));
			CHECK_EQ(count(written, longs[i].becomes),
				 count(text, longs[i].mark));
			CHECK_EQ(writer.lost, 0);
			free(text);
		}
}

/* Whoever can send mail keeps nobody busy for long: what would take more work than any
 * header that is meant to be read is left out. */
static void test_a_header_made_to_keep_us_busy_is_cut(void **state)
{
	static const struct {
		const char *begin, *each, *end;
	} cases[] = {
		{ "X: ", "a ", "\nSubject: ö" },
		{ "Subject: ö\n", "x", "" },
		{ "To: ", "ö <a@ä.example>, ", "a@b" },
		{ "", "Subject: ö\n", "X: ö" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = long_field(cases[i].begin, cases[i].each,
					DOWNGRADE_WORK_MAX + 100000, cases[i].end);
		const struct outcome o = downgrade(text, DOWNGRADE_FULL);
		const struct span out = { written, o.len };

		CHECK_EQ(o.surrogate, SURROGATE_MADE);
		CHECK(utf8_is_ascii(out));
		CHECK(writer.lost > 0 &&
		      writer.work < DOWNGRADE_WORK_MAX + 2 * FOLD_FIELD_MAX);
		CHECK_SPAN(span_after(out, out.len - 10), "\r\n\r\nx\r\n.\r\n");
		free(text);
	}
}

/* Of what is no field of any use the rest is left out, and the loss is told. */
static void test_an_element_too_long_to_be_held_ends_its_field(void **state)
{
	static const struct {
		const char *begin, *each, *full, *simple;
	} cases[] = {
		{ "To: a@b, \"", "ö", "To: a@b\r\n\r\nx", "To: a@b\r\n\r\nx" },
		{ "To: G: a@b, \"", "ö", "To: G =?UTF-8?Q?a=40b=2C?= :;\r\n\r\nx",
		  "To: G: a@b;\r\n\r\nx" },
		{ "To: ö \"", "a", "To: =?UTF-8?", "To: =?UTF-8?" },
		{ "X: ", "a ", "X: a a", NULL },
		{ "Date: (", "ö", "\r\nx", "\r\nx" },
		{ "Content-Type: text/plain; a=b; c=\"", "ö",
		  "Content-Type: text/plain; a=b;",
		  "Content-Type: text/plain; a=b\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int way = DOWNGRADE_FULL; way <= DOWNGRADE_SIMPLE; way++) {
			const char *want = way == DOWNGRADE_FULL ? cases[i].full
								 : cases[i].simple;
			char *text =
				long_field(cases[i].begin, cases[i].each, 100000, "ö");
			const struct outcome o =
				downgrade(text, (enum downgrade_way)way);

			CHECK_EQ(o.surrogate, SURROGATE_MADE);
			CHECK(utf8_is_ascii((struct span){ written, o.len }));
			if (want)
				CHECK_EQ(strncmp(written, want, strlen(want)), 0);
			if (want && i != 3)
				CHECK_EQ(writer.lost, way == DOWNGRADE_FULL || i != 4);
			free(text);
		}
}

static void test_a_long_field_of_ascii_needs_nothing(void **state)
{
	char *text = long_field("To: ", "a@b, ", 3 * FOLD_FIELD_MAX, "c@d");
	struct outcome o;

	(void)state;
	find(span_of(text), DOWNGRADE_FULL, 1000, &o);
	CHECK_EQ(o.surrogate, SURROGATE_NONE);
	free(text);
	text = long_field("To: ", "a@b, ", 3 * FOLD_FIELD_MAX, "c@d\nX: ö");
	downgrade(text, DOWNGRADE_FULL);
	CHECK_EQ(count(written, "a@b,"), count(text, "a@b,"));
	CHECK_EQ(writer.lost, 0);
	free(text);
}

/* No name, or one behind as many parameters as are taken. */
static void test_parameters_that_are_left_out_are_told(void **state)
{
	enum { PARAMETERS_MAX = 64 };
	static const struct {
		unsigned before; /* parameters */
		const char *end;
		unsigned lost;
	} cases[] = {
		{ 0, "; x=ö", 0 },
		{ 0, "; x@=ö", 1 },
		{ PARAMETERS_MAX - 1, ";x=ö", 0 },
		{ PARAMETERS_MAX - 1, ";x=ö;y", 1 },
		{ PARAMETERS_MAX - 1, ";x=ö;y=z", 1 },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = (size_t)sprintf(text, "Content-Type: text/plain");

		for (unsigned k = 0; k < cases[i].before; k++)
			len += (size_t)sprintf(text + len, ";a%u=1", k);
		sprintf(text + len, "%s\n\n", cases[i].end);
		downgrade(text, DOWNGRADE_FULL);
		CHECK_EQ(writer.lost, cases[i].lost);
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

/* RFC 3464, RFC 3798: fields of a notification are no fields of the message, and none
 * is left out, whatever becomes of the others. Dates have comments, hosts have domains.
 */
static void test_fields_of_notifications(void **state)
{
	static const char status[] =
		"Reporting-MTA: dns; ö.example\nArrival-Date: Mon (ö)\n\n"
		"Final-Recipient: utf-8; ö@a\nAction: failed (ö)\n"
		"Remote-MTA: x; ö\nLast-Attempt-Date: Mon (ö)\n"
		"Diagnostic-Code: smtp; 550 ö\n";
	static const char sent[] =
		"Reporting-MTA: dns; xn--nda.example\r\n"
		"Arrival-Date: Mon (=?UTF-8?Q?=C3=B6?=)\r\n\r\n"
		"Final-Recipient: utf-8; \\x{F6}@a\r\n"
		"Action: failed (=?UTF-8?Q?=C3=B6?=)\r\n"
		"Remote-MTA: x; =?UTF-8?Q?=C3=B6?=\r\n"
		"Last-Attempt-Date: Mon (=?UTF-8?Q?=C3=B6?=)\r\n"
		"Diagnostic-Code: smtp; 550 =?UTF-8?Q?=C3=B6?=\r\n.\r\n";
	static const char *const types[] = { "delivery-status",
					     "global-delivery-status",
					     "disposition-notification" };
	char text[1024], want[1024];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		sprintf(text, "Content-Type: message/%s\n\n%s", types[i], status);
		sprintf(want, "Content-Type: message/%s\r\n\r\n%s", types[i], sent);
		downgrade(text, DOWNGRADE_FULL);
		CHECK_TEXT(written, want);
		downgrade(text, DOWNGRADE_SIMPLE);
		CHECK_TEXT(written, want);
	}
}

/* Parts in parts, deeper than is looked: there all stays as it is. */
static void test_depth(void **state)
{
	static char text[8192];
	size_t len = 0;
	struct outcome o;

	(void)state;
	for (int i = 0; i <= PARTS_DEPTH_MAX; i++)
		len += (size_t)sprintf(
			text + len,
			"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	strcpy(text + len, "X: ö\n\n");
	find(span_of(text), DOWNGRADE_FULL, 1000, &o);
	CHECK_EQ(o.surrogate, SURROGATE_NONE);
	len = 0;
	for (int i = 0; i < PARTS_DEPTH_MAX; i++)
		len += (size_t)sprintf(
			text + len,
			"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	strcpy(text + len, "X: ö\n\n");
	find(span_of(text), DOWNGRADE_FULL, 1000, &o);
	CHECK_EQ(o.surrogate, SURROGATE_MADE);
}

static void test_a_boundary_longer_than_is_remembered_is_none(void **state)
{
	char boundary[PARTS_BOUNDARY_MAX + 2], text[512];
	struct outcome o;

	(void)state;
	for (size_t len = 1; len <= PARTS_BOUNDARY_MAX + 1; len++) {
		memset(boundary, 'b', len);
		boundary[len] = '\0';
		sprintf(text,
			"Content-Type: multipart/mixed; boundary=%s\n\n--%s\nX: ö\n\n",
			boundary, boundary);
		find(span_of(text), DOWNGRADE_FULL, 1000, &o);
		CHECK_EQ(o.surrogate,
			 len <= PARTS_BOUNDARY_MAX ? SURROGATE_MADE : SURROGATE_NONE);
	}
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
		if (o.surrogate == SURROGATE_MADE)
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

/* A message whose last field, in the header of a part, is written in several steps. */
static struct span long_last_field(size_t more)
{
	static char text[20000];
	size_t len = (size_t)sprintf(text,
				     "Content-Type: multipart/mixed; "
				     "boundary=b\n\n--b\nReferences: <%0*d@b>",
				     (int)more, 0);

	for (int i = 0; i < 1000; i++)
		len += (size_t)sprintf(text + len, " <a@b> (ö)");
	return (struct span){ text, len };
}

/* The lines may run out where all input is consumed and all that is ready has gone, but
 * a step is still to be done: that is not the whole message. Some length of the first
 * word lets a step end with a line. */
static void test_top_without_the_last_step_of_a_field_is_not_the_message(void **state)
{
	uint64_t octets;

	(void)state;
	for (size_t more = 1; more <= 80; more++) {
		const struct span in = long_last_field(more);
		const size_t all =
			write_top(in, DOWNGRADE_FULL, in.len, 65536, -1, &octets);
		int64_t lines = 0;

		CHECK(is_whole && all > DOWNGRADE_MADE_OCTETS);
		for (size_t i = 0; i < DOWNGRADE_MADE_OCTETS; i++)
			lines += written[i] == '\n';
		for (int64_t most = lines + 3; lines <= most; lines++) {
			CHECK(write_top(in, DOWNGRADE_FULL, in.len, 65536, lines - 2,
					&octets) < all);
			CHECK(!is_whole);
		}
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

/* Mailboxes with one domain, or with as many as there are mailboxes. */
static size_t put_mailboxes(char *out, unsigned number, bool distinct)
{
	size_t len = 0;

	for (unsigned i = 0; i < number; i++)
		len += (size_t)sprintf(out + len, "%sa%u@ü%u.example",
				       i > 0 ? ", " : "", i, distinct ? i : 0);
	return len;
}

static void test_no_address_is_lost_among_many(void **state)
{
	static char text[PLACE];
	static const struct {
		const char *begin, *end;
	} cases[] = { { "To: ", "" },
		      { "To: G: ", ";" },
		      { "Cc: G: x@y, ", "; , c@d" } };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		size_t len = (size_t)sprintf(text, "%s", cases[i / 2].begin);

		len += put_mailboxes(text + len, 1000, i % 2 == 1);
		sprintf(text + len, "%s\n\n", cases[i / 2].end);
		const struct outcome o = downgrade(text, DOWNGRADE_FULL);
		CHECK(utf8_is_ascii((struct span){ written, o.len }));
		CHECK_EQ(count(written, "@xn--"), 1000);
		CHECK_EQ(count(written, "=?"), 0);
		CHECK_EQ(writer.domains.looked < 40, i % 2 == 0);
	}
}

/* However many domains a message has, a call looks at few: the rest is done in others.
 */
static void test_a_call_does_a_bounded_amount_of_work(void **state)
{
	static char text[PLACE], out[FOLD_FIELD_MAX * 4];
	size_t len = (size_t)sprintf(text, "To: G: ");
	struct wire w;
	unsigned calls = 0;

	(void)state;
	len += put_mailboxes(text + len, 10000, true);
	len += (size_t)sprintf(text + len, ";\n\n");
	struct span in = { text, len };
	wire_start(&w);
	downgrade_start(&writer, DOWNGRADE_FULL, len);
	for (uint64_t looked = 0; in.len > 0; looked = writer.domains.looked) {
		downgrade_encode(&writer, &w, &in, out, sizeof out);
		CHECK(writer.domains.looked - looked < 2 * DOWNGRADE_LOOKS_MAX);
		calls++;
	}
	CHECK(writer.domains.looked >= 10000);
	CHECK(calls > 100);
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
		TEST(test_in_a_surrogate_no_field_is_left_in_another_charset),
		TEST(test_a_field_longer_than_is_held_is_written_all_the_same),
		TEST(test_an_element_too_long_to_be_held_ends_its_field),
		TEST(test_a_header_made_to_keep_us_busy_is_cut),
		TEST(test_a_long_field_of_ascii_needs_nothing),
		TEST(test_parameters_that_are_left_out_are_told),
		TEST(test_headers_of_parts),
		TEST(test_fields_of_notifications),
		TEST(test_depth),
		TEST(test_a_boundary_longer_than_is_remembered_is_none),
		TEST(test_how_it_is_cut_changes_nothing),
		TEST(test_top),
		TEST(test_top_without_the_last_step_of_a_field_is_not_the_message),
		TEST(test_lines_are_short_and_words_whole),
		TEST(test_no_address_is_lost_among_many),
		TEST(test_a_call_does_a_bounded_amount_of_work),
		TEST(test_utf8),
	};

	return RUN(tests);
}
