/* Promises of auth/sasl: every mechanism, by GNU SASL's client, and what hostile ones
 * get. */
#include "saslplay.h"

static const enum mechanism challenging[] = {
	MECHANISM_ID_SCRAM_SHA_256,
	MECHANISM_ID_SCRAM_SHA_1,
	MECHANISM_ID_CRAM_MD5,
	MECHANISM_ID_DIGEST_MD5,
};

static void test_every_mechanism_lets_its_user_in(void **state)
{
	static const enum mechanism all[] = {
		MECHANISM_ID_PLAIN,         MECHANISM_ID_LOGIN,
		MECHANISM_ID_SCRAM_SHA_256, MECHANISM_ID_SCRAM_SHA_1,
		MECHANISM_ID_CRAM_MD5,      MECHANISM_ID_DIGEST_MD5
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct server s;
		struct why why = { 0 };

		make_server(&s, "PLAIN");
		CHECK_EQ(play(&s, all[i], &alice, user, &why), SASL_IN);
		CHECK_TEXT(user, "alice");
		CHECK_EQ(play(&s, all[i], &z, user, &why), SASL_IN);
		CHECK_TEXT(user, "z");
	}
}

/* The same fault whether the user, the password, or nothing but permission is wrong. */
static void test_every_mechanism_refuses_alike(void **state)
{
	static const struct client others[] = {
		{ .authid = "alice", .password = "other" },
		{ .authid = "nobody", .password = "secret" },
		{ .authid = "Alice", .password = "secret" },
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t m = 0; m < sizeof challenging / sizeof *challenging; m++) {
		for (size_t i = 0; i <= sizeof others / sizeof *others; i++) {
			bool disabled = i == sizeof others / sizeof *others;
			struct server s;
			struct why why = { 0 };

			make_server(&s, "PLAIN");
			s.store.disabled = disabled;
			CHECK_EQ(play(&s, challenging[m],
				      disabled ? &alice : &others[i], user, &why),
				 SASL_OUT);
			CHECK_EQ(why.fault, FAULT_DENIED);
		}
	}
}

/* What says nothing at any step is refused: nobody is asked the same for ever. */
static void test_an_empty_response_is_malformed(void **state)
{
	static const enum mechanism all[] = {
		MECHANISM_ID_PLAIN,
		MECHANISM_ID_LOGIN,
		MECHANISM_ID_SCRAM_SHA_256_PLUS,
		MECHANISM_ID_SCRAM_SHA_256,
		MECHANISM_ID_SCRAM_SHA_1_PLUS,
		MECHANISM_ID_SCRAM_SHA_1,
		MECHANISM_ID_CRAM_MD5,
		MECHANISM_ID_DIGEST_MD5,
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const struct login_way way = { all[i], true, SPAN("[::1]:1") };
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1] = "x";
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		s.channel.exporter = SPAN("octets of this connection");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		CHECK_EQ(out.len == 0, !(mechanism_needs(all[i]) & MECHANISM_STARTS));
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, SPAN(""), &out, &found, &why), SASL_OUT);
		CHECK_EQ(why.fault, FAULT_BAD_RESPONSE);
		sasl_free(sasl);
	}
}

/* RFC 4422 appendix A; S16 of test_history.py: the certificate says who is there, and
 * nothing else does. */
