/* Promises of auth/user: what the lines of a users file say. */
#include "check.h"

#include "auth/user/scheme.h"
#include "auth/user/userfile.h"
#include "base/own.h"

struct heard {
	char text[1024];
};

static void hear(void *arg, unsigned line, const char *text)
{
	struct heard *h = arg;
	char one[200];

	snprintf(one, sizeof one, "%u: %s\n", line, text);
	strcat(h->text, one);
}

static void test_dovecots_format(void **state)
{
	struct heard h = { "" };
	OWN(users)
	users = users_parse(
		SPAN("# comment\n"
		     "\n"
		     "alice:{PLAIN}secret:1000:1001:Gecos:/home/alice:/bin/sh:"
		     "userdb_mail=maildir:~/Mail:LAYOUT=fs allow_nets=127.0.0.0/8 "
		     "other=x\r\n"
		     "bob@example.org:{PLAIN}pw\n"
		     "carol:$6$x$y::::\n"
		     "dave:{PLAIN}a b::::::nologin"),
		hear, &h);

	(void)state;
	CHECK(users);
	CHECK_TEXT(h.text, "");
	const struct user *u = users_find(users, SPAN("alice"));
	CHECK(u && u->has_uid && u->has_gid && !u->disabled);
	CHECK_EQ(u->uid, 1000);
	CHECK_EQ(u->gid, 1001);
	CHECK_SPAN(u->stored, "{PLAIN}secret");
	CHECK_SPAN(u->home, "/home/alice");
	CHECK_SPAN(u->maildrop, "~/Mail");
	CHECK_SPAN(u->allow_nets, "127.0.0.0/8");
	u = users_find(users, SPAN("bob@example.org"));
	CHECK(u && !u->has_uid && !u->has_gid);
	CHECK_SPAN(u->stored, "{PLAIN}pw");
	CHECK_EQ(u->home.len, 0);
	CHECK(users_find(users, SPAN("carol")));
	u = users_find(users, SPAN("dave"));
	CHECK(u && u->disabled);
	CHECK_SPAN(u->stored, "{PLAIN}a b");
	CHECK(!users_find(users, SPAN("# comment")));
	CHECK(!users_find(users, SPAN("")));
	CHECK(!users_find(users, SPAN("ALICE")));
	CHECK(!users_find(users, SPAN("alic")));
	CHECK_EQ(users_at(users, 3), users_find(users, SPAN("dave")));
	CHECK(!users_at(users, 4));
}

/* The same fields by the same names everywhere, ours and Dovecot's. */
static void test_fields_of_a_user(void **state)
{
	static const struct {
		const char *name, *value;
		bool good;
	} cases[] = {
		{ "uid", "5", true },           { "uid", "", true },
		{ "uid", "x", false },          { "gid", "4294967296", false },
		{ "mail", "maildir:/m", true }, { "userdb_mail", "mbox:/m", false },
		{ "allow-nets", "", false },    { "mechanisms", "", false },
		{ "nologin", "", true },        { "disabled", "yes", true },
		{ "disabled", "No", true },     { "disabled", "perhaps", false },
		{ "tls-required", "y", true },  { "master", "-", false },
		{ "colour", "red", true },      { "tls_required", "-", false },
		{ "read_only", "-", false },    { "login_delay", "soon", false },
		{ "no-delivery", "", true },    { "no_delivery", "-", false },
	};
	const struct span here = SPAN("192.0.2.1:110");
	struct user u = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct user v = { 0 };

		CHECK_EQ(!user_set_field(&v, span_of(cases[i].name),
					 span_of(cases[i].value)),
			 cases[i].good);
	}
	CHECK(!user_rule(&u, here, false, "USER"));
	CHECK(!user_set_field(&u, SPAN("mechanisms"), SPAN("SCRAM-SHA-256,user")));
	CHECK(!user_rule(&u, here, false, "USER"));
	CHECK(!user_rule(&u, here, false, "SCRAM-SHA-256"));
	CHECK(user_rule(&u, here, false, "SCRAM-SHA-1"));
	CHECK(user_rule(&u, here, false, "SCRAM"));
	CHECK(!user_set_field(&u, SPAN("tls-required"), SPAN("yes")));
	CHECK(user_rule(&u, here, false, "USER"));
	CHECK(!user_rule(&u, here, true, "USER"));
	CHECK(!user_set_field(&u, SPAN("allow_nets"), SPAN("192.0.2.0/30")));
	CHECK(!user_rule(&u, here, true, "USER"));
	CHECK(user_rule(&u, SPAN("192.0.2.4:110"), true, "USER"));
	CHECK(!user_set_field(&u, SPAN("allow_nets"), SPAN("junk")));
	CHECK(user_rule(&u, here, true, "USER"));
	u.allow_nets = SPAN("");
	u.disabled = true;
	CHECK(user_rule(&u, here, true, "USER"));
}

