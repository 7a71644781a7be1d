/* Promises of lmtp/trace and lmtp/reply: the octets that the server writes itself. */
#include "lmtpplay.h"

#include <time.h>

#include "lmtp/trace.h"

/* ---- trace fields ---- */

static const char *trace(struct play *p, uint64_t seconds, const char *peer)
{
	static char room[TRACE_MAX + 1];
	struct buf out = { .at = room, .room = TRACE_MAX };
	const struct trace_stamp stamp = { .seconds = seconds,
					   .peer = span_of(peer),
					   .id = SPAN("1a2b.7") };

	trace_write(&p->s, &stamp, &out);
	CHECK(!out.cut);
	room[out.len] = '\0';
	return room;
}

static void test_fields_of_one_recipient(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	CHECK_TEXT(trace(&p, 1796071618, "192.0.2.7"),
		   "Return-Path: <s@a.example>\n"
		   "Received: from client.example ([192.0.2.7])\n"
		   "\tby mx.example with LMTP id 1a2b.7\n"
		   "\tfor <u@b.example>;\n"
		   "\tMon, 30 Nov 2026 20:46:58 +0000\n");
}

/* The null sender; no word of who else gets the message; a client that gave no name. */
static void test_fields_of_two_recipients(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	CHECK_EQ(line(&p, "LHLO (x)"), LMTP_ASK_READ);
	SAY(&p, "MAIL FROM:<>", "250 2.1.0 ");
	rcpt(&p, "RCPT TO:<a@b>", FAULT_NONE);
	rcpt(&p, "RCPT TO:<b@b>", FAULT_NONE);
	CHECK_TEXT(trace(&p, 0, ""), "Return-Path: <>\n"
				     "Received: from unknown\n"
				     "\tby mx.example with LMTP id 1a2b.7;\n"
				     "\tThu, 01 Jan 1970 00:00:00 +0000\n");
}

/* The recipient who was accepted, as it was written: neither the one before who was
 * refused nor the one behind. */
static void test_the_recipient_is_the_accepted_one(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_MAIL);
	rcpt(&p, "RCPT TO:<no@b>", FAULT_NO_USER);
	rcpt(&p, "RCPT TO:<\"y e\\s\"@b>", FAULT_NONE);
	rcpt(&p, "RCPT TO:<never@b>", FAULT_NO_USER);
	CHECK(strstr(trace(&p, 0, ""), "\n\tfor <\"y e\\s\"@b>;\n"));
}

/* RFC 3848, RFC 6531 section 3.7.3. */
static void test_names_of_the_protocol(void **state)
{
	static const char *const names[2][2] = {
		{ " with LMTP id ", " with LMTPS id " },
		{ " with UTF8LMTP id ", " with UTF8LMTPS id " }
	};

	(void)state;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		for (int tls = 0; tls < 2; tls++) {
			struct play p;

			bring_to(&p, LMTP_RCPT);
			p.s.utf8 = utf8;
			p.s.tls = tls;
			CHECK(strstr(trace(&p, 0, ""), names[utf8][tls]));
		}
	}
}

/* RFC 5321 section 4.1.3. */
static void test_addresses_of_clients(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	CHECK(strstr(trace(&p, 0, "2001:db8::1"), " ([IPv6:2001:db8::1])\n"));
	CHECK(strstr(trace(&p, 0, "127.0.0.1"), " ([127.0.0.1])\n"));
	CHECK(strstr(trace(&p, 0, "nonsense"), "from client.example\n"));
}

static void test_dates(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *date;
	} dates[] = {
		{ 68255999, "Tue, 29 Feb 1972 23:59:59 +0000\n" },
		{ 68256000, "Wed, 01 Mar 1972 00:00:00 +0000\n" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 +0000\n" },
		{ 951868800, "Wed, 01 Mar 2000 00:00:00 +0000\n" },
		{ 1798761599, "Thu, 31 Dec 2026 23:59:59 +0000\n" },
		{ 1798761600, "Fri, 01 Jan 2027 00:00:00 +0000\n" },
		{ 4107542400, "Mon, 01 Mar 2100 00:00:00 +0000\n" },
		{ 4107542399, "Sun, 28 Feb 2100 23:59:59 +0000\n" },
		{ 13574563200, "Tue, 29 Feb 2400 00:00:00 +0000\n" },
	};
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
		CHECK(strstr(trace(&p, dates[i].seconds, ""), dates[i].date));
}

/* The same days as the C library's, one by one through 400 years and more. */
static void test_every_day(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	for (time_t day = 0; day < 160000; day++) {
		const time_t seconds = day * 86400 + day % 86400;
		char expected[64];
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof expected, "\t%a, %d %b %Y %H:%M:%S +0000\n",
			 &tm);
		CHECK(strstr(trace(&p, (uint64_t)seconds, ""), expected));
	}
}

