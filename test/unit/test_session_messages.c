/* Promises of pop3/session: the messages of a maildrop, and the marks of a session. */
#include "sessionplay.h"

static void test_a_read_only_maildrop_keeps_its_messages(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "USER alice");
	line(&p, "PASS x");
	step(&p, &(struct session_event){ .kind = EVENT_OPENED,
					  .count = COUNT,
					  .octets = OCTETS,
					  .read_only = true });
	CHECK_EQ(line(&p, "DELE 1"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR maildrop is read-only\r\n");
	CHECK_EQ(line(&p, "DELE 9"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR no such message\r\n");
	CHECK_EQ(line(&p, "QUIT"), ASK_CLOSE);
}

/* What of a message has gone out when its connection ends, or when it is done. */
enum sent { SENT_BROKEN, SENT_PART, SENT_WHOLE };

static void fetch(struct play *p, const char *text, enum sent sent)
{
	enum session_ask ask = line(p, text);

	if (ask == ASK_MARKS) {
		CHECK(session_marks_octets(&p->s) <= sizeof p->bits);
		ask = step(p, &(struct session_event){ .kind = EVENT_MARKS,
						       .bits = p->bits });
	}
	CHECK_EQ(ask, ASK_BODY);
	CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_BODY, .octets = 100 }),
		 ASK_SEND);
	if (sent != SENT_BROKEN)
		CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_DONE,
							  .whole = sent == SENT_WHOLE,
							  .octets = 100 }),
			 ASK_READ);
}

static void retr(struct play *p, const char *text, bool whole)
{
	fetch(p, text, whole ? SENT_WHOLE : SENT_BROKEN);
}

/* RFC 2449 section 6.7, EXPIRE 0: what RETR has sent, QUIT removes, and nothing else.
 */
static void test_read_once(void **state)
{
	const struct session_terms once = { 0, 0, RETRIEVAL_REMOVES };
	struct play p;
	char all[4096];

	(void)state;
	log_in_under(&p, once);
	retr(&p, "RETR 2", true);
	retr(&p, "RETR 2", true);
	fetch(&p, "TOP 1 1000", SENT_PART);
	CHECK_EQ(p.s.command.lines, 1000);
	CHECK_EQ(feed_records(&p, line(&p, "LIST"), all), ASK_READ);
	CHECK_TEXT(all,
		   "+OK 3 messages (600 octets)\r\n1 100\r\n2 200\r\n3 300\r\n.\r\n");
	dele(&p, "DELE 3");
	line(&p, "RSET");
	CHECK_EQ(p.s.marked, 0);
	dele(&p, "DELE 2");
	CHECK_EQ(line(&p, "QUIT"), ASK_COMMIT);
	CHECK_EQ(p.s.marked, 1);
	CHECK_EQ(p.s.retrieved, 1);
	CHECK(session_is_marked(&p.s, 2));
	CHECK(!session_is_marked(&p.s, 1) && !session_is_marked(&p.s, 3));
	step(&p,
	     &(struct session_event){ .kind = EVENT_DONE, .count = 2, .octets = 400 });
	CHECK_TEXT(p.said, "+OK signing off, 2 messages left\r\n");
	CHECK_EQ(p.s.left_octets, 400);

	log_in_under(&p, once); /* a message that broke off was not retrieved */
	retr(&p, "RETR 1", false);
	CHECK_EQ(failed(&p, FAULT_PEER), ASK_CLOSE);
	CHECK_EQ(p.s.retrieved, 0);
}

/* RFC 1939 section 7: a TOP of more lines than there are is the whole message. Programs
 * fetch by it and remove then (fetchmail: TOP n 99999999). */