/* A quota is the user's own, even if it sets no limit; nothing is not a quota. */
static void test_the_quota_of_a_user(void **state)
{
	static const struct {
		const char *name, *value;
		bool good, has;
		struct quota is;
	} cases[] = {
		{ "quota", "", true, false, { 0, 0 } },
		{ "quota", "none", true, true, { 0, 0 } },
		{ "quota", "1k,5messages", true, true, { 1024, 5 } },
		{ "quota", "whatever", false, true, { 0, 0 } },
		{ "quota_rule", "", true, false, { 0, 0 } },
		{ "quota_rule", "*:storage=1:messages=5", true, true, { 1024, 5 } },
		{ "userdb_quota_rule", "*:bytes=7", true, true, { 7, 0 } },
		{ "userdb_quota_rule", "7", false, true, { 0, 0 } },
		{ "quota_storage_size", "", true, false, { 0, 0 } },
		{ "quota_storage_size", "1k", true, true, { 1024, 0 } },
		{ "quota_storage_size", "unlimited", true, true, { 0, 0 } },
		{ "userdb_quota_storage_size", "0", true, true, { 0, 0 } },
		{ "userdb_quota_storage_size", "-1", false, true, { 0, 0 } },
		{ "quota_message_count", "", true, false, { 0, 0 } },
		{ "quota_message_count", "5", true, true, { 0, 5 } },
		{ "quota_message_count", "Unlimited", true, true, { 0, 0 } },
		{ "userdb_quota_message_count", "5k", false, true, { 0, 0 } },
	};
	struct user both = { .quota = { 1, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct user u = { 0 };

		CHECK_EQ(!user_set_field(&u, span_of(cases[i].name),
					 span_of(cases[i].value)),
			 cases[i].good);
		CHECK_EQ(u.has_quota, cases[i].has);
		CHECK_EQ(u.quota.octets, cases[i].is.octets);
		CHECK_EQ(u.quota.messages, cases[i].is.messages);
	}
	CHECK(!user_set_field(&both, SPAN("quota_storage_size"), SPAN("unlimited")));
	CHECK_EQ(both.quota.octets, 0);
	CHECK_EQ(both.quota.messages, 1);
	CHECK(!user_set_field(&both, SPAN("quota_message_count"), SPAN("4")));
	CHECK_EQ(both.quota.messages, 4);
	CHECK(!both.no_delivery && !both.disabled);
	CHECK(!user_set_field(&both, SPAN("no-delivery"), SPAN("yes")));
	CHECK(both.no_delivery && !both.disabled);
	CHECK(!user_rule(&both, SPAN("192.0.2.1:110"), false, "USER"));
	CHECK(!user_set_field(&both, SPAN("no-delivery"), SPAN("no")));
	CHECK(!both.no_delivery);
}

/* In the users file a blank ends a field: such a quota must not lose its half. */
static void test_a_quota_that_is_cut_leaves_its_user_out(void **state)
{
	OWN(users)
	users = users_parse(
		SPAN("ann:{PLAIN}x::::::quota=500M,10000messages no-delivery\n"
		     "bob:{PLAIN}x::::::quota=500M, 10000 messages\n"),
		NULL, NULL);
	const struct user *ann = users_find(users, SPAN("ann"));

	(void)state;
	CHECK(ann && ann->has_quota && ann->no_delivery);
	CHECK_EQ(ann->quota.octets, UINT64_C(500) << 20);
	CHECK_EQ(ann->quota.messages, 10000);
	CHECK(!users_find(users, SPAN("bob")));
}

/* What can't be read keeps its user out, and nobody else. */
static void test_a_bad_line_refuses_its_user_only(void **state)
{
	struct heard h = { "" };
	OWN(users)
	users = users_parse(SPAN("no colon here\n"
				 ":{PLAIN}x\n"
				 "a:{PLAIN}x:notanumber\n"
				 "b:{PLAIN}x:1:99999999999\n"
				 "c:{PLAIN}x::::::allow_nets=\n"
				 "d:{PLAIN}x::::::userdb_mail=mbox:~/mbox\n"
				 "e:{UNKNOWN}x\n"
				 "f:{PLAIN}first\n"
				 "f:{PLAIN}second\n"
				 "g:{PLAIN}ok\n"),
			    hear, &h);

	(void)state;
	CHECK_TEXT(h.text, "1: no user name and ':' at the beginning: line left out\n"
			   "2: no user name and ':' at the beginning: line left out\n"
			   "3: uid is not a number: user left out\n"
			   "4: gid is not a number: user left out\n"
			   "5: allow-nets is empty: user left out\n"
			   "6: mail is no maildir:PATH: user left out\n"
			   "7: password scheme is not known: this user cannot log in\n"
			   "9: user was given already: line left out\n");
	for (const char *c = "abcd"; *c; c++)
		CHECK(!users_find(users, (struct span){ c, 1 }));
	CHECK_SPAN(users_find(users, SPAN("f"))->stored, "{PLAIN}first");
	CHECK(users_find(users, SPAN("g")));
}

/* Who is locked on purpose ("*", "!", "x") needs no word. */
static void test_who_can_never_log_in_is_named(void **state)
{
	struct heard h = { "" };
	OWN(users)
	users = users_parse(SPAN("a:in the clear\n"
				 "b:{SSHA512}!!\n"
				 "c:*\n"
				 "d:!$6$salt$x\n"
				 "e:$1$abcdefgh$4Xq1bNcGlH4PvBSMHMIWc.\n"
				 "f:{PLAIN}x::::::allow_nets=192.0.2.0/33,::1\n"
				 "g:{PLAIN}x::::::allow_nets=192.0.2.0/24,::1\n"
				 "h:x\n"
				 "i:\n"),
			    hear, &h);

	(void)state;
	CHECK_TEXT(
		h.text,
		"1: password is no hash of its scheme: no password lets this user in\n"
		"2: password is no hash of its scheme: no password lets this user in\n"
		"6: allow-nets names what is no address or network: nobody "
		"comes in by that\n");
	CHECK(users_find(users, SPAN("f")));
}

/* Whoever is not here has somebody's stored password checked: one that can be, the same
 * one each time, and not the same for all, or what is stored in two ways would tell. */
static void test_somebody_stands_in_for_who_is_not_here(void **state)
{
	static const char *const texts[] = {
		"root:*\nlock:!$6$salt$x\noff:{PLAIN}off::::::nologin\nodd:{ODD}x\na:{"
		"PLAIN}a\n"
		"b:$6$salt$b\nc:{PLAIN}c\nd:{SCRAM-SHA-256}d\n",
		"root:*\nlock:!$6$salt$x\noff:{PLAIN}off::::::nologin\nodd:{ODD}x\na:{"
		"PLAIN}a\n"
		"b:$6$salt$b\nc:{PLAIN}c\nd:{SCRAM-SHA-256}d\ne:$6$salt$e\n",
	};
	unsigned seen = 0, moved = 0;

	(void)state;
	OWN(users) users = users_parse(span_of(texts[0]), NULL, NULL);
	OWN(users) later = users_parse(span_of(texts[1]), NULL, NULL);
	for (unsigned i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof name, "no%u", i);
		const struct user *u = users_stand_in(users, span_of(name), 0);
		CHECK(u && !u->disabled && u->name.len == 1);
		CHECK_EQ(users_stand_in(users, span_of(name), 0), u);
		seen |= 1u << (u->name.at[0] - 'a');
		const struct user *v = users_stand_in(later, span_of(name), 0);
		moved += v->name.at[0] != u->name.at[0] && v->name.at[0] != 'e';
		u = users_stand_in(users, span_of(name), SCHEME_SCRAM_256);
		CHECK_SPAN(u->name, "d");
		CHECK(!users_stand_in(users, span_of(name), SCHEME_SCRAM_1));
	}
	CHECK_EQ(seen, 0xf);
	CHECK_EQ(moved, 0);
	OWN(users)
	nobody = users_parse(SPAN("root:*\nlock:!$6$salt$x\nx\n"), NULL, NULL);
	CHECK(!users_stand_in(nobody, SPAN("x"), SCHEME_PLAIN));
}

