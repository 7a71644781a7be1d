/* Promises of pop3/session: the machine of states, without a socket or a clock. */
#include "play.h"

static const struct session_policy policy = {
	.greeting = "Poplar ready",
	.implementation = "Poplar",
	.errors_max = 5,
	.failures_max = 3,
	.mechanisms = ~0u,
	.tls_offered = true,
	.xtnd = true,
	.terms = { .expire = POLICY_NEVER },
};

static void begin(struct play *p)
{
	*p = (struct play){ .bits = { 0 } };
	session_init(&p->s, &policy, false, true);
	p->s.timestamp = "<1.2@here>";
}

enum { COUNT = 3, OCTETS = 600 };

/* Messages of 100, 200 and 300 octets. */
static enum session_ask feed_records(struct play *p, enum session_ask ask, char *all)
{
	all[0] = '\0';
	strcat(all, p->said);
	while (ask == ASK_RECORDS) {
		char uid[16];

		sprintf(uid, "uid-%u", p->s.next);
		ask = step(p,
			   &(struct session_event){ .kind = EVENT_RECORD,
						    .octets = p->s.next * UINT64_C(100),
						    .uid = span_of(uid) });
		strcat(all, p->said);
	}
	return ask;
}

static void log_in_under(struct play *p, struct session_terms terms)
{
	begin(p);
	CHECK_EQ(line(p, "USER alice"), ASK_READ);
	CHECK_EQ(line(p, "PASS secret"), ASK_LOGIN);
	CHECK_SPAN(p->s.secret, "secret");
	CHECK_SPAN(session_user(&p->s), "alice");
	CHECK_EQ(p->out.len, 0);
	CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_OPENED,
						  .count = COUNT,
						  .octets = OCTETS,
						  .terms = terms }),
		 ASK_READ);
	CHECK_TEXT(p->said, "+OK maildrop has 3 messages (600 octets)\r\n");
}

static void log_in(struct play *p)
{
	log_in_under(p, (struct session_terms){ .expire = POLICY_NEVER });
}

static void dele(struct play *p, const char *text)
{
	char all[4096];
	enum session_ask ask = line(p, text);

	if (ask == ASK_MARKS) {
		CHECK(session_marks_octets(&p->s) <= sizeof p->bits);
		ask = step(p, &(struct session_event){ .kind = EVENT_MARKS,
						       .bits = p->bits });
	}
	CHECK_EQ(feed_records(p, ask, all), ASK_READ);
}

static void bring_to(struct play *p, enum pop3_state st)
{
	if (st == POP3_FRESH || st == POP3_NAMED)
		begin(p);
	else
		log_in(p);
	if (st == POP3_NAMED)
		CHECK_EQ(line(p, "USER alice"), ASK_READ);
	if (st == POP3_UPDATE) {
		dele(p, "DELE 1");
		CHECK_EQ(line(p, "QUIT"), ASK_COMMIT);
	}
	CHECK_EQ(p->s.state, st);
}

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

static void test_a_refused_login_is_told_with_its_code(void **state)
{
	static const struct {
		enum fault f;
		const char *code;
	} cases[] = {
		{ FAULT_DENIED, "-ERR [AUTH] " },   { FAULT_BUSY, "-ERR [IN-USE] " },
		{ FAULT_IO, "-ERR [SYS/TEMP] " },   { FAULT_SETUP, "-ERR [SYS/PERM] " },
		{ FAULT_PEER, "-ERR [SYS/TEMP] " }, { FAULT_NOMEM, "-ERR [SYS/TEMP] " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct play p;

		begin(&p);
		line(&p, "USER alice");
		line(&p, "PASS x");
		CHECK_EQ(failed(&p, cases[i].f), ASK_READ);
		CHECK_EQ(strncmp(p.said, cases[i].code, strlen(cases[i].code)), 0);
		CHECK_EQ(p.s.state, POP3_FRESH);
		CHECK_EQ(line(&p, "PASS x"), ASK_READ);
		CHECK(said_err(&p));
		CHECK_EQ(line(&p, "USER alice"), ASK_READ);
		CHECK_EQ(line(&p, "PASS x"), ASK_LOGIN);
	}
}

/* Any command between USER and PASS makes the server forget the name, but CAPA. */
static void test_only_capa_may_stand_between_user_and_pass(void **state)
{
	static const char *const between[] = { "STAT", "XYZZY", "CAPA x", "PASS",
					       "USER", "NOOP",  "",       "LIST 0" };
	struct play p;

	(void)state;
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		bring_to(&p, POP3_NAMED);
		line(&p, between[i]);
		CHECK(said_err(&p));
		CHECK_EQ(line(&p, "PASS x"), ASK_READ);
		CHECK(said_err(&p));
	}
	bring_to(&p, POP3_NAMED);
	step(&p, &(struct session_event){ .kind = EVENT_OVERLONG });
	CHECK_EQ(p.s.state, POP3_FRESH);
	bring_to(&p, POP3_NAMED);
	line(&p, "LANG de");
	CHECK(said_ok(&p));
	CHECK_EQ(p.s.state, POP3_FRESH);
	bring_to(&p, POP3_NAMED);
	CHECK_EQ(line(&p, "CAPA"), ASK_READ);
	CHECK_EQ(line(&p, "PASS x"), ASK_LOGIN);
}

