/* Promises of the client's side of LMTP (src/cli/dialog.h): whatever a server says, no
 * recipient counts as served who has no 250 after the message, and none is refused for
 * good by what time can mend. */
#include "check.h"

#include "cli/dialog.h"

enum { MOST = 3 };

static struct {
	struct dialog dialog;
	struct dialog_mail mail;
	struct dialog_recipient recipients[MOST];
} w;

static void begin(size_t count, const char *const addresses[])
{
	memset(&w, 0, sizeof w);
	w.mail = (struct dialog_mail){ .host = SPAN("me"),
				       .sender = SPAN("s@t"),
				       .recipients = w.recipients,
				       .count = count,
				       .octets = 99 };
	for (size_t i = 0; i < count; i++)
		w.recipients[i].address = span_of(addresses[i]);
	dialog_begin(&w.dialog, &w.mail);
}

/* "S: " lines come from the server; the others are what the client must do then: a
 * command, "*" for the message, or "end" with the rest. A script that ends early is the
 * end of the connection. */
static void play(const char *script)
{
	struct span rest = span_of(script), line;
	enum dialog_ask ask = DIALOG_READ;

	while (rest.len > 0) {
		(void)span_cut(&rest, '\n', &line);
		if (span_starts(line, "S: ")) {
			CHECK(ask != DIALOG_END);
			ask = dialog_line(&w.dialog, span_after(line, 3));
			continue;
		}
		if (span_is(line, "*")) {
			CHECK_EQ(ask, DIALOG_CONTENT);
		} else if (span_is(line, "end")) {
			CHECK_EQ(ask, DIALOG_END);
		} else {
			CHECK_EQ(ask, span_is(line, "QUIT") ? DIALOG_END : DIALOG_SAY);
			CHECK(w.dialog.out.len == line.len + 2);
			CHECK(memcmp(w.dialog.out.at, line.at, line.len) == 0);
			CHECK(memcmp(w.dialog.out.at + line.len, "\r\n", 2) == 0);
		}
	}
	if (ask != DIALOG_END)
		dialog_fail(&w.dialog, "lost");
}

static void check(const char *wanted)
{
	static const char letters[DIALOG_VERDICTS + 1] = "LDURS";
	char got[MOST + 1] = "";

	for (size_t i = 0; i < w.mail.count; i++)
		got[i] = letters[w.recipients[i].verdict];
	CHECK_TEXT(got, wanted);
}

static const char *const one[] = { "a@x" };
static const char *const three[] = { "a@x", "b@x", "c@x" };

#define TO_RCPT                                                                        \
	"S: 220 hi\nLHLO me\nS: 250 hi\nMAIL FROM:<s@t>\nS: 250 ok\nRCPT TO:<a@x>\n"
#define TO_CONTENT                                                                     \
	TO_RCPT "S: 250 ok\nRCPT TO:<b@x>\nS: 250 ok\nRCPT TO:<c@x>\nS: 250 "          \
		"ok\nDATA\n"                                                           \
		"S: 354 go\n*\n"

