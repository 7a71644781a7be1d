/* Promises of lmtp/session: the machine of states, without a socket or a clock. */
#include "lmtpplay.h"

/* ---- the table ---- */

static const char *example(enum lmtp_command_id id, char room[64])
{
	static const char *const args[] = {
		[LMTP_ARGS_NONE] = "",
		[LMTP_ARGS_NAME] = " client.example",
		[LMTP_ARGS_OPTION] = " x y",
		[LMTP_ARGS_REST] = " x y",
		[LMTP_ARGS_FROM] = " FROM:<a@b>",
		[LMTP_ARGS_TO] = " TO:<a@b>",
		[LMTP_ARGS_CHUNK] = " 3",
	};

	sprintf(room, "%s%s", lmtp_command_name(id), args[lmtp_command_args(id)]);
	return room;
}

/* Where an ask follows before the reply, the driver does what was asked. */
static enum lmtp_ask carry_out(struct play *p, enum lmtp_ask ask)
{
	while (p->out.len == 0 && ask != LMTP_ASK_READ)
		ask = ask == LMTP_ASK_DELIVER ? result(p, FAULT_NONE, "") : done(p);
	return ask;
}

/* Refused exactly where the table says so, with 503 and no change of the state; a
 * refused BDAT once its chunk has come. */
static void test_every_command_in_every_state(void **state)
{
	char text[64];

	(void)state;
	for (unsigned st = LMTP_FRESH; st <= LMTP_CHUNKS; st <<= 1) {
		for (enum lmtp_command_id id = 0; id < LMTP_COMMAND_COUNT; id++) {
			struct play p;

			bring_to(&p, st);
			enum lmtp_ask ask = line(&p, example(id, text));
			const bool chunk = id == LMTP_COMMAND_BDAT;
			if (chunk)
				CHECK_EQ(ask, LMTP_ASK_CHUNK);
			ask = carry_out(&p, ask);
			const bool legal = chunk ? st >= LMTP_RCPT
						 : lmtp_command_states(id) & st;
			if (legal == (p.said[0] == '5'))
				fail_msg("\"%s\" in state %u says %s", text, st,
					 p.said);
			if (legal)
				continue;
			SAID(&p, "503 5.5.1 ");
			CHECK_EQ(ask, LMTP_ASK_READ);
			CHECK_EQ(p.s.state, st);
		}
	}
}

/* The asks that an event may not answer close the session, and are named. */
static void test_only_the_right_event_answers(void **state)
{
	static const int usual[] = {
#define X(name, event, others) LMTP_EVENT_##event,
#define LMTP_EVENT_NONE        -1
		LMTP_ASK_TABLE(X)
#undef X
	};

	(void)state;
	for (int ask = 0; ask < LMTP_ASKS; ask++) {
		for (int kind = 0; kind < LMTP_EVENTS; kind++) {
			struct play p;
			char room[LMTP_STEP_MAX];
			struct buf out = BUF(room);

			begin(&p);
			p.s.ask = ask;
			CHECK(kind != usual[ask] || lmtp_may_answer(ask, kind));
			if (lmtp_may_answer(ask, kind))
				continue;
			CHECK_EQ(lmtp_step(&p.s, &(struct lmtp_event){ .kind = kind },
					   &out),
				 LMTP_ASK_CLOSE);
			CHECK(p.s.broken);
			CHECK_EQ(p.s.broken_ask, ask);
			CHECK_EQ(p.s.broken_event, kind);
			CHECK_TEXT(p.s.end, "session-broken");
			CHECK_EQ(out.len, 0);
		}
	}
	CHECK_TEXT(lmtp_ask_name(LMTP_ASK_DELIVER), "DELIVER");
	CHECK_TEXT(lmtp_event_name(LMTP_EVENT_RESULT), "RESULT");
}

/* ---- the dialogues of the RFCs ---- */

static void test_greeting_names_the_host(void **state)
{
	struct play p;
	char room[LMTP_STEP_MAX];
	struct buf out = BUF(room);

	(void)state;
	begin(&p);
	lmtp_greet(&p.s, &out);
	CHECK_SPAN(buf_span(&out), "220 mx.example LMTP server ready\r\n");
}

