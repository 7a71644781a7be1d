/* Promises of auth/sasl: whose login an exchange is: the names that it gives, and
 * masters. */
#include "saslplay.h"

/* RFC 4616 section 2: what lacks a part, or has one too many, is no attempt. */
static void test_the_parts_of_plain(void **state)
{
	static const struct {
		struct span message;
		const char *in; /* NULL: nobody */
		enum fault fault;
	} cases[] = {
		{ SPAN("\0alice\0secret"), "alice", FAULT_NONE },
		{ SPAN("\0z\0secret"), "z", FAULT_NONE },
		{ SPAN("z\0z\0secret"), "z", FAULT_NONE },
		{ SPAN("\0alice\0"), NULL, FAULT_DENIED },
		{ SPAN("\0\0secret"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("\0alice"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("alice"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("\0alice\0secret\0"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("\0alice\0sec\0ret"), NULL, FAULT_BAD_RESPONSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char base64[64];
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)cases[i].message.at,
				  cases[i].message.len, sodium_base64_VARIANT_ORIGINAL);
		CHECK_EQ(show(&s, MECHANISM_ID_PLAIN, span_of(base64), &found, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, cases[i].fault);
		CHECK_EQ(why.sys, 0);
		CHECK_SPAN(found.user.name, cases[i].in ? cases[i].in : "");
	}
}

/* Read ahead: at whose secret is this response a guess? */
static void test_claims_before_they_are_looked_at(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *response;
		bool guess;
		const char *name;
	} cases[] = {
		/* clang-format off */
		{ MECHANISM_ID_PLAIN, "AGFsaWNlAHNlY3JldA==", true, "alice" }, /* \0alice\0secret */
		{ MECHANISM_ID_PLAIN, "Ym9iAGFsaWNlAHNlY3JldA==", true, "alice" }, /* bob\0alice\0secret */
		{ MECHANISM_ID_PLAIN, "bm9uc2Vuc2U=", true, "" }, /* nonsense */
		{ MECHANISM_ID_PLAIN, "AHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eABw", true, "" }, /* a long name */
		{ MECHANISM_ID_CRAM_MD5, "dHdvIHdvcmRzIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm", true, "two words" }, /* and 32 digits */
		{ MECHANISM_ID_CRAM_MD5, "YWxpY2UgMDEyMzQ1NjcgOWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", true, "alice" }, /* ... one of which is none */
		{ MECHANISM_ID_CRAM_MD5, "YWxpY2UgMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ==", true, "" }, /* ... of which one is missing */
		{ MECHANISM_ID_CRAM_MD5, "bm9uc2Vuc2U=", true, "" }, /* nonsense */
		{ MECHANISM_ID_DIGEST_MD5, "Y2hhcnNldD11dGYtOCx1c2VybmFtZT0iYWxpY2UiLHJlYWxtPSIi", true, "alice" }, /* charset=utf-8,username="alice",realm="" */
		{ MECHANISM_ID_DIGEST_MD5, "bm9uc2Vuc2U=", true, "" }, /* nonsense */
		{ MECHANISM_ID_DIGEST_MD5, "dXNlcm5hbWU9ImFs", true, "" }, /* username="al */
		{ MECHANISM_ID_LOGIN, "YWxpY2U=", false, "" }, /* alice */
		{ MECHANISM_ID_SCRAM_SHA_256, "biwsbj1hbGljZSxyPWFiYw==", false, "" }, /* n,,n=alice,r=abc */
		{ MECHANISM_ID_EXTERNAL, "YWxpY2U=", false, "" }, /* alice */
		{ MECHANISM_ID_OAUTHBEARER, "bixhPWFsaWNlLAE=", true, "" }, /* n,a=alice,\1 */
		{ MECHANISM_ID_XOAUTH2, "dXNlcj1hbGljZQE=", true, "" }, /* user=alice\1 */
		{ MECHANISM_ID_PLAIN, "", false, "" },
		{ MECHANISM_ID_PLAIN, "not base64!", true, "" },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		char name[LOGIN_NAME_OCTETS + 1] = "before";

		make_server(&s, "PLAIN");
		const struct login_way way = { cases[i].mechanism, true,
					       SPAN("[::1]:1") };
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_SPAN(sasl_peer(sasl), "[::1]:1");
		CHECK_EQ(sasl_is_guess(sasl, span_of(cases[i].response), name),
			 cases[i].guess);
		CHECK_TEXT(name, cases[i].name);
		sasl_free(sasl);
	}
}

/* Whatever stands in front of it, behind it or within another value: the name that is
 * delayed is the one that is looked at, or nothing is looked at. */
static void test_digest_md5s_name_is_found_by_grammar(void **state)
{
	static const struct {
		const char *response, *name;
	} cases[] = {
		{ "username=\"alice\"", "alice" },
		{ "nc=00000001,username=\"alice\",realm=\"\"", "alice" },
		{ "realm=\"username=\",username=\"alice\"", "alice" },
		{ "x=\"a, username=\",username=\"alice\"", "alice" },
		{ "xusername=\"bob\",username=\"alice\"", "alice" },
		{ ",, username=\"alice\" ,\r\n nc=00000001 ", "alice" },
		{ "username=\"DOMAIN\\\\alice\"", "DOMAIN\\\\alice" },
		{ "username=\"a\\b\"", "a\\b" },
		{ "x=\"\\\",username=\"bob\",y=\"\",username=\"alice\"", "" },
		{ "x=\"\\\",username=\"bob\"", "" },
		{ "username=\"bob\",username=\"alice\"", "" },
		{ "Username=\"bob\",username=\"alice\"", "" },
		{ "username=\" alice\"", "" },
		{ "username=\"alice\t\"", "" },
		{ "username=alice", "" },
		{ "username=\"\"", "" },
		{ "username = \"alice\"", "" },
		{ "username=\"alice\" x", "" },
		{ "username=\"alice\"x=y", "" },
		{ "username", "" },
		{ "x=,username=\"alice\"", "" },
		{ "realm=\"username=alice\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_way way = { MECHANISM_ID_DIGEST_MD5, true,
					       SPAN("[::1]:1") };
		char name[LOGIN_NAME_OCTETS + 1], base64[256];
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1];
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		sodium_bin2base64(
			base64, sizeof base64, (const unsigned char *)cases[i].response,
			strlen(cases[i].response), sodium_base64_VARIANT_ORIGINAL);
		CHECK(sasl_is_guess(sasl, span_of(base64), name));
		CHECK_TEXT(name, cases[i].name);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(base64), &out, &found, &why),
			 SASL_OUT);
		CHECK(*name || why.fault == FAULT_BAD_RESPONSE);
		CHECK(*name || sasl_claimed_name(sasl).len == 0);
		sasl_free(sasl);
	}
}

