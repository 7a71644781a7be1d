/* Promises of auth/jwt, keyring and claims: is a token any good, and whose is it? */
#include "check.h"
#include "signed.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "auth/token/claims.h"
#include "auth/token/jwt.h"
#include "auth/token/jwt_keys.h"
#include "auth/token/keyring.h"
#include "base/own.h"

enum { NOW = 1700000000 };

/* ---- tokens ---- */

#define CLAIMS(rest)                                                                   \
	"{\"iss\":\"https://idp\",\"aud\":\"pop\",\"sub\":\"alice\","                  \
	"\"exp\":1700000100" rest "}"

/* What is said of the token: NULL that it is alice's. */
static const char *said_with(unsigned algorithms, const char *token)
{
	static char imap[] = "imap", pop[] = "pop";
	static char *audience[] = { imap, pop };
	const struct claims_rules rules = { .issuer = "https://idp",
					    .audience = { audience, 2 },
					    .scope = "",
					    .user_claim = "sub",
					    .leeway_s = 30 };
	static struct why why;
	struct token_claims claims = { "untouched" };
	OWN(keyset) keys = NULL;
	OWN_TEXT text = NULL;
	size_t len;

	why = (struct why){ 0 };
	CHECK_EQ(jwt_keys_parse(span_of(key_text), NULL, NULL, &keys, &why),
		 FAULT_NONE);
	enum fault f = jwt_verify(keys, algorithms, span_of(token), &text, &len, &why);
	if (f == FAULT_NONE)
		f = claims_check(&rules, CLAIMS_JWT, (struct span){ text, len }, NOW,
				 &claims, &why);
	CHECK_TEXT(claims.user, f ? "untouched" : "alice");
	CHECK(f == FAULT_NONE || f == FAULT_DENIED);
	CHECK_EQ(why.fault, f);
	CHECK_EQ(why.sys, 0);
	return f ? why.doing : NULL;
}

static const char *said(const char *token)
{
	return said_with(jwa_standard(), token);
}

static const char *said_of(cjose_jwk_t *jwk, const char *alg, const char *kid,
			   const char *claims)
{
	char token[JWT_OCTETS_MAX * 2];

	sign(jwk, alg, kid, NULL, claims, token);
	return said(token);
}

/* ---- signatures ---- */

static void test_every_algorithm(void **state)
{
	static const char *const hmac[] = { "HS256", "HS384", "HS512" };
	const unsigned only = 1u << JWA_HS256 | 1u << JWA_HS384 | 1u << JWA_HS512;
	char token[JWT_OCTETS_MAX * 2];

	(void)state;
	PUT_KEYS(rsa, p256, p384, oct);
	for (const char *alg = "RS256\0RS384\0RS512\0PS256\0PS384\0PS512\0"; *alg;
	     alg += 6) {
		CHECK(!said_of(rsa, alg, "r1", CLAIMS()));
		CHECK(!said_of(rsa, alg, NULL, CLAIMS()));
		CHECK_TEXT(said_of(rsa_other, alg, "r1", CLAIMS()),
			   "token has a wrong signature");
	}
	CHECK(!said_of(p256, "ES256", "e1", CLAIMS()));
	CHECK(!said_of(p384, "ES384", "e2", CLAIMS()));
	for (unsigned i = 0; i < 3; i++) {
		sign(oct, hmac[i], "s1", NULL, CLAIMS(), token);
		CHECK(!said_with(only, token));
		CHECK_TEXT(said(token), "token has an algorithm that is not allowed");
	}
	sign(rsa, "RS256", "r1", NULL, CLAIMS(), token);
	CHECK_TEXT(said_with(only, token),
		   "token has an algorithm that is not allowed");
}

/* Each octet of a token counts: none may be changed or cut off. */
static void test_no_octet_may_change(void **state)
{
	char token[JWT_OCTETS_MAX * 2], changed[JWT_OCTETS_MAX * 2];

	(void)state;
	PUT_KEYS(p256);
	sign(p256, "ES256", "e1", NULL, CLAIMS(), token);
	size_t len = strlen(token);
	/* The last octet of a part holds bits that base64 does not use. */
	for (size_t i = 0; i + 1 < len; i += 3) {
		memcpy(changed, token, len + 1);
		changed[i] = token[i] == 'A' ? 'B' : 'A';
		if (token[i + 1] != '.' && token[i] != '.')
			CHECK(said(changed));
		changed[i] = '\0';
		CHECK(said(changed));
	}
}