/* RFC 2033 section 4.2, the example. */
static void test_dialogue_of_rfc_2033(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	CHECK_EQ(line(&p, "LHLO foo.edu"), LMTP_ASK_READ);
	CHECK_TEXT(p.said, "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n"
			   "250-STARTTLS\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
			   "250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n");
	CHECK_SPAN(lmtp_name(&p.s), "foo.edu");
	SAY(&p, "MAIL FROM:<chris@bar.com>", "250 2.1.0 ");
	CHECK_SPAN(lmtp_sender(&p.s), "chris@bar.com");
	rcpt(&p, "RCPT TO:<pat@foo.edu>", FAULT_NONE);
	SAID(&p, "250 2.1.5 ");
	rcpt(&p, "RCPT TO:<jones@foo.edu>", FAULT_NO_USER);
	SAID(&p, "550 5.1.1 <jones@foo.edu> no such user");
	rcpt(&p, "RCPT TO:<green@foo.edu>", FAULT_NONE);
	CHECK_SPAN(lmtp_address(&p.s), "green@foo.edu");
	CHECK_EQ(line(&p, "DATA"), LMTP_ASK_DATA);
	SAID(&p, "354 ");
	CHECK_EQ(done(&p), LMTP_ASK_DELIVER);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(p.s.recipients, 2);
	CHECK_EQ(result(&p, FAULT_NONE, "pat@foo.edu"), LMTP_ASK_DELIVER);
	SAID(&p, "250 2.1.5 <pat@foo.edu> message stored");
	CHECK_EQ(result(&p, FAULT_QUOTA, "green@foo.edu"), LMTP_ASK_RESET);
	SAID(&p, "452 4.2.2 <green@foo.edu> mailbox is full");
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(p.s.state, LMTP_READY);
	CHECK_EQ(line(&p, "QUIT"), LMTP_ASK_CLOSE);
	SAID(&p, "221 2.0.0 mx.example closing connection");
	CHECK_TEXT(p.s.end, "quit");
	CHECK_EQ(p.s.tally.messages, 1);
	CHECK_EQ(p.s.tally.stored, 1);
	CHECK_EQ(p.s.tally.refused, 2);
}

/* RFC 3030 section 4.2: chunks, with one reply each; RFC 2033 section 4.3: one for each
 * recipient behind the last one. */
static void test_dialogue_of_chunks(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	rcpt(&p, "RCPT TO:<v@b.example>", FAULT_NONE);
	CHECK_EQ(line(&p, "BDAT 86"), LMTP_ASK_CHUNK);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(p.s.chunk, 86);
	CHECK(p.s.keep && !p.s.last);
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	SAID(&p, "250 2.0.0 ");
	SAY(&p, "DATA", "503 5.5.1 ");
	SAY(&p, "RCPT TO:<w@b.example>", "503 5.5.1 ");
	CHECK_EQ(line(&p, "bdat 0 last"), LMTP_ASK_CHUNK);
	CHECK_EQ(p.s.chunk, 0);
	CHECK(p.s.keep && p.s.last);
	CHECK_EQ(done(&p), LMTP_ASK_DELIVER);
	CHECK_EQ(result(&p, FAULT_NONE, ""), LMTP_ASK_DELIVER);
	SAID(&p, "250 2.1.5 message stored");
	CHECK_EQ(result(&p, FAULT_NONE, ""), LMTP_ASK_RESET);
	SAID(&p, "250 2.1.5 ");
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	CHECK_EQ(p.s.tally.messages, 1);
	CHECK_EQ(p.s.tally.stored, 2);
	SAY(&p, "MAIL FROM:<>", "250 2.1.0 ");
	CHECK_EQ(p.s.recipients, 0);
	CHECK_EQ(lmtp_sender(&p.s).len, 0);
}