static void test_a_top_that_reaches_the_end_is_a_retrieval(void **state)
{
	static const struct {
		const char *text;
		enum retrieval retrieval;
		enum sent sent;
		uint64_t retr, top; /* as counted for the log */
		uint32_t retrieved, marked;
	} cases[] = {
		{ "TOP 2 99999999", RETRIEVAL_REMOVES, SENT_WHOLE, 1, 0, 1, 1 },
		{ "TOP 2 99999999", RETRIEVAL_NOTED, SENT_WHOLE, 1, 0, 1, 0 },
		{ "TOP 2 99999999", RETRIEVAL_FORGOTTEN, SENT_WHOLE, 1, 0, 0, 0 },
		{ "TOP 2 1", RETRIEVAL_REMOVES, SENT_WHOLE, 1, 0, 1, 1 },
		{ "TOP 2 99999999", RETRIEVAL_REMOVES, SENT_PART, 0, 1, 0, 0 },
		{ "TOP 2 1", RETRIEVAL_NOTED, SENT_PART, 0, 1, 0, 0 },
		/* whoever wants no line of the body looks through headers */
		{ "TOP 2 0", RETRIEVAL_REMOVES, SENT_WHOLE, 0, 1, 0, 0 },
		{ "TOP 2 0", RETRIEVAL_NOTED, SENT_WHOLE, 0, 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct session_terms terms = { 0, 0, cases[i].retrieval };
		struct play p;

		log_in_under(&p, terms);
		fetch(&p, cases[i].text, cases[i].sent);
		CHECK_EQ(p.s.tally.retr, cases[i].retr);
		CHECK_EQ(p.s.tally.retr_octets, cases[i].retr * 100);
		CHECK_EQ(p.s.tally.top, cases[i].top);
		CHECK_EQ(p.s.retrieved, cases[i].retrieved);
		CHECK_EQ(line(&p, "QUIT"), cases[i].retrieved ? ASK_COMMIT : ASK_CLOSE);
		CHECK_EQ(p.s.marked, cases[i].marked);
	}
}

/* What fetchmail does where RETR removes. */
static void test_what_top_has_fetched_may_be_deleted_and_reset(void **state)
{
	struct play p;

	(void)state;
	log_in_under(&p, (struct session_terms){ 0, 0, RETRIEVAL_REMOVES });
	fetch(&p, "TOP 1 99999999", SENT_WHOLE);
	dele(&p, "DELE 1");
	fetch(&p, "TOP 2 99999999", SENT_WHOLE);
	CHECK_EQ(p.s.retrieved, 2);
	CHECK_EQ(line(&p, "QUIT"), ASK_COMMIT);
	CHECK_EQ(p.s.marked, 2);
}

/* COMMIT says how many bits of each kind there are: RSET takes back the marks, not what
 * was retrieved, and both counts stay true. */
static void test_rset_keeps_count_of_what_was_retrieved(void **state)
{
	struct play p;

	(void)state;
	log_in_under(&p, (struct session_terms){ 0, 0, RETRIEVAL_REMOVES });
	retr(&p, "RETR 2", true);
	dele(&p, "DELE 1");
	line(&p, "RSET");
	CHECK_TEXT(p.said, "+OK maildrop has 3 messages (600 octets)\r\n");
	CHECK_EQ(p.s.marked, 0);
	CHECK_EQ(p.s.retrieved, 1);
	CHECK(session_retrieved(&p.s) != NULL);
	CHECK_EQ(__builtin_popcountll(session_retrieved(&p.s)[0]), p.s.retrieved);
	CHECK_EQ(line(&p, "QUIT"), ASK_COMMIT);
	CHECK_EQ(__builtin_popcountll(p.s.bits[0]), p.s.marked);
	CHECK_EQ(p.s.marked, 1);
}

/* What is kept so many days after it was retrieved stays, and QUIT tells what that was.
 */
static void test_retrievals_are_noted(void **state)
{
	struct play p;

	(void)state;
	log_in_under(&p, (struct session_terms){ 0, 30, RETRIEVAL_NOTED });
	CHECK_EQ(line(&p, "QUIT"), ASK_CLOSE);
	log_in_under(&p, (struct session_terms){ 0, 30, RETRIEVAL_NOTED });
	retr(&p, "RETR 3", true);
	CHECK(session_retrieved(&p.s));
	CHECK_EQ(session_retrieved(&p.s)[0], 4);
	dele(&p, "DELE 1");
	CHECK_EQ(session_retrieved(&p.s)[0], 4);
	CHECK_EQ(line(&p, "QUIT"), ASK_COMMIT);
	CHECK_EQ(p.s.marked, 1);
	CHECK_EQ(p.s.retrieved, 1);
	CHECK(!session_is_marked(&p.s, 3));
	log_in(&p);
	CHECK_EQ(line(&p, "RETR 3"), ASK_BODY); /* nothing to be remembered */
	CHECK(!p.s.bits);
}

static void test_listings(void **state)
{
	struct play p;
	char all[4096];

	(void)state;
	log_in(&p);
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 3 600\r\n");
	CHECK_EQ(feed_records(&p, line(&p, "LIST"), all), ASK_READ);
	CHECK_TEXT(all,
		   "+OK 3 messages (600 octets)\r\n1 100\r\n2 200\r\n3 300\r\n.\r\n");
	CHECK_EQ(feed_records(&p, line(&p, "UIDL"), all), ASK_READ);
	CHECK_TEXT(all, "+OK 3 messages (600 octets)\r\n1 uid-1\r\n2 uid-2\r\n3 "
			"uid-3\r\n.\r\n");
	CHECK_EQ(feed_records(&p, line(&p, "LIST 2"), all), ASK_READ);
	CHECK_TEXT(all, "+OK 2 200\r\n");
	CHECK_EQ(feed_records(&p, line(&p, "UIDL 3"), all), ASK_READ);
	CHECK_TEXT(all, "+OK 3 uid-3\r\n");
}

static void test_an_empty_maildrop(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	p.s.count = 0;
	p.s.octets = 0;
	CHECK_EQ(line(&p, "LIST"), ASK_READ);
	CHECK_TEXT(p.said, "+OK 0 messages (0 octets)\r\n.\r\n");
	CHECK_EQ(line(&p, "UIDL"), ASK_READ);
	CHECK_EQ(line(&p, "STAT"), ASK_READ);
	CHECK_TEXT(p.said, "+OK 0 0\r\n");
	CHECK_EQ(line(&p, "RETR 1"), ASK_READ);
	CHECK(said_err(&p));
	CHECK_EQ(line(&p, "RSET"), ASK_READ);
	CHECK_EQ(line(&p, "DELE 1"), ASK_READ);
	CHECK(said_err(&p));
}

/* Numbers stay what they were (Courier renumbers), and what is marked is not shown. */
static void test_a_deleted_message_is_gone_but_keeps_its_number(void **state)
{
	static const char *const refused[] = { "LIST 2", "UIDL 2", "RETR 2", "TOP 2 0",
					       "DELE 2" };
	struct play p;
	char all[4096];

	(void)state;
	log_in(&p);
	dele(&p, "DELE 2");
	CHECK_TEXT(p.said, "+OK message 2 deleted\r\n");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		CHECK_EQ(line(&p, refused[i]), ASK_READ);
		CHECK(said_err(&p));
	}
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 2 400\r\n");
	feed_records(&p, line(&p, "LIST"), all);
	CHECK_TEXT(all, "+OK 2 messages (400 octets)\r\n1 100\r\n3 300\r\n.\r\n");
	feed_records(&p, line(&p, "UIDL"), all);
	CHECK_TEXT(all, "+OK 2 messages (400 octets)\r\n1 uid-1\r\n3 uid-3\r\n.\r\n");
	dele(&p, "DELE 1");
	dele(&p, "DELE 3");
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 0 0\r\n");
	feed_records(&p, line(&p, "LIST"), all);
	CHECK_TEXT(all, "+OK 0 messages (0 octets)\r\n.\r\n");
	line(&p, "RSET");
	CHECK_TEXT(p.said, "+OK maildrop has 3 messages (600 octets)\r\n");
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 3 600\r\n");
	dele(&p, "DELE 2");
	CHECK(said_ok(&p));
}