static void encode(const char *text, char *out)
{
	size_t len;
	char *base64;

	assert_true(cjose_base64url_encode((const uint8_t *)text, strlen(text), &base64,
					   &len, NULL));
	memcpy(out, base64, len);
	out[len] = '\0';
	free(base64);
}

/* S17 of test_history.py, RFC 8725 section 2.1 */
static void test_none_is_no_algorithm(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"none\"}", "{\"alg\":\"None\"}",
		"{\"alg\":\"\"}",     "{\"typ\":\"JWT\"}",
		"{\"alg\":null}",     "{\"alg\":\"rs256\"}",
		"{\"alg\":256}",      "[]",
		"not json",
	};
	char token[4096], header[1024], payload[1024];

	(void)state;
	PUT_KEYS(rsa, p256);
	encode(CLAIMS(), payload);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		encode(headers[i], header);
		snprintf(token, sizeof token, "%s.%s.", header, payload);
		CHECK(said(token));
		snprintf(token, sizeof token, "%s.%s.AAAA", header, payload);
		CHECK(said(token));
		snprintf(token, sizeof token, "%s.%s", header, payload);
		CHECK(said(token));
	}
}

/* The public key's text is no HMAC key, even where HMAC is allowed. */
static void test_a_public_key_is_no_secret(void **state)
{
	const unsigned only = 1u << JWA_HS256 | 1u << JWA_RS256;
	char token[JWT_OCTETS_MAX * 2];
	char *json = cjose_jwk_to_json(rsa, false, NULL);
	cjose_jwk_t *text =
		cjose_jwk_create_oct_spec((const uint8_t *)json, strlen(json), NULL);

	(void)state;
	PUT_KEYS(rsa, oct);
	sign(text, "HS256", "r1", NULL, CLAIMS(), token);
	CHECK_TEXT(said_with(only, token), "token is by a key that is not known");
	sign(text, "HS256", NULL, NULL, CLAIMS(), token);
	CHECK_TEXT(said_with(only, token), "token has a wrong signature");
	cjose_jwk_release(text);
	free(json);
}

/* A kid finds a key of that name or none: it is no path, no URL, no pattern. */
static void test_kid_is_a_name_only(void **state)
{
	static const char *const kids[] = {
		"",
		"r",
		"r1 ",
		"R1",
		"keys",
		"./keys",
		"../../dev/null",
		"/dev/null",
		"*",
		"r1\nr2",
		"http://idp/k",
		"' OR 1=1 --",
		"r2",
		"s1",
		"e1",
	};

	(void)state;
	PUT_KEYS(rsa, p256);
	for (size_t i = 0; i < sizeof kids / sizeof *kids; i++)
		CHECK_TEXT(said_of(rsa, "RS256", kids[i], CLAIMS()),
			   "token is by a key that is not known");
}

static void test_headers_that_ask_for_more(void **state)
{
	char token[JWT_OCTETS_MAX * 2];

	(void)state;
	PUT_KEYS(rsa);
	sign(rsa, "RS256", "r1", "{\"crit\":[\"exp\"],\"exp\":1}", CLAIMS(), token);
	CHECK_TEXT(said(token), "token has an extension that is not known");
	sign(rsa, "RS256", NULL, "{\"kid\":7}", CLAIMS(), token);
	CHECK_TEXT(said(token), "token has a header that cannot be read");
	/* what leads to keys elsewhere is passed over */
	sign(rsa_other, "RS256", NULL,
	     "{\"jku\":\"http://127.0.0.1/\",\"x5u\":\"http://127.0.0.1/\"}", CLAIMS(),
	     token);
	CHECK_TEXT(said(token), "token has a wrong signature");
}