static void test_a_second_user_replaces_the_first(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, POP3_NAMED);
	line(&p, "USER bob");
	CHECK_EQ(line(&p, "PASS x"), ASK_LOGIN);
	CHECK_SPAN(session_user(&p.s), "bob");
}

static void test_the_longest_name_is_kept_whole(void **state)
{
	char text[LINE_POP3_MAX];
	struct play p;

	(void)state;
	begin(&p);
	memset(text, 'u', sizeof text);
	memcpy(text, "USER ", 5);
	text[LINE_POP3_MAX - 2] = '\0';
	line(&p, text);
	CHECK(said_ok(&p));
	CHECK_SPAN(session_user(&p.s), text + 5);
}

/* Clear-text credentials: refused before anything is asked. */
static void test_without_tls_user_is_refused_where_policy_says_so(void **state)
{
	struct play p = { .bits = { 0 } };

	(void)state;
	session_init(&p.s, &policy, false, false);
	CHECK_EQ(line(&p, "USER alice"), ASK_READ);
	CHECK(said_err(&p));
	CHECK_EQ(line(&p, "PASS x"), ASK_READ);
	CHECK(said_err(&p));
	CHECK_EQ(line(&p, "STLS"), ASK_TLS);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE }), ASK_READ);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(line(&p, "USER alice"), ASK_READ);
	CHECK(said_ok(&p));
}

/* S2 of test_history.py, RFC 2595 section 4: prior knowledge is void. */
static void test_stls_forgets_what_was_said_before(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "USER alice");
	line(&p, "STLS");
	step(&p, &(struct session_event){ .kind = EVENT_DONE });
	CHECK(p.s.tls);
	CHECK_EQ(session_user(&p.s).len, 0);
	CHECK_EQ(line(&p, "PASS x"), ASK_READ);
	CHECK(said_err(&p));
}

static void test_stls_only_where_it_can_be(void **state)
{
	struct play p;
	struct session_policy none = policy;

	(void)state;
	none.tls_offered = false;
	session_init(&p.s, &none, false, true);
	CHECK_EQ(line(&p, "STLS"), ASK_READ);
	CHECK(said_err(&p));
	session_init(&p.s, &policy, true, true);
	CHECK_EQ(line(&p, "STLS"), ASK_READ);
	CHECK(said_err(&p));
}

static void check_capa(bool tls, bool clear_ok, bool offered, bool in,
		       const char *expected)
{
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	pol.tls_offered = offered;
	pol.xtnd = false;
	pol.mechanisms = MECHANISM_BIT(USER);
	session_init(&p.s, &pol, tls, clear_ok);
	p.s.terms = pol.terms;
	if (in)
		p.s.state = POP3_TRANSACTION;
	CHECK_EQ(line(&p, "CAPA"), ASK_READ);
	CHECK_TEXT(p.said, expected);
}

#define CAPA(user, utf8, stls)                                                         \
	"+OK capability list follows\r\nTOP\r\n" user                                  \
	"RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\nUTF8" utf8              \
	"\r\nLANG\r\n" stls "EXPIRE NEVER\r\n"                                         \
	"IMPLEMENTATION Poplar\r\n.\r\n"

static void test_capa_announces_what_works_here_and_now(void **state)
{
	(void)state;
	check_capa(false, true, true, false, CAPA("USER\r\n", " USER", "STLS\r\n"));
	check_capa(false, false, true, false, CAPA("", "", "STLS\r\n"));
	check_capa(true, false, true, false, CAPA("USER\r\n", " USER", ""));
	check_capa(false, true, false, false, CAPA("USER\r\n", " USER", ""));
	check_capa(false, true, true, true, CAPA("USER\r\n", " USER", ""));
	check_capa(true, false, true, true, CAPA("USER\r\n", " USER", ""));
}

/* RFC 6856 section 2.2: names and passwords in UTF-8 by APOP, too. */
static void test_utf8_names_are_announced_where_they_work(void **state)
{
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	(void)state;
	pol.mechanisms = MECHANISM_BIT(APOP);
	session_init(&p.s, &pol, true, false);
	line(&p, "CAPA");
	CHECK(strstr(p.said, "\r\nUTF8\r\n") != NULL);
	p.s.timestamp = "<1.2@here>";
	line(&p, "CAPA");
	CHECK(strstr(p.said, "\r\nUTF8 USER\r\n") != NULL);
}