/* RFC 1870 section 6. */
static void test_declared_size(void **state)
{
	struct lmtp_policy open = lmtp_policy;
	struct play p;

	(void)state;
	bring_to(&p, LMTP_READY);
	SAY(&p, "MAIL FROM:<a@b> SIZE=1001025", "552 5.3.4 ");
	CHECK_EQ(p.s.state, LMTP_READY);
	SAY(&p, "MAIL FROM:<a@b> SIZE=99999999999999999999999", "552 5.3.4 ");
	SAY(&p, "MAIL FROM:<a@b> size=1001024", "250 2.1.0 ");
	CHECK_EQ(p.s.octets, 1001024);
	open.size_max = 1;
	bring_to(&p, LMTP_READY);
	p.s.policy = &open;
	SAY(&p, "MAIL FROM:<a@b> SIZE=1026", "552 5.3.4 ");
	open.size_max = 0;
	bring_to(&p, LMTP_READY);
	p.s.policy = &open;
	SAY(&p, "MAIL FROM:<a@b> SIZE=99999999999999999999999", "250 2.1.0 ");
	CHECK_EQ(p.s.octets, UINT64_MAX);
	CHECK_EQ(line(&p, "LHLO x"), LMTP_ASK_RESET);
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	CHECK(strstr(p.said, "250-SIZE 0\r\n"));
	CHECK_EQ(p.s.octets, 0);
}

/* RFC 6531 sections 3.4 and 3.5. */
static void test_addresses_in_utf8_need_smtputf8(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_READY);
	SAY(&p, "MAIL FROM:<j\xc3\xb6rg@b.example>", "553 5.6.7 ");
	CHECK_EQ(p.s.state, LMTP_READY);
	SAY(&p, "MAIL FROM:<a@b.example>", "250 2.1.0 ");
	SAY(&p, "RCPT TO:<j\xc3\xb6rg@b.example>", "553 5.6.7 ");
	CHECK_EQ(line(&p, "RSET"), LMTP_ASK_RESET);
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	SAY(&p, "MAIL FROM:<j\xc3\xb6rg@b.example> BODY=8BITMIME SMTPUTF8",
	    "250 2.1.0 ");
	CHECK(p.s.utf8);
	rcpt(&p, "RCPT TO:<j\xc3\xb6rg@b\xc3\xbc.example>", FAULT_NO_USER);
	SAID(&p, "550 5.1.1 <j\xc3\xb6rg@b\xc3\xbc.example> ");
	CHECK_EQ(line(&p, "RSET"), LMTP_ASK_RESET);
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	CHECK(!p.s.utf8);
}

/* RFC 3207 section 4. */
static void test_starttls_forgets_what_was_said(void **state)
{
	struct lmtp_policy bare = lmtp_policy;
	struct play p;

	(void)state;
	bring_to(&p, LMTP_READY);
	(void)line(&p, "NONSENSE");
	p.s.tally.stored = 7;
	CHECK_EQ(line(&p, "STARTTLS"), LMTP_ASK_TLS);
	SAID(&p, "220 2.0.0 ");
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	CHECK_EQ(p.out.len, 0);
	CHECK_EQ(p.s.state, LMTP_FRESH);
	CHECK_EQ(lmtp_name(&p.s).len, 0);
	CHECK(p.s.tls && p.s.trusted);
	CHECK_EQ(p.s.tally.stored, 7);
	CHECK_EQ(line(&p, "LHLO x"), LMTP_ASK_READ);
	CHECK(!strstr(p.said, "STARTTLS"));
	SAY(&p, "STARTTLS", "503 5.5.1 ");

	bring_to(&p, LMTP_FRESH);
	CHECK_EQ(line(&p, "STARTTLS"), LMTP_ASK_TLS);
	CHECK_EQ(failed(&p, FAULT_IO), LMTP_ASK_CLOSE);
	CHECK_EQ(p.out.len, 0);
	CHECK_TEXT(p.s.end, "tls-failed");

	bare.tls_offered = false;
	bring_to(&p, LMTP_FRESH);
	p.s.policy = &bare;
	SAY(&p, "STARTTLS", "502 5.5.1 ");
	CHECK_EQ(line(&p, "LHLO x"), LMTP_ASK_READ);
	CHECK(!strstr(p.said, "STARTTLS"));
}

/* An error before TLS counts behind it. */
static void test_errors_survive_tls(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	for (unsigned i = 1; i < lmtp_policy.errors_max; i++)
		SAY(&p, "NONSENSE", "500 5.5.1 ");
	p.s.ask = LMTP_ASK_TLS;
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	CHECK_EQ(line(&p, "NONSENSE"), LMTP_ASK_CLOSE);
	SAID(&p, "421 4.7.0 mx.example ");
}