static void test_each_recipient_has_the_verdict_of_its_reply(void **state)
{
	static const struct {
		const char *replies, *verdicts;
	} cases[] = {
		{ "S: 250 2.0.0 ok\nS: 250 ok\nS: 250\nQUIT\n", "DDD" },
		{ "S: 250 ok\nS: 452 4.2.2 full\nS: 550 5.7.1 no\nQUIT\n", "DLR" },
		{ "S: 550 5.1.1 no\nS: 421 bye\nS: 250-\nS: 250-yes\nS: 250 "
		  "yes\nQUIT\n",
		  "ULD" },
		{ "S: 250 ok\nS: 250 ok\n", "DDL" },     /* one reply too few */
		{ "S: 250 ok\nS: hello\nend\n", "DLL" }, /* no reply */
		{ "S: 250 ok\nS: 250x\nend\n", "DLL" },
		{ "S: 250 ok\nS: 99\nend\n", "DLL" },
		{ "S: 250 ok\nS: \nend\n", "DLL" },
		{ "S: 354 go\nS: 652 ok\nend\n", "LLL" },
		{ "", "LLL" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char script[1024];

		snprintf(script, sizeof script, TO_CONTENT "%s", cases[i].replies);
		begin(3, three);
		play(script);
		check(cases[i].verdicts);
	}
}

/* RCPT's 250 is no delivery, however the session ends. */
static void test_a_refused_recipient_keeps_the_message_from_the_others(void **state)
{
	static const struct {
		const char *replies, *verdicts;
	} cases[] = {
		{ "S: 250 ok\nRCPT TO:<b@x>\nS: 550 5.1.1 no\nRCPT TO:<c@x>\n"
		  "S: 250 ok\nQUIT\n",
		  "SUS" },
		{ "S: 452 4.2.2 full\nRCPT TO:<b@x>\nS: 250 ok\nRCPT TO:<c@x>\n"
		  "S: 552 5.2.2 full\nQUIT\n",
		  "LSR" },
		{ "S: 250 ok\nRCPT TO:<b@x>\n", "LLL" },
		{ "S: 250 ok\nRCPT TO:<b@x>\nS: 250 ok\nRCPT TO:<c@x>\nS: 250 "
		  "ok\nDATA\n",
		  "LLL" },
		{ "S: 250 ok\nRCPT TO:<b@x>\nS: 250 ok\nRCPT TO:<c@x>\nS: 250 "
		  "ok\nDATA\n"
		  "S: 451 no\nQUIT\n",
		  "LLL" },
		{ "S: 250 ok\nRCPT TO:<b@x>\nS: 250 ok\nRCPT TO:<c@x>\nS: 250 "
		  "ok\nDATA\n"
		  "S: 250 ok\nQUIT\n",
		  "LLL" },
		{ "S: 250 ok\nRCPT TO:<b@x>\nS: 250 ok\nRCPT TO:<c@x>\nS: 250 "
		  "ok\nDATA\n"
		  "S: 552 5.3.4 large\nQUIT\n",
		  "RRR" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char script[1024];

		snprintf(script, sizeof script, TO_RCPT "%s", cases[i].replies);
		begin(3, three);
		play(script);
		check(cases[i].verdicts);
	}
}

/* It is overloaded, or it is no LMTP server: the operator can mend that. */
static void test_a_server_that_refuses_the_session_refuses_no_mail(void **state)
{
	static const char *const scripts[] = {
		"",
		"S: 220 hi\nLHLO me\n",
		"S: 421 busy\nQUIT\n",
		"S: 554 no\nQUIT\n",
		"S: +OK POP3\nend\n",
		"S: 220 hi\nLHLO me\nS: 500 what\nQUIT\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		begin(1, one);
		play(scripts[i]);
		check("L");
		CHECK(w.recipients[0].said[0] != '\0');
	}
	begin(1, one);
	play("S: 220 hi\nLHLO me\nS: 250 hi\nMAIL FROM:<s@t>\nS: 552 5.3.4 "
	     "large\nQUIT\n");
	check("R");
	begin(1, one);
	play("S: 220 hi\nLHLO me\nS: 250 hi\nMAIL FROM:<s@t>\nS: 451 4.3.0 no\nQUIT\n");
	check("L");
}

static void test_parameters_are_those_that_the_server_takes(void **state)
{
	(void)state;
	begin(1, one);
	w.mail.is_8bit = w.mail.has_utf8 = true;
	play("S: 220-hi\nS: 220 hi\nLHLO me\nS: 250-SIZE\nS: 250-size 1000\n"
	     "S: 250-8BITMIME\nS: 250 SMTPUTF8\n"
	     "MAIL FROM:<s@t> SIZE=99 BODY=8BITMIME SMTPUTF8\n");
	begin(1, one);
	play("S: 220 hi\nLHLO me\nS: 250-hi\nS: 250-8BITMIME\nS: 250 SMTPUTF8\n"
	     "MAIL FROM:<s@t>\n");
	begin(1, one);
	w.mail.is_8bit = w.mail.has_utf8 = true;
	play("S: 220 hi\nLHLO me\nS: 250-hi\nS: 250 SIZES 8BITMIMED\nMAIL "
	     "FROM:<s@t>\n");
	begin(1, (const char *const[]){ "\xc3\xa4@x" });
	w.mail.sender = SPAN("");
	play("S: 220 hi\nLHLO me\nS: 250 SMTPUTF8\nMAIL FROM:<> SMTPUTF8\nS: 250 ok\n"
	     "RCPT TO:<\xc3\xa4@x>\n");
}

static void test_an_address_becomes_a_mailbox_or_nothing(void **state)
{
	static const struct {
		const char *address, *mailbox; /* NULL: none */
	} cases[] = {
		{ "alice", "alice" },
		{ "alice@example.org", "alice@example.org" },
		{ "<alice+x@example.org>", "alice+x@example.org" },
		{ "a.b@x", "a.b@x" },
		{ "a..b@x", "\"a..b\"@x" },
		{ ".a@x", "\".a\"@x" },
		{ "a.@x", "\"a.\"@x" },
		{ "two words@x", "\"two words\"@x" },
		{ "\"two words\"@x", "\"two words\"@x" },
		{ "q\"b\\@x", "\"q\\\"b\\\\\"@x" },
		{ "a@b@x", "\"a@b\"@x" },
		{ "a> NOTIFY=<x@x", "\"a> NOTIFY=<x\"@x" },
		{ "a@[127.0.0.1]", "a@[127.0.0.1]" },
		{ "\xc3\xa4@\xc3\xb6", "\xc3\xa4@\xc3\xb6" },
		{ "a@x> SIZE=1", NULL },
		{ "a\r\nDATA@x", NULL },
		{ "a\x7f@x", NULL },
		{ "@x", NULL },
		{ "", NULL },
		{ "<>", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char room[64];
		struct buf out = BUF(room);
		const bool good = dialog_mailbox(span_of(cases[i].address), &out);

		CHECK_EQ(good, cases[i].mailbox != NULL);
		if (good)
			CHECK_TEXT(buf_cstr(&out), cases[i].mailbox);
	}
}

/* A wrong address is like one that the server refuses, and is never sent. */
static void test_what_is_no_address_is_no_user(void **state)
{
	static char large[3000];

	(void)state;
	memset(large, 'x', sizeof large - 1);
	begin(3, (const char *const[]){ "a\nb@x", "b@x", large });
	play("S: 220 hi\nLHLO me\nS: 250 hi\nMAIL FROM:<s@t>\nS: 250 ok\nRCPT "
	     "TO:<b@x>\n"
	     "S: 250 ok\nQUIT\n");
	check("USU");
	begin(1, one);
	w.mail.sender = SPAN("s\n@t");
	play("S: 220 hi\nLHLO me\nS: 250 hi\nQUIT\n");
	check("R");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_recipient_has_the_verdict_of_its_reply),
		TEST(test_a_refused_recipient_keeps_the_message_from_the_others),
		TEST(test_a_server_that_refuses_the_session_refuses_no_mail),
		TEST(test_parameters_are_those_that_the_server_takes),
		TEST(test_an_address_becomes_a_mailbox_or_nothing),
		TEST(test_what_is_no_address_is_no_user),
	};

	return RUN(tests);
}
