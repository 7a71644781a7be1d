/* Promises of auth/sasl: bearer tokens, and what clients and the log are told of them.
 */
#include "saslplay.h"

/* "of/NAME" is NAME's, "z" is z's, and none would be alice's; "down" cannot be told. */
static enum database_says check_token(struct database *db, struct span name,
				      struct span token, struct span peer,
				      struct user_found *out, struct why *why)
{
	(void)db, (void)name, (void)peer;
	if (span_is(token, "down")) {
		fault_set(why, FAULT_IO, 0, "ask", "tokens");
		return DATABASE_DOWN;
	}
	if (span_is(token, "z") || token.len == 0) {
		out->user.name = token.len > 0 ? token : SPAN("alice");
		return DATABASE_RIGHT;
	}
	if (!span_starts(token, "of/")) {
		fault_set(why, FAULT_DENIED, 0, "token has expired", NULL);
		return DATABASE_WRONG;
	}
	*out = (struct user_found){ .user.name = span_after(token, 3) };
	return DATABASE_RIGHT;
}

static const struct database_driver token_driver = { .name = "tokens",
						     .check = check_token };

/* Say each of the messages in turn, base64 undone; what came back last in text, the
 * same. */
static enum sasl_says say(struct server *s, enum mechanism m,
			  const struct span *messages, size_t count,
			  char text[SASL_CHALLENGE_MAX + 1], char user[256],
			  struct why *why)
{
	const struct login_way way = { m, true, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	char room[4 * SASL_CHALLENGE_MAX / 3 + 1], base64[16384];
	enum sasl_says says = SASL_MORE;
	OWN_USER found = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < count && says == SASL_MORE; i++) {
		struct buf out = BUF(room);

		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)messages[i].at,
				  messages[i].len, sodium_base64_VARIANT_ORIGINAL);
		says = sasl_step(sasl,
				 messages[i].at ? span_of(base64) : (struct span){ 0 },
				 &out, &found, why);
		if (says != SASL_MORE)
			break;
		CHECK_EQ(sodium_base642bin((unsigned char *)text, SASL_CHALLENGE_MAX,
					   room, out.len, NULL, &len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
		text[len] = '\0';
	}
	CHECK(span_copy(found.user.name, user, 256));
	sasl_free(sasl);
	return says;
}

#define A "\1"
static const struct {
	enum mechanism m;
	struct span message;
	const char *user;  /* who comes in; NULL: nobody */
	const char *error; /* what is told first; NULL: nothing */
	enum fault fault;
} token_cases[] = {
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer of/alice" A A), "alice",
	  NULL, 0 },
	{ MECHANISM_ID_XOAUTH2, SPAN("user=alice" A "auth=Bearer of/alice" A A),
	  "alice", NULL, 0 },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,a=bob," A "auth=Bearer of/alice" A A),
	  "bob", NULL, 0 },
	{ MECHANISM_ID_XOAUTH2, SPAN("user=z" A "auth=Bearer z" A A), "z", NULL, 0 },
	{ MECHANISM_ID_XOAUTH2, SPAN("user=alice" A "auth=Bearer of/bob" A A), NULL,
	  "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer of/carol" A A), NULL,
	  "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer wrong" A A), NULL,
	  "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=" A A), NULL,
	  "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_XOAUTH2, SPAN("rubbish"), NULL,
	  "{\"status\":\"400\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_BAD_RESPONSE },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer down" A A), NULL, NULL,
	  FAULT_IO },
};
#undef A

/* RFC 7628 section 3.2.3; a refusal is told twice, trouble of ours once. alice is a
 * master, so that she may be bob. */
static void test_bearer_tokens(void **state)
{
	const unsigned bits = MECHANISM_BIT(OAUTHBEARER) | MECHANISM_BIT(XOAUTH2);
	struct database tokens = { .driver = &token_driver, .name = "tokens" };
	struct server s;

	(void)state;
	make_server(&s, "SHA512-CRYPT");
	CHECK_EQ(sasl_offers(&s.rules, bits), 0);
	s.store.master = true;
	s.rules.tokens = &tokens;
	s.rules.token_scope = "mail";
	CHECK_EQ(sasl_offers(&s.rules, bits), bits);
	CHECK_EQ(sasl_offers(&s.rules, 0), 0);
	for (size_t i = 0; i < sizeof token_cases / sizeof *token_cases; i++) {
		/* whatever answers a refusal, be it another token */
		const struct span messages[] = { { 0 },
						 token_cases[i].message,
						 token_cases[0].message };
		char text[SASL_CHALLENGE_MAX + 1] = "", user[256] = "";
		struct why why = { 0 };
		bool in = token_cases[i].user != NULL;

		CHECK_EQ(say(&s, token_cases[i].m, messages, 3, text, user, &why),
			 in ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, token_cases[i].fault);
		CHECK_TEXT(text, token_cases[i].error ? token_cases[i].error : "");
		CHECK_TEXT(user, in ? token_cases[i].user : "");
		CHECK_EQ(s.store.kept, 0);
	}
}