/* What stands behind a NUL is no part of a name to some, and one to others: nobody
 * looks for either. */
static void test_a_nul_hides_no_name(void **state)
{
	static const struct {
		enum mechanism mechanism;
		struct span response;
	} cases[] = {
		{ MECHANISM_ID_CRAM_MD5,
		  SPAN("alice\0x 0123456789abcdef0123456789abcdef") },
		{ MECHANISM_ID_CRAM_MD5,
		  SPAN("alice 0123456789abcdef0123456789abcdef\0") },
		{ MECHANISM_ID_DIGEST_MD5, SPAN("username=\"alice\0x\",nc=00000001") },
		{ MECHANISM_ID_SCRAM_SHA_256, SPAN("n,,n=alice\0x,r=abc") },
		{ MECHANISM_ID_SCRAM_SHA_1, SPAN("n,,n=alice,r=abc\0") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const enum mechanism m = cases[i].mechanism;
		const struct login_way way = { m, true, SPAN("[::1]:1") };
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1], base64[256];
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)cases[i].response.at,
				  cases[i].response.len,
				  sodium_base64_VARIANT_ORIGINAL);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(base64), &out, &found, &why),
			 SASL_OUT);
		CHECK_EQ(why.fault, FAULT_BAD_RESPONSE);
		CHECK_EQ(sasl_claimed_name(sasl).len, 0);
		sasl_free(sasl);
	}
}

/* The second step of those that begin with the name; and whom a success is about. */
static void test_claims_of_exchanges(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *response, *proved;
	} cases[] = {
		{ MECHANISM_ID_LOGIN, "YWxpY2U=", "alice" },
		{ MECHANISM_ID_SCRAM_SHA_256, "biwsbj1hbGljZSxyPWFiYw==", "alice" },
		{ MECHANISM_ID_ANONYMOUS, "YWxpY2U=", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };
		char name[LOGIN_NAME_OCTETS + 1];
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1];
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		const struct login_way way = { cases[i].mechanism, true,
					       SPAN("[::1]:1") };
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK(sasl_step(sasl, span_of(cases[i].response), &out, &found, &why) !=
		      SASL_IN);
		CHECK(sasl_is_guess(sasl, SPAN("eA=="), name));
		CHECK_TEXT(name, "alice");
		CHECK(!sasl_is_guess(sasl, SPAN(""), name));
		CHECK_SPAN(sasl_proved(sasl), cases[i].proved);
		sasl_free(sasl);
	}
}

