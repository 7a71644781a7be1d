/* Promises of pop3/xtnd.h: boards in a session, without a socket. */
#include "play.h"

static const struct session_policy policy = {
	.greeting = "ready",
	.implementation = "Poplar",
	.errors_max = 5,
	.failures_max = 3,
	.mechanisms = MECHANISM_BIT(USER),
	.xtnd = true,
	.terms = { .expire = POLICY_NEVER },
};

static enum session_ask opened(struct play *p, const char *name, uint32_t count)
{
	return step(p, &(struct session_event){ .kind = EVENT_OPENED,
						.line = span_of(name),
						.count = count,
						.maxima = count + 40,
						.octets = count * UINT64_C(100),
						.read_only = true,
						.terms.expire = POLICY_NEVER });
}

static enum session_ask board(struct play *p, const char *name, uint32_t count)
{
	return step(p, &(struct session_event){ .kind = EVENT_BOARD,
						.line = span_of(name),
						.maxima = count });
}

static void begin(struct play *p, bool xtnd)
{
	static struct session_policy without;

	without = policy;
	without.xtnd = false;
	*p = (struct play){ .bits = { 0 } };
	session_init(&p->s, xtnd ? &policy : &without, false, true);
}

/* In the own maildrop of three messages, which takes deletions. */
static void log_in(struct play *p)
{
	begin(p, true);
	line(p, "USER alice");
	CHECK_EQ(line(p, "PASS x"), ASK_LOGIN);
	CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_OPENED,
						  .count = 3,
						  .octets = 300,
						  .terms.expire = POLICY_NEVER }),
		 ASK_READ);
}

static void dele(struct play *p, const char *text)
{
	if (line(p, text) == ASK_MARKS)
		step(p,
		     &(struct session_event){ .kind = EVENT_MARKS, .bits = p->bits });
	CHECK_EQ(
		step(p, &(struct session_event){ .kind = EVENT_RECORD, .octets = 100 }),
		ASK_READ);
}

/* Every form of the command in every state: what it asks for, and what is refused. */
static void test_every_form_in_every_state(void **state)
{
	static const struct {
		const char *text;
		enum session_ask before, behind; /* the login */
		const char *said_before, *said_behind;
	} cases[] = {
		{ "XTND", ASK_READ, ASK_READ, "+OK ", "+OK " },
		{ "xtnd", ASK_READ, ASK_READ, "+OK ", "+OK " },
		{ "XTND BBOARDS", ASK_READ, ASK_BOARD,
		  "-ERR command not valid in this state\r\n", "" },
		{ "XTND bboards news", ASK_READ, ASK_BOARD,
		  "-ERR command not valid in this state\r\n", "" },
		{ "XTND ARCHIVE news", ASK_READ, ASK_BOARD,
		  "-ERR command not valid in this state\r\n", "" },
		{ "XTND ARCHIVE", ASK_READ, ASK_READ,
		  "-ERR command not valid in this state\r\n",
		  "-ERR malformed command\r\n" },
		{ "XTND X-BBOARDS news", ASK_READ, ASK_BOARD,
		  "-ERR command not valid in this state\r\n", "" },
		{ "XTND X-BBOARDS", ASK_READ, ASK_READ,
		  "-ERR command not valid in this state\r\n",
		  "-ERR malformed command\r\n" },
		{ "XTND XMIT", ASK_READ, ASK_READ, "-ERR unknown command\r\n",
		  "-ERR unknown command\r\n" },
		{ "XTND -x", ASK_READ, ASK_READ, "-ERR unknown command\r\n",
		  "-ERR unknown command\r\n" },
		{ "XTND BBOARDS a b", ASK_READ, ASK_READ, "-ERR malformed command\r\n",
		  "-ERR malformed command\r\n" },
		{ "XTND ", ASK_READ, ASK_READ, "-ERR malformed command\r\n",
		  "-ERR malformed command\r\n" },
		{ "XTND  BBOARDS", ASK_READ, ASK_READ, "-ERR malformed command\r\n",
		  "-ERR malformed command\r\n" },
		{ "XTND BBOARDS ", ASK_READ, ASK_READ, "-ERR malformed command\r\n",
		  "-ERR malformed command\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct play p;

		for (unsigned named = 0; named < 2; named++) {
			begin(&p, true);
			if (named)
				line(&p, "USER alice");
			CHECK_EQ(line(&p, cases[i].text), cases[i].before);
			CHECK_EQ(strncmp(p.said, cases[i].said_before,
					 strlen(cases[i].said_before)),
				 0);
			CHECK_EQ(p.s.state, POP3_FRESH);
		}
		log_in(&p);
		CHECK_EQ(line(&p, cases[i].text), cases[i].behind);
		CHECK_EQ(strncmp(p.said, cases[i].said_behind,
				 strlen(cases[i].said_behind)),
			 0);
		CHECK(*cases[i].said_behind || !*p.said);
		CHECK_EQ(p.s.state, POP3_TRANSACTION);
	}
}

/* Without the setting there is no such command, and who goes on saying it is a client
 * that says nonsense. */
static void test_without_the_setting_there_is_none(void **state)
{
	static const char *const forms[] = { "XTND", "XTND BBOARDS", "XTND ARCHIVE a" };
	struct play p;

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		begin(&p, false);
		for (unsigned n = 1; n < policy.errors_max; n++) {
			CHECK_EQ(line(&p, forms[i]), ASK_READ);
			CHECK_TEXT(p.said, "-ERR unknown command\r\n");
		}
		CHECK_EQ(line(&p, forms[i]), ASK_CLOSE);
	}
}

