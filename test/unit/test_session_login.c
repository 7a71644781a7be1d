/* Promises of pop3/session: how a client comes in, and what is kept of what it said. */
#include "sessionplay.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_name_leaves_nothing_behind),
		TEST(test_errors_before_stls_count_behind_it),
		TEST(test_why_a_name_is_refused),
		TEST(test_a_password_is_a_response),
		TEST(test_a_refused_login_is_told_with_its_code),
		TEST(test_only_capa_may_stand_between_user_and_pass),
		TEST(test_a_second_user_replaces_the_first),
		TEST(test_the_longest_name_is_kept_whole),
		TEST(test_without_tls_user_is_refused_where_policy_says_so),
		TEST(test_stls_forgets_what_was_said_before),
		TEST(test_stls_only_where_it_can_be),
		TEST(test_names_and_passwords_are_utf8),
		TEST(test_a_connection_is_bound_to_once),
		TEST(test_apop),
		TEST(test_a_secret_does_not_outlive_its_step),
		TEST(test_an_exchange),
		TEST(test_an_exchange_that_fails),
		TEST(test_refused_logins_end_the_connection),
	};

	return RUN(tests);
}
