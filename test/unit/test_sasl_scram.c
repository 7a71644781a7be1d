/* Promises of auth/sasl: SCRAM with stored keys, and channel binding. */
#include "saslplay.h"

static void test_scram_by_stored_keys(void **state)
{
	static const struct {
		const char *scheme;
		enum mechanism mechanism;
		bool works;
	} cases[] = {
		{ "SCRAM-SHA-256", MECHANISM_ID_SCRAM_SHA_256, true },
		{ "SCRAM-SHA-1", MECHANISM_ID_SCRAM_SHA_1, true },
		{ "SCRAM-SHA-256", MECHANISM_ID_SCRAM_SHA_1, false },
		{ "SCRAM-SHA-1", MECHANISM_ID_CRAM_MD5, false },
		{ "SCRAM-SHA-256", MECHANISM_ID_PLAIN, true },
		{ "SHA256-CRYPT", MECHANISM_ID_SCRAM_SHA_256, false },
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };

		make_server(&s, cases[i].scheme);
		CHECK_EQ(play(&s, cases[i].mechanism, &alice, user, &why),
			 cases[i].works ? SASL_IN : SASL_OUT);
		CHECK_EQ(sasl_offers(&s.rules, 1u << cases[i].mechanism) != 0,
			 cases[i].works);
	}
}

/* As "doveadm pw -s" of Dovecot 2.3 wrote them for "secret". */
static void test_dovecots_keys(void **state)
{
	static const char *const stored[] = {
		("{SCRAM-SHA-256}4096,aTRKlPfT9nswg31xLLI99w==,"
		 "B6Ko05W7+NlmNItk73cK1TJtDSDn1cwI+x7CqT6wW64=,"
		 "cyyOnA22IOKang2MYeJ3jj+P8rMVwqAdDNmopre9Zdc="),
		"{SCRAM-SHA-1}4096,KYckMvmXjn5X+RkXKqVStQ==,"
		"DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,"
		"+0hzySDtl4WzOs0CKKtVtD6a96U=",
	};
	static const char *const broken[] = {
		"{SCRAM-SHA-256}",
		"{SCRAM-SHA-256}4096,,x,y",
		("{SCRAM-SHA-1}0,KYckMvmXjn5X+RkXKqVStQ==,DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,"
		 "+0hzySDtl4WzOs0CKKtVtD6a96U="),
		("{SCRAM-SHA-256}4096,KYckMvmXjn5X+RkXKqVStQ==,"
		 "DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,+0hzySDtl4WzOs0CKKtVtD6a96U="),
	};

	(void)state;
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) {
		CHECK(scheme_verify(span_of(stored[i]), SPAN(""), SPAN("secret")));
		CHECK(!scheme_verify(span_of(stored[i]), SPAN(""), SPAN("Secret")));
	}
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		CHECK(!scheme_verify(span_of(broken[i]), SPAN(""), SPAN("secret")));
}

/* The server's first message to `name`, its nonce left out. */
static void first_to(struct server *s, enum mechanism m, const char *name,
		     char out[SASL_CHALLENGE_MAX + 1])
{
	const struct login_way way = { m, true, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1], said[300], base64[400];
	struct user_found found = { 0 };
	struct why why = { 0 };
	struct buf b = BUF(text);
	size_t len;

	CHECK(sasl);
	snprintf(said, sizeof said, "n,,n=%s,r=abc", name);
	sodium_bin2base64(base64, sizeof base64, (const unsigned char *)said,
			  strlen(said), sodium_base64_VARIANT_ORIGINAL);
	CHECK_EQ(sasl_step(sasl, span_of(base64), &b, &found, &why), SASL_MORE);
	CHECK_EQ(sodium_base642bin((unsigned char *)said, sizeof said, text, b.len,
				   NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL),
		 0);
	said[len] = '\0';
	strcpy(out, strchr(said, ','));
	sasl_free(sasl);
}

/* Nobody has a salt as long, and iterations as many, as somebody; the salt is the
 * name's own, and stays. */