/* RFC 6856 section 2.1. */
static void test_utf8(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	CHECK(!p.s.utf8);
	CHECK_EQ(line(&p, "UTF8 x"), ASK_READ);
	CHECK(said_err(&p) && !p.s.utf8);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(line(&p, "utf8"), ASK_READ);
		CHECK(said_ok(&p) && p.s.utf8);
	}
	CHECK_EQ(line(&p, "STLS"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR command not valid in this state\r\n");
	line(&p, "CAPA");
	CHECK(strstr(p.said, "STLS") == NULL);
	/* It stands between USER and PASS like any other. */
	CHECK_EQ(line(&p, "USER alice"), ASK_READ);
	CHECK_EQ(line(&p, "UTF8"), ASK_READ);
	CHECK_EQ(line(&p, "PASS x"), ASK_READ);
	CHECK(said_err(&p));
	log_in(&p);
	CHECK_EQ(line(&p, "UTF8"), ASK_READ);
	CHECK(said_err(&p) && !p.s.utf8);
	/* Behind STLS nothing is known of what was said before it. */
	begin(&p);
	CHECK_EQ(line(&p, "STLS"), ASK_TLS);
	step(&p, &(struct session_event){ .kind = EVENT_DONE });
	CHECK_EQ(line(&p, "UTF8"), ASK_READ);
	CHECK(said_ok(&p) && p.s.utf8);
}

/* RFC 6856 section 2.2: what is not UTF-8 is refused, before UTF8 and behind it. */
static void test_names_and_passwords_are_utf8(void **state)
{
	static const char refusal[] =
		"-ERR [AUTH] user names and passwords are UTF-8\r\n";
	static const char *const bad[] = { "USER \xe9", "APOP \xe9 0123", "USER \xc3",
					   "USER \xc0\x80" };
	struct play p;

	(void)state;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
			begin(&p);
			if (utf8)
				line(&p, "UTF8");
			CHECK_EQ(line(&p, bad[i]), ASK_READ);
			CHECK_TEXT(p.said, refusal);
			CHECK_EQ(p.s.state, POP3_FRESH);
		}
		CHECK_EQ(line(&p, "USER jos\xc3\xa9"), ASK_READ);
		CHECK(said_ok(&p));
		CHECK_EQ(line(&p, "PASS \xe9"), ASK_READ);
		CHECK_TEXT(p.said, refusal);
		CHECK_EQ(p.s.state, POP3_FRESH);
		line(&p, "USER jos\xc3\xa9");
		CHECK_EQ(line(&p, "PASS pass\xc3\xa9 word"), ASK_LOGIN);
		CHECK_SPAN(session_user(&p.s), "jos\xc3\xa9");
	}
}

/* RFC 6856 section 5: in answer to LIST, TOP and RETR. */
static void test_what_only_utf8_may_have(void **state)
{
	static const char refusal[] =
		"-ERR [UTF8] message needs UTF8, say UTF8 before logging in\r\n";
	const struct session_event no = { .kind = EVENT_RECORD,
					  .fault = FAULT_NEEDS_UTF8,
					  .octets = 7,
					  .uid = SPAN("u") };
	struct play p;

	(void)state;
	log_in(&p);
	CHECK_EQ(line(&p, "LIST 2"), ASK_RECORDS);
	CHECK_EQ(step(&p, &no), ASK_READ);
	CHECK_TEXT(p.said, refusal);
	for (int top = 0; top < 2; top++) {
		CHECK_EQ(line(&p, top ? "TOP 2 0" : "RETR 2"), ASK_BODY);
		CHECK_EQ(failed(&p, FAULT_NEEDS_UTF8), ASK_READ);
		CHECK_TEXT(p.said, refusal);
	}
	/* All else works: the others are listed, and it can be removed. */
	CHECK_EQ(line(&p, "LIST"), ASK_RECORDS);
	CHECK_EQ(step(&p, &no), ASK_RECORDS);
	CHECK_TEXT(p.said, "1 7\r\n");
	step(&p, &no);
	CHECK_EQ(step(&p, &no), ASK_READ);
	CHECK_EQ(line(&p, "UIDL 2"), ASK_RECORDS);
	step(&p, &no);
	CHECK_TEXT(p.said, "+OK 2 u\r\n");
	CHECK_EQ(line(&p, "DELE 2"), ASK_MARKS);
	step(&p, &(struct session_event){ .kind = EVENT_MARKS, .bits = p.bits });
	step(&p, &no);
	CHECK_TEXT(p.said, "+OK message 2 deleted\r\n");
}

/* RFC 5034 section 6 and PROTOCOL: what works on this connection, nothing else. */
static void check_sasl(bool tls, bool clear_ok, bool binds, unsigned offers,
		       const char *line_expected, const char *list_expected)
{
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	pol.mechanisms = offers;
	session_init(&p.s, &pol, tls, clear_ok);
	p.s.binds = binds;
	line(&p, "CAPA");
	const char *sasl = strstr(p.said, "SASL");
	CHECK_EQ(sasl != NULL, line_expected[0] != '\0');
	CHECK(!sasl || strncmp(sasl, line_expected, strlen(line_expected)) == 0);
	CHECK_EQ(line(&p, "AUTH"), ASK_READ);
	CHECK_TEXT(p.said, list_expected);
}