/* Behind thousands who cannot log in, by whatever scheme. */
static void test_the_only_user_who_can_log_in_stands_in_for_all(void **state)
{
	static const char *const lines[] = { "only:{PLAIN}x\n", "only:$6$salt$x\n",
					     "only:{SCRAM-SHA-1}x\n" };
	static char text[200000];
	char name[16];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		size_t len = 0;

		for (int n = 0; n < 5000; n++)
			len += (size_t)sprintf(text + len, "user%d:*\n", n);
		len += (size_t)sprintf(text + len, "%s", lines[i]);
		OWN(users) users = users_parse((struct span){ text, len }, NULL, NULL);
		CHECK(users);
		for (int n = 0; n < 100; n++) {
			sprintf(name, "nobody%d", n);
			const struct user *u = users_stand_in(users, span_of(name), 0);
			CHECK(u);
			CHECK_SPAN(u->name, "only");
		}
	}
}

static void test_many_users_are_found(void **state)
{
	static char text[3000000];
	size_t len = 0;
	char name[32];

	(void)state;
	for (int i = 0; i < 100000; i++)
		len += (size_t)sprintf(text + len, "user%d:{PLAIN}pw%d:\n", i, i);
	OWN(users) users = users_parse((struct span){ text, len }, NULL, NULL);
	CHECK(users);
	for (int i = 0; i < 100000; i += 7) {
		sprintf(name, "user%d", i);
		const struct user *u = users_find(users, span_of(name));
		sprintf(name, "{PLAIN}pw%d", i);
		CHECK(u);
		CHECK_SPAN(u->stored, name);
	}
	CHECK(!users_find(users, SPAN("user100000")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dovecots_format),
		TEST(test_fields_of_a_user),
		TEST(test_the_quota_of_a_user),
		TEST(test_a_quota_that_is_cut_leaves_its_user_out),
		TEST(test_a_bad_line_refuses_its_user_only),
		TEST(test_who_can_never_log_in_is_named),
		TEST(test_somebody_stands_in_for_who_is_not_here),
		TEST(test_the_only_user_who_can_log_in_stands_in_for_all),
		TEST(test_many_users_are_found),
	};

	return RUN(tests);
}
