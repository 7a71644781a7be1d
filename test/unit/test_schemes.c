/* Promises of auth/user: stored passwords, by whatever scheme, and who has them. */
#include "check.h"

#include "auth/user/prep.h"
#include "auth/user/scheme.h"
#include "auth/user/scram.h"

/* Made by other programs (openssl passwd, Python's crypt), of the password "secret". */
static void test_known_hashes_verify(void **state)
{
	static const char *const stored[] = {
		"{PLAIN}secret",
		"{plain}secret",
		"{CLEARTEXT}secret",
		("{SHA512-CRYPT}$6$saltsalt$"
		 "TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5"
		 "knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1"),
		"{SHA256-CRYPT}$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
		"$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
		"{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/"
		"oeuTqixKmWdcYUh4Hjl0a",
		"{CRYPT}$y$j9T$saltsaltsalt$AnbE4uovRUrp5W/"
		"7h65lVXbBxJijULPRqRjd39xI5w9",
	};

	(void)state;
	CHECK(scheme_start());
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) {
		CHECK(scheme_verify(span_of(stored[i]), SPAN(""), SPAN("secret")));
		CHECK(!scheme_verify(span_of(stored[i]), SPAN(""), SPAN("Secret")));
		CHECK(!scheme_verify(span_of(stored[i]), SPAN(""), SPAN("secre")));
		CHECK(!scheme_verify(span_of(stored[i]), SPAN(""), SPAN("secretx")));
		CHECK(!scheme_verify(span_of(stored[i]), SPAN(""), SPAN("")));
	}
}