static void test_boards_are_listed(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	CHECK_EQ(line(&p, "XTND BBOARDS"), ASK_BOARD);
	CHECK_EQ(p.s.board, BOARD_EACH);
	CHECK_EQ(p.s.number, 0);
	CHECK_EQ(board(&p, "news", 7), ASK_BOARD);
	CHECK_TEXT(p.said, "+OK boards follow\r\nnews 7\r\n");
	CHECK_EQ(p.s.number, 1);
	CHECK_EQ(board(&p, "", 0), ASK_BOARD); /* one that cannot be had */
	CHECK_TEXT(p.said, "");
	CHECK_EQ(board(&p, "staff", UINT32_MAX), ASK_BOARD);
	CHECK_TEXT(p.said, "staff 4294967295\r\n");
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE }), ASK_READ);
	CHECK_TEXT(p.said, ".\r\n");
	CHECK_EQ(line(&p, "XTND BBOARDS"), ASK_BOARD);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE }), ASK_READ);
	CHECK_TEXT(p.said, "+OK boards follow\r\n.\r\n");
	line(&p, "STAT"); /* nothing has changed */
	CHECK_TEXT(p.said, "+OK 3 300\r\n");
}

/* Half a list must not look whole; before it has begun, a refusal will do. */
static void test_a_list_that_breaks(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	line(&p, "XTND BBOARDS");
	CHECK_EQ(failed(&p, FAULT_PEER), ASK_READ);
	CHECK_TEXT(p.said, "-ERR [SYS/TEMP] temporary trouble, try again later\r\n");
	line(&p, "XTND BBOARDS");
	board(&p, "news", 1);
	CHECK_EQ(failed(&p, FAULT_PEER), ASK_CLOSE);
	CHECK_TEXT(p.said, "");
	CHECK_TEXT(p.s.end, "cut-short");
}