static void test_marks_that_cannot_be_had_are_told(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	CHECK_EQ(line(&p, "DELE 1"), ASK_MARKS);
	CHECK_EQ(failed(&p, FAULT_NOMEM), ASK_READ);
	CHECK(said_err(&p));
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 3 600\r\n");
}

static void test_message_numbers_out_of_range(void **state)
{
	static const char *const lines[] = { "LIST 4",
					     "UIDL 4",
					     "RETR 4",
					     "TOP 4 1",
					     "DELE 4",
					     "RETR 4294967295",
					     "RETR 0",
					     "LIST 0",
					     "DELE 0",
					     "UIDL 0",
					     "TOP 0 0",
					     "RETR 4294967297",
					     "LIST 4294967296",
					     "UIDL 18446744073709551617",
					     "DELE 99999999999999999999999" };
	struct play p;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		log_in(&p);
		CHECK_EQ(line(&p, lines[i]), ASK_READ);
		CHECK_TEXT(p.said, "-ERR no such message\r\n");
		CHECK_EQ(p.s.errors, 0);
	}
}

static void test_retr_and_top(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	CHECK_EQ(line(&p, "RETR 2"), ASK_BODY);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_BODY, .octets = 200 }),
		 ASK_SEND);
	CHECK_TEXT(p.said, "+OK 200 octets\r\n");
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE,
						   .whole = true,
						   .octets = 200 }),
		 ASK_READ);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(line(&p, "TOP 3 7"), ASK_BODY);
	CHECK_EQ(p.s.command.lines, 7);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_BODY, .octets = 300 }),
		 ASK_SEND);
	CHECK(said_ok(&p));
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE, .octets = 30 }),
		 ASK_READ);
	CHECK_EQ(p.s.tally.retr, 1);
	CHECK_EQ(p.s.tally.retr_octets, 200);
	CHECK_EQ(p.s.tally.top, 1);
	CHECK_EQ(p.s.tally.top_octets, 30);
	CHECK_EQ(line(&p, "RETR 1"), ASK_BODY);
	CHECK_EQ(failed(&p, FAULT_GONE), ASK_READ);
	CHECK(said_err(&p));
}