static void test_a_stranger_starts_tls_first(void **state)
{
	struct lmtp_policy bare = lmtp_policy;
	struct play p;

	(void)state;
	bare.tls_offered = false;
	bring_to(&p, LMTP_READY);
	p.s.trusted = false;
	SAY(&p, "MAIL FROM:<a@b>", "530 5.7.0 ");
	CHECK_EQ(p.s.state, LMTP_READY);
	p.s.tls = true;
	SAY(&p, "MAIL FROM:<a@b>", "450 4.7.1 ");
	p.s.tls = false;
	p.s.policy = &bare;
	SAY(&p, "MAIL FROM:<a@b>", "450 4.7.1 ");
	p.s.trusted = true;
	SAY(&p, "MAIL FROM:<a@b>", "250 2.1.0 ");
}

/* ---- single commands ---- */

/* RFC 2033 section 4.1. */
static void test_helo_and_ehlo_are_unknown(void **state)
{
	static const char *const lines[] = { "HELO a",     "EHLO a",        "EXPN x",
					     "AUTH PLAIN", "XCLIENT A=b",   "",
					     " ",          " LHLO a",       "LHLOX a",
					     "DATAX",      "MAILFROM:<a@b>" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct play p;

		begin(&p);
		SAY(&p, lines[i], "500 5.5.1 ");
		CHECK_EQ(p.s.state, LMTP_FRESH);
	}
}

static void test_replies_of_the_small_commands(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	SAY(&p, "LHLO", "501 ");
	SAY(&p, "LHLO a b", "501 ");
	CHECK_EQ(p.s.state, LMTP_FRESH);
	SAY(&p, "NOOP", "250 2.0.0 ");
	SAY(&p, "noop what ever", "250 2.0.0 ");
	SAY(&p, "VRFY root", "252 2.0.0 ");
	SAY(&p, "VRFY", "501 5.5.4 ");
	SAY(&p, "HELP", "214 2.0.0 ");
	SAY(&p, "help data", "214 2.0.0 ");
	SAY(&p, "RSET", "250 2.0.0 ");
	CHECK_EQ(p.s.state, LMTP_FRESH);
	SAY(&p, "RSET now", "501 5.5.4 ");
	SAY(&p, "QUIT now", "501 5.5.4 ");
	SAY(&p, "DATA", "503 5.5.1 say LHLO");
	SAY(&p, "MAIL FROM:<a@b>", "503 5.5.1 say LHLO");
	CHECK_EQ(line(&p, "LHLO a"), LMTP_ASK_READ);
	SAY(&p, "RSET", "250 2.0.0 ");
	CHECK_EQ(p.s.state, LMTP_READY);
	SAY(&p, "DATA", "503 5.5.1 say MAIL");
	SAY(&p, "RCPT TO:<a@b>", "503 5.5.1 say MAIL");
	SAY(&p, "MAIL FROM:<a@b>", "250 2.1.0 ");
	SAY(&p, "DATA", "503 5.5.1 no recipient");
	SAY(&p, "MAIL FROM:<a@b>", "503 5.5.1 command");
	SAY(&p, "STARTTLS", "503 5.5.1 command");
	CHECK_EQ(line(&p, "QUIT"), LMTP_ASK_CLOSE);
	SAID(&p, "221 2.0.0 ");
}

/* A client bounces its mail where LHLO is refused: any word is a name. Only a domain
 * or a literal goes into a header. */
