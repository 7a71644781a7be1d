/* Promises of lookup/: what a name becomes in a query, a filter, the name of an entry,
 * and which users the system has. The test is linked with --wrap=getpwnam.
 */
#include "check.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#include "base/own.h"
#include "lookup/driver.h"
#include "lookup/ldaptext.h"

static void test_a_name_is_no_part_of_a_query(void **state)
{
	char out[32];

	(void)state;
	CHECK(lookup_query("a = %u OR b = %u%", "$1", out, sizeof out));
	CHECK_TEXT(out, "a = $1 OR b = $1%");
	CHECK(!lookup_query("123456789 123456789 123456789 123", "$1", out,
			    sizeof out));
}

/* Whatever the name holds, a filter gains no operator and a name of an entry no part.
 */
static void test_any_octet_is_only_itself_for_ldap(void **state)
{
	char name[255], out[1024];

	(void)state;
	for (int c = 1; c < 256; c++)
		name[c - 1] = (char)c;
	CHECK(ldaptext_filter("%u", (struct span){ name, sizeof name }, out,
			      sizeof out));
	CHECK(!strpbrk(out, "*()=&|!<>~,;+\"# \n\r"));
	CHECK(ldaptext_dn("%u", (struct span){ name, sizeof name }, out, sizeof out));
	CHECK(!strpbrk(out, "*()=&|!<>~,;+\"# \n\r"));
	for (const char *at = out; (at = strchr(at, '\\')); at++)
		CHECK_EQ(strspn(at + 1, "0123456789abcdef") >= 2, 1);
}

static void test_examples_of_the_rfcs(void **state)
{
	char out[64];

	(void)state;
	/* RFC 4515 section 4 */
	CHECK(ldaptext_filter("(cn=*%u*)", SPAN("*"), out, sizeof out));
	CHECK_TEXT(out, "(cn=*\\2a*)");
	CHECK(ldaptext_filter("(o=%u)", SPAN("Parens R Us (for all)"), out,
			      sizeof out));
	CHECK_TEXT(out, "(o=Parens\\20R\\20Us\\20\\28for\\20all\\29)");
	/* RFC 4514 section 4 */
	CHECK(ldaptext_dn("CN=%u,DC=test", SPAN("a,b#"), out, sizeof out));
	CHECK_TEXT(out, "CN=a\\2cb\\23,DC=test");
	CHECK(!ldaptext_dn("%u%u%u%u%u%u%u", SPAN("1234567890"), out, sizeof out));
}

static void test_fields_have_no_nul(void **state)
{
	struct lookup_answer a = { .fields = BUF(a.room) };

	(void)state;
	CHECK(lookup_field(&a, "uid", SPAN("8")));
	CHECK(!lookup_field(&a, "home", SPAN("/a\0uid\0000")));
	CHECK_EQ(a.fields.len, sizeof "uid\0008");
	CHECK(lookup_field(&a, "x", (struct span){ NULL, 0 }));
	while (lookup_field(&a, "home", SPAN("/home/somebody")))
		;
	CHECK(a.fields.cut && a.fields.len <= sizeof a.room);
}

static void test_an_address_stands_alone(void **state)
{
	(void)state;
	CHECK(span_is(lookup_address(SPAN("192.0.2.1:110")), "192.0.2.1"));
	CHECK(span_is(lookup_address(SPAN("[2001:db8::1]:110")), "2001:db8::1"));
	CHECK(span_is(lookup_address(SPAN("")), ""));
	CHECK(span_is(lookup_address(SPAN("[")), "["));
}

/* ---- users of the system ---- */

static struct passwd account;
static const struct passwd *found;
static int trouble;
static unsigned asked;

struct passwd *__wrap_getpwnam(const char *name);
struct passwd *__wrap_getpwnam(const char *name)
{
	(void)name;
	asked++;
	if (!found && trouble)
		errno = trouble;
	return unconst(found);
}

static enum database_says ask_for_a_recipient(enum database_driver_id id,
					      struct lookup_answer *out)
{
	static struct database_settings settings;
	const struct lookup_driver *driver = lookup_driver(id);
	const struct lookup_question q = { .name = SPAN("carl") };
	struct why why;