static void test_a_board_takes_the_maildrops_place(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	dele(&p, "DELE 1");
	CHECK_EQ(p.s.marked, 1);
	CHECK_EQ(line(&p, "XTND BBOARDS news"), ASK_BOARD);
	CHECK_EQ(p.s.board, BOARD_NAMED);
	CHECK_SPAN(p.s.wanted, "news");
	CHECK_EQ(opened(&p, "news", 7), ASK_READ);
	CHECK(!p.s.wanted.at); /* it was borrowed from the line */
	CHECK_TEXT(p.said, "+OK maildrop has 7 messages (700 octets)\r\n"
			   "news 47\r\n.\r\n");
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 7 700\r\n");
	CHECK_EQ(line(&p, "DELE 1"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR maildrop is read-only\r\n");
	CHECK_EQ(line(&p, "RETR 7"), ASK_BODY);
	step(&p, &(struct session_event){ .kind = EVENT_BODY, .octets = 100 });
	step(&p, &(struct session_event){ .kind = EVENT_DONE, .octets = 100 });
	line(&p, "RSET");
	CHECK_TEXT(p.said, "+OK maildrop has 7 messages (700 octets)\r\n");
	CHECK_EQ(line(&p, "XTND ARCHIVE news"), ASK_BOARD);
	CHECK_EQ(p.s.board, BOARD_ARCHIVE);
	CHECK_EQ(opened(&p, "news", 1), ASK_READ);
	CHECK_EQ(line(&p, "QUIT"), ASK_CLOSE); /* nothing is marked any more */
	CHECK_TEXT(p.said, "+OK signing off, 1 message left\r\n");
}

static void scan(struct play *p, const char *text, uint64_t octets)
{
	CHECK_EQ(line(p, text), ASK_RECORDS);
	CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_RECORD,
						  .octets = octets }),
		 ASK_READ);
}

/* RFC 1082: in a board, LIST shows each message's maxima, up to the board's own. */
static void test_list_shows_the_maxima_of_a_board(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	line(&p, "XTND BBOARDS news");
	opened(&p, "news", 7);
	scan(&p, "LIST 1", 100);
	CHECK_TEXT(p.said, "+OK 1 100 41\r\n");
	scan(&p, "LIST 7", 200);
	CHECK_TEXT(p.said, "+OK 7 200 47\r\n");
	line(&p, "XTND BBOARDS news");
	step(&p, &(struct session_event){ .kind = EVENT_OPENED,
					  .line = SPAN("news"),
					  .count = 1,
					  .maxima = 1 });
	scan(&p, "LIST 1", 100);
	CHECK_TEXT(p.said, "+OK 1 100 1\r\n");
	line(&p, "XTND BBOARDS alice");
	opened(&p, "alice", 3);
	scan(&p, "LIST 1", 100);
	CHECK_TEXT(p.said, "+OK 1 100\r\n");
}

/* What was marked before the switch is not there when the client is back. */
static void test_coming_back_undoes_marks(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	dele(&p, "DELE 2");
	line(&p, "XTND BBOARDS news");
	opened(&p, "news", 7);
	CHECK_EQ(line(&p, "XTND BBOARDS alice"), ASK_BOARD);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_OPENED,
						   .line = SPAN("alice"),
						   .count = 3,
						   .octets = 300 }),
		 ASK_READ);
	CHECK(!p.s.bits);
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 3 300\r\n");
	CHECK_EQ(line(&p, "DELE 2"), ASK_MARKS);
}

/* Who is there already stays; the marks are undone all the same. */
static void test_the_own_name_in_the_own_maildrop(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	dele(&p, "DELE 2");
	CHECK_EQ(line(&p, "XTND BBOARDS alice"), ASK_READ);
	CHECK_TEXT(p.said, "+OK maildrop has 3 messages (300 octets)\r\n"
			   "alice 3\r\n.\r\n");
	CHECK_EQ(p.s.marked, 0);
	CHECK_EQ(p.bits[0], 0);
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 3 300\r\n");
	CHECK_EQ(line(&p, "XTND ARCHIVE alice"), ASK_BOARD);
}

/* Whatever is wrong with a board, the maildrop stays as it was, marks and all. */
static void test_a_refusal_changes_nothing(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	dele(&p, "DELE 2");
	for (enum fault f = 1; f < FAULT_COUNT; f++) {
		CHECK_EQ(line(&p, "XTND BBOARDS x"), ASK_BOARD);
		CHECK_EQ(failed(&p, f), ASK_READ);
		CHECK_EQ(strncmp(p.said, "-ERR ", 5), 0);
		line(&p, "STAT");
		CHECK_TEXT(p.said, "+OK 2 200\r\n");
	}
	CHECK_EQ(line(&p, "XTND ARCHIVE x"), ASK_BOARD);
	failed(&p, FAULT_NO_BOARD);
	CHECK_TEXT(p.said, "-ERR no such bboard\r\n");
	CHECK_EQ(line(&p, "QUIT"), ASK_COMMIT);
}

