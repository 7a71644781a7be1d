/* Promises of pop3/session: the machine of states, without a socket or a clock: which
 * command is legal when, what ends a session, and what each ask gets. */
#include "sessionplay.h"

static const char *example(enum command_id id, char room[64])
{
	static const char *const args[] = {
		[ARGS_NONE] = "",        [ARGS_WORD] = " x",
		[ARGS_REST] = " x y",    [ARGS_MSG] = " 1",
		[ARGS_OPT_MSG] = " 1",   [ARGS_MSG_LINES] = " 1 1",
		[ARGS_OPT_TWO] = "",     [ARGS_TWO_WORDS] = " x y",
		[ARGS_OPT_WORD] = " de",
	};

	sprintf(room, "%s%s", command_name(id), args[command_args(id)]);
	return room;
}

/* Refused exactly where the table says so, and a refusal changes nothing but that it
 * forgets a name. */
static void test_every_command_in_every_state(void **state)
{
	char text[64];

	(void)state;
	for (unsigned st = POP3_FRESH; st <= POP3_TRANSACTION; st <<= 1) {
		for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
			struct play p;

			bring_to(&p, st);
			enum session_ask ask = line(&p, example(id, text));
			bool legal = command_states(id) & st;
			if (legal == said_err(&p))
				fail_msg("\"%s\" in state %u says %s", text, st,
					 p.said);
			if (legal)
				continue;
			CHECK_EQ(ask, ASK_READ);
			CHECK_EQ(p.s.state, st == POP3_NAMED ? POP3_FRESH : st);
		}
	}
}

/* RFC 1939 section 6: no UPDATE without QUIT. */
static void test_only_quit_leads_to_update(void **state)
{
	char text[64];

	(void)state;
	for (unsigned st = POP3_FRESH; st <= POP3_TRANSACTION; st <<= 1) {
		for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
			struct play p;

			bring_to(&p, st);
			enum session_ask ask = line(&p, example(id, text));
			bool update = id == COMMAND_QUIT && st == POP3_TRANSACTION;
			CHECK(ask != ASK_COMMIT);
			CHECK_EQ(p.s.state == POP3_UPDATE, update);
		}
	}
}

static void test_quit_before_login_just_ends(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, POP3_NAMED);
	CHECK_EQ(line(&p, "QUIT"), ASK_CLOSE);
	CHECK(said_ok(&p));
	CHECK_TEXT(p.s.end, "quit");
}

static void test_quit_answers_after_the_commit(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, POP3_UPDATE);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE, .count = 1 }),
		 ASK_CLOSE);
	CHECK_TEXT(p.said, "+OK signing off, 1 message left\r\n");
	bring_to(&p, POP3_UPDATE);
	CHECK_EQ(failed(&p, FAULT_IO), ASK_CLOSE);
	CHECK_TEXT(p.said, "-ERR [SYS/TEMP] temporary trouble, try again later\r\n");
	CHECK_TEXT(p.s.end, "commit-failed");
}

static void test_without_marks_there_is_nothing_to_commit(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	dele(&p, "DELE 1");
	line(&p, "RSET");
	CHECK_EQ(line(&p, "QUIT"), ASK_CLOSE);
	CHECK_TEXT(p.said, "+OK signing off, 3 messages left\r\n");
}

/* Half a message must not look whole: no dot, the connection ends. */
static void test_a_reply_that_breaks_in_the_middle_ends_the_connection(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	line(&p, "RETR 2");
	step(&p, &(struct session_event){ .kind = EVENT_BODY, .octets = 200 });
	CHECK_EQ(failed(&p, FAULT_IO), ASK_CLOSE);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(p.s.state, POP3_TRANSACTION);
	log_in(&p);
	CHECK_EQ(line(&p, "LIST"), ASK_RECORDS);
	CHECK_EQ(failed(&p, FAULT_PEER), ASK_CLOSE);
	CHECK_EQ(p.out.len, 0);
}