static void test_sizes(void **state)
{
	static char claims[JWT_OCTETS_MAX];
	char token[JWT_OCTETS_MAX * 2];

	(void)state;
	PUT_KEYS(p256);
	for (int pad = 5000; pad <= 6500; pad += 1500) {
		memset(token, 'x', sizeof token);
		snprintf(claims, sizeof claims, CLAIMS(",\"pad\":\"%.*s\""), pad,
			 token);
		sign(p256, "ES256", "e1", NULL, claims, token);
		if (strlen(token) <= JWT_OCTETS_MAX)
			CHECK(!said(token));
		else
			CHECK_TEXT(said(token), "token is no JWT");
	}
	CHECK_TEXT(said(""), "token is no JWT");
	CHECK_TEXT(said("opaque"), "token is no JWT");
	CHECK_TEXT(said("a.b.c.d"), "token is no JWT");
}

/* ---- claims ---- */

#define OTHER(iss, aud, exp, rest)                                                     \
	"{\"iss\":" iss ",\"aud\":" aud ",\"exp\":" exp ",\"sub\":\"alice\"" rest "}"
#define GOOD_ISS "\"https://idp\""

/* Rows: claims, what is said of them. Now is 1700000000, the leeway 30 seconds. */
static const struct {
	const char *claims, *said;
} claim_cases[] = {
	{ CLAIMS(), NULL },
	{ CLAIMS(",\"nbf\":1699999999"), NULL },
	{ OTHER(GOOD_ISS, "[\"x\",\"pop\"]", "1700000100", ""), NULL },
	{ OTHER(GOOD_ISS, "[\"imap\",\"x\"]", "1700000100", ""), NULL },
	{ OTHER(GOOD_ISS, "\"imap\"", "1700000000.5", ""), NULL },
	/* time */
	{ OTHER(GOOD_ISS, "\"pop\"", "1699999971", ""), NULL },
	{ OTHER(GOOD_ISS, "\"pop\"", "1699999970", ""), "token has expired" },
	{ OTHER(GOOD_ISS, "\"pop\"", "0", ""), "token has expired" },
	{ OTHER(GOOD_ISS, "\"pop\"", "-1", ""), "token has expired" },
	{ OTHER(GOOD_ISS, "\"pop\"", "\"1700000100\"", ""), "token has expired" },
	{ OTHER(GOOD_ISS, "\"pop\"", "null", ""), "token has expired" },
	{ OTHER(GOOD_ISS, "\"pop\"", "1e999", ""), "token has no claims in it" },
	{ "{\"iss\":\"https://idp\",\"aud\":\"pop\",\"sub\":\"alice\"}",
	  "token has expired" },
	{ CLAIMS(",\"nbf\":1700000030"), NULL },
	{ CLAIMS(",\"nbf\":1700000031"), "token is not valid yet" },
	{ CLAIMS(",\"nbf\":\"x\""), "token is not valid yet" },
	/* who by, for whom */
	{ OTHER("\"https://idp/\"", "\"pop\"", "1700000100", ""),
	  "token is not by issuer" },
	{ OTHER("[\"https://idp\"]", "\"pop\"", "1700000100", ""),
	  "token is not by issuer" },
	{ OTHER("null", "\"pop\"", "1700000100", ""), "token is not by issuer" },
	{ OTHER(GOOD_ISS, "\"pop3\"", "1700000100", ""), "token is not for audience" },
	{ OTHER(GOOD_ISS, "[\"x\"]", "1700000100", ""), "token is not for audience" },
	{ OTHER(GOOD_ISS, "[]", "1700000100", ""), "token is not for audience" },
	{ OTHER(GOOD_ISS, "null", "1700000100", ""), "token is not for audience" },
	/* form */
	{ "{\"iss\":\"https://idp\",\"aud\":\"pop\",\"exp\":1700000100}",
	  "token names no user in" },
	{ CLAIMS(",\"sub\":\"bob\""), "token has no claims in it" }, /* twice */
	{ "[]", "token has no claims in it" },
	{ "\"text\"", "token has no claims in it" },
	{ "{", "token has no claims in it" },
	{ "{}", "token is not by issuer" },
};