static void test_sasl_is_announced_where_it_works(void **state)
{
	const unsigned some = MECHANISM_BIT(PLAIN) | MECHANISM_BIT(SCRAM_SHA_256) |
			      MECHANISM_BIT(SCRAM_SHA_256_PLUS) | MECHANISM_BIT(USER);

	(void)state;
	check_sasl(true, false, false, some, "SASL PLAIN SCRAM-SHA-256\r\n",
		   "+OK mechanisms follow\r\nPLAIN\r\nSCRAM-SHA-256\r\n.\r\n");
	check_sasl(true, false, true, some,
		   "SASL PLAIN SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n",
		   "+OK mechanisms follow\r\nPLAIN\r\nSCRAM-SHA-256-PLUS\r\n"
		   "SCRAM-SHA-256\r\n.\r\n");
	check_sasl(false, false, false, some, "SASL SCRAM-SHA-256\r\n",
		   "+OK mechanisms follow\r\nSCRAM-SHA-256\r\n.\r\n");
	check_sasl(false, false, false, MECHANISM_BIT(PLAIN), "",
		   "+OK mechanisms follow\r\n.\r\n");
	check_sasl(false, true, false, MECHANISM_BIT(USER), "",
		   "+OK mechanisms follow\r\n.\r\n");
}

/* EXTERNAL where the client has a certificate; -PLUS where there is TLS to bind to. */
static void test_a_mechanism_is_announced_where_its_ground_is(void **state)
{
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	(void)state;
	pol.mechanisms = MECHANISM_BIT(EXTERNAL) | MECHANISM_BIT(ANONYMOUS);
	session_init(&p.s, &pol, true, false);
	line(&p, "AUTH");
	CHECK_TEXT(p.said, "+OK mechanisms follow\r\nANONYMOUS\r\n.\r\n");
	line(&p, "AUTH EXTERNAL =");
	CHECK(said_err(&p));
	p.s.certified = true;
	line(&p, "AUTH");
	CHECK_TEXT(p.said, "+OK mechanisms follow\r\nEXTERNAL\r\nANONYMOUS\r\n.\r\n");
	CHECK_EQ(line(&p, "AUTH EXTERNAL ="), ASK_LOGIN);
	CHECK(p.s.has_secret);
	CHECK_EQ(p.s.secret.len, 0);
}

/* RFC 9266 section 4.1: whoever fails once, or gives up, is bound to no more; a prompt
 * alone is no use of the binding. */
static void test_a_connection_is_bound_to_once(void **state)
{
	const struct session_event prompt = { .kind = EVENT_CHALLENGE };
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	(void)state;
	pol.mechanisms = MECHANISM_BIT(SCRAM_SHA_256_PLUS) |
			 MECHANISM_BIT(SCRAM_SHA_1_PLUS) | MECHANISM_BIT(SCRAM_SHA_256);
	for (int initial = 0; initial < 2; initial++) {
		session_init(&p.s, &pol, true, false);
		p.s.binds = true;
		CHECK_EQ(line(&p, "AUTH SCRAM-SHA-256-PLUS"), ASK_LOGIN);
		CHECK_EQ(step(&p, &prompt), ASK_RESPONSE);
		CHECK_EQ(line(&p, "*"), ASK_READ);
		if (initial) {
			CHECK_EQ(line(&p, "AUTH SCRAM-SHA-256-PLUS QQ=="), ASK_LOGIN);
			failed(&p, FAULT_DENIED);
		} else {
			CHECK_EQ(line(&p, "AUTH SCRAM-SHA-256-PLUS"), ASK_LOGIN);
			CHECK_EQ(step(&p, &prompt), ASK_RESPONSE);
			CHECK_EQ(line(&p, "QQ=="), ASK_LOGIN);
			CHECK_EQ(step(&p, &prompt), ASK_RESPONSE);
			CHECK_EQ(line(&p, "QQ=="), ASK_LOGIN);
			CHECK_EQ(step(&p, &prompt), ASK_RESPONSE);
			CHECK_EQ(line(&p, "*"), ASK_READ);
		}
		CHECK_EQ(line(&p, "AUTH SCRAM-SHA-256-PLUS"), ASK_READ);
		CHECK_TEXT(p.said, "-ERR this connection was bound to before, make "
				   "another\r\n");
		CHECK_EQ(line(&p, "AUTH SCRAM-SHA-1-PLUS QQ=="), ASK_READ);
		CHECK(said_err(&p));
		CHECK_EQ(line(&p, "AUTH SCRAM-SHA-256 QQ=="), ASK_LOGIN);
	}
}