/* Why a token was refused: only the log tells it, and it does not tell the token. */
static void test_the_log_says_why_a_token_is_refused(void **state)
{
#define A "\1"
	static char long_message[9000] = "n,," A "auth=Bearer ";
	static const struct {
		const char *message, *logged; /* "": nothing */
	} cases[] = {
		{ "n,," A "auth=Bearer of/alice" A A, "" },
		{ "n,," A "auth=Bearer down" A A, "" },
		{ "n,," A "auth=Bearer topsecret" A A,
		  "event=token-refused database=tokens peer=[::1]:1 why=\"token has "
		  "expired\" what=\"\"" },
		{ "n,," A "rubbish", "" },
		{ long_message,
		  "event=token-refused peer=[::1]:1 why=\"is too long\" most=8192" },
	};
	struct database tokens = { .driver = &token_driver, .name = "tokens" };

	(void)state;
	memset(long_message + strlen(long_message), 't', 8193);
	strcat(long_message, A A);
	log_to(keep_line);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct span message = span_of(cases[i].message);
		char text[SASL_CHALLENGE_MAX + 1] = "", user[256];
		struct why why = { 0 };
		struct server s;

		make_server(&s, "PLAIN");
		s.rules.tokens = &tokens;
		logged[0] = '\0';
		say(&s, MECHANISM_ID_OAUTHBEARER, &message, 1, text, user, &why);
		CHECK_TEXT(logged, cases[i].logged);
	}
	log_to(forget_line);
#undef A
}

/* What the front gives an exchange is taken whole or not at all. */
static void test_what_is_too_long_is_left_out_and_not_cut(void **state)
{
	static char octets[LOGIN_NAME_OCTETS + 2];
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1];

	(void)state;
	memset(octets, 'a', sizeof octets - 1);
	for (size_t over = 0; over < 2; over++) {
		const struct login_way way = { MECHANISM_ID_EXTERNAL,
					       true,
					       { octets, 64 + over } };
		struct why why = { 0 };
		OWN_USER found = { 0 };
		struct buf out = BUF(text);
		struct server s;

		make_server(&s, "PLAIN");
		s.channel.exporter = (struct span){ octets, SASL_BINDING_MAX + over };
		s.channel.certificate =
			(struct span){ octets, LOGIN_NAME_OCTETS + over };
		CHECK_EQ(say_first(&s, MECHANISM_ID_SCRAM_SHA_1_PLUS,
				   "p=tls-exporter,,n=alice,r=abc", &why),
			 over ? SASL_OUT : SASL_MORE);
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_peer(sasl).len, over ? 0 : 64);
		CHECK_EQ(sasl_step(sasl, SPAN(""), &out, &found, &why), SASL_OUT);
		CHECK_EQ(sasl_claimed_name(sasl).len, over ? 0 : LOGIN_NAME_OCTETS);
		sasl_free(sasl);
	}
}

/* What cannot be told whole is left out. */
static void test_an_error_fits(void **state)
{
	static const struct span message = SPAN("rubbish");
	static char scope[SASL_CHALLENGE_MAX + 1];
	struct database tokens = { .driver = &token_driver, .name = "tokens" };
	char text[SASL_CHALLENGE_MAX + 1] = "", user[256];
	struct why why = { 0 };
	struct server s;

	(void)state;
	make_server(&s, "SHA512-CRYPT");
	memset(scope, '"', sizeof scope - 1);
	s.rules.tokens = &tokens;
	s.rules.token_scope = scope;
	CHECK_EQ(say(&s, MECHANISM_ID_OAUTHBEARER, &message, 1, text, user, &why),
		 SASL_MORE);
	CHECK_TEXT(text, "{\"status\":\"invalid_request\",\"schemes\":\"bearer\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bearer_tokens),
		TEST(test_an_error_fits),
		TEST(test_the_log_says_why_a_token_is_refused),
		TEST(test_what_is_too_long_is_left_out_and_not_cut),
	};

	if (!scheme_start() || !login_start() || !sasl_start())
		return EXIT_FAILURE;
	return RUN(tests);
}