static void test_a_maildrop_that_is_gone_ends_the_session(void **state)
{
	struct play p;

	(void)state;
	log_in(&p);
	line(&p, "RETR 2");
	CHECK_EQ(failed(&p, FAULT_PEER), ASK_CLOSE);
	CHECK(said_err(&p));
	CHECK_EQ(p.s.state, POP3_TRANSACTION);
}

static void test_errors_in_a_row_end_the_connection(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	for (uint32_t i = 1; i < policy.errors_max; i++)
		CHECK_EQ(line(&p, i % 2 ? "XYZZY" : "RETR x"), ASK_READ);
	CHECK_EQ(line(&p, "CAPA"), ASK_READ);
	for (uint32_t i = 1; i < policy.errors_max; i++)
		CHECK_EQ(line(&p, "STAT"), ASK_READ);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_OVERLONG }),
		 ASK_CLOSE);
	CHECK(said_err(&p));
	CHECK_TEXT(p.s.end, "too-many-errors");
}

static void test_the_greeting(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	p.s.timestamp = NULL;
	p.out = (struct buf){ .at = p.said, .room = sizeof p.said };
	session_greet(&p.s, &p.out);
	CHECK_SPAN(buf_span(&p.out), "+OK Poplar ready\r\n");
}

/* No line of a reply is over 512 octets, with the largest numbers (RFC 2449 section 4).
 */
static void test_replies_stay_within_512_octets(void **state)
{
	struct play p;
	char uid[71];

	(void)state;
	memset(uid, 'u', 70);
	uid[70] = '\0';
	log_in(&p);
	p.s.count = UINT32_MAX;
	p.s.octets = UINT64_MAX;
	line(&p, "STAT");
	CHECK_TEXT(p.said, "+OK 4294967295 18446744073709551615\r\n");
	line(&p, "UIDL 4294967295");
	step(&p, &(struct session_event){ .kind = EVENT_RECORD,
					  .octets = UINT64_MAX,
					  .uid = span_of(uid) });
	CHECK(p.out.len <= 512);
	for (enum fault f = 1; f < FAULT_COUNT; f++) {
		begin(&p);
		line(&p, "USER a");
		line(&p, "PASS b");
		failed(&p, f);
		CHECK(p.out.len > 6 && p.out.len <= 512);
	}
}

static void test_a_session_is_small(void **state)
{
	(void)state;
	CHECK(sizeof(struct session) <= 512);
}

static void test_the_words_of_a_command_are_gone_with_its_line(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "APOP alice 00112233445566778899aabbccddeeff");
	CHECK(!p.s.command.word.at && !p.s.command.more.at);
}

static enum session_ask opened(struct play *p, enum retrieval retrieval)
{
	return step(p, &(struct session_event){ .kind = EVENT_OPENED,
						.count = COUNT,
						.octets = OCTETS,
						.terms.retrieval = retrieval });
}

/* Lines that lead a new session to the ask; behind a login the maildrop is opened. */
static const struct {
	enum session_ask ask;
	const char *lines[3];
	const char *answers; /* all events that may answer it, and no others */
} ask_table[] = {
	{ ASK_READ, { "NOOP" }, " LINE OVERLONG " },
	{ ASK_LOGIN, { "USER alice", "PASS x" }, " OPENED CHALLENGE FAILED " },
	{ ASK_RESPONSE, { "AUTH CRAM-MD5" }, " LINE OVERLONG " },
	{ ASK_TLS, { "STLS" }, " DONE FAILED " },
	{ ASK_RECORDS, { "USER alice", "PASS x", "LIST" }, " RECORD FAILED " },
	{ ASK_MARKS, { "USER alice", "PASS x", "DELE 1" }, " MARKS FAILED " },
	{ ASK_BODY, { "USER alice", "PASS x", "RETR 1" }, " BODY FAILED " },
	{ ASK_SEND, { "USER alice", "PASS x", "RETR 1" }, " DONE FAILED " },
	{ ASK_BOARD,
	  { "USER alice", "PASS x", "XTND BBOARDS" },
	  " OPENED BOARD DONE FAILED " },
	{ ASK_COMMIT, { "USER alice", "PASS x", "RETR 1" }, " DONE FAILED " },
	{ ASK_CLOSE, { "QUIT" }, " " },
};