static void open_many(struct play *p, uint32_t count, enum retrieval retrieval)
{
	begin(p);
	line(p, "USER alice");
	line(p, "PASS secret");
	CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_OPENED,
						  .count = count,
						  .octets = count * UINT64_C(100),
						  .terms.retrieval = retrieval }),
		 ASK_READ);
}

static void test_marks_of_many_messages(void **state)
{
	static const uint32_t marked[] = { 1, 64, 65, 128 };
	char text[16];
	struct play p;

	(void)state;
	open_many(&p, 128, RETRIEVAL_FORGOTTEN);
	for (size_t i = 0; i < 4; i++) {
		sprintf(text, "DELE %u", marked[i]);
		dele(&p, text);
		sprintf(text, "RETR %u", marked[i]);
		CHECK_EQ(line(&p, text), ASK_READ);
		CHECK_TEXT(p.said, "-ERR message is marked as deleted\r\n");
	}
	CHECK_EQ(p.bits[0], UINT64_C(1) << 63 | 1);
	CHECK_EQ(p.bits[1], UINT64_C(1) << 63 | 1);
	CHECK_EQ(line(&p, "RETR 2"), ASK_BODY);
}

static void test_retrieval_of_many_messages(void **state)
{
	struct play p;

	(void)state;
	open_many(&p, 128, RETRIEVAL_NOTED);
	retr(&p, "RETR 1", true);
	retr(&p, "RETR 65", true);
	retr(&p, "RETR 65", true);
	retr(&p, "RETR 128", true);
	CHECK_EQ(p.s.retrieved, 3);
	CHECK_EQ(p.bits[0] | p.bits[1], 0);
	CHECK_EQ(p.bits[2], 1);
	CHECK_EQ(p.bits[3], UINT64_C(1) << 63 | 1);
}

static void test_a_list_of_one_message(void **state)
{
	struct play p;

	(void)state;
	open_many(&p, 1, RETRIEVAL_FORGOTTEN);
	CHECK_EQ(line(&p, "LIST"), ASK_RECORDS);
	CHECK_EQ(p.s.next, 1);
	CHECK_EQ(p.s.last, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_marks_of_many_messages),
		TEST(test_retrieval_of_many_messages),
		TEST(test_a_list_of_one_message),
		TEST(test_a_read_only_maildrop_keeps_its_messages),
		TEST(test_read_once),
		TEST(test_a_top_that_reaches_the_end_is_a_retrieval),
		TEST(test_what_top_has_fetched_may_be_deleted_and_reset),
		TEST(test_rset_keeps_count_of_what_was_retrieved),
		TEST(test_retrievals_are_noted),
		TEST(test_listings),
		TEST(test_an_empty_maildrop),
		TEST(test_a_deleted_message_is_gone_but_keeps_its_number),
		TEST(test_marks_that_cannot_be_had_are_told),
		TEST(test_message_numbers_out_of_range),
		TEST(test_retr_and_top),
	};

	return RUN(tests);
}