static void test_claims(void **state)
{
	(void)state;
	PUT_KEYS(p256);
	for (size_t i = 0; i < sizeof claim_cases / sizeof *claim_cases; i++) {
		const char *got = said_of(p256, "ES256", "e1", claim_cases[i].claims);
		const char *expected = claim_cases[i].said;

		if (!got != !expected || (got && strcmp(got, expected) != 0))
			fail_msg("%s: %s", claim_cases[i].claims, got ? got : "good");
	}
}

/* Rows: scope, what the token says, whether that is enough. */
static const struct {
	const char *scope, *json;
	bool enough;
} scope_cases[] = {
	{ "pop", "\"scope\":\"pop\"", true },
	{ "pop", "\"scope\":\"openid pop email\"", true },
	{ "pop", "\"scp\":[\"openid\",\"pop\"]", true },
	{ "pop", "\"scp\":\"a pop\"", true },
	{ "pop", "\"scope\":\"pops\"", false },
	{ "pop", "\"scope\":\"po p\"", false },
	{ "pop", "\"scope\":\"\"", false },
	{ "pop", "\"scope\":7", false },
	{ "pop", "\"x\":\"pop\"", false },
	{ "pop mail", "\"scope\":\"mail pop\"", true },
	{ "pop mail", "\"scope\":\"pop\"", false },
	{ "x", "\"scope\":\"pop\"", false },
	{ "x", "\"scope\":\"pop x\"", true },
	{ "pop x", "\"scope\":\"pop\"", false },
	{ "x pop", "\"scope\":\"pop\"", false },
	{ "pop  mail", "\"scope\":\"pop\",\"scp\":[\"mail\"]", true },
};

static enum fault check(const struct claims_rules *rules, enum claims_from from,
			const char *json, struct token_claims *out)
{
	struct why why = { 0 };
	enum fault f = claims_check(rules, from, span_of(json), NOW, out, &why);

	CHECK_EQ(why.fault, f);
	CHECK_EQ(why.sys, 0);
	return f;
}

static void test_scopes(void **state)
{
	char json[256];

	(void)state;
	for (size_t i = 0; i < sizeof scope_cases / sizeof *scope_cases; i++) {
		const struct claims_rules rules = { .issuer = "",
						    .scope = scope_cases[i].scope,
						    .user_claim = "sub" };
		struct token_claims claims;

		snprintf(json, sizeof json, "{\"sub\":\"alice\",\"exp\":1700000100,%s}",
			 scope_cases[i].json);
		if (!check(&rules, CLAIMS_JWT, json, &claims) != scope_cases[i].enough)
			fail_msg("%s in %s", scope_cases[i].scope, json);
	}
}

static void test_whose_it_is(void **state)
{
	struct claims_rules rules = { .issuer = "",
				      .scope = "",
				      .user_claim = "email" };
	struct token_claims claims;
	char name[600], json[700];

	(void)state;
#define CHECK_USER(text, fault)                                                        \
	CHECK_EQ(check(&rules, CLAIMS_JWT, "{\"exp\":1700000100," text "}", &claims),  \
		 fault)
	CHECK_USER("\"email\":\"a@b\"", FAULT_NONE);
	CHECK_TEXT(claims.user, "a@b");
	CHECK_USER("\"email\":\"a@b\",\"email_verified\":true", FAULT_NONE);
	CHECK_USER("\"email\":\"a@b\",\"email_verified\":false", FAULT_DENIED);
	CHECK_USER("\"email\":\"a@b\",\"email_verified\":null", FAULT_DENIED);
	CHECK_USER("\"email\":\"\"", FAULT_DENIED);
	CHECK_USER("\"email\":[\"a@b\"]", FAULT_DENIED);
	CHECK_USER("\"email\":\"a\\nb\"", FAULT_DENIED);
	CHECK_USER("\"email\":\"\\nab\"", FAULT_DENIED);
	CHECK_USER("\"email\":\"ab\\u007f\"", FAULT_DENIED);
	CHECK_USER("\"email\":\"a b\"", FAULT_NONE);
	CHECK_USER("\"email\":\"\xc3\xa4\"", FAULT_NONE);
	CHECK_USER("\"email\":\"a\\u0000b\"", FAULT_DENIED);
	CHECK_USER("\"sub\":\"a@b\"", FAULT_DENIED);
	for (size_t n = CLAIMS_USER_MAX; n <= CLAIMS_USER_MAX + 1; n++) {
		memset(name, 'u', n);
		name[n] = '\0';
		snprintf(json, sizeof json, "{\"exp\":1700000100,\"email\":\"%s\"}",
			 name);
		CHECK_EQ(check(&rules, CLAIMS_JWT, json, &claims),
			 n > CLAIMS_USER_MAX ? FAULT_DENIED : FAULT_NONE);
	}
}