/* The registry has [IN-USE] for PASS, APOP and AUTH alone. */
static void test_a_busy_board_is_no_login(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	CHECK_EQ(line(&p, "XTND BBOARDS x"), ASK_BOARD);
	failed(&p, FAULT_BUSY);
	CHECK_TEXT(p.said, "-ERR [SYS/TEMP] maildrop is in use by another session\r\n");
	begin(&p, true);
	line(&p, "USER alice");
	line(&p, "PASS x");
	failed(&p, FAULT_BUSY);
	CHECK_TEXT(p.said, "-ERR [IN-USE] maildrop is in use by another session\r\n");
}

/* RFC 1082: 14 lines, of which the server may leave empty what it does not know. The
 * maildrop that is open stays. */
static void test_what_there_is_to_say_of_a_board(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	CHECK_EQ(line(&p, "XTND x-bboards news"), ASK_BOARD);
	CHECK_EQ(p.s.board, BOARD_ABOUT);
	CHECK_EQ(board(&p, "news", 7), ASK_READ);
	CHECK_TEXT(
		p.said,
		"+OK boards follow\r\nnews\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
		"\r\n0 7\r\n\r\n.\r\n");
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 3 300\r\n");
	CHECK_EQ(line(&p, "XTND X-BBOARDS none"), ASK_BOARD);
	CHECK_EQ(failed(&p, FAULT_NO_BOARD), ASK_READ);
	CHECK_TEXT(p.said, "-ERR no such bboard\r\n");
}

/* ---- the dialogues ---- */

static void check_dialogue(struct play *p, const char *client, const char *server)
{
	CHECK_EQ(line(p, client), ASK_READ);
	CHECK_TEXT(p->said, server);
}

/* draft-rauschenbach-pop3-framework-00 section 6: a server without the framework; one
 * asked before the login; one that lists all that it has. */
static void test_the_dialogues_of_the_draft(void **state)
{
	struct play p;

	(void)state;
	begin(&p, false);
	check_dialogue(&p, "XTND", "-ERR unknown command\r\n");
	begin(&p, true);
	check_dialogue(
		&p, "XTND",
		"+OK extensions follow\r\nTOP\r\nUSER\r\nPASS\r\nUIDL\r\nUTF8\r\n"
		"LANG\r\nCAPA\r\nXTND\r\nXTND BBOARDS\r\nXTND ARCHIVE\r\n"
		"XTND X-BBOARDS\r\n.\r\n");
	struct session_policy all = policy;
	all.mechanisms = MECHANISM_BIT(USER) | MECHANISM_BIT(APOP) |
			 MECHANISM_BIT(SCRAM_SHA_256) | MECHANISM_BIT(CRAM_MD5);
	log_in(&p);
	p.s.policy = &all;
	p.s.timestamp = "<1.2@here>";
	check_dialogue(
		&p, "XTND",
		"+OK extensions "
		"follow\r\nTOP\r\nUSER\r\nPASS\r\nAPOP\r\nUIDL\r\nUTF8\r\n"
		"LANG\r\nCAPA\r\nXTND\r\nXTND BBOARDS\r\nXTND ARCHIVE\r\n"
		"XTND X-BBOARDS\r\nAUTH SCRAM-SHA-256\r\nAUTH CRAM-MD5\r\n.\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_form_in_every_state),
		TEST(test_without_the_setting_there_is_none),
		TEST(test_boards_are_listed),
		TEST(test_a_list_that_breaks),
		TEST(test_a_board_takes_the_maildrops_place),
		TEST(test_list_shows_the_maxima_of_a_board),
		TEST(test_coming_back_undoes_marks),
		TEST(test_the_own_name_in_the_own_maildrop),
		TEST(test_a_refusal_changes_nothing),
		TEST(test_a_busy_board_is_no_login),
		TEST(test_what_there_is_to_say_of_a_board),
		TEST(test_the_dialogues_of_the_draft),
	};

	return RUN(tests);
}