/* As "doveadm pw -u alice@example.org" of Dovecot 2.3.19 made or took them. */
static const char *const dovecots[] = {
	"{SSHA}2p4KbAebDJ23S33BVuJWd3vD6oa7c7YC",
	"{SSHA256}iYsxyW3BUYI6mEpJHkgAX7W/bXwnvsrw5r84mf4GUmixG9w3",
	("{SSHA512}Ri76iEjMtsHLA3vtCQ+UBK5iDJccYTkgwZ2Mt+21It/"
	 "bwHhysdrehm3HIvwCJPHNSaP5/99UjClgBUA/gN7nlLnc3H4="),
	"{SMD5}/lnDLC78h06BGoXCYD7DlZAk0EY=",
	"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
	"{SHA1}5en6G6MezRroT3XKqkdPOmY/BfQ=",
	"{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4",
	"{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
	("{SHA512}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cm"
	 "W192CF5bDufKRpayrW/isg=="),
	"{MD5-CRYPT}$1$QNWBSRhV$nOPdU4/d4npj0gPAyQhSZ/",
	"{MD5}$1$TDLMOA7e$QslgdjAHDqi28FtXjEiGV.",
	"{MD5}5ebe2294ecd0e0f08eab7690d2a6ee69",
	"{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
	"{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69",
	"{PLAIN-MD5}5EBE2294ECD0E0F08EAB7690D2A6EE69",
	"{PLAIN-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
	"{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
	"{LDAP-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69",
	"{PBKDF2}$1$KTgH.NsR7pDRp9Gw$5000$fa56ecd2b8c613953c9c5dc00b7af1ecab8d6d90",
	"{CRYPT}$2y$05$8r2PdEVuj57YWri7teKRVeo8/KhUzxqNo6zPBIcPaRWp8d75B8zqG",
	"{BLF-CRYPT}$2y$05$p8v8Q8Br5fLTsbZL7KFpOOGgqgCuA4m6r4T4N6QRJ1EokYkwvqwk6",
	("{SHA512-CRYPT}$6$lncbVVA011K11bwW$5RL4d4aV726hoyQC51CpStC1PQ4tAE/"
	 "AT9E48MrhCazxEw4pdbkmamZdhMjljsN7Q6.JoPCnlsm7rt46kbqmE1"),
	"{SHA256-CRYPT}$5$7xlAyaVIhYXlzvFq$uS6oq12UYDwgBJAQCIPVYvMYvLtFI33aPAU6qSRTtk2",
	"{DES-CRYPT}sxO/sfID0u.ks",
	"{CRYPT}sxO/sfID0u.ks",
	"{CRYPT}$1$QNWBSRhV$nOPdU4/d4npj0gPAyQhSZ/",
	"{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56",
	"{HMAC-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56",
	"{DIGEST-MD5}543e1aec5d3614f03141652d6ada51b2",
	("{SCRAM-SHA-1}4096,dKSn5WapATC7c+hMai4QVg==,Vij05wGlIGYztJTXMkk9v7UCMmE=,"
	 "YKjpOlxf45xCmF1zEQqXXZ1AuHo="),
	("{SCRAM-SHA-256}4096,JIn65cUkJLaqLJGpeyfi7Q==,"
	 "148gpmNmjs5Jc75yfP6mOVJ0FU43FOMcpJqmpWyfLx4=,"
	 "mavzahed088naTe2JUpuzhuppyxvelup1SGVRlCJOVo="),
	("{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$XCnJsGJjWdgvgdPDSMcaUg$"
	 "g43fhFf+9VoQWRZRJfGl6XbclkC8gN86brn533enpik"),
	("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$9CoSB0GE83LI6gFNegn8OQ$"
	 "fPxxk8m/EQSHyUEpMMVywYOEbU4rm7G/EJe3M3Fn1AY"),
	"{CLEAR}secret",
	"{CLEARTEXT}secret",
	"{SHA256.HEX}2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
	"{SHA256.b64}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=",
	"{SSHA.HEX}2c1f8f040e6389d6420d760bf595330bf0b0b56f7ea27b80",
	("{SSHA512.hex}2c3200468df605c6e8649eb2ecc74f55cc75f29a36b4938340ac039c6d8f7074"
	 "a65903cf7d5217804c1f5da38a5604ebc337123ba484332e5b976a8a55bf9907b86ea33a"),
	"{PLAIN.B64}c2VjcmV0",
	"{plain.base64}c2VjcmV0",
	"{PLAIN.HEX}736563726574",
	"{CRAM-MD5.B64}zTun3qrW5cojRIukLjeXR6ng9/H7wAyKgbuqw5VzG1Y=",
	"{CRAM-MD5}zTun3qrW5cojRIukLjeXR6ng9/H7wAyKgbuqw5VzG1Y=",
	"{SMD5.HEX}9810684043750f8c37d7f255f64efd7855a19e7f",
	("{SHA512.BASE64}"
	 "vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cm"
	 "W192CF5bDufKRpayrW/isg=="),
	"{DIGEST-MD5.B64}VD4a7F02FPAxQWUtatpRsg==",
	("{CRYPT.HEX}"
	 "24327924303524636d497a6a524f45694e474873776859594c6575484f7a554d437556"
	 "6c55316350386378566255756678734954735a6b564d467657"),
};

static void test_dovecots_hashes_verify(void **state)
{
	static const struct span alice = SPAN("alice@example.org");
	static const char *const wrong[] = { "", "Secret", "secre", "secretx" };

	(void)state;
	for (size_t i = 0; i < sizeof dovecots / sizeof *dovecots; i++) {
		const struct span stored = span_of(dovecots[i]);
		char cut[SCHEME_STORED_MAX];

		if (!scheme_verify(stored, alice, SPAN("secret")))
			fail_msg("%s does not let in", dovecots[i]);
		CHECK(scheme_known(stored) && scheme_can_match(stored));
		for (size_t k = 0; k < 4; k++)
			CHECK(!scheme_verify(stored, alice, span_of(wrong[k])));
		for (size_t n = 0; n < stored.len; n++) { /* no part of it lets in */
			CHECK(span_copy((struct span){ stored.at, n }, cut,
					sizeof cut));
			CHECK(!scheme_verify(span_of(cut), alice, SPAN("secret")));
		}
	}
}