/* RFC 7662 section 2.2: `active` says it all, the rest counts where it is asked for. */
static void test_answers_of_the_service(void **state)
{
	struct claims_rules rules = { .issuer = "",
				      .scope = "pop",
				      .user_claim = "username" };
	static const char good[] =
		"{\"active\":true,\"username\":\"a\",\"scope\":\"x pop\"}";
	struct token_claims claims;
#define CHECK_ANSWER(text, fault)                                                      \
	CHECK_EQ(check(&rules, CLAIMS_INTROSPECTION, text, &claims), fault)

	(void)state;
	CHECK_ANSWER(good, FAULT_NONE);
	CHECK_ANSWER("{\"active\":false,\"username\":\"a\",\"scope\":\"pop\"}",
		     FAULT_DENIED);
	CHECK_ANSWER("{\"active\":true,\"username\":\"a\",\"scope\":\"x\"}",
		     FAULT_DENIED);
	CHECK_ANSWER("{\"active\":true,\"username\":\"a\",\"scope\":\"pop\",\"exp\":1}",
		     FAULT_DENIED);
	CHECK_ANSWER("{\"active\":true,\"scope\":\"pop\"}", FAULT_DENIED);
	CHECK_ANSWER("{\"active\":\"true\",\"username\":\"a\",\"scope\":\"pop\"}",
		     FAULT_IO);
	CHECK_ANSWER("{\"username\":\"a\",\"scope\":\"pop\"}", FAULT_IO);
	CHECK_ANSWER("[]", FAULT_IO);
	CHECK_ANSWER("", FAULT_IO);
	CHECK_ANSWER("<html>", FAULT_IO);
	static char longest[CLAIMS_OCTETS_MAX + 2]; /* blanks behind JSON are legal */
	memset(longest, ' ', CLAIMS_OCTETS_MAX);
	memcpy(longest, good, strlen(good));
	CHECK_ANSWER(longest, FAULT_NONE);
	longest[CLAIMS_OCTETS_MAX] = ' ';
	CHECK_ANSWER(longest, FAULT_IO);
}

/* ---- keys ---- */

static void hear(void *arg, unsigned key, const char *text)
{
	char *heard = arg;

	sprintf(heard + strlen(heard), "%u %s\n", key, text);
}

static void test_keys_of_no_use_are_left_out(void **state)
{
	static char text[65536];
	char heard[4096] = "";
	cjose_jwk_t *const bad[] = { rsa_weak, oct_short };
	struct keyset *keys = NULL;
	size_t len = (size_t)sprintf(text, "{\"keys\":[");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *json = cjose_jwk_to_json(bad[i], true, NULL);

		len += (size_t)sprintf(text + len, "%s,", json);
		free(json);
	}
	char *good = cjose_jwk_to_json(rsa, false, NULL);
	good[strlen(good) - 1] = '\0';
	len += (size_t)sprintf(text + len, "%s,\"use\":\"enc\"},", good);
	len += (size_t)sprintf(text + len, "%s,\"alg\":\"RSA-OAEP\"},", good);
	len += (size_t)sprintf(text + len, "%s,\"alg\":\"ES256\"},", good);
	len += (size_t)sprintf(text + len, "7,{\"kty\":\"OKP\"},");
	/* which cjose alone would end the process for */
	len += (size_t)sprintf(text + len, "{\"kty\":\"oct\",\"k\":\"aaaa=aaa\"},");
	len += (size_t)sprintf(text + len, "{\"kty\":\"oct\",\"k\":\"aaaaa\"}");
	sprintf(text + len, "]}");
	CHECK_EQ(jwt_keys_parse(span_of(text), hear, heard, &keys, NULL), FAULT_SETUP);
	CHECK(!keys);
	CHECK_TEXT(heard, "1 is for no algorithm that is known here, or too weak\n"
			  "2 is for no algorithm that is known here, or too weak\n"
			  "3 is not for signatures\n"
			  "4 is for no algorithm that is known here, or too weak\n"
			  "5 is for no algorithm that is known here, or too weak\n"
			  "6 is no JSON object\n"
			  "7 cannot be read\n"
			  "8 cannot be read\n"
			  "9 cannot be read\n");
	sprintf(text + len, ",%s,\"alg\":\"RS512\",\"use\":\"sig\"}]}", good);
	CHECK_EQ(jwt_keys_parse(span_of(text), NULL, NULL, &keys, NULL), FAULT_NONE);
	keyset_free(keys);
	strcpy(key_text, text);
	CHECK(!said_of(rsa, "RS512", "r1", CLAIMS()));
	CHECK(said_of(rsa, "RS256", "r1", CLAIMS()));
	free(good);
}

