/* Promises of foreign/mboxfile, foreign/digest and foreign/header. The mboxes are what
 * Dovecot 2.3.19, popa3d 1.0.3 and solid-pop3d 0.15 read, and the unique-ids what they
 * showed. */
#include "check.h"

#include "base/buf.h"
#include "foreign/digest.h"
#include "foreign/header.h"
#include "foreign/mboxfile.h"
#include "foreignmboxes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- digests ---- */

typedef void digest_fn(struct span message, struct buf *out);

static void check_digests(struct span file, digest_fn *digest, const char *const uids[],
			  size_t count)
{
	struct mboxfile_message m;

	for (size_t i = 0; i < count; i++) {
		char room[64];
		struct buf uid = BUF(room);

		CHECK(mboxfile_cut(&file, true, &m));
		digest(m.text, &uid);
		CHECK_SPAN(buf_span(&uid), uids[i]);
	}
	CHECK(!mboxfile_cut(&file, true, &m));
	CHECK_EQ(file.len, 0);
}

static void test_the_digests_of_popa3d(void **state)
{
	(void)state;
	check_digests(span_of(popa3d_mbox), digest_popa3d, popa3d_uids,
		      COUNT(popa3d_uids));
}

static void test_the_digests_of_solid_pop3d(void **state)
{
	char room[64];
	struct buf uid = BUF(room);

	(void)state;
	check_digests(span_of(solid_mbox), digest_solid, solid_uids, COUNT(solid_uids));
	digest_solid(SPAN("subject: x\n\nSubject: y\n"), &uid);
	CHECK_SPAN(buf_span(&uid), "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_the_digests_of_dovecot(void **state)
{
	(void)state;
	check_digests(span_of(md5_mbox), digest_dovecot, md5_uids, COUNT(md5_uids));
}

/* solid-pop3d with a Maildir. */
static void test_the_digest_of_a_name(void **state)
{
	char room[64];
	struct buf uid = BUF(room);

	(void)state;
	digest_name(SPAN("1700000001.M100001P11.mx1.example.net,S=166,W=174"), &uid);
	CHECK_SPAN(buf_span(&uid), "2ee8be895d510046669d8c77341b1e33");
}

/* ---- uids ---- */

static void put_hex(struct buf *out, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		const unsigned char octet = (unsigned char)(n >> shift);

		buf_hex(out, &octet, 1);
	}
}

static void check_uids(struct span file, const char *const uids[], size_t count)
{
	struct mboxfile_uids state = { .strict = true };
	struct mboxfile_message m;

	for (size_t i = 0; i < count; i++) {
		char room[64];
		struct buf uid = BUF(room);
		bool is_new;

		CHECK(mboxfile_cut(&file, false, &m));
		if (i == 0)
			mboxfile_base(&state, m.text);
		put_hex(&uid, mboxfile_uid(&state, m.text, &is_new));
		put_hex(&uid, state.validity);
		CHECK_SPAN(buf_span(&uid), uids[i]);
	}
	CHECK(!mboxfile_cut(&file, false, &m));
}

static void test_the_uids_of_dovecot(void **state)
{
	(void)state;
	check_uids(span_of(dovecot_mbox), dovecot_uids, COUNT(dovecot_uids));
	check_uids(span_of(falling_mbox), falling_uids, COUNT(falling_uids));
}

static uint32_t first_uid(struct span message, bool strict)
{
	struct mboxfile_uids uids = { .strict = strict };
	bool is_new;

	mboxfile_base(&uids, message);
	return mboxfile_uid(&uids, message, &is_new);
}

static void test_fields_of_uids_that_dovecot_does_not_read(void **state)
{
	(void)state;
	CHECK_EQ(first_uid(SPAN("X-IMAPbase: 5 9\nX-UID: 7\n\n"), true), 7);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase: 5   0009 key\nx-uid: 7   \n\n"), true), 7);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase:  5 9\nX-UID: 7\n\n"), true), 0);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase:  5 9\nX-UID: 7\n\n"), false), 7);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase: 5 9\nX-UID:  7\n\n"), true), 10);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase: 5 9\nX-UID: 7x\n\n"), true), 10);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase: 5 9\nX-UID: 12\n\n"), true), 10);
	CHECK_EQ(first_uid(SPAN("X-IMAPbase: 5\nX-UID: 7\n\n"), true), 1);
	CHECK_EQ(first_uid(SPAN("X-UID: 7\n\n"), true), 0);
}