/* Longer than a block of MD5; and DIGEST-MD5, which alone depends on the name. */
static void test_dovecots_hashes_of_long_passwords_and_other_names(void **state)
{
	static const char *const stored[] = {
		("{CRAM-MD5}"
		 "41bfbf8df309a7d50c1c4ff9f212993fdad75615f4796227de3ba9d53d1d3cd"
		 "4"),
		("{SSHA512}"
		 "KBumvQk43VeF3D4EMN7xmKJd3t8UCOG19lMyWFbFsDhmqKyHgc9i52KnLvQjCGz7b"
		 "YZ/wpARKmkaEjhTg8iPDHdAn2Q="),
		("{PBKDF2}$1$abM5TsLsmNtJsaOJ$5000$"
		 "f03f9494df75c9db2226a22883f104bc9095b9af"),
		"{DIGEST-MD5}f4777bdcd594d239f82a40e507b601ea",
		"{MD5}$1$sCOO4xJX$w4mr8VfTAg2V6HN4I/EmB1",
		"{SSHA.HEX}e5c2570df73cbec362daea55a43d11a1792a930e2e49d17a",
	};
	static const struct span
		alice = SPAN("alice"),
		at_home = SPAN("alice@example.org"), secret = SPAN("secret"),
		longer = SPAN("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
			      "KLMNOPQRSTUVWXYZ-long-password");

	(void)state;
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) {
		CHECK(scheme_verify(span_of(stored[i]), at_home, longer));
		CHECK(!scheme_verify(span_of(stored[i]), at_home,
				     (struct span){ longer.at, longer.len - 1 }));
	}
	CHECK(scheme_verify(SPAN("{DIGEST-MD5}cc3a3506aba601d2feee7bf9b34237ce"), alice,
			    secret));
	CHECK(!scheme_verify(SPAN("{DIGEST-MD5}cc3a3506aba601d2feee7bf9b34237ce"),
			     at_home, secret));
	CHECK(!scheme_verify(SPAN("{DIGEST-MD5}543e1aec5d3614f03141652d6ada51b2"),
			     alice, secret));
}

/* The password itself, or keys, out of any writing; of what is a hash there is none. */
static void test_what_is_stored_is_good_for_more(void **state)
{
	static const struct {
		const char *stored;
		unsigned good_for;
		const char *secret;
	} cases[] = {
		{ "{PLAIN}secret", SCHEME_PLAIN, "secret" },
		{ "{plain.hex}736563726574", SCHEME_PLAIN, "secret" },
		{ "{CLEARTEXT.b64}c2VjcmV0", SCHEME_PLAIN, "secret" },
		{ "{PLAIN.b64}c2VjcmV", SCHEME_PLAIN, NULL },
		{ "{SCRAM-SHA-1}x", SCHEME_SCRAM_1, "x" },
		{ "{SCRAM-SHA-256.HEX}78", SCHEME_SCRAM_256, "x" },
		{ "{SSHA}2p4KbAebDJ23S33BVuJWd3vD6oa7c7YC", 0, NULL },
	};
	char room[SCHEME_STORED_MAX];
	struct span secret;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct span stored = span_of(cases[i].stored);

		CHECK_EQ(scheme_good_for(stored), cases[i].good_for);
		if (!cases[i].good_for)
			continue;
		CHECK_EQ(scheme_secret(stored, room, &secret), cases[i].secret != NULL);
		if (cases[i].secret)
			CHECK_SPAN(secret, cases[i].secret);
	}
}