static void test_nobodys_scram_looks_like_somebodys(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *stored, *shape; /* "s" stands for each octet of the salt */
	} cases[] = {
		{ MECHANISM_ID_SCRAM_SHA_256,
		  "{SCRAM-SHA-256}9876,aTRKlPfT9nswg31x,"
		  "B6Ko05W7+NlmNItk73cK1TJtDSDn1cwI+x7CqT6wW64=,"
		  "cyyOnA22IOKang2MYeJ3jj+P8rMVwqAdDNmopre9Zdc=",
		  ",s=ssssssssssssssss,i=9876" },
		{ MECHANISM_ID_SCRAM_SHA_1,
		  "{SCRAM-SHA-1}1,aTRKlPfT9nswg31xaTRKlPfT9nswg31xaTRKlPfT9nswg31x"
		  "aTRKlPfT9nswg31xaTRKlPfT9nswg31xaTRKlA==,"
		  "DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,+0hzySDtl4WzOs0CKKtVtD6a96U=",
		  ",s=ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
		  "ssssssssssssssssssssssssss==,i=1" },
		{ MECHANISM_ID_SCRAM_SHA_256, "{PLAIN}secret",
		  ",s=ssssssssssssssssssssss==,i=4096" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static const char *const names[] = { "alice", "nobody", "no-one",
						     "nobody" };
		char said[4][SASL_CHALLENGE_MAX + 1];
		struct server s;

		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		for (size_t n = 0; n < 4; n++) {
			first_to(&s, cases[i].mechanism, names[n], said[n]);
			CHECK_EQ(strlen(said[n]), strlen(cases[i].shape));
			CHECK_TEXT(strstr(said[n], ",i="),
				   strstr(cases[i].shape, ",i="));
		}
		CHECK_TEXT(said[1], said[3]);
		CHECK(strcmp(said[0], said[1]) != 0);
		CHECK(strcmp(said[1], said[2]) != 0);
		CHECK_EQ(s.store.kept, 0);
	}
}

/* RFC 5929, RFC 9266: bound to this TLS connection, or nobody comes in. */
static void test_channel_binding(void **state)
{
	static const char ours[] = "octets of connection 1";
	static const char *const ours64[] = { "b2N0ZXRzIG9mIGNvbm5lY3Rpb24gMQ==",
					      "MQ==" },
				 *const theirs64[] = {
					 "b2N0ZXRzIG9mIGNvbm5lY3Rpb24gMg==", "Mg=="
				 };
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (int way = 0; way < 8; way++) {
		struct server s;
		struct why why = { 0 };
		struct client c = alice;
		bool by_unique = way & 1, same = way & 2;
		const bool is_short = way & 4; /* the last octet alone */
		const char *value = same ? ours64[is_short] : theirs64[is_short];
		const struct span octets =
			span_after(span_of(ours), is_short ? strlen(ours) - 1 : 0);

		make_server(&s, "PLAIN");
		if (by_unique)
			s.channel.unique = octets;
		else
			s.channel.exporter = octets;
		c.unique = by_unique ? value : NULL;
		c.exporter = by_unique ? NULL : value;
		CHECK_EQ(play(&s, MECHANISM_ID_SCRAM_SHA_256_PLUS, &c, user, &why),
			 same ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, same ? FAULT_NONE : FAULT_BINDING);
		CHECK_EQ(play(&s, MECHANISM_ID_SCRAM_SHA_1_PLUS, &c, user, &why),
			 same ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, same ? FAULT_NONE : FAULT_BINDING);
	}
}

/* RFC 5802 section 6: a client that binds where that cannot be, that does not where it
 * must, or that was made to believe that we cannot, fails; RFC 3206: its password is
 * not to blame. */