static void test_external_is_whom_the_certificate_names(void **state)
{
	static const struct {
		const char *certificate, *response;
		bool master;
		const char *in; /* NULL: nobody */
	} cases[] = {
		{ "alice", "", false, "alice" },
		{ "alice", "YWxpY2U=", false, "alice" },
		{ "bob", "", false, "bob" },
		{ "z", "", false, "z" },
		{ "alice", "Ym9i", false, NULL },
		{ "alice", "Ym9i", true, "bob" },
		{ "bob", "YWxpY2U=", true, NULL },
		{ "", "YWxpY2U=", true, NULL },
		{ "", "", false, NULL },
		{ "nobody", "", false, NULL },
		{ "bob*alice", "", true,
		  NULL }, /* a master's name is no certificate's */
		{ "alice", "YWxpY2UAYQ==", true, NULL }, /* "alice\0a" */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "SHA512-CRYPT");
		s.store.master = cases[i].master;
		s.channel.certificate = span_of(cases[i].certificate);
		CHECK_EQ(show(&s, MECHANISM_ID_EXTERNAL, span_of(cases[i].response),
			      &found, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		if (cases[i].in)
			CHECK_SPAN(found.user.name, cases[i].in);
	}
}

/* RFC 4505: whoever comes may read, and not remove. */
static void test_anonymous_only_reads(void **state)
{
	const unsigned bit = MECHANISM_BIT(ANONYMOUS);
	struct server s;
	struct why why = { 0 };
	OWN_USER found = { 0 };

	(void)state;
	make_server(&s, "SHA512-CRYPT");
	CHECK_EQ(sasl_offers(&s.rules, bit), 0);
	CHECK_EQ(show(&s, MECHANISM_ID_ANONYMOUS, SPAN("YWxpY2U="), &found, &why),
		 SASL_OUT);
	s.rules.anonymous = SPAN("bob");
	CHECK_EQ(sasl_offers(&s.rules, bit), bit);
	CHECK_EQ(sasl_offers(&s.rules, 0), 0);
	CHECK_EQ(show(&s, MECHANISM_ID_ANONYMOUS, SPAN("YWxpY2U="), &found, &why),
		 SASL_IN);
	CHECK_SPAN(found.user.name, "bob");
	CHECK(found.user.read_only);
}

/* RFC 1939 section 7, with the digest that stands in its example. */
static void test_apop(void **state)
{
	static const struct span timestamp = SPAN("<1896.697170952@dbc.mtview.ca.us>");
	static const struct {
		const char *stored, *name, *digest;
		bool in;
	} cases[] = {
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fb",
		  true },
		{ "tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fb", false },
		{ "{PLAIN}tanstaaF", "alice", "c4c9334bac560ecc979e58001b3e22fb",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fc",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22f",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fb0",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "", false },
		{ "{PLAIN}tanstaaf", "nobody", "c4c9334bac560ecc979e58001b3e22fb",
		  false },
		/* MD5 of the timestamp alone: nobody has an empty password unasked */
		{ "{CRYPT}x", "alice", "6d7379174f7df9fb329480e5c47c1f1a", false },
	};
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		CHECK_EQ(login_by_digest(&s.rules, &way, span_of(cases[i].name),
					 timestamp, span_of(cases[i].digest), &found,
					 &why),
			 cases[i].in ? FAULT_NONE : FAULT_DENIED);
		CHECK_EQ(s.store.kept, cases[i].in);
		CHECK_EQ(why.sys, 0);
	}
}

/* RFC 6856 section 2.2: what SASLprep refuses or changes is mixed with the timestamp as
 * it would be stored, or not at all. */
static void test_apop_takes_prepared_passwords_alone(void **state)
{
	static const struct span timestamp = SPAN("<1@x>");
	static const struct {
		const char *stored, *mixed;
		bool in;
	} cases[] = {
		{ "{PLAIN}\xc3\xa4", "<1@x>\xc3\xa4", true },
		{ "{PLAIN}a\xcc\x88", "<1@x>\xc3\xa4", true },   /* composed */
		{ "{PLAIN}a\xcc\x88", "<1@x>a\xcc\x88", false }, /* as it came */
		{ "{PLAIN}\xff", "<1@x>\xff", false },           /* no UTF-8 */
		{ "{PLAIN}\xff", "<1@x>", false },
		{ "{PLAIN}\xc3\xa4\x07", "<1@x>\xc3\xa4\x07", false },
		{ "{PLAIN}\xd8\xa7\x31", "<1@x>\xd8\xa7\x31", false }, /* bidi */
		{ "{PLAIN}\xc8\xa1", "<1@x>\xc8\xa1", false },         /* unassigned */
		{ "{PLAIN.hex}c3a4", "<1@x>\xc3\xa4", true },
		{ "{PLAIN.hex}c3a", "<1@x>", false },
	};
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned char sum[16];
		char digest[2 * sizeof sum + 1];
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		CHECK_EQ(EVP_Digest(cases[i].mixed, strlen(cases[i].mixed), sum, NULL,
				    EVP_md5(), NULL),
			 1);
		sodium_bin2hex(digest, sizeof digest, sum, sizeof sum);
		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		CHECK_EQ(login_by_digest(&s.rules, &way, SPAN("alice"), timestamp,
					 span_of(digest), &found, &why),
			 cases[i].in ? FAULT_NONE : FAULT_DENIED);
	}
}