/* The bounds of each part of a text of keys, one off and on them. */
static void test_keys_for_scram_have_bounds(void **state)
{
#define SHA1_KEY   "DxbKOkmgyfmpOQE35Ym1d0Kk9dI="
#define SHA256_KEY "B6Ko05W7+NlmNItk73cK1TJtDSDn1cwI+x7CqT6wW64="
#define SALT_48    "aTRKlPfT9nswg31xaTRKlPfT9nswg31xaTRKlPfT9nswg31xaTRKlPfT9nswg31x"
	static const struct {
		enum scram_hash hash;
		const char *text;
		size_t salt; /* its length; 0: malformed */
	} cases[] = {
		{ SCRAM_SHA_1, "1,AA==," SHA1_KEY "," SHA1_KEY, 1 },
		{ SCRAM_SHA_1, "10000000,AAA=," SHA1_KEY "," SHA1_KEY, 2 },
		{ SCRAM_SHA_256, "1,AA==," SHA256_KEY "," SHA256_KEY, 1 },
		{ SCRAM_SHA_1,
		  "1," SALT_48 "aTRKlPfT9nswg31xaTRKlA==," SHA1_KEY "," SHA1_KEY, 64 },
		{ SCRAM_SHA_1,
		  "1," SALT_48 "aTRKlPfT9nswg31xaTRKlJQ=," SHA1_KEY "," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "1,," SHA1_KEY "," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "0,AA==," SHA1_KEY "," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "10000001,AA==," SHA1_KEY "," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "-1,AA==," SHA1_KEY "," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "1,AA==," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "1,AA==," SHA1_KEY ",", 0 },
		{ SCRAM_SHA_1, "1,AA==,," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "1,AA==," SHA1_KEY "," SHA1_KEY ",", 0 },
		{ SCRAM_SHA_1, "1,AA==," SHA256_KEY "," SHA1_KEY, 0 },
		{ SCRAM_SHA_1, "1,AA==," SHA1_KEY "," SHA256_KEY, 0 },
		{ SCRAM_SHA_1, "1,AA==," SHA256_KEY "," SHA256_KEY, 0 },
		{ SCRAM_SHA_256, "1,AA==," SHA1_KEY "," SHA1_KEY, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scram_keys keys = { 0 };

		CHECK_EQ(scram_parse(cases[i].hash, span_of(cases[i].text), &keys),
			 cases[i].salt > 0);
		CHECK_EQ(keys.salt_len, cases[i].salt);
	}
}

static void test_every_scheme_that_is_made_verifies(void **state)
{
	static const struct span passwords[] = { SPAN("secret"), SPAN("a b\tc  "),
						 SPAN("\xc3\xa4\xff"), SPAN("x") };
	char out[SCHEME_STORED_MAX];

	(void)state;
	CHECK(scheme_start());
#define X(name, how, digest, writing, make, text)                                      \
	for (size_t i = 0; (make) != NULL && i < 4; i++) {                             \
		if (!strncmp(name, "SCRAM", 5) && (i == 1 || i == 2)) { /* SASLprep */ \
			CHECK_EQ(scheme_make(name, passwords[i], out), FAULT_LIMIT);   \
			continue;                                                      \
		}                                                                      \
		CHECK_EQ(scheme_make(name, passwords[i], out), FAULT_NONE);            \
		CHECK(span_starts(span_of(out), "{" name "}"));                        \
		CHECK(scheme_known(span_of(out)));                                     \
		CHECK(scheme_verify(span_of(out), SPAN(""), passwords[i]));            \
		CHECK(!scheme_verify(span_of(out), SPAN(""), SPAN("other")));          \
		CHECK(!strchr(out, ':') && !strchr(out, '\n'));                        \
	}
	SCHEME_TABLE(X)
#undef X
}

/* RFC 4013 section 3, RFC 6856 section 2.2. */
static void test_passwords_are_prepared(void **state)
{
	static const struct {
		struct span given;
		const char *query, *stored; /* NULL: none */
	} cases[] = {
		{ SPAN("a\tb "), "a\tb ", "a\tb " },
		{ SPAN("I\xc2\xadX"), "IX", "IX" },
		{ SPAN("a\xcc\x88\xc2\xa0"), "\xc3\xa4 ", "\xc3\xa4 " },
		{ SPAN("\xc8\xa1"), "\xc8\xa1", NULL }, /* not in Unicode 3.2 */
		{ SPAN("\xc3\xa4\x07"), NULL, NULL },
		{ SPAN("\xee\x80\x80"), NULL, NULL },
		{ SPAN("\xd8\xa7\x31"), NULL, NULL },
		{ SPAN("\xff"), NULL, NULL },
		{ SPAN("\xc3\xa4\0"), NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		const enum prep how = i % 2 ? PREP_STORED : PREP_QUERY;
		const char *made = i % 2 ? cases[i / 2].stored : cases[i / 2].query;
		struct prep_text t;

		if (prep_password(cases[i / 2].given, how, &t) != (made != NULL))
			fail_msg("case %zu", i);
		if (made)
			CHECK_SPAN(t.text, made);
		prep_done(&t);
	}
	CHECK(scheme_verify(SPAN("{PLAIN}a\xcc\x88"), SPAN(""), SPAN("\xc3\xa4")));
	CHECK(!scheme_verify(SPAN("{PLAIN}a\xcc\x88"), SPAN(""), SPAN("a")));
}

/* S10 of test_history.py: nothing in a password is a separator. */
static void test_passwords_with_every_octet(void **state)
{
	char out[SCHEME_STORED_MAX], password[3] = "aXb";

	(void)state;
	for (int c = 1; c < 256; c++) {
		password[1] = (char)c;
		struct span p = { password, 3 };
		bool fits = c != ':' && c != '\n' && c != '\r';

		CHECK_EQ(scheme_make("PLAIN", p, out) == FAULT_NONE, fits);
		if (fits)
			CHECK(scheme_verify(span_of(out), SPAN(""), p));
	}
	CHECK(scheme_make("PLAIN", SPAN("a\0b"), out) != FAULT_NONE);
	CHECK(scheme_make("CRYPT", SPAN("a\0b"), out) != FAULT_NONE);
	CHECK_EQ(scheme_make("CRYPT", SPAN("a\rb"), out), FAULT_LIMIT);
	CHECK_EQ(scheme_make("CRYPT", SPAN("a\nb"), out), FAULT_LIMIT);
	CHECK(scheme_make("CRYPT", SPAN(""), out) != FAULT_NONE);
	CHECK_EQ(scheme_make("ARGON2I", SPAN("x"), out), FAULT_SYNTAX);
	CHECK_EQ(scheme_make("NONE", SPAN("x"), out), FAULT_SYNTAX);
}

static void test_what_cannot_be_checked_lets_nobody_in(void **state)
{
	static const char *const stored[] = {
		"",
		"{PLAIN}",
		"{CRYPT}",
		"{CRYPT}*",
		"{CRYPT}!",
		"*",
		"!",
		"x",
		"{",
		"{PLAIN",
		"{}",
		"{MD5}x",
		"{CRYPT}$6$",
		"$y$",
		"*0",
		"*1",
		"{CRYPT}*0",
		"{CRYPT}*1",
		"{ARGON2ID}x",
		"{CRYPT}$99$a$b",
		"{CRYPT}aa",
		"{SSHA}AAAA",
		"{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
		"{SHA1.xyz}5en6G6MezRroT3XKqkdPOmY/BfQ=",
		"{.hex}78",
		"{PLAIN.hex}7",
		"{PLAIN.b64}eA",
		"{PBKDF2}$1$s$0$x",
		"{PBKDF2}$1$s$x$00",
		"{PBKDF2}$2$s$1$",
		"{PLAIN-MD5}00",
		"{CRAM-MD5}00",
		"{DIGEST-MD5}",
		"{OTP}x",
		"{PLAIN-MD4}x",
		"{PBKDF2}$1$s$4294967295$0000000000000000000000000000000000000000",
	};
	static const char *const passwords[] = { "", "x", "*", "*0", "!", "aa" };

	(void)state;
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
		for (size_t k = 0; k < sizeof passwords / sizeof *passwords; k++)
			if (scheme_verify(span_of(stored[i]), SPAN(""),
					  span_of(passwords[k])))
				fail_msg("\"%s\" lets in \"%s\"", stored[i],
					 passwords[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_known_hashes_verify),
		TEST(test_dovecots_hashes_verify),
		TEST(test_dovecots_hashes_of_long_passwords_and_other_names),
		TEST(test_what_is_stored_is_good_for_more),
		TEST(test_keys_for_scram_have_bounds),
		TEST(test_every_scheme_that_is_made_verifies),
		TEST(test_passwords_are_prepared),
		TEST(test_passwords_with_every_octet),
		TEST(test_what_cannot_be_checked_lets_nobody_in),
	};

	return RUN(tests);
}