	*out = (struct lookup_answer){ 0 };
	out->fields = (struct buf)BUF(out->room);
	void *self = driver->open(&settings, NULL, &why);
	CHECK(self != NULL);
	asked = 0;
	errno = ECHILD; /* of something that failed before */
	const enum database_says says = driver->ask(self, &q, out);
	CHECK(asked > 0);
	if (id == DRIVER_SYSTEM)
		free(self);
	return says;
}

static void check_trouble(enum database_driver_id id)
{
	static const struct {
		int error;
		enum database_says says;
	} cases[] = {
		{ 0, DATABASE_UNKNOWN },         { ENOENT, DATABASE_UNKNOWN },
		{ ESRCH, DATABASE_UNKNOWN },     { EBADF, DATABASE_UNKNOWN },
		{ EPERM, DATABASE_UNKNOWN },     { EAGAIN, DATABASE_DOWN },
		{ EIO, DATABASE_DOWN },          { EINTR, DATABASE_DOWN },
		{ EMFILE, DATABASE_DOWN },       { ENOMEM, DATABASE_DOWN },
		{ ECONNREFUSED, DATABASE_DOWN }, { ETIMEDOUT, DATABASE_DOWN },
		{ EACCES, DATABASE_DOWN },
	};
	struct lookup_answer answer;

	found = NULL;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		trouble = cases[i].error;
		CHECK_EQ(ask_for_a_recipient(id, &answer), cases[i].says);
		if (cases[i].says != DATABASE_DOWN)
			continue;
		CHECK_EQ(answer.why.fault, FAULT_IO);
		CHECK_EQ(answer.why.sys, cases[i].error);
		CHECK_TEXT(answer.why.what, "carl");
	}
}

static void check_account(enum database_driver_id id)
{
	static const char fields[] = "uid\0"
				     "1007\0"
				     "gid\0"
				     "1008\0"
				     "home\0/home/carl";
	static char home[sizeof((struct lookup_answer *)NULL)->room];
	struct lookup_answer answer;

	account = (struct passwd){ .pw_name = unconst("carl"),
				   .pw_passwd = unconst("*"),
				   .pw_uid = 1007,
				   .pw_gid = 1008,
				   .pw_dir = unconst("/home/carl") };
	found = &account;
	CHECK_EQ(ask_for_a_recipient(id, &answer), DATABASE_RIGHT);
	CHECK_EQ(answer.fields.len, sizeof fields);
	CHECK(memcmp(answer.room, fields, sizeof fields) == 0);

	memset(home, 'h', sizeof home - 1);
	account.pw_dir = home;
	CHECK_EQ(ask_for_a_recipient(id, &answer), DATABASE_DOWN);
	CHECK_EQ(answer.why.fault, FAULT_UNSENDABLE);
	CHECK_TEXT(answer.why.what, "home");
}

static void test_a_name_service_that_is_down_makes_no_user_unknown(void **state)
{
	(void)state;
	check_trouble(DRIVER_SYSTEM);
#if POPLAR_WITH_PAM
	check_trouble(DRIVER_PAM);
#endif
}

static void test_a_recipient_is_an_account_of_the_system(void **state)
{
	(void)state;
	check_account(DRIVER_SYSTEM);
#if POPLAR_WITH_PAM
	check_account(DRIVER_PAM);
#endif
}

static void test_built_drivers_are_there(void **state)
{
	(void)state;
	for (enum database_driver_id id = 0; id < DRIVER_COUNT; id++) {
		const struct database_settings db = { .driver = id };

		CHECK_EQ(lookup_driver(id) != NULL,
			 database_is_asked(&db) && database_driver_is_built(id));
	}
	CHECK(!lookup_driver(DRIVER_PASSWD_FILE) && !lookup_driver(DRIVER_JWT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_name_is_no_part_of_a_query),
		TEST(test_any_octet_is_only_itself_for_ldap),
		TEST(test_examples_of_the_rfcs),
		TEST(test_fields_have_no_nul),
		TEST(test_an_address_stands_alone),
		TEST(test_a_name_service_that_is_down_makes_no_user_unknown),
		TEST(test_a_recipient_is_an_account_of_the_system),
		TEST(test_built_drivers_are_there),
	};

	return RUN(tests);
}