static void test_the_longest_fields(void **state)
{
	struct lmtp_policy longest = lmtp_policy;
	char host[256];
	struct play p;

	(void)state;
	memset(host, 'h', 255);
	host[255] = '\0';
	longest.host = host;
	bring_to(&p, LMTP_RCPT);
	p.s.policy = &longest;
	memset(p.s.sender, 's', p.s.sender_len = PATH_MAILBOX_MAX);
	memset(p.s.first, 'f', p.s.first_len = PATH_MAILBOX_MAX);
	memset(p.s.name, 'n', p.s.name_len = PATH_DOMAIN_MAX);
	CHECK(strstr(
		trace(&p, UINT64_MAX / 2, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
		"ff>;\n"));
}

/* ---- replies ---- */

/* Every row, with and without a subject: check_lines() has the rules. */
static void test_every_reply(void **state)
{
	(void)state;
	for (enum lmtp_reply r = 1; r < LMTP_REPLY_COUNT; r++) {
		char room[512];

		for (size_t len = 0; len < 256; len++) {
			char subject[256];
			struct buf out = BUF(room);

			memset(subject, 's', sizeof subject);
			lmtp_reply_write(&out, r, (struct span){ subject, len });
			buf_cstr(&out);
			check_lines(room, lmtp_reply_code(r) == 501 &&
						  !*lmtp_reply_enhanced(r));
		}
	}
}

static size_t length_with(size_t len)
{
	char room[512], subject[256];
	struct buf out = BUF(room);

	memset(subject, 's', sizeof subject);
	lmtp_reply_write(&out, LMTP_REPLY_NO_USER, (struct span){ subject, len });
	return out.len;
}

/* A subject is written as long as the line has room for it, to the last octet. */
static void test_a_subject_that_just_fits(void **state)
{
	const size_t bare = length_with(0), most = LMTP_REPLY_LINE_MAX - bare - 1;

	(void)state;
	CHECK_EQ(bare, sizeof "550 5.1.1 no such user\r\n" - 1);
	CHECK_EQ(length_with(1), bare + 2);
	CHECK_EQ(length_with(most), LMTP_REPLY_LINE_MAX);
	CHECK_EQ(length_with(most + 1), bare);
}

static void test_a_long_host(void **state)
{
	char host[512], room[1024];
	struct buf out = BUF(room);

	(void)state;
	memset(host, 'h', sizeof host - 1);
	host[sizeof host - 1] = '\0';
	lmtp_reply_greet(&out, 421, host, "busy");
	CHECK_SPAN(buf_span(&out), "421 busy\r\n");
	out.len = 0;
	lmtp_reply_lhlo(&out, false, span_of(host));
	CHECK_EQ(out.len, LMTP_REPLY_LINE_MAX);
	CHECK(memcmp(room, "250-hh", 6) == 0);
	out.len = 0;
	lmtp_reply_lhlo(&out, true, SPAN("X"));
	CHECK_SPAN(buf_span(&out), "250 X\r\n");
	CHECK_EQ(lmtp_reply_code(LMTP_REPLY_NONE), 0);
}

/* The longest address there can be is left out, and no more than that. */
static void test_a_reply_about_a_long_address(void **state)
{
	char room[512], address[PATH_MAILBOX_MAX + 1];
	struct buf out = BUF(room);

	(void)state;
	memset(address, 'a', sizeof address);
	lmtp_reply_about(LMTP_REPLY_STORED, (struct span){ address, sizeof address },
			 &out);
	lmtp_reply_about(LMTP_REPLY_STORED,
			 (struct span){ address, sizeof address - 1 }, &out);
	CHECK_SPAN(buf_span(&out),
		   "250 2.1.5 message stored\r\n250 2.1.5 message stored\r\n");
	out.len = 0;
	lmtp_reply_about(LMTP_REPLY_STORED, SPAN("a@b"), &out);
	CHECK_SPAN(buf_span(&out), "250 2.1.5 <a@b> message stored\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fields_of_one_recipient),
		TEST(test_fields_of_two_recipients),
		TEST(test_the_recipient_is_the_accepted_one),
		TEST(test_names_of_the_protocol),
		TEST(test_addresses_of_clients),
		TEST(test_dates),
		TEST(test_every_day),
		TEST(test_the_longest_fields),
		TEST(test_every_reply),
		TEST(test_a_subject_that_just_fits),
		TEST(test_a_long_host),
		TEST(test_a_reply_about_a_long_address),
	};
	return RUN(tests);
}