/* A key without a name is tried for a token of any name, and the other way round. */
static void test_keys_and_tokens_without_a_name(void **state)
{
	char token[JWT_OCTETS_MAX * 2];
	char *named_key = cjose_jwk_to_json(p256, false, NULL);
	json_t *json = json_loads(named_key, 0, NULL);

	(void)state;
	json_object_del(json, "kid");
	char *nameless = json_dumps(json, 0);
	for (int has_name = 0; has_name < 2; has_name++) {
		strcpy(key_text, has_name ? named_key : nameless);
		sign(p256, "ES256", NULL, NULL, CLAIMS(), token);
		CHECK(!said(token));
		sign(p256, "ES256", "e1", NULL, CLAIMS(), token);
		CHECK(!said(token));
		sign(p256, "ES256", "another", NULL, CLAIMS(), token);
		if (has_name)
			CHECK_TEXT(said(token), "token is by a key that is not known");
		else
			CHECK(!said(token));
	}
	free(nameless);
	free(named_key);
	json_decref(json);
}

/* As many keys as there is room for; what comes behind them is left out. */
static void test_a_set_has_room_for_so_many_keys(void **state)
{
	cjose_jwk_t *many[KEYSET_MAX + 2];
	char heard[4096] = "";
	struct keyset *keys;

	(void)state;
	for (size_t i = 0; i < KEYSET_MAX + 2; i++)
		many[i] = i < KEYSET_MAX - 1 ? rsa_other : rsa;
	many[KEYSET_MAX - 1] = p256;
	put_keys(many, KEYSET_MAX + 2);
	CHECK_EQ(jwt_keys_parse(span_of(key_text), hear, heard, &keys, NULL),
		 FAULT_NONE);
	CHECK_TEXT(heard, "65 is one too many\n66 is one too many\n");
	keyset_free(keys);
	CHECK(!said_of(p256, "ES256", "e1", CLAIMS()));
	CHECK_TEXT(said_of(rsa, "RS256", "r1", CLAIMS()),
		   "token is by a key that is not known");
}

static void test_what_is_no_set_of_keys(void **state)
{
	static const struct {
		const char *text;
		bool is_json;
	} cases[] = {
		{ "", false },
		{ "{}", true },
		{ "[]", true },
		{ "{\"keys\":[]}", true },
		{ "{", false },
		{ "7", false },
		{ "not json", false },
		{ "{\"keys\":{}}", true },
		{ "{\"keys\":[{}]}", true },
		{ "-----BEGIN PUBLIC KEY-----\n", false },
	};
	struct keyset *keys;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct why why = { 0 };

		CHECK_EQ(
			jwt_keys_parse(span_of(cases[i].text), NULL, NULL, &keys, &why),
			FAULT_SETUP);
		CHECK_EQ(why.sys, 0);
		CHECK_TEXT(why.doing,
			   cases[i].is_json
				   ? "find a key that is of use"
				   : "read as JSON, or as public keys in PEM form");
	}
}