static void test_the_authorization_identity_is_honoured(void **state)
{
	static const enum mechanism able[] = { MECHANISM_ID_PLAIN,
					       MECHANISM_ID_SCRAM_SHA_256 };
	static const struct {
		const char *authzid, *authid;
		bool master;
		const char *in; /* NULL: nobody */
	} cases[] = {
		{ "alice", "alice", false, "alice" }, { "bob", "alice", true, "bob" },
		{ "bob", "alice", false, NULL },      { "alice", "bob", true, NULL },
		{ "nobody", "alice", true, NULL },    { "z", "alice", true, "z" },
		{ "z", "alice", false, NULL },
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t m = 0; m < sizeof able / sizeof *able; m++) {
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			const struct client c = { cases[i].authzid, cases[i].authid,
						  "secret", NULL, NULL };
			struct server s;
			struct why why = { 0 };

			make_server(&s, "PLAIN");
			s.store.master = cases[i].master;
			CHECK_EQ(play(&s, able[m], &c, user, &why),
				 cases[i].in ? SASL_IN : SASL_OUT);
			CHECK_TEXT(user, cases[i].in ? cases[i].in : "");
			CHECK(cases[i].in || why.fault == FAULT_DENIED);
		}
	}
}

/* A master comes in as another where that one might: not as who is off, must come from
 * elsewhere, by another way, or over TLS. */