static void bring_to_ask(struct play *p, size_t row)
{
	const bool commits = ask_table[row].ask == ASK_COMMIT;
	enum session_ask ask = ASK_READ;

	begin(p);
	for (int i = 0; i < 3 && ask_table[row].lines[i]; i++) {
		if (i == 2)
			opened(p, commits ? RETRIEVAL_NOTED : RETRIEVAL_FORGOTTEN);
		ask = line(p, ask_table[row].lines[i]);
	}
	if (ask_table[row].ask == ASK_RESPONSE)
		ask = step(p, &(struct session_event){ .kind = EVENT_CHALLENGE });
	if (commits)
		ask = step(p, &(struct session_event){ .kind = EVENT_MARKS,
						       .bits = p->bits });
	if (commits || ask_table[row].ask == ASK_SEND)
		ask = step(p, &(struct session_event){ .kind = EVENT_BODY });
	if (commits) {
		step(p, &(struct session_event){ .kind = EVENT_DONE, .whole = true });
		ask = line(p, "QUIT");
	}
	CHECK_EQ(ask, ask_table[row].ask);
}

static void check_pair(size_t row, enum session_event_kind kind)
{
	const struct session_event ev = {
		.kind = kind,
		.fault = FAULT_IO,
		.line = SPAN("NOOP"),
	};
	char name[32];
	struct play p;

	snprintf(name, sizeof name, " %s ", session_event_name(kind));
	const bool may = strstr(ask_table[row].answers, name);
	bring_to_ask(&p, row);
	const enum pop3_state before = p.s.state;
	p.out = (struct buf){ .at = p.said, .room = sizeof p.said };
	const enum session_ask ask = session_step(&p.s, &ev, &p.out);
	CHECK_EQ(ask, p.s.ask);
	CHECK_EQ(session_may_answer(ask_table[row].ask, kind), may);
	CHECK_EQ(ask == ASK_CLOSE && p.s.broken, !may);
	if (may)
		return;
	CHECK_TEXT(p.s.end, "session-broken");
	CHECK_EQ(p.s.broken_ask, ask_table[row].ask);
	CHECK_EQ(p.s.broken_event, kind);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(p.s.state, before);
}

/* An event that nobody asked for ends the session without a word to the client. */
static void test_every_event_for_every_ask(void **state)
{
	(void)state;
	CHECK_EQ(sizeof ask_table / sizeof *ask_table, SESSION_ASKS);
	for (size_t row = 0; row < SESSION_ASKS; row++) {
		CHECK_EQ(ask_table[row].ask, row);
		for (unsigned e = 0; e < SESSION_EVENTS; e++)
			check_pair(row, e);
	}
}

static void test_asks_and_events_have_names(void **state)
{
	(void)state;
	CHECK_TEXT(session_ask_name(ASK_READ), "READ");
	CHECK_TEXT(session_ask_name(ASK_CLOSE), "CLOSE");
	CHECK_TEXT(session_event_name(EVENT_LINE), "LINE");
	CHECK_TEXT(session_event_name(EVENT_BOARD), "BOARD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_words_of_a_command_are_gone_with_its_line),
		TEST(test_every_event_for_every_ask),
		TEST(test_asks_and_events_have_names),
		TEST(test_every_command_in_every_state),
		TEST(test_only_quit_leads_to_update),
		TEST(test_quit_before_login_just_ends),
		TEST(test_quit_answers_after_the_commit),
		TEST(test_without_marks_there_is_nothing_to_commit),
		TEST(test_a_reply_that_breaks_in_the_middle_ends_the_connection),
		TEST(test_a_maildrop_that_is_gone_ends_the_session),
		TEST(test_errors_in_a_row_end_the_connection),
		TEST(test_the_greeting),
		TEST(test_replies_stay_within_512_octets),
		TEST(test_a_session_is_small),
	};

	return RUN(tests);
}
