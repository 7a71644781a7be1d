/* Promises of pop3/session: what it announces, and the languages in which it speaks. */
#include "sessionplay.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_capa_announces_what_works_here_and_now),
		TEST(test_utf8_names_are_announced_where_they_work),
		TEST(test_utf8),
		TEST(test_what_only_utf8_may_have),
		TEST(test_sasl_is_announced_where_it_works),
		TEST(test_a_mechanism_is_announced_where_its_ground_is),
		TEST(test_terms_are_announced),
		TEST(test_lang_chooses),
		TEST(test_lang_star_is_the_administrators),
		TEST(test_lang_lists_each_language_in_itself),
		TEST(test_a_language_that_is_not_there_changes_nothing),
		TEST(test_stls_forgets_the_language),
		TEST(test_codes_are_not_translated),
	};

	return RUN(tests);
}