static void test_any_word_names_a_client(void **state)
{
	static const struct {
		const char *line, *name;
	} lines[] = {
		{ "LHLO localhost", "localhost" },
		{ "lhlo [127.0.0.1]", "[127.0.0.1]" },
		{ "LHLO my_host", "my_host" },
		{ "LHLO [IPv6:2001:db8::1]", "[IPv6:2001:db8::1]" },
		{ "LHLO (evil)", "" },
		{ "LHLO a..b", "" },
		{ "LHLO \xc3\xb6.example", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct play p;

		begin(&p);
		CHECK_EQ(line(&p, lines[i].line), LMTP_ASK_READ);
		CHECK_EQ(p.said[0], '2');
		CHECK_SPAN(lmtp_name(&p.s), lines[i].name);
	}
}

static void test_lhlo_and_rset_forget_the_transaction(void **state)
{
	static const char *const lines[] = { "LHLO other.example", "RSET" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (unsigned st = LMTP_MAIL; st <= LMTP_CHUNKS; st <<= 1) {
			struct play p;

			bring_to(&p, st);
			CHECK_EQ(line(&p, lines[i]), LMTP_ASK_RESET);
			CHECK_EQ(p.out.len, 0);
			CHECK_EQ(done(&p), LMTP_ASK_READ);
			CHECK_EQ(p.said[0], '2');
			CHECK_EQ(p.said[3], i == 0 ? '-' : ' ');
			CHECK_EQ(p.s.state, LMTP_READY);
			CHECK_EQ(p.s.recipients, 0);
			CHECK_EQ(lmtp_sender(&p.s).len, 0);
			SAY(&p, "DATA", "503 5.5.1 say MAIL");
		}
	}
}

static void test_recipients_as_they_were_meant(void **state)
{
	static const struct {
		const char *path, *address;
	} paths[] = {
		{ "<u>", "u" },
		{ "<Postmaster>", "Postmaster" },
		{ "<User+Detail@B.example>", "User+Detail@B.example" },
		{ "<\"a b\"@c.d>", "a b@c.d" },
		{ "<\"a\\\"\\\\b\"@c.d>", "a\"\\b@c.d" },
		{ "<\"a@b\"@c.d>", "a@b@c.d" },
		{ "<@x.y,@z:u@c.d>", "u@c.d" },
		{ "<u@[127.0.0.3]>", "u@[127.0.0.3]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char text[128];
		struct play p;

		bring_to(&p, LMTP_MAIL);
		sprintf(text, "RCPT TO:%s", paths[i].path);
		CHECK_EQ(line(&p, text), LMTP_ASK_RECIPIENT);
		CHECK_SPAN(lmtp_address(&p.s), paths[i].address);
	}
}

/* Without its quotes each of these would be another address, or none. */
static void test_recipients_that_nobody_can_be(void **state)
{
	static const char *const lines[] = { "RCPT TO:<>", "RCPT TO:<\"\">",
					     "RCPT TO:<\"\"@b>", "RCPT TO:<\"a@b\">",
					     "RCPT TO:<\"@b\"@c>" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct play p;

		bring_to(&p, LMTP_MAIL);
		SAY(&p, lines[i], "501 5.1.3 ");
		CHECK_EQ(p.s.state, LMTP_MAIL);
	}
}

static void test_one_recipient_too_many(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_MAIL);
	for (int i = 0; i < LMTP_RECIPIENTS_MAX; i++)
		rcpt(&p, "RCPT TO:<u@b>", FAULT_NONE);
	SAY(&p, "RCPT TO:<u@b>", "452 4.5.3 ");
	CHECK_EQ(p.s.recipients, LMTP_RECIPIENTS_MAX);
}

/* ---- faults ---- */

static void test_every_fault_of_a_recipient(void **state)
{
	static const struct {
		enum fault fault;
		const char *reply;
	} replies[] = {
		{ FAULT_NO_USER, "550 5.1.1 <u@b> " },
		{ FAULT_NO_DELIVERY, "550 5.2.1 <u@b> " },
		{ FAULT_QUOTA, "452 4.2.2 <u@b> " },
		{ FAULT_FULL, "452 4.3.1 <u@b> " },
		{ FAULT_LIMIT, "452 4.3.1 <u@b> " },
		{ FAULT_NOMEM, "452 4.3.1 <u@b> " },
		{ FAULT_TOO_LARGE, "552 5.3.4 <u@b> " },
	};

	(void)state;
	/* All that an administrator has to repair is temporary. */
	for (enum fault f = 0; f < FAULT_COUNT; f++) {
		const char *reply = "451 4.3.0 <u@b> ";
		struct play p;

		for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
			if (replies[i].fault == f)
				reply = replies[i].reply;
		bring_to(&p, LMTP_MAIL);
		CHECK_EQ(line(&p, "RCPT TO:<u@b>"), LMTP_ASK_RECIPIENT);
		CHECK_EQ(failed(&p, f), LMTP_ASK_READ);
		SAID(&p, reply);
		CHECK_EQ(p.s.state, LMTP_MAIL);
		if (f == FAULT_NONE)
			continue;
		bring_to(&p, LMTP_RCPT);
		CHECK_EQ(line(&p, "DATA"), LMTP_ASK_DATA);
		CHECK_EQ(done(&p), LMTP_ASK_DELIVER);
		CHECK_EQ(result(&p, f, "u@b"), LMTP_ASK_RESET);
		SAID(&p, reply);
		CHECK_EQ(p.s.tally.messages, 0);
	}
}

static void test_a_full_mailbox_bounces_by_setting(void **state)
{
	struct lmtp_policy bounce = lmtp_policy;
	struct play p;

	(void)state;
	bounce.bounce = true;
	bring_to(&p, LMTP_MAIL);
	p.s.policy = &bounce;
	rcpt(&p, "RCPT TO:<u@b>", FAULT_QUOTA);
	SAID(&p, "552 5.2.2 <u@b> ");
	rcpt(&p, "RCPT TO:<u@b>", FAULT_NONE);
	CHECK_EQ(line(&p, "DATA"), LMTP_ASK_DATA);
	CHECK_EQ(failed(&p, FAULT_FULL), LMTP_ASK_RESET);
	SAID(&p, "452 4.3.1 ");
}

/* One reply for each recipient, also where the message could not be kept. */
static void test_a_spoilt_message_has_all_its_replies(void **state)
{
	struct play p;

	(void)state;
	for (int chunks = 0; chunks < 2; chunks++) {
		bring_to(&p, LMTP_RCPT);
		rcpt(&p, "RCPT TO:<v@b>", FAULT_NONE);
		rcpt(&p, "RCPT TO:<x@b>", FAULT_NO_USER);
		rcpt(&p, "RCPT TO:<w@b>", FAULT_NONE);
		if (chunks)
			CHECK_EQ(line(&p, "BDAT 7 LAST"), LMTP_ASK_CHUNK);
		else
			CHECK_EQ(line(&p, "DATA"), LMTP_ASK_DATA);
		CHECK_EQ(failed(&p, FAULT_TOO_LARGE), LMTP_ASK_REPLY);
		SAID(&p, "552 5.3.4 ");
		CHECK_EQ(done(&p), LMTP_ASK_REPLY);
		SAID(&p, "552 5.3.4 ");
		CHECK_EQ(done(&p), LMTP_ASK_RESET);
		SAID(&p, "552 5.3.4 ");
		CHECK_EQ(done(&p), LMTP_ASK_READ);
		CHECK_EQ(p.s.tally.refused, 4);
		CHECK_EQ(p.s.tally.messages, 0);
		SAY(&p, "MAIL FROM:<a@b>", "250 2.1.0 ");
		rcpt(&p, "RCPT TO:<u@b>", FAULT_NONE);
		CHECK_EQ(line(&p, "DATA"), LMTP_ASK_DATA);
		CHECK_EQ(done(&p), LMTP_ASK_DELIVER);
	}
}

/* A driver that names no fault has failed all the same. */
static void test_a_failure_without_a_fault_is_none_the_less_one(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	CHECK_EQ(line(&p, "DATA"), LMTP_ASK_DATA);
	CHECK_EQ(failed(&p, FAULT_NONE), LMTP_ASK_RESET);
	SAID(&p, "451 4.3.0 ");
}

/* All chunks behind one that could not be kept are taken, and get its reply. */
static void test_chunks_behind_a_spoilt_one(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_RCPT);
	rcpt(&p, "RCPT TO:<v@b>", FAULT_NONE);
	CHECK_EQ(line(&p, "BDAT 5"), LMTP_ASK_CHUNK);
	CHECK(p.s.keep);
	CHECK_EQ(failed(&p, FAULT_FULL), LMTP_ASK_READ);
	SAID(&p, "452 4.3.1 ");
	CHECK_EQ(line(&p, "BDAT 6"), LMTP_ASK_CHUNK);
	CHECK(!p.s.keep);
	CHECK_EQ(failed(&p, FAULT_TOO_LARGE), LMTP_ASK_READ);
	SAID(&p, "452 4.3.1 ");
	CHECK_EQ(line(&p, "BDAT 7 LAST"), LMTP_ASK_CHUNK);
	CHECK(!p.s.keep);
	CHECK_EQ(p.s.chunk, 7);
	CHECK_EQ(done(&p), LMTP_ASK_REPLY);
	SAID(&p, "452 4.3.1 ");
	CHECK_EQ(done(&p), LMTP_ASK_RESET);
	SAID(&p, "452 4.3.1 ");
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	bring_to(&p, LMTP_CHUNKS);
	CHECK_EQ(line(&p, "BDAT 5"), LMTP_ASK_CHUNK);
	CHECK_EQ(failed(&p, FAULT_IO), LMTP_ASK_READ);
	CHECK_EQ(line(&p, "RSET"), LMTP_ASK_RESET);
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	SAY(&p, "MAIL FROM:<>", "250 2.1.0 ");
	rcpt(&p, "RCPT TO:<v@b>", FAULT_NONE);
	CHECK_EQ(line(&p, "BDAT 5"), LMTP_ASK_CHUNK);
	CHECK(p.s.keep);
}