static void test_the_other_user_of_a_master_must_be_let_in_too(void **state)
{
	static const struct {
		struct user bobs;
		bool tls, in;
	} cases[] = {
		{ { .has_uid = false }, false, true },
		{ { .disabled = true }, true, false },
		{ { .allow_nets = SPAN("192.0.2.0/24") }, true, false },
		{ { .allow_nets = SPAN("::1") }, true, true },
		{ { .mechanisms = SPAN("APOP") }, true, false },
		{ { .mechanisms = SPAN("APOP,PLAIN,SCRAM-SHA-256,USER,EXTERNAL") },
		  true,
		  true },
		{ { .tls_required = true }, false, false },
		{ { .tls_required = true }, true, true },
	};
	static const struct client as_bob = { "bob", "alice", "secret", NULL, NULL };
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const enum fault expected = cases[i].in ? FAULT_NONE : FAULT_DENIED;
		const struct login_way by_pass = { MECHANISM_ID_USER, cases[i].tls,
						   SPAN("[::1]:1") },
				       by_certificate = { MECHANISM_ID_EXTERNAL,
							  cases[i].tls,
							  SPAN("[::1]:1") };
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };
		OWN_USER proved = { 0 };

		make_server(&s, "PLAIN");
		s.tls = cases[i].tls;
		s.store.master = true;
		s.store.bobs = cases[i].bobs;
		CHECK_EQ(play(&s, MECHANISM_ID_PLAIN, &as_bob, user, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_EQ(play(&s, MECHANISM_ID_SCRAM_SHA_256, &as_bob, user, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_TEXT(user, cases[i].in ? "bob" : "");
		CHECK_EQ(why.fault, expected);
		CHECK_EQ(login_by_password(&s.rules, &by_pass, SPAN(""),
					   SPAN("bob*alice"), SPAN("secret"), &found,
					   &why),
			 expected);
		CHECK_EQ(login_proved(&s.rules, &by_certificate, SPAN("bob"),
				      SPAN("alice"), &proved, &why),
			 expected);
		CHECK_EQ(s.store.kept, 2 * cases[i].in);
	}
}

/* user*master, with USER and PASS and wherever a password is shown. */
static void test_the_masters_own_way(void **state)
{
	static const struct {
		const char *authzid, *name;
		char separator;
		bool master;
		const char *in;
	} cases[] = {
		{ "", "bob*alice", '*', true, "bob" },
		{ "", "bob*alice", '*', false, NULL },
		{ "", "bob*alice", '\0', true, NULL },
		{ "", "alice*bob", '*', true, NULL },
		{ "", "alice*alice", '*', true, "alice" },
		{ "", "*alice", '*', true, NULL },
		{ "", "bob*", '*', true, NULL },
		/* with an authzid the separator is an octet of the name like any other
		 */
		{ "bob", "alice", '*', true, "bob" },
		{ "bob", "bob*alice", '*', true, NULL },
		{ "alice", "bob*alice", '*', true, NULL },
	};
	const struct login_way way = { MECHANISM_ID_USER, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		s.store.master = cases[i].master;
		s.rules.master_separator = cases[i].separator;
		enum fault f = login_by_password(
			&s.rules, &way, span_of(cases[i].authzid),
			span_of(cases[i].name), SPAN("secret"), &found, &why);
		CHECK_EQ(f, cases[i].in ? FAULT_NONE : FAULT_DENIED);
		if (cases[i].in)
			CHECK_SPAN(found.user.name, cases[i].in);
	}
}

static void test_names_are_prepared(void **state)
{
	static const struct {
		const char *given, *domain;
		bool fold;
		const char *made; /* NULL: none */
	} cases[] = {
		{ "alice", "", false, "alice" },
		{ "Alice", "", false, "Alice" },
		{ "Alice", "", true, "alice" },
		{ "alice", "Example.Org", true, "alice@example.org" },
		{ "alice@x", "example.org", true, "alice@x" },
		{ "@AZ[", "", true, "@az[" }, /* what stands beside letters in ASCII */
		{ "re\xcc\x81ne", "", false, "r\xc3\xa9ne" }, /* composed */
		{ "\xe2\x85\xa8", "", false, "IX" },          /* RFC 4013 section 3 */
		{ "I\xc2\xadX", "", false, "IX" },            /* RFC 4013 section 3 */
		{ "a\x07", "", false, NULL },
		{ "\xd8\xa7\x31", "", false, NULL }, /* RFC 4013 section 3: bidi */
		{ "\xff", "", false, NULL },
		{ "", "", false, NULL },
	};
	const struct login_rules plain = { .default_domain = SPAN("") };
	struct login_name name;
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_rules rules = { .default_domain =
							   span_of(cases[i].domain),
						   .fold = cases[i].fold };

		CHECK_EQ(login_name(&rules, span_of(cases[i].given), &name),
			 cases[i].made != NULL);
		if (cases[i].made)
			CHECK_TEXT(name.text, cases[i].made);
	}
	memset(longest, 'x', sizeof longest);
	const struct login_rules rules = { .default_domain = SPAN("d") };
	CHECK(login_name(&rules, (struct span){ longest, LOGIN_NAME_OCTETS - 2 },
			 &name));
	CHECK(!login_name(&rules, (struct span){ longest, LOGIN_NAME_OCTETS - 1 },
			  &name));
	CHECK(!login_name(&rules, (struct span){ longest, 300 }, &name));
	CHECK(login_name(&plain, (struct span){ longest, LOGIN_NAME_OCTETS }, &name));
	CHECK_EQ(name.len, LOGIN_NAME_OCTETS);
	CHECK(!login_name(&plain, (struct span){ longest, LOGIN_NAME_OCTETS + 1 },
			  &name));
	memcpy(longest, "\xc2\xad", 2); /* which SASLprep leaves out: as it is given */
	CHECK(!login_name(&plain, (struct span){ longest, LOGIN_NAME_OCTETS + 1 },
			  &name));
	CHECK(!login_name(&rules, (struct span){ "a\0b", 3 }, &name));
}

static void look(void *arg, struct span name)
{
	(void)arg, (void)name;
}

static void say_nothing(void *arg, const struct database *db, enum database_says says,
			const struct why *why)
{
	(void)arg, (void)db, (void)says, (void)why;
}

/* The log names the rule that forbids a login, and an operator who asks is told it. */
static void test_the_rule_that_forbids_a_login_is_told_to_operators(void **state)
{
	static const struct database_watcher watcher = { look, say_nothing, NULL };
	const struct login_way way = { MECHANISM_ID_PLAIN, false, SPAN("[::1]:1") };

	(void)state;
	for (int is_watched = 0; is_watched < 2; is_watched++) {
		struct user_found found = { 0 };
		struct why why = { 0 };
		struct server s;

		make_server(&s, "PLAIN");
		s.store.bobs.tls_required = true;
		s.rules.watcher = is_watched ? &watcher : NULL;
		logged[0] = '\0';
		log_to(keep_line);
		CHECK_EQ(login_by_password(&s.rules, &way, SPAN(""), SPAN("bob"),
					   SPAN("secret"), &found, &why),
			 FAULT_DENIED);
		log_to(forget_line);
		CHECK_TEXT(why.doing, "by the rule");
		CHECK_TEXT(why.what, "tls-required");
		CHECK_TEXT(logged, is_watched ? ""
					      : "event=login-refused user=bob "
						"peer=[::1]:1 tls=no method=PLAIN "
						"rule=tls-required");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_authorization_identity_is_honoured),
		TEST(test_the_other_user_of_a_master_must_be_let_in_too),
		TEST(test_the_masters_own_way),
		TEST(test_names_are_prepared),
		TEST(test_the_parts_of_plain),
		TEST(test_claims_before_they_are_looked_at),
		TEST(test_digest_md5s_name_is_found_by_grammar),
		TEST(test_a_nul_hides_no_name),
		TEST(test_claims_of_exchanges),
		TEST(test_the_rule_that_forbids_a_login_is_told_to_operators),
	};

	if (!scheme_start() || !login_start() || !sasl_start())
		return EXIT_FAILURE;
	return RUN(tests);
}