/* RFC 4616 section 2: a password that SASLprep refuses lets nobody in, though it is
 * stored just so; one that SASLprep changes lets in as it is prepared. */
static void test_only_prepared_passwords_let_in(void **state)
{
	static const struct {
		const char *stored, *shown;
		bool in;
	} cases[] = {
		{ "{PLAIN}\xc3\xa4", "\xc3\xa4", true },
		{ "{PLAIN}\xc3\xa4", "a\xcc\x88", true }, /* composed */
		{ "{PLAIN}\xff", "\xff", false },         /* no UTF-8 */
		{ "{PLAIN}\xc3\xa4\x07", "\xc3\xa4\x07", false },
		{ "{PLAIN}\xd8\xa7\x31", "\xd8\xa7\x31", false }, /* bidi */
	};
	const struct login_way way = { MECHANISM_ID_USER, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		CHECK_EQ(login_by_password(&s.rules, &way, SPAN(""), SPAN("alice"),
					   span_of(cases[i].shown), &found, &why),
			 cases[i].in ? FAULT_NONE : FAULT_DENIED);
		CHECK_EQ(why.sys, 0);
	}
}

static void test_a_database_that_is_down_is_not_the_users_fault(void **state)
{
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("[::1]:1") };
	char user[LOGIN_NAME_OCTETS + 1];
	struct user_found found = { 0 };
	struct server s;

	(void)state;
	for (size_t m = 0; m < sizeof challenging / sizeof *challenging; m++) {
		struct why why = { 0 };

		make_server(&s, "PLAIN");
		s.store.down = true;
		CHECK_EQ(play(&s, challenging[m], &alice, user, &why), SASL_OUT);
		CHECK_EQ(why.fault, FAULT_IO);
	}
	for (int by_digest = 0; by_digest < 2; by_digest++) {
		struct why why = { 0 };

		CHECK_EQ(by_digest ? login_by_digest(&s.rules, &way, SPAN("alice"),
						     SPAN("<1@x>"), SPAN("x"), &found,
						     &why)
				   : login_proved(&s.rules, &way, SPAN(""),
						  SPAN("alice"), &found, &why),
			 FAULT_IO);
		CHECK_EQ(why.fault, FAULT_IO);
	}
}

/* RFC 2831 section 2.1.2: a client may leave out which charset it writes. GNU SASL is
 * made to write such a response by taking the directive's name from it: what is unknown
 * is left alone, and the digest does not cover it. */
static void test_digest_md5_without_a_charset(void **state)
{
	static const struct {
		const char *password, *last; /* NULL: the exchange is over before */
		enum fault fault;
	} cases[] = {
		{ "secret", "", FAULT_NONE },
		{ "secret", "eA==", FAULT_BAD_RESPONSE }, /* RFC 5034 section 4 */
		{ "other", NULL, FAULT_DENIED },
	};
	const struct login_way way = { MECHANISM_ID_DIGEST_MD5, true, SPAN("[::1]:1") };
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct client c = { .authid = "alice",
					  .password = cases[i].password };
		const bool right = cases[i].last;
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };
		struct buf out = BUF(text);
		OWN_TEXT said = NULL;
		OWN_TEXT again = NULL;
		size_t len;
		Gsasl *gsasl;

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		CHECK_EQ(gsasl_init(&gsasl), GSASL_OK);
		Gsasl_session *client = start_client(gsasl, "DIGEST-MD5", &c);
		CHECK_EQ(gsasl_base64_from(text, strlen(text), &again, &len), GSASL_OK);
		CHECK_EQ(gsasl_step(client, again, len, &said, &len), GSASL_NEEDS_MORE);
		char *directive = memmem(said, len, "charset=", strlen("charset="));
		CHECK(directive);
		*directive = 'x';
		free(again);
		again = NULL;
		CHECK_EQ(gsasl_base64_to(said, len, &again, NULL), GSASL_OK);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(again), &out, &found, &why),
			 right ? SASL_MORE : SASL_OUT);
		if (right)
			CHECK_EQ(sasl_step(sasl, span_of(cases[i].last), &out, &found,
					   &why),
				 cases[i].fault ? SASL_OUT : SASL_IN);
		CHECK_EQ(why.fault, cases[i].fault);
		sasl_free(sasl);
		gsasl_finish(client);
		gsasl_done(gsasl);
	}
}