/* RFC 1939 section 7; S19 of test_history.py: only where the greeting had a timestamp,
 * and where the digest may be seen. */
static void test_apop(void **state)
{
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	(void)state;
	pol.mechanisms = MECHANISM_BIT(USER);
	session_init(&p.s, &pol, true, false);
	CHECK(!session_wants_timestamp(&p.s));
	CHECK_EQ(line(&p, "APOP alice 0123"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR no such mechanism here\r\n");
	pol.mechanisms |= MECHANISM_BIT(APOP);
	CHECK(session_wants_timestamp(&p.s));
	CHECK_EQ(line(&p, "APOP alice 0123"), ASK_READ);
	CHECK(said_err(&p));
	session_init(&p.s, &pol, false, false);
	CHECK(!session_wants_timestamp(&p.s));
	CHECK_EQ(line(&p, "APOP alice 0123"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR start TLS before logging in\r\n");
	session_init(&p.s, &pol, false, true);
	p.s.timestamp = "<1.2@here>";
	p.out = (struct buf){ .at = p.said, .room = sizeof p.said - 1 };
	session_greet(&p.s, &p.out);
	CHECK_SPAN(buf_span(&p.out), "+OK Poplar ready <1.2@here>\r\n");
	line(&p, "STLS");
	step(&p, &(struct session_event){ .kind = EVENT_DONE });
	CHECK_EQ(line(&p, "APOP alice"), ASK_READ);
	CHECK_EQ(line(&p, "APOP alice 01 23"), ASK_READ);
	CHECK_EQ(line(&p, "APOP  0123"), ASK_READ);
	CHECK_EQ(line(&p, "APOP alice 0123"), ASK_LOGIN);
	CHECK_EQ(p.s.mechanism, MECHANISM_ID_APOP);
	CHECK_SPAN(session_user(&p.s), "alice");
	failed(&p, FAULT_DENIED);
	CHECK(strncmp(p.said, "-ERR [AUTH]", 11) == 0);
	line(&p, "USER bob"); /* after a successful USER it may not be given */
	CHECK(said_ok(&p));
	CHECK_EQ(line(&p, "APOP alice 0123"), ASK_READ);
	CHECK(said_err(&p));
}

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

static void check_terms(struct play *p, const char *expected)
{
	line(p, "CAPA");
	const char *at = strstr(p->said, "LANG\r\nSTLS\r\n");
	at = at ? at + strlen("LANG\r\nSTLS\r\n") : strstr(p->said, "LANG\r\n") + 6;
	const char *end = strstr(at, "SASL");
	CHECK(end);
	CHECK_SPAN(((struct span){ at, (size_t)(end - at) }), expected);
}

/* RFC 2449 sections 6.5 and 6.7: before the login what any user may meet, behind it
 * what this one does. */
static void test_terms_are_announced(void **state)
{
	struct session_policy pol = policy;
	struct play p = { .bits = { 0 } };

	(void)state;
	pol.xtnd = false;
	session_init(&p.s, &pol, false, true);
	pol.terms = (struct session_terms){ 900, 5, RETRIEVAL_FORGOTTEN };
	check_terms(&p, "LOGIN-DELAY 900\r\nEXPIRE 5\r\n");
	pol.delays_differ = true;
	check_terms(&p, "LOGIN-DELAY 900 USER\r\nEXPIRE 5\r\n");
	pol.expires_differ = true;
	pol.terms = (struct session_terms){ 0, 0, RETRIEVAL_FORGOTTEN };
	check_terms(&p, "EXPIRE 0 USER\r\n");
	line(&p, "USER a");
	line(&p, "PASS b");
	step(&p, &(struct session_event){ .kind = EVENT_OPENED,
					  .terms = { 60, 30, RETRIEVAL_NOTED } });
	check_terms(&p, "LOGIN-DELAY 60\r\nEXPIRE 30\r\n");
	p.s.terms = (struct session_terms){ 0, POLICY_NEVER, RETRIEVAL_FORGOTTEN };
	check_terms(&p, "EXPIRE NEVER\r\n");
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

/* A password is borrowed from the line, and gone with it: whatever is answered to it.
 */
static void test_a_secret_does_not_outlive_its_step(void **state)
{
	static const struct session_event answers[] = {
		{ .kind = EVENT_FAILED, .fault = FAULT_DENIED },
		{ .kind = EVENT_OPENED, .terms = { .expire = POLICY_NEVER } },
		{ .kind = EVENT_CHALLENGE, .line = SPAN("YQ==") },
	};
	struct play p;

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		begin(&p);
		line(&p, "USER alice");
		CHECK_EQ(line(&p, "PASS secret"), ASK_LOGIN);
		CHECK_SPAN(p.s.secret, "secret");
		step(&p, &answers[i]);
		CHECK(p.s.secret.at == NULL);
		CHECK_EQ(p.s.secret.len, 0);
	}
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

/* RFC 5034 section 4. */
static void test_an_exchange(void **state)
{
	const struct session_event more = { .kind = EVENT_CHALLENGE,
					    .line = SPAN("QQ==") };
	const struct session_event nothing = { .kind = EVENT_CHALLENGE };
	const struct session_event in = { .kind = EVENT_OPENED,
					  .count = 2,
					  .octets = 5 };
	struct play p;

	(void)state;
	begin(&p);
	CHECK_EQ(line(&p, "auth plain"), ASK_LOGIN);
	CHECK(!p.s.has_secret);
	CHECK_EQ(step(&p, &nothing), ASK_RESPONSE);
	CHECK_TEXT(p.said, "+ \r\n");
	CHECK_EQ(line(&p, "QUIT"), ASK_LOGIN); /* a response, whatever it looks like */
	CHECK(p.s.has_secret);
	CHECK_EQ(step(&p, &more), ASK_RESPONSE);
	CHECK_TEXT(p.said, "+ QQ==\r\n");
	CHECK_EQ(line(&p, "*"), ASK_READ);
	CHECK_TEXT(p.said, "-ERR authentication cancelled\r\n");
	CHECK_EQ(line(&p, "AUTH PLAIN ="), ASK_LOGIN);
	CHECK(p.s.has_secret);
	CHECK_EQ(step(&p, &in), ASK_READ);
	CHECK_EQ(p.s.state, POP3_TRANSACTION);
	CHECK_EQ(line(&p, "AUTH PLAIN"), ASK_READ);
	CHECK(said_err(&p));
}

static void test_an_exchange_that_fails(void **state)
{
	static const char *const refused[] = { "AUTH NOSUCH", "AUTH USER",
					       "AUTH PLAIN ", "AUTH ",
					       "AUTH  PLAIN", "AUTH PLAIN = x" };
	const struct session_event more = { .kind = EVENT_CHALLENGE,
					    .line = SPAN("QQ==") };
	struct play p;

	(void)state;
	begin(&p);
	for (size_t i = 0; i < 4; i++) {
		CHECK_EQ(line(&p, refused[i]), ASK_READ);
		CHECK(said_err(&p));
	}
	begin(&p);
	for (size_t i = 4; i < sizeof refused / sizeof *refused; i++) {
		CHECK_EQ(line(&p, refused[i]), ASK_READ);
		CHECK(said_err(&p));
	}
	/* An over-long response ends the exchange, and nothing else. */
	CHECK_EQ(line(&p, "AUTH PLAIN"), ASK_LOGIN);
	CHECK_EQ(step(&p, &more), ASK_RESPONSE);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_OVERLONG }), ASK_READ);
	CHECK(said_err(&p));
	CHECK_EQ(line(&p, "CAPA"), ASK_READ);
	/* USER is forgotten by AUTH. */
	CHECK_EQ(line(&p, "USER alice"), ASK_READ);
	CHECK_EQ(line(&p, "AUTH PLAIN"), ASK_LOGIN);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_FAILED,
						   .fault = FAULT_DENIED }),
		 ASK_READ);
	CHECK_TEXT(p.said, "-ERR [AUTH] invalid user name or password\r\n");
	CHECK_EQ(line(&p, "PASS x"), ASK_READ);
	CHECK(said_err(&p));
}

