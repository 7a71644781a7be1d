/* Promises of auth/sasl/gnu about GSSAPI: which principal is which user. A test takes
 * the place of GNU SASL's step, and says whom Kerberos has proved. */
#include "check.h"

#include <gsasl.h>
#include <sodium.h>

#include "auth/sasl/sasl.h"
#include "auth/user/scheme.h"

/* ---- a Kerberos that proves whatever it is told to ---- */

static struct {
	bool is_on;
	const char *principal, *authzid; /* NULL: not said */
	unsigned more;                   /* steps before the last */
	unsigned steps;
	size_t len; /* of the last token */
} kerberos;

int __real_gsasl_step(Gsasl_session *session, const char *in, size_t len, char **out,
		      size_t *out_len);
int __wrap_gsasl_step(Gsasl_session *session, const char *in, size_t len, char **out,
		      size_t *out_len);
int __wrap_gsasl_step(Gsasl_session *session, const char *in, size_t len, char **out,
		      size_t *out_len)
{
	if (!kerberos.is_on)
		return __real_gsasl_step(session, in, len, out, out_len);
	*out = NULL;
	*out_len = 0;
	kerberos.len = len;
	if (kerberos.steps++ < kerberos.more)
		return GSASL_NEEDS_MORE;
	if (kerberos.principal)
		gsasl_property_set(session, GSASL_GSSAPI_DISPLAY_NAME,
				   kerberos.principal);
	if (kerberos.authzid)
		gsasl_property_set(session, GSASL_AUTHZID, kerberos.authzid);
	return gsasl_callback(NULL, session, GSASL_VALIDATE_GSSAPI);
}

/* ---- a database ---- */

static bool is_down;

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	static const char *const names[] = { "alice", "bob", "bob@EXAMPLE.ORG" };

	(void)db;
	if (is_down) {
		fault_set(why, FAULT_IO, 0, "ask", "people");
		return DATABASE_DOWN;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!span_is(name, names[i]))
			continue;
		out->user.name = span_of(names[i]);
		return DATABASE_RIGHT;
	}
	return DATABASE_UNKNOWN;
}

static const struct database_driver driver = { .name = "people", .find = find };
static struct database people = { .driver = &driver, .name = "people" };

/* ---- exchanges ---- */

#define OID   "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define TOKEN SPAN("YAsGCSqGSIb3EgECAg==") /* 0x60, the length, OID */

struct exchange {
	struct login_rules rules;
	struct sasl *sasl;
	struct user_found found;
	struct why why;
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1];
};

static void begin(struct exchange *x, const char *realm)
{
	const struct login_way way = { MECHANISM_ID_GSSAPI, true, SPAN("[::1]:1") };
	const struct sasl_channel channel = { 0 };

	*x = (struct exchange){ .rules = { .databases = &people, .realm = realm } };
	kerberos.is_on = true;
	kerberos.steps = kerberos.more = 0;
	kerberos.principal = "alice@EXAMPLE.ORG";
	kerberos.authzid = NULL;
	is_down = false;
	x->sasl = sasl_new(&x->rules, &way, &channel);
	CHECK(x->sasl);
}

static void end(struct exchange *x)
{
	user_release(&x->found);
	sasl_free(x->sasl);
	kerberos.is_on = false;
}

static enum sasl_says say(struct exchange *x, struct span base64)
{
	struct buf out = BUF(x->text);

	return sasl_step(x->sasl, base64, &out, &x->found, &x->why);
}