/* A file of keys in PEM form: all of their kinds, each without a name. */
static void test_pem(void **state)
{
	static const struct {
		const char *name;
		int bits;
	} kinds[] = { { "RSA", 2048 }, { "RSA", 1024 },  { "P-256", 0 }, { "P-384", 0 },
		      { "P-521", 0 },  { "ED25519", 0 }, { "X25519", 0 } };
	BIO *bio = BIO_new(BIO_s_mem());
	char heard[1024] = "";
	char *text;
	struct keyset *keys;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const char *name = kinds[i].name;
		EVP_PKEY *key = kinds[i].bits    ? EVP_RSA_gen((unsigned)kinds[i].bits)
				: name[0] == 'P' ? EVP_EC_gen(name)
						 : EVP_PKEY_Q_keygen(NULL, NULL, name);

		assert_true(key && PEM_write_bio_PUBKEY(bio, key));
		EVP_PKEY_free(key);
	}
	long len = BIO_get_mem_data(bio, &text);
	CHECK_EQ(jwt_keys_parse((struct span){ text, (size_t)len }, hear, heard, &keys,
				NULL),
		 FAULT_NONE);
	CHECK_TEXT(heard, "2 is for no algorithm that is known here, or too weak\n"
			  "7 is of a kind that is not known here\n");
	keyset_free(keys);
	/* cut anywhere, it is read without harm */
	for (size_t n = 0; n < (size_t)len; n += 7)
		if (!jwt_keys_parse((struct span){ text, n }, NULL, NULL, &keys, NULL))
			keyset_free(keys);
	BIO_free(bio);
}

/* Does the parser hear this about the text, and get a set of keys? */
static bool parse_says(const char *text, const char *what)
{
	char heard[1024] = "";
	struct keyset *keys = NULL;
	struct why why = { 0 };
	bool good = !jwt_keys_parse(span_of(text), hear, heard, &keys, &why);

	CHECK_TEXT(heard, what);
	keyset_free(keys);
	return good;
}

/* A block that holds no public key is told, and those behind it are read. */
static void test_pem_damaged(void **state)
{
	enum { BLOCK = 256 };
	static const char cut[] = "-----BEGIN PUBLIC KEY-----\n";
	char good[BLOCK] = "", bad[BLOCK], text[4 * BLOCK];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	assert_true(key && PEM_write_bio_PUBKEY(bio, key));
	assert_true(BIO_read(bio, good, BLOCK - 1) > 0);
	EVP_PKEY_free(key);
	BIO_free(bio);
	strcpy(bad, good);
	strchr(bad, '\n')[2] = '!'; /* no base64 */
	sprintf(text, "a note\n%s%s%s", good, bad, good);
	CHECK(parse_says(text, "2 cannot be read as a public key\n"));
	strcpy(bad, good);
	strchr(bad, '\n')[2] ^= 1; /* no DER */
	sprintf(text, "%s%s%s", bad, cut, good);
	CHECK(parse_says(text, "1 cannot be read as a public key\n"
			       "2 cannot be read as a public key\n"));
	sprintf(text, "%s%s%s", good, good, cut);
	CHECK(parse_says(text, "3 cannot be read as a public key\n"));
	CHECK(!parse_says(bad, "1 cannot be read as a public key\n"));
}

/* HMAC takes only keys of at least the size of the hash (RFC 7518 section 3.2). */
static void test_hmac_needs_a_long_key(void **state)
{
	static const struct {
		const char *alg;
		size_t octets;
	} cases[] = { { "HS256", 32 }, { "HS384", 48 }, { "HS512", 64 } };
	static const char too_weak[] =
		"1 is for no algorithm that is known here, or too weak\n";
	const uint8_t octets[64] = { 1 };
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t less = 0; less < 2; less++) {
			cjose_jwk_t *key = cjose_jwk_create_oct_spec(
				octets, cases[i].octets - less, NULL);
			char *json = cjose_jwk_to_json(key, true, NULL);

			json[strlen(json) - 1] = '\0';
			sprintf(text, "%s,\"alg\":\"%s\"}", json, cases[i].alg);
			CHECK_EQ(parse_says(text, less ? too_weak : ""), less == 0);
			free(json);
			cjose_jwk_release(key);
		}
	}
}