static void test_the_pseudo_message_of_uw(void **state)
{
	static const char text[] =
		"From MAILER-DAEMON Mon Nov 13 22:13:21 2023\n"
		"From: Mail System Internal Data <MAILER-DAEMON@mx1>\n"
		"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
		"X-IMAP: 1700000000 0000000009\n"
		"\nThis text is part of the internal format of your mail folder.\n\n"
		"From a Mon Nov 13 22:13:21 2023\nX-UID: 3\n\nx\n";
	struct mboxfile_uids uids = { .strict = true };
	struct span file = span_of(text);
	struct mboxfile_message m;
	bool is_new;

	(void)state;
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK(mboxfile_is_pseudo(m.text));
	mboxfile_base(&uids, m.text);
	CHECK(uids.validity == 1700000000 && uids.last == 9);
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK(!mboxfile_is_pseudo(m.text));
	CHECK_EQ(mboxfile_uid(&uids, m.text, &is_new), 3);
	CHECK(!is_new);
	CHECK_EQ(mboxfile_uid(&uids, SPAN("\n"), &is_new), 10);
	CHECK(is_new);
}

/* ---- messages ---- */

static void test_where_a_message_of_an_mbox_ends(void **state)
{
	struct span file = SPAN("From a\n\nFrom b\nS: x\n\n\nFrom not\r\n\nFrom c\n");
	struct mboxfile_message m;

	(void)state;
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK_SPAN(m.from, "From a\n");
	CHECK_SPAN(m.text, "");
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK_SPAN(m.text, "S: x\n\n");
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK_SPAN(m.from, "From not\r\n");
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK_SPAN(m.from, "From c\n");
	CHECK(!mboxfile_cut(&file, false, &m));
	file = SPAN("no mbox\n");
	CHECK(!mboxfile_cut(&file, false, &m));
	CHECK_EQ(file.len, 8);
}

/* popa3d takes an mbox with CRLF for one message. */
static void test_an_empty_line_with_a_carriage_return(void **state)
{
	const struct span text = SPAN("From a\r\nS: x\r\n\r\nx\r\n\r\nFrom b\r\n");
	struct span file = text;
	struct mboxfile_message m;

	(void)state;
	CHECK(mboxfile_cut(&file, false, &m));
	CHECK_SPAN(m.text, "S: x\r\n\r\nx\r\n");
	file = text;
	CHECK(mboxfile_cut(&file, true, &m));
	CHECK_EQ(file.len, 0);
}

static void test_the_time_of_a_from_line(void **state)
{
	static const struct {
		const char *line;
		uint64_t time;
	} of[] = {
		{ "From a@b Thu Jan  1 00:00:01 1970\n", 1 },
		{ "From a@b Mon Nov 13 22:13:21 2023\n", 1699913601 },
		{ "From \"a Jan b\"@c Thu Feb 29 23:59:60 2024\r\n", 1709251200 },
		{ "From a@b Mon Nov 13 22:13:21 CET 2023", 1699913601 },
		{ "From a@b Mon Nov 13 22:13 2023", 1699913580 },
		{ "From a@b Wed Mar  1 00:00:00 2000", 951868800 },
		{ "From a@b Mon Nov 32 22:13:21 2023", 0 },
		{ "From a@b Mon Nov 13 24:13:21 2023", 0 },
		{ "From a@b Mon Nov 13 22:13:21 1969", 0 },
		{ "From a@b\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(of); i++)
		CHECK_EQ(mboxfile_time(span_of(of[i].line)), of[i].time);
}

/* ---- headers ---- */

static void test_fields_with_their_line_ends(void **state)
{
	struct span text = SPAN("A: 1\n\tmore\r\nb:2\n\nC: body\n"), field, value;

	(void)state;
	CHECK(header_cut(&text, &field));
	CHECK_SPAN(field, "A: 1\n\tmore\r\n");
	CHECK(header_is(field, "a", &value));
	CHECK_SPAN(value, " 1\n\tmore\r\n");
	CHECK_SPAN(header_trim(value), "1");
	CHECK(header_cut(&text, &field));
	CHECK(header_is(field, "B", &value));
	CHECK(!header_is(field, "B:2", &value));
	CHECK(!header_cut(&text, &field));
	CHECK_SPAN(text, "\nC: body\n");
	CHECK(!header_find(text, "C", &value));
	text = SPAN("\r\nx");
	CHECK(!header_cut(&text, &field));
}

static void test_fields_that_sessions_do_not_show(void **state)
{
	(void)state;
	CHECK(mboxfile_is_hidden(SPAN("X-UID: 1\n")));
	CHECK(mboxfile_is_hidden(SPAN("status: RO\n")));
	CHECK(!mboxfile_is_hidden(SPAN("X-UIDL: 1\n")));
	CHECK(!mboxfile_is_hidden(SPAN("Status\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_digests_of_popa3d),
		TEST(test_the_digests_of_solid_pop3d),
		TEST(test_the_digests_of_dovecot),
		TEST(test_the_digest_of_a_name),
		TEST(test_the_uids_of_dovecot),
		TEST(test_fields_of_uids_that_dovecot_does_not_read),
		TEST(test_the_pseudo_message_of_uw),
		TEST(test_where_a_message_of_an_mbox_ends),
		TEST(test_an_empty_line_with_a_carriage_return),
		TEST(test_the_time_of_a_from_line),
		TEST(test_fields_with_their_line_ends),
		TEST(test_fields_that_sessions_do_not_show),
	};

	return RUN(tests);
}