/* S14 of test_history.py: malformed at any step, given up at any step: refused, and
 * nothing leaks.
 */
static void test_malformed_responses(void **state)
{
	static const char *const responses[] = { "",
						 "!",
						 "QQ",
						 "QQ=",
						 "====",
						 "AAAA",
						 "LCw=",
						 "biws",
						 "bix9",
						 "AA==",
						 "bixhPQ==",
						 "eSwsbj1hLHI9Yg==",
						 "QUFBQUFBQUFBQUFBQUFBQUFBQUE=" };
	enum { COUNT = sizeof responses / sizeof *responses };

	(void)state;
	for (enum mechanism m = MECHANISM_ID_PLAIN; m < MECHANISM_COUNT; m++) {
		for (size_t first = 0; first <= COUNT; first++) {
			for (size_t second = 0; second < COUNT; second++) {
				const struct login_way way = { m, true,
							       SPAN("[::1]:1") };
				struct server s;
				struct why why = { 0 };
				OWN_USER found = { 0 };
				char text[4 * SASL_CHALLENGE_MAX / 3 + 1];

				make_server(&s, "PLAIN");
				struct sasl *sasl =
					sasl_new(&s.rules, &way, &s.channel);
				struct buf out = BUF(text);
				enum sasl_says says = sasl_step(
					sasl,
					first == COUNT ? (struct span){ 0 }
						       : span_of(responses[first]),
					&out, &found, &why);
				CHECK(says != SASL_IN);
				out = (struct buf)BUF(text);
				if (says == SASL_MORE)
					says = sasl_step(sasl,
							 span_of(responses[second]),
							 &out, &found, &why);
				CHECK(says != SASL_IN);
				sasl_free(sasl);
				CHECK_EQ(s.store.kept, 0);
			}
		}
	}
}

/* For an operator whose users can all use none of the mechanisms. */
static void test_what_each_mechanism_needs_is_said(void **state)
{
	const unsigned allowed = MECHANISM_BIT(SCRAM_SHA_256) |
				 MECHANISM_BIT(SCRAM_SHA_1) | MECHANISM_BIT(CRAM_MD5) |
				 MECHANISM_BIT(GSSAPI) | MECHANISM_BIT(XOAUTH2) |
				 MECHANISM_BIT(ANONYMOUS);
	char text[1024];
	struct buf out = BUF(text);

	(void)state;
	sasl_explain(allowed, &out);
	CHECK_TEXT(buf_cstr(&out),
		   "SCRAM-SHA-256 needs users, all with passwords stored as PLAIN or "
		   "SCRAM-SHA-256; "
		   "SCRAM-SHA-1 needs users, all with passwords stored as PLAIN or "
		   "SCRAM-SHA-1; "
		   "CRAM-MD5 needs users, all with passwords stored as PLAIN; "
		   "GSSAPI needs a keytab that works; "
		   "XOAUTH2 needs a database of tokens; "
		   "ANONYMOUS needs anonymous-user");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_mechanism_lets_its_user_in),
		TEST(test_every_mechanism_refuses_alike),
		TEST(test_an_empty_response_is_malformed),
		TEST(test_external_is_whom_the_certificate_names),
		TEST(test_anonymous_only_reads),
		TEST(test_apop),
		TEST(test_apop_takes_prepared_passwords_alone),
		TEST(test_only_prepared_passwords_let_in),
		TEST(test_a_database_that_is_down_is_not_the_users_fault),
		TEST(test_digest_md5_without_a_charset),
		TEST(test_malformed_responses),
		TEST(test_what_each_mechanism_needs_is_said),
	};

	if (!scheme_start() || !login_start() || !sasl_start())
		return EXIT_FAILURE;
	return RUN(tests);
}