static void test_what_clients_say_of_binding(void **state)
{
	enum { NONE = 0, EXPORTER = 1, UNIQUE = 2, BOTH = EXPORTER | UNIQUE };
	static const struct {
		bool plus;
		unsigned has;
		const char *message;
		enum fault fault;
	} cases[] = {
		{ false, NONE, "n,,n=alice,r=abc", FAULT_NONE },
		{ false, NONE, "y,,n=alice,r=abc", FAULT_NONE },
		{ false, NONE, "n,a=alice,n=alice,r=abc", FAULT_NONE },
		{ false, EXPORTER, "n,,n=alice,r=abc", FAULT_NONE },
		{ false, EXPORTER, "y,,n=alice,r=abc", FAULT_BINDING },
		{ false, UNIQUE, "y,,n=alice,r=abc", FAULT_BINDING },
		{ false, BOTH, "y,,n=alice,r=abc", FAULT_BINDING },
		{ false, EXPORTER, "y", FAULT_BAD_RESPONSE },
		{ false, EXPORTER, "y,", FAULT_BAD_RESPONSE },
		{ false, NONE, "p=anything,,n=alice,r=abc", FAULT_BINDING },
		{ false, EXPORTER, "p=tls-exporter,,n=alice,r=abc", FAULT_BINDING },
		{ false, UNIQUE, "p=tls-unique,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p=tls-exporter,,n=alice,r=abc", FAULT_NONE },
		{ true, UNIQUE, "p=tls-unique,,n=alice,r=abc", FAULT_NONE },
		{ true, BOTH, "p=tls-exporter,,n=alice,r=abc", FAULT_NONE },
		{ true, BOTH, "p=tls-unique,,n=alice,r=abc", FAULT_NONE },
		{ true, BOTH, "y,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p=tls-unique,,n=alice,r=abc", FAULT_BINDING },
		{ true, UNIQUE, "p=tls-exporter,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p=tls-server-end-point,,n=alice,r=abc",
		  FAULT_BINDING },
		{ true, EXPORTER, "p=,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "n,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "y,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p,,n=alice,r=abc", FAULT_BAD_RESPONSE },
		{ false, NONE, "x,,n=alice,r=abc", FAULT_BAD_RESPONSE },
		{ false, NONE, "n=alice", FAULT_BAD_RESPONSE },
		{ false, NONE, "n,n=alice", FAULT_BAD_RESPONSE },
	};
	static const enum mechanism ways[][2] = {
		{ MECHANISM_ID_SCRAM_SHA_256, MECHANISM_ID_SCRAM_SHA_256_PLUS },
		{ MECHANISM_ID_SCRAM_SHA_1, MECHANISM_ID_SCRAM_SHA_1_PLUS },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		const size_t at = i / 2;
		struct server s;
		struct why why = { 0 };

		make_server(&s, "PLAIN");
		if (cases[at].has & EXPORTER)
			s.channel.exporter = SPAN("octets of this connection");
		if (cases[at].has & UNIQUE)
			s.channel.unique = SPAN("other octets, just as long");
		CHECK_EQ(say_first(&s, ways[i % 2][cases[at].plus], cases[at].message,
				   &why),
			 cases[at].fault ? SASL_OUT : SASL_MORE);
		CHECK_EQ(why.fault, cases[at].fault);
	}
}

/* RFC 5802 section 6: what stands behind c= must be the header that came first, and no
 * octet more without -PLUS. */
static void test_the_last_message_repeats_the_first_header(void **state)
{
	static const struct {
		const char *bound; /* behind c=, in base64 */
		enum fault fault;
	} cases[] = {
		{ "biws", FAULT_DENIED },          /* n,, and a wrong proof */
		{ "eSws", FAULT_BINDING },         /* y,, */
		{ "biwsZXh0cmE=", FAULT_BINDING }, /* n,,extra */
		{ "bixhPWIs", FAULT_BINDING },     /* n,a=b, */
		{ "", FAULT_BINDING },
		{ "biw", FAULT_BAD_RESPONSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_way way = { MECHANISM_ID_SCRAM_SHA_1, true,
					       SPAN("[::1]:1") };
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1], message[512], base64[1024];
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);
		size_t len;

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		/* "n,,n=alice,r=abc" */
		CHECK_EQ(sasl_step(sasl, SPAN("biwsbj1hbGljZSxyPWFiYw=="), &out, &found,
				   &why),
			 SASL_MORE);
		CHECK_EQ(sodium_base642bin((unsigned char *)message, sizeof message,
					   text, out.len, NULL, &len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
		message[len] = '\0';
		const int nonce = (int)strcspn(message, ",");
		snprintf(text, sizeof text, "c=%s,%.*s,p=%s", cases[i].bound, nonce,
			 message, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
		sodium_bin2base64(base64, sizeof base64, (const unsigned char *)text,
				  strlen(text), sodium_base64_VARIANT_ORIGINAL);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(base64), &out, &found, &why),
			 SASL_OUT);
		CHECK_EQ(why.fault, cases[i].fault);
		sasl_free(sasl);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scram_by_stored_keys),
		TEST(test_dovecots_keys),
		TEST(test_nobodys_scram_looks_like_somebodys),
		TEST(test_channel_binding),
		TEST(test_what_clients_say_of_binding),
		TEST(test_the_last_message_repeats_the_first_header),
	};

	if (!scheme_start() || !login_start() || !sasl_start())
		return EXIT_FAILURE;
	return RUN(tests);
}