/* S2 of test_history.py: what a guesser did wrong is not forgotten by STLS. Responses
 * that are none, and bindings that fail, count as much as wrong passwords. */
static void test_refused_logins_end_the_connection(void **state)
{
	static const enum fault refusals[] = { FAULT_DENIED, FAULT_BAD_RESPONSE,
					       FAULT_BINDING };
	const struct session_event trouble = { .kind = EVENT_FAILED,
					       .fault = FAULT_IO };
	struct play p;

	(void)state;
	begin(&p);
	for (uint32_t i = 1; i < policy.failures_max; i++) {
		line(&p, "AUTH PLAIN =");
		CHECK_EQ(failed(&p, refusals[i % 3]), ASK_READ);
		line(&p, "AUTH PLAIN =");
		CHECK_EQ(step(&p, &trouble), ASK_READ);
	}
	CHECK_EQ(line(&p, "STLS"), ASK_TLS);
	CHECK_EQ(step(&p, &(struct session_event){ .kind = EVENT_DONE }), ASK_READ);
	line(&p, "USER x");
	line(&p, "PASS x");
	CHECK_EQ(failed(&p, FAULT_DENIED), ASK_CLOSE);
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

static const char *const german[] = { "LANG de", "LANG DE", "LANG de-AT",
				      "lang De-1996-x-y" };

/* RFC 6856 section 3.2: from its own reply on, in every state. */
static void test_lang_chooses(void **state)
{
	(void)state;
	for (unsigned st = POP3_FRESH; st <= POP3_TRANSACTION; st <<= 1) {
		for (size_t i = 0; i < sizeof german / sizeof *german; i++) {
			struct play p;

			bring_to(&p, st);
			CHECK_EQ(line(&p, german[i]), ASK_READ);
			CHECK_TEXT(p.said, "+OK de Sprache geändert\r\n");
			line(&p, "XYZZY");
			CHECK_TEXT(p.said, "-ERR Unbekannter Befehl\r\n");
		}
	}
}

static void test_lang_star_is_the_administrators(void **state)
{
	struct session_policy french = policy;
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "LANG *");
	CHECK_TEXT(p.said, "+OK en language changed\r\n");
	french.language = LANGUAGE_fr;
	session_init(&p.s, &french, false, true);
	line(&p, "XYZZY");
	CHECK_TEXT(p.said, "-ERR unknown command\r\n");
	line(&p, "LANG *");
	CHECK_TEXT(p.said, "+OK fr Langue modifiée\r\n");
	line(&p, "LANG i-default");
	CHECK_TEXT(p.said, "+OK en language changed\r\n");
}