static void test_a_principal_is_a_user_of_the_realm_or_nobody(void **state)
{
	static char longest[400];
	static const struct {
		const char *realm, *principal, *authzid;
		const char *in; /* NULL: nobody */
	} cases[] = {
		{ "EXAMPLE.ORG", "alice@EXAMPLE.ORG", NULL, "alice" },
		{ "EXAMPLE.ORG", "alice@EXAMPLE.ORG", "alice", "alice" },
		{ "EXAMPLE.ORG", "alice@EXAMPLE.ORG", "bob", NULL },
		{ "EXAMPLE.ORG", "alice@OTHER.ORG", NULL, NULL },
		{ "EXAMPLE.ORG", "alice@example.org", NULL, NULL },
		{ "EXAMPLE.ORG", "alice@EXAMPLE.ORG.X", NULL, NULL },
		{ "EXAMPLE.ORG", "alice@X.EXAMPLE.ORG", NULL, NULL },
		{ "EXAMPLE.ORG", "alice@EXAMPLE.ORG@OTHER.ORG", NULL, NULL },
		{ "EXAMPLE.ORG", "alice", NULL, NULL },
		{ "EXAMPLE.ORG", "@EXAMPLE.ORG", NULL, NULL },
		{ "EXAMPLE.ORG", "carol@EXAMPLE.ORG", NULL, NULL },
		{ "EXAMPLE.ORG", "", NULL, NULL },
		{ "EXAMPLE.ORG", NULL, NULL, NULL },
		{ "EXAMPLE.ORG", longest, NULL, NULL },
		/* without a realm of ours, the whole principal is the name */
		{ "", "bob@EXAMPLE.ORG", NULL, "bob@EXAMPLE.ORG" },
		{ "", "alice@EXAMPLE.ORG", NULL, NULL },
		{ "", "alice", NULL, "alice" },
		{ "", NULL, NULL, NULL },
	};

	(void)state;
	memset(longest, 'x', sizeof longest - 1);
	memcpy(longest + sizeof longest - 1 - strlen("@EXAMPLE.ORG"), "@EXAMPLE.ORG",
	       strlen("@EXAMPLE.ORG"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct exchange x;

		begin(&x, cases[i].realm);
		kerberos.principal = cases[i].principal;
		kerberos.authzid = cases[i].authzid;
		CHECK_EQ(say(&x, TOKEN), cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_EQ(x.why.fault, cases[i].in ? FAULT_NONE : FAULT_DENIED);
		if (cases[i].in)
			CHECK_SPAN(x.found.user.name, cases[i].in);
		end(&x);
	}
}

static void test_a_database_that_is_down_is_not_the_users_fault(void **state)
{
	struct exchange x;

	(void)state;
	begin(&x, "EXAMPLE.ORG");
	is_down = true;
	CHECK_EQ(say(&x, TOKEN), SASL_OUT);
	CHECK_EQ(x.why.fault, FAULT_IO);
	end(&x);
}

/* RFC 2743 section 3.1, RFC 4752 section 1. */
static void test_only_tokens_of_kerberos_reach_the_library(void **state)
{
	static const struct {
		struct span token;
		bool good;
	} cases[] = {
		{ SPAN("\x60\x0b" OID), true },
		{ SPAN("\x60\x0c" OID "\0"), true },
		{ SPAN("\x60\x81\x80" OID "more"), true },
		{ SPAN("\x60\x82\x01\x80" OID), true },
		{ SPAN("\x60\x82\x01" OID),
		  false }, /* two octets of length, one there */
		{ SPAN("\x60" OID), false },
		{ SPAN("\x61\x0b" OID), false },
		{ SPAN("\x60\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x03"), false },
		{ SPAN("\x60\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02"), false },
		{ SPAN("\x60\xff" OID), false },
		{ SPAN("\x60"), false },
		{ SPAN("NTLMSSP"), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct exchange x;
		char base64[128];

		begin(&x, "EXAMPLE.ORG");
		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)cases[i].token.at,
				  cases[i].token.len, sodium_base64_VARIANT_ORIGINAL);
		CHECK_EQ(say(&x, span_of(base64)), cases[i].good ? SASL_IN : SASL_OUT);
		CHECK_EQ(x.why.fault, cases[i].good ? FAULT_NONE : FAULT_BAD_RESPONSE);
		CHECK_EQ(kerberos.steps, cases[i].good);
		end(&x);
	}
}

/* RFC 4752 section 3.1: behind the first token a response may be empty, and no token
 * names its mechanism again. */
static void test_later_tokens_may_be_anything(void **state)
{
	struct exchange x;

	(void)state;
	begin(&x, "EXAMPLE.ORG");
	CHECK_EQ(say(&x, SPAN("")), SASL_OUT); /* not the first */
	CHECK_EQ(x.why.fault, FAULT_BAD_RESPONSE);
	end(&x);
	begin(&x, "EXAMPLE.ORG");
	kerberos.more = 3;
	CHECK_EQ(say(&x, TOKEN), SASL_MORE);
	CHECK_EQ(say(&x, SPAN("")), SASL_MORE);
	CHECK_EQ(say(&x, SPAN("AAA=")), SASL_MORE); /* two NULs */
	CHECK_EQ(kerberos.len, 2);
	CHECK_EQ(say(&x, SPAN("eA==")), SASL_IN);
	end(&x);
}

static void test_an_exchange_ends_however_long_the_client_goes_on(void **state)
{
	enum { STEPS = 16 };
	struct exchange x;

	(void)state;
	begin(&x, "EXAMPLE.ORG");
	kerberos.more = 1000;
	CHECK_EQ(say(&x, TOKEN), SASL_MORE);
	for (unsigned i = 1; i < STEPS; i++)
		CHECK_EQ(say(&x, SPAN("")), SASL_MORE);
	CHECK_EQ(say(&x, SPAN("")), SASL_OUT);
	CHECK_EQ(x.why.fault, FAULT_BAD_RESPONSE);
	CHECK_EQ(kerberos.steps, STEPS);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_principal_is_a_user_of_the_realm_or_nobody),
		TEST(test_a_database_that_is_down_is_not_the_users_fault),
		TEST(test_only_tokens_of_kerberos_reach_the_library),
		TEST(test_later_tokens_may_be_anything),
		TEST(test_an_exchange_ends_however_long_the_client_goes_on),
	};

	return scheme_start() && login_start() && sasl_start() ? RUN(tests) : 1;
}