/* RFC 8037 appendix A.4; a signature cut short or changed is none. */
static void test_ed25519(void **state)
{
	static const char token[] =
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsP"
		"t9g7sVvpAr_MuM0KAg";
	char changed[sizeof token];
	struct keyset *keys;
	char *out = NULL;
	size_t len;

	(void)state;
	const char *text = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
			   "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
	CHECK_EQ(jwt_keys_parse(span_of(text), NULL, NULL, &keys, NULL), FAULT_NONE);
	CHECK_EQ(jwt_verify(keys, jwa_standard(), span_of(token), &out, &len, NULL),
		 FAULT_NONE);
	CHECK_TEXT(out, "Example of Ed25519 signing");
	free(out);
	CHECK_EQ(jwt_verify(keys, 1u << JWA_ES256, span_of(token), &out, &len, NULL),
		 FAULT_DENIED);
	for (size_t i = 0; i + 1 < sizeof token - 1; i++) {
		memcpy(changed, token, sizeof token);
		changed[i] = token[i] == 'A' ? 'B' : 'A';
		CHECK_EQ(jwt_verify(keys, jwa_standard(), span_of(changed), &out, &len,
				    NULL),
			 FAULT_DENIED);
		changed[i] = '\0';
		CHECK_EQ(jwt_verify(keys, jwa_standard(), span_of(changed), &out, &len,
				    NULL),
			 FAULT_DENIED);
	}
	keyset_free(keys);
}

static bool knows(struct keyring *ring, cjose_jwk_t *jwk, const char *alg,
		  enum fault *out)
{
	char token[JWT_OCTETS_MAX * 2], *text = NULL;
	struct why why = { 0 };
	size_t len;
	OWN(keyset) keys = keyring_acquire(ring, &why);

	sign(jwk, alg, NULL, NULL, CLAIMS(), token);
	*out = keys ? jwt_verify(keys, ~0u, span_of(token), &text, &len, &why)
		    : why.fault;
	free(text);
	return *out == FAULT_NONE;
}

/* A changed file counts at once; one that is lost or broken leaves the last one. */
static void test_keys_change(void **state)
{
	struct keyring *ring = keyring_new(dir, "keys");
	enum fault f;

	(void)state;
	CHECK(!knows(ring, p256, "ES256", &f) && f == FAULT_IO);
	put_file("keys", "{");
	CHECK(!knows(ring, p256, "ES256", &f) && f == FAULT_SETUP);
	PUT_KEYS(p256);
	put_file("keys", key_text);
	CHECK(knows(ring, p256, "ES256", &f));
	CHECK(!knows(ring, rsa, "RS256", &f) && f == FAULT_DENIED);
	put_file("keys", "{\"keys\":[]}");
	CHECK(knows(ring, p256, "ES256", &f));
	unlinkat(dir, "keys", 0);
	CHECK(knows(ring, p256, "ES256", &f));
	PUT_KEYS(rsa);
	put_file("keys", key_text);
	CHECK(knows(ring, rsa, "RS256", &f) && !knows(ring, p256, "ES256", &f));
	keyring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_algorithm),
		TEST(test_no_octet_may_change),
		TEST(test_none_is_no_algorithm),
		TEST(test_a_public_key_is_no_secret),
		TEST(test_kid_is_a_name_only),
		TEST(test_headers_that_ask_for_more),
		TEST(test_sizes),
		TEST(test_claims),
		TEST(test_scopes),
		TEST(test_whose_it_is),
		TEST(test_answers_of_the_service),
		TEST(test_keys_of_no_use_are_left_out),
		TEST(test_keys_and_tokens_without_a_name),
		TEST(test_a_set_has_room_for_so_many_keys),
		TEST(test_what_is_no_set_of_keys),
		TEST(test_pem),
		TEST(test_pem_damaged),
		TEST(test_hmac_needs_a_long_key),
		TEST(test_ed25519),
		TEST(test_keys_change),
	};

	return cmocka_run_group_tests(tests, signed_begin, signed_end);
}