static void test_lang_lists_each_language_in_itself(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "LANG es");
	line(&p, "LANG");
	CHECK_TEXT(p.said, "+OK A continuación, la lista de idiomas\r\n"
			   "en English\r\nde Deutsch\r\nfr Français\r\n"
			   "es Español\r\npt-BR Português (Brasil)\r\n"
			   "ja 日本語\r\n"
			   "zh-Hans 简体中文\r\n"
			   "ar العربية\r\n"
			   ".\r\n");
}

static void test_a_language_that_is_not_there_changes_nothing(void **state)
{
	static const char *const refused[] = {
		"LANG mul", "LANG d",     "LANG deu",       "LANG **",
		"LANG *-d", "LANG de-",   "LANG -de",       "LANG de--at",
		"LANG [de", "LANG de_AT", "LANG i-klingon", "LANG de-123456789",
	};
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "LANG pt-BR");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		CHECK_EQ(line(&p, refused[i]), ASK_READ);
		CHECK_TEXT(p.said, "-ERR Esse idioma não está disponível\r\n");
	}
	line(&p, "LANG ");
	CHECK_TEXT(p.said, "-ERR Comando malformado\r\n");
}

/* What was said in the clear counts for nothing behind STLS (RFC 2595 section 4). */
static void test_stls_forgets_the_language(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "LANG ja");
	CHECK_EQ(line(&p, "STLS"), ASK_TLS);
	step(&p, &(struct session_event){ .kind = EVENT_DONE });
	line(&p, "XYZZY");
	CHECK_TEXT(p.said, "-ERR unknown command\r\n");
}

/* Codes and keywords are in no language (RFC 2449 section 8). */
static void test_codes_are_not_translated(void **state)
{
	struct play p;

	(void)state;
	for (enum language l = 0; l < LANGUAGE_COUNT; l++) {
		for (enum fault f = 1; f < FAULT_COUNT; f++) {
			char start[40];

			begin(&p);
			p.s.language = (uint8_t)l;
			line(&p, "USER alice");
			line(&p, "PASS x");
			failed(&p, f);
			sprintf(start, "-ERR %s%s", fault_code(f),
				fault_code(f)[0] ? " " : "");
			CHECK_EQ(strncmp(p.said, start, strlen(start)), 0);
			CHECK(strncmp(p.said + strlen(start), "[", 1) != 0);
		}
	}
}

static void test_a_session_is_small(void **state)
{
	(void)state;
	CHECK(sizeof(struct session) <= 512);
}

/* ---- more messages than one word of bits has ---- */

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

/* ---- what a session keeps of what was said ---- */

/* A password that was typed as a name goes with the name. */
static void test_a_name_leaves_nothing_behind(void **state)
{
	struct {
		struct session s;
		char behind[512];
	} m;
	char zeros[LINE_POP3_MAX] = "", full[sizeof m.behind];

	(void)state;
	memset(&m.behind, 'x', sizeof m.behind);
	memcpy(full, m.behind, sizeof full);
	session_init(&m.s, &policy, true, true);
	session_set_user(&m.s, SPAN("a password, by mistake"));
	session_set_user(&m.s, SPAN("bob"));
	CHECK_SPAN(session_user(&m.s), "bob");
	CHECK(memcmp(m.s.user + 3, zeros, sizeof m.s.user - 3) == 0);
	CHECK(memcmp(m.behind, full, sizeof full) == 0);
}

static void test_the_words_of_a_command_are_gone_with_its_line(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "APOP alice 00112233445566778899aabbccddeeff");
	CHECK(!p.s.command.word.at && !p.s.command.more.at);
}