/* Exim sends the last chunk in one segment with RCPT, and waits for one reply. */
static void test_a_chunk_without_recipients_has_one_reply(void **state)
{
	static const char *const replies[] = { "503 5.5.1 say LHLO",
					       "503 5.5.1 say MAIL",
					       "503 5.5.1 no recipient" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct play p;

		bring_to(&p, LMTP_FRESH << i);
		CHECK_EQ(line(&p, "BDAT 1000000000000 LAST"), LMTP_ASK_CHUNK);
		CHECK_EQ(p.out.len, 0);
		CHECK(!p.s.keep);
		CHECK_EQ(p.s.chunk, 1000000000000);
		CHECK_EQ(done(&p), LMTP_ASK_READ);
		SAID(&p, replies[i]);
		CHECK_EQ(p.s.state, LMTP_FRESH << i);
	}
}

/* The first half of the message is lost: its end is not stored for a recipient who
 * comes late. RSET and DATA begin a message anew. */
static void test_the_end_of_a_message_whose_first_chunk_was_refused(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_MAIL);
	CHECK_EQ(line(&p, "BDAT 5"), LMTP_ASK_CHUNK);
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	SAID(&p, "503 5.5.1 no recipient");
	rcpt(&p, "RCPT TO:<v@b>", FAULT_NONE);
	CHECK_EQ(line(&p, "BDAT 7 LAST"), LMTP_ASK_CHUNK);
	CHECK(!p.s.keep);
	CHECK_EQ(done(&p), LMTP_ASK_RESET);
	SAID(&p, "451 4.3.0 ");
	CHECK_EQ(done(&p), LMTP_ASK_READ);
	SAY(&p, "MAIL FROM:<>", "250 2.1.0 ");
	rcpt(&p, "RCPT TO:<v@b>", FAULT_NONE);
	CHECK_EQ(line(&p, "BDAT 5"), LMTP_ASK_CHUNK);
	CHECK(p.s.keep);
}

