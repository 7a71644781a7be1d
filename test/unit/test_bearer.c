/* Promises of auth/bearer: what OAUTHBEARER and XOAUTH2 clients may say, to the letter.
 */
#include "check.h"

#include "auth/sasl/bearer.h"

#define A "\x01"

#define OAUTH  BEARER_OAUTHBEARER
#define XOAUTH BEARER_XOAUTH2

/* Rows: dialect, message, what comes of it, as whom, token. */
static const struct {
	enum bearer_dialect dialect;
	struct span message;
	enum fault fault;
	const char *user, *token;
} cases[] = {
	/* RFC 7628 section 4.1 */
	{ OAUTH,
	  SPAN("n,a=user@example.com," A "host=server.example.com" A "port=143" A
	       "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==" A A),
	  FAULT_NONE, "user@example.com",
	  "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==" },
	/* section 4.3: which scope? */
	{ OAUTH,
	  SPAN("n,a=user@example.com," A "host=server.example.com" A "port=143" A
	       "auth=" A A),
	  FAULT_NONE, "user@example.com", "" },
	{ OAUTH, SPAN("n,," A "auth=Bearer t" A A), FAULT_NONE, "", "t" },
	{ OAUTH, SPAN("y,," A "auth=Bearer t" A A), FAULT_NONE, "", "t" },
	{ OAUTH, SPAN("n,," A "auth=bEARER   t.-_~+/0" A A), FAULT_NONE, "",
	  "t.-_~+/0" },
	{ OAUTH, SPAN("n,a=a=2Cb=3Dc," A "auth=Bearer t" A A), FAULT_NONE, "a,b=c",
	  "t" },
	{ OAUTH, SPAN("n,a=j\xc3\xbcrg," A "auth=Bearer t" A A), FAULT_NONE,
	  "j\xc3\xbcrg", "t" },
	/* keys that nobody knows are passed over, empty ones too */
	{ OAUTH,
	  SPAN("n,," A "mthd=POST" A "qs=" A "auth=Bearer t" A "x=a=b\r\n\t" A A),
	  FAULT_NONE, "", "t" },
	/* the header */
	{ OAUTH, SPAN(""), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN(A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,,"), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,,x" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("N,," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("F,n,," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("p=tls-unique,," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,user=a," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,a=," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,a=x=2Z," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,a=x=2," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,a=x=2c," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,a=x\ny," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,a=x\0y," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	/* the pairs */
	{ OAUTH, SPAN("n,," A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer t"), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer t" A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer t" A A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer t" A A "x=y" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,," A "auth" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "=x" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "k1=x" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "x=\xc3\xbc" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer t" A "auth=Bearer u" A A), FAULT_SYNTAX,
	  NULL, NULL },
	{ OAUTH, SPAN("n,," A "host=a" A "host=b" A "auth=Bearer t" A A), FAULT_SYNTAX,
	  NULL, NULL },
	{ OAUTH, SPAN("n,," A "host=" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,," A "port=0" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,," A "port=0143" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,," A "port=65536" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL,
	  NULL },
	/* the credentials */
	{ OAUTH, SPAN("n,," A "auth=Basic dXNlcjpwdw==" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer " A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer ==" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer a b" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer a=b" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer a\"b" A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer a " A A), FAULT_SYNTAX, NULL, NULL },
	{ OAUTH, SPAN("n,," A "auth=Bearer a\0b" A A), FAULT_SYNTAX, NULL, NULL },

	/* Google's documentation */
	{ XOAUTH, SPAN("user=someuser@example.com" A "auth=Bearer ya29.vF9dft4qmT" A A),
	  FAULT_NONE, "someuser@example.com", "ya29.vF9dft4qmT" },
	{ XOAUTH, SPAN("user=a=b,c" A "auth=bearer t" A A), FAULT_NONE, "a=b,c", "t" },
	{ XOAUTH, SPAN(""), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN(A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u" A "auth=Bearer t" A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u" A "auth=Bearer t"), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u" A "auth=Bearer t" A A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u" A "auth=Bearer t" A "x=y" A A), FAULT_SYNTAX, NULL,
	  NULL },
	{ XOAUTH, SPAN("auth=Bearer t" A "user=u" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u" A "auth=" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u" A "Auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u\0v" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=\nv" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("user=u\x7f" A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
	{ XOAUTH, SPAN("n,a=u," A "auth=Bearer t" A A), FAULT_SYNTAX, NULL, NULL },
};

static void test_every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bearer b = { .user = "untouched" };
		enum fault f = bearer_parse(cases[i].dialect, cases[i].message, &b);

		if (f != cases[i].fault)
			fail_msg("case %zu gives %s", i, fault_name(f));
		CHECK_TEXT(b.user, f ? "untouched" : cases[i].user);
		if (!f)
			CHECK_SPAN(b.token, cases[i].token);
	}
}

/* A message cut short anywhere is none. */
static void test_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t n = 0; !cases[i].fault && n < cases[i].message.len; n++) {
			struct span cut = { cases[i].message.at, n };
			struct bearer b;

			CHECK_EQ(bearer_parse(cases[i].dialect, cut, &b), FAULT_SYNTAX);
		}
	}
}

static enum fault parse_sized(enum bearer_dialect dialect, size_t user, size_t token)
{
	static char name[BEARER_OCTETS_MAX], secret[BEARER_OCTETS_MAX], text[65536];
	struct bearer b;

	memset(name, 'u', sizeof name);
	memset(secret, 't', sizeof secret);
	int n = snprintf(text, sizeof text,
			 dialect == OAUTH ? "n,a=%.*s," A "auth=Bearer %.*s" A A
					  : "user=%.*s" A "auth=Bearer %.*s" A A,
			 (int)user, name, (int)token, secret);
	return bearer_parse(dialect, (struct span){ text, (size_t)n }, &b);
}

static void test_sizes(void **state)
{
	(void)state;
	for (enum bearer_dialect d = 0; d < BEARER_COUNT; d++) {
		CHECK_EQ(parse_sized(d, BEARER_USER_MAX, BEARER_TOKEN_MAX), FAULT_NONE);
		CHECK_EQ(parse_sized(d, BEARER_USER_MAX + 1, 1), FAULT_SYNTAX);
		CHECK_EQ(parse_sized(d, 1, BEARER_TOKEN_MAX + 1), FAULT_OVERLONG);
		CHECK_EQ(parse_sized(d, 1, BEARER_OCTETS_MAX), FAULT_OVERLONG);
	}
}

static void check_error(enum bearer_dialect dialect, enum fault f, const char *scope,
			const char *openid, const char *expected)
{
	char room[BEARER_ERROR_MAX];
	struct buf b = BUF(room);

	bearer_put_error(dialect, f, scope, openid, &b);
	CHECK_TEXT(buf_cstr(&b), expected);
	CHECK(!b.cut);
}

static void test_errors(void **state)
{
	const char *openid = "https://example.com/.well-known/openid-configuration";

	(void)state;
	check_error(OAUTH, FAULT_DENIED, "example_scope", openid,
		    "{\"status\":\"invalid_token\",\"schemes\":\"bearer\","
		    "\"scope\":\"example_scope\",\"openid-configuration\":"
		    "\"https://example.com/.well-known/openid-configuration\"}");
	check_error(OAUTH, FAULT_DENIED, "", "",
		    "{\"status\":\"invalid_token\",\"schemes\":\"bearer\"}");
	check_error(OAUTH, FAULT_SYNTAX, "", "",
		    "{\"status\":\"invalid_request\",\"schemes\":\"bearer\"}");
	check_error(XOAUTH, FAULT_DENIED, "https://mail.google.com/", openid,
		    "{\"status\":\"401\",\"schemes\":\"bearer\","
		    "\"scope\":\"https://mail.google.com/\"}");
	check_error(XOAUTH, FAULT_OVERLONG, "", "",
		    "{\"status\":\"400\",\"schemes\":\"bearer\"}");
	check_error(XOAUTH, FAULT_DENIED, "a\"b\\c\td", "",
		    "{\"status\":\"401\",\"schemes\":\"bearer\","
		    "\"scope\":\"a\\\"b\\\\c\\u0009d\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_form),
		TEST(test_cut_anywhere),
		TEST(test_sizes),
		TEST(test_errors),
	};

	return RUN(tests);
}