/* RFC 2595 section 4 voids what was said, not how often it was wrong. */
static void test_errors_before_stls_count_behind_it(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	line(&p, "XYZZY");
	line(&p, "USER alice");
	line(&p, "PASS x");
	failed(&p, FAULT_DENIED);
	CHECK_EQ(line(&p, "STLS"), ASK_TLS);
	step(&p, &(struct session_event){ .kind = EVENT_DONE });
	CHECK_EQ(p.s.failures, 1);
	CHECK_TEXT(p.s.timestamp, "<1.2@here>");
	begin(&p);
	p.s.errors = 3;
	p.s.ask = ASK_TLS;
	step(&p, &(struct session_event){ .kind = EVENT_DONE });
	CHECK_EQ(p.s.errors, 3);
}

/* Whether TLS would help is told. */
static void test_why_a_name_is_refused(void **state)
{
	static const char *const commands[] = {
		"USER alice", "APOP alice 00112233445566778899aabbccddeeff"
	};
	static const struct {
		bool tls, clear_ok;
		const char *said;
	} cases[] = {
		{ false, false, "-ERR start TLS before logging in\r\n" },
		{ false, true, "-ERR no such mechanism here\r\n" },
		{ true, false, "-ERR no such mechanism here\r\n" },
		{ true, true, "-ERR no such mechanism here\r\n" },
	};
	struct session_policy none = policy;
	struct play p;

	(void)state;
	none.mechanisms = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t k = 0; k < 2; k++) {
			session_init(&p.s, &none, cases[i].tls, cases[i].clear_ok);
			CHECK_EQ(line(&p, commands[k]), ASK_READ);
			CHECK_TEXT(p.said, cases[i].said);
		}
}

static void test_a_password_is_a_response(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, POP3_NAMED);
	CHECK_EQ(line(&p, "PASS x"), ASK_LOGIN);
	CHECK(p.s.has_secret);
}

/* ---- asks and events ---- */

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
		TEST(test_marks_of_many_messages),
		TEST(test_retrieval_of_many_messages),
		TEST(test_a_list_of_one_message),
		TEST(test_a_name_leaves_nothing_behind),
		TEST(test_the_words_of_a_command_are_gone_with_its_line),
		TEST(test_errors_before_stls_count_behind_it),
		TEST(test_why_a_name_is_refused),
		TEST(test_a_password_is_a_response),
		TEST(test_every_event_for_every_ask),
		TEST(test_asks_and_events_have_names),
		TEST(test_every_command_in_every_state),
		TEST(test_only_quit_leads_to_update),
		TEST(test_quit_before_login_just_ends),
		TEST(test_quit_answers_after_the_commit),
		TEST(test_without_marks_there_is_nothing_to_commit),
		TEST(test_a_refused_login_is_told_with_its_code),
		TEST(test_only_capa_may_stand_between_user_and_pass),
		TEST(test_a_second_user_replaces_the_first),
		TEST(test_the_longest_name_is_kept_whole),
		TEST(test_without_tls_user_is_refused_where_policy_says_so),
		TEST(test_stls_forgets_what_was_said_before),
		TEST(test_stls_only_where_it_can_be),
		TEST(test_capa_announces_what_works_here_and_now),
		TEST(test_utf8_names_are_announced_where_they_work),
		TEST(test_utf8),
		TEST(test_names_and_passwords_are_utf8),
		TEST(test_what_only_utf8_may_have),
		TEST(test_sasl_is_announced_where_it_works),
		TEST(test_a_mechanism_is_announced_where_its_ground_is),
		TEST(test_a_connection_is_bound_to_once),
		TEST(test_apop),
		TEST(test_a_read_only_maildrop_keeps_its_messages),
		TEST(test_terms_are_announced),
		TEST(test_read_once),
		TEST(test_a_top_that_reaches_the_end_is_a_retrieval),
		TEST(test_what_top_has_fetched_may_be_deleted_and_reset),
		TEST(test_rset_keeps_count_of_what_was_retrieved),
		TEST(test_a_secret_does_not_outlive_its_step),
		TEST(test_retrievals_are_noted),
		TEST(test_an_exchange),
		TEST(test_an_exchange_that_fails),
		TEST(test_refused_logins_end_the_connection),
		TEST(test_listings),
		TEST(test_an_empty_maildrop),
		TEST(test_a_deleted_message_is_gone_but_keeps_its_number),
		TEST(test_marks_that_cannot_be_had_are_told),
		TEST(test_message_numbers_out_of_range),
		TEST(test_retr_and_top),
		TEST(test_a_reply_that_breaks_in_the_middle_ends_the_connection),
		TEST(test_a_maildrop_that_is_gone_ends_the_session),
		TEST(test_errors_in_a_row_end_the_connection),
		TEST(test_the_greeting),
		TEST(test_replies_stay_within_512_octets),
		TEST(test_lang_chooses),
		TEST(test_lang_star_is_the_administrators),
		TEST(test_lang_lists_each_language_in_itself),
		TEST(test_a_language_that_is_not_there_changes_nothing),
		TEST(test_stls_forgets_the_language),
		TEST(test_codes_are_not_translated),
		TEST(test_a_session_is_small),
	};

	return RUN(tests);
}