/* Nobody knows where a chunk ends whose BDAT is malformed. */
static void test_a_malformed_bdat_ends_the_session(void **state)
{
	static const char *const lines[] = { "BDAT",
					     "BDAT x",
					     "BDAT -1",
					     "BDAT 5 LASTLY",
					     "BDAT 5 LAST x",
					     "BDAT  5",
					     "BDAT 18446744073709551616",
					     "BDAT LAST",
					     "bdat 5\rLAST",
					     "BDAT 0x5" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct play p;

		bring_to(&p, LMTP_RCPT);
		CHECK_EQ(line(&p, lines[i]), LMTP_ASK_CLOSE);
		SAID(&p, "421 4.5.4 mx.example ");
		CHECK_TEXT(p.s.end, "malformed-chunk");
	}
}

/* ---- errors ---- */

static void test_a_malformed_line_is_refused_once(void **state)
{
	static const struct span lines[] = {
		{ "NOOP\nMAIL FROM:<a@b>", 20 },
		{ "NOOP\r", 5 },
		{ "RCPT TO:<a\0@b>", 14 },
		{ "NOOP \rx", 7 },
		{ "\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct play p;

		bring_to(&p, LMTP_MAIL);
		CHECK_EQ(step(&p, &(struct lmtp_event){ .kind = LMTP_EVENT_LINE,
							.line = lines[i] }),
			 LMTP_ASK_READ);
		SAID(&p, "500 5.5.2 malformed");
		CHECK_EQ(p.s.state, LMTP_MAIL);
	}
}

static void test_an_overlong_line_is_refused_once(void **state)
{
	struct play p;

	(void)state;
	bring_to(&p, LMTP_MAIL);
	CHECK_EQ(step(&p, &(struct lmtp_event){ .kind = LMTP_EVENT_OVERLONG,
						.line = SPAN("NOOP xxxx") }),
		 LMTP_ASK_READ);
	SAID(&p, "500 5.5.2 line too long");
	CHECK_EQ(step(&p, &(struct lmtp_event){ .kind = LMTP_EVENT_OVERLONG,
						.line = SPAN("bdat 4        ") }),
		 LMTP_ASK_CLOSE);
	SAID(&p, "421 4.5.4 ");
}

/* Errors count only in a row. What is refused for a reason of its own does not count:
 * behind a refused MAIL come many RCPT in one segment. */
static void test_too_many_errors_in_a_row(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	for (int i = 0; i < 3; i++) {
		for (unsigned k = 1; k < lmtp_policy.errors_max; k++)
			SAY(&p, "NONSENSE", "500 5.5.1 ");
		for (int k = 0; k < 50; k++)
			SAY(&p, "RCPT TO:<a@b>", "503 5.5.1 ");
		if (i == 0)
			SAY(&p, "NOOP", "250 2.0.0 ");
		if (i == 1)
			CHECK_EQ(line(&p, "LHLO x"), LMTP_ASK_READ);
	}
	CHECK_EQ(step(&p, &(struct lmtp_event){ .kind = LMTP_EVENT_OVERLONG,
						.line = SPAN("x") }),
		 LMTP_ASK_CLOSE);
	SAID(&p, "421 4.7.0 mx.example too many errors");
	CHECK_TEXT(p.s.end, "too-many-errors");
}

static void test_replies_that_nobody_asked_for(void **state)
{
	char room[LMTP_STEP_MAX];
	struct buf out = BUF(room);

	(void)state;
	lmtp_say(&lmtp_policy, LMTP_REPLY_IDLE, &out);
	lmtp_say(&lmtp_policy, LMTP_REPLY_STOPPING, &out);
	CHECK_SPAN(buf_span(&out),
		   "421 4.4.2 mx.example idle for too long, closing\r\n"
		   "421 4.3.2 mx.example server is stopping, closing\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_command_in_every_state),
		TEST(test_only_the_right_event_answers),
		TEST(test_greeting_names_the_host),
		TEST(test_dialogue_of_rfc_2033),
		TEST(test_dialogue_of_chunks),
		TEST(test_declared_size),
		TEST(test_addresses_in_utf8_need_smtputf8),
		TEST(test_starttls_forgets_what_was_said),
		TEST(test_errors_survive_tls),
		TEST(test_a_stranger_starts_tls_first),
		TEST(test_helo_and_ehlo_are_unknown),
		TEST(test_replies_of_the_small_commands),
		TEST(test_any_word_names_a_client),
		TEST(test_lhlo_and_rset_forget_the_transaction),
		TEST(test_recipients_as_they_were_meant),
		TEST(test_recipients_that_nobody_can_be),
		TEST(test_one_recipient_too_many),
		TEST(test_every_fault_of_a_recipient),
		TEST(test_a_full_mailbox_bounces_by_setting),
		TEST(test_a_spoilt_message_has_all_its_replies),
		TEST(test_a_failure_without_a_fault_is_none_the_less_one),
		TEST(test_chunks_behind_a_spoilt_one),
		TEST(test_a_chunk_without_recipients_has_one_reply),
		TEST(test_the_end_of_a_message_whose_first_chunk_was_refused),
		TEST(test_a_malformed_bdat_ends_the_session),
		TEST(test_a_malformed_line_is_refused_once),
		TEST(test_an_overlong_line_is_refused_once),
		TEST(test_too_many_errors_in_a_row),
		TEST(test_replies_that_nobody_asked_for),
	};
	return RUN(tests);
}
