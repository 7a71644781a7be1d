/* Promises of auth/: users files, schemes, places, networks, edits. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/database.h"
#include "auth/place.h"
#include "auth/user/edit.h"
#include "auth/user/prep.h"
#include "auth/user/scheme.h"
#include "auth/user/scram.h"
#include "auth/user/userfile.h"
#include "base/own.h"

/* ---- users ---- */

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

/* ---- databases in order ---- */

/* One that says what it is told to. */
struct puppet {
	struct database database;
	enum database_says says;
	unsigned asked, kept;
};

static void let_puppet_go(void *owner)
{
	((struct puppet *)owner)->kept--;
}

static enum database_says ask_puppet(struct database *db, struct span name,
				     struct user_found *out, struct why *why)
{
	struct puppet *p = (struct puppet *)db;

	p->asked++;
	if (p->says == DATABASE_DOWN) {
		fault_set(why, FAULT_IO, 0, "ask", p->database.name);
		return DATABASE_DOWN;
	}
	*out = (struct user_found){ .owner = p, .release = let_puppet_go };
	out->user.stored = p->says == DATABASE_WRONG ? SPAN("{PLAIN}other")
						     : SPAN("{PLAIN}right");
	out->user.name = name;
	p->kept++;
	return p->says == DATABASE_UNKNOWN ? DATABASE_UNKNOWN : DATABASE_RIGHT;
}

/* Unknown, Wrong, Right, Down. */
static enum database_says says(char letter)
{
	switch (letter) {
	case 'U':
		return DATABASE_UNKNOWN;
	case 'W':
		return DATABASE_WRONG;
	case 'R':
		return DATABASE_RIGHT;
	default:
		return DATABASE_DOWN;
	}
}

static void test_databases_in_order(void **state)
{
	static const struct {
		const char *say; /* first and second, see says() */
		bool stop_unknown, stop_wrong;
		enum fault fault;
		bool second_asked;
	} cases[] = {
		{ "RR", false, false, FAULT_NONE, false },
		{ "UR", false, false, FAULT_NONE, true },
		{ "UR", true, false, FAULT_DENIED, false },
		{ "WR", false, false, FAULT_NONE, true },
		{ "WR", false, true, FAULT_DENIED, false },
		{ "WW", false, false, FAULT_DENIED, true },
		{ "UU", false, false, FAULT_DENIED, true },
		{ "DR", true, true, FAULT_NONE, true },
		{ "DU", false, false, FAULT_IO, true },
		{ "DW", false, false, FAULT_IO, true },
		{ "WD", false, false, FAULT_IO, true },
		{ "UD", false, true, FAULT_IO, true },
		{ "DD", false, false, FAULT_IO, true },
	};
	static const struct database_driver driver = { .name = "puppet",
						       .find = ask_puppet };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct puppet second = { { .driver = &driver, .name = "second" },
					 says(cases[i].say[1]),
					 0,
					 0 };
		struct puppet first = { { .driver = &driver,
					  .name = "first",
					  .stop_unknown = cases[i].stop_unknown,
					  .stop_wrong = cases[i].stop_wrong,
					  .next = &second.database },
					says(cases[i].say[0]),
					0,
					0 };
		struct user_found found = { 0 };
		struct why why = { 0 };

		CHECK_EQ(database_check(&first.database, SPAN("u"), SPAN("right"),
					SPAN("[::1]:1"), NULL, &found, &why),
			 cases[i].fault);
		CHECK_EQ(why.fault, cases[i].fault);
		CHECK_EQ(first.asked, 1);
		CHECK_EQ(second.asked, cases[i].second_asked);
		CHECK_EQ(first.kept + second.kept, cases[i].fault == FAULT_NONE);
		user_release(&found);
		CHECK_EQ(first.kept + second.kept, 0);
	}
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

/* ---- schemes ---- */

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

/* ---- places ---- */

static const char *place(struct user u, char out[PLACE_PATH_MAX])
{
	struct why why = { 0 };
	enum fault f = place_maildrop(&u, "/var/mail/pop/", "Maildir", out, &why);

	CHECK_EQ(f, why.fault);
	CHECK_EQ(why.sys, 0);
	CHECK(f == FAULT_NONE || f == FAULT_SETUP);
	return f ? "refused" : out;
}

static void test_where_maildrops_are(void **state)
{
	char out[PLACE_PATH_MAX];

	(void)state;
#define U(...) place((struct user){ __VA_ARGS__ }, out)
	CHECK_TEXT(U(.name = SPAN("alice")), "alice/Maildir");
	CHECK_TEXT(U(.name = SPAN("a@b.org")), "a@b.org/Maildir");
	CHECK_TEXT(U(.name = SPAN("a"), .home = SPAN("/var/mail/pop/x")), "x/Maildir");
	CHECK_TEXT(U(.name = SPAN("a"), .home = SPAN("/var/mail/pop/x"),
		     .maildrop = SPAN("~/M")),
		   "x/M");
	CHECK_TEXT(U(.name = SPAN("a"), .home = SPAN("/var/mail/pop/x"),
		     .maildrop = SPAN("%h/M")),
		   "x/M");
	CHECK_TEXT(U(.name = SPAN("a"), .maildrop = SPAN("/var/mail/pop/y/z/")), "y/z");
	CHECK_TEXT(U(.name = SPAN("a"), .maildrop = SPAN("~/M")), "a/M");
	CHECK_TEXT(U(.name = SPAN("a"), .home = SPAN("/home/a")), "refused");
	CHECK_TEXT(U(.name = SPAN("a"), .home = SPAN("/var/mail/popular")), "refused");
	CHECK_TEXT(U(.name = SPAN("a"), .home = SPAN("/var/mail/pop/../x")), "refused");
	CHECK_TEXT(U(.name = SPAN("a"), .maildrop = SPAN("~/../../x")), "refused");
	CHECK_TEXT(U(.name = SPAN("a"), .maildrop = SPAN("relative")), "refused");
	CHECK_TEXT(U(.name = SPAN("a"), .maildrop = SPAN("/var/mail/pop")), "refused");
	CHECK_TEXT(U(.name = SPAN("a"), .maildrop = SPAN("/var/mail/pop/")), "refused");
#undef U
}

/* S9, S11 of test_history.py: a name is never a path, and no two names meet. */
static void test_names_cannot_lead_elsewhere(void **state)
{
	static const struct span names[] = {
		SPAN(".."),   SPAN("."),     SPAN("../x"), SPAN("/etc"),
		SPAN("a/b"),  SPAN("a%2fb"), SPAN("..."),  SPAN("a\0b"),
		SPAN("a\nb"), SPAN("%2e"),   SPAN(".x"),   SPAN("x."),
		SPAN("\xff"), SPAN("~"),     SPAN("%h"),   SPAN("a b"),
	};
	size_t count = sizeof names / sizeof *names;
	static char paths[32][PLACE_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const char *p = place((struct user){ .name = names[i] }, paths[i]);

		CHECK(p[0] != '.' && p[0] != '/');
		CHECK_TEXT(strchr(p, '/'), "/Maildir");
		for (size_t k = 0; k < i; k++)
			CHECK(strcmp(paths[i], paths[k]) != 0);
	}
}

static void test_a_path_too_long_is_refused(void **state)
{
	static char home[5000];
	char out[PLACE_PATH_MAX];

	(void)state;
	memset(home, 'x', sizeof home);
	memcpy(home, "/var/mail/pop/", 14);
	CHECK_TEXT(
		place((struct user){ .name = SPAN("a"), .home = { home, sizeof home } },
		      out),
		"refused");
}

/* ---- edits ---- */

#define FILE_TEXT "# top\na:{X}1:5\n\nb:{X}2\r\nc:{X}3:7:8::/h::\na:{X}4"

static void check_edit(enum edit_done done, enum edit_done expected, char *text,
		       size_t len, const char *whole)
{
	CHECK_EQ(done, expected);
	CHECK_SPAN(((struct span){ text, len }), whole);
	free(text);
}

static void test_edits_touch_one_user_only(void **state)
{
	const struct span file = SPAN(FILE_TEXT);
	char *out = NULL;
	size_t len = 0;

	(void)state;
	enum edit_done done = edit_add(file, SPAN("d"), SPAN("d:{X}9:"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nb:{X}2\r\nc:{X}3:7:8::/h::\na:{X}4\nd:{X}9:\n");
	done = edit_add(SPAN(""), SPAN("d"), SPAN("d:x"), &out, &len);
	check_edit(done, EDIT_DONE, out, len, "d:x\n");
	CHECK_EQ(edit_add(file, SPAN("a"), SPAN("a:x"), &out, &len), EDIT_EXISTS);
	done = edit_password(file, SPAN("b"), SPAN("{Y}new"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nb:{Y}new\r\nc:{X}3:7:8::/h::\na:{X}4");
	done = edit_password(file, SPAN("c"), SPAN("{Y}n"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nb:{X}2\r\nc:{Y}n:7:8::/h::\na:{X}4");
	CHECK_EQ(edit_password(file, SPAN("z"), SPAN("x"), &out, &len), EDIT_NOT_FOUND);
	/* A second line of the name would take the first one's place. */
	done = edit_delete(file, SPAN("a"), &out, &len);
	check_edit(done, EDIT_DONE, out, len, "# top\n\nb:{X}2\r\nc:{X}3:7:8::/h::\n");
	done = edit_delete(file, SPAN("b"), &out, &len);
	check_edit(done, EDIT_DONE, out, len,
		   "# top\na:{X}1:5\n\nc:{X}3:7:8::/h::\na:{X}4");
	CHECK_EQ(edit_delete(file, SPAN("# top"), &out, &len), EDIT_NOT_FOUND);
}

static void test_names_that_a_file_can_hold(void **state)
{
	static char longest[249];

	(void)state;
	memset(longest, 'x', sizeof longest);
	CHECK(edit_name_ok(SPAN("alice")));
	CHECK(edit_name_ok(SPAN("\xc3\xa4@b")));
	CHECK(edit_name_ok((struct span){ longest, 248 }));
	CHECK(!edit_name_ok((struct span){ longest, 249 }));
	CHECK(!edit_name_ok(SPAN("")));
	CHECK(!edit_name_ok(SPAN("a:b")));
	CHECK(!edit_name_ok(SPAN("a b")));
	CHECK(!edit_name_ok(SPAN("a\nb")));
	CHECK(!edit_name_ok(SPAN("#a")));
	CHECK(!edit_name_ok(SPAN("a\0b")));
}

/* ---- the file as it is now ---- */

static void put(int dir, const char *text)
{
	int fd = openat(dir, "users.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_true(renameat(dir, "users.new", dir, "users") == 0);
}

static bool has(struct userfile *f, const char *name)
{
	struct why why;
	OWN(users) users = userfile_acquire(f, &why);

	return users && users_find(users, span_of(name));
}

static void test_a_changed_file_counts_at_once_and_a_lost_one_does_not(void **state)
{
	char path[] = "/tmp/poplar-users-XXXXXX";
	struct why why = { 0 };

	(void)state;
	assert_true(mkdtemp(path) != NULL);
	int dir = open(path, O_PATH | O_DIRECTORY);
	struct userfile *f = userfile_new(dir, "users");
	CHECK(f && !userfile_acquire(f, &why));
	CHECK_EQ(why.fault, FAULT_IO);
	for (int i = 0; i < 20; i++) { /* within one tick of the clock, too */
		put(dir, i % 2 ? "a:{PLAIN}x\n" : "b:{PLAIN}x\n");
		CHECK_EQ(has(f, "a"), i % 2);
		CHECK_EQ(has(f, "b"), !(i % 2));
	}
	assert_true(unlinkat(dir, "users", 0) == 0);
	CHECK(has(f, "a"));
	put(dir, "c:{PLAIN}x\n");
	CHECK(has(f, "c") && !has(f, "a"));
	userfile_free(f);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

/* As a database: what it says, what stands in, and which mechanisms its users can use.
 */
static void test_the_users_file_is_a_database(void **state)
{
	static const struct {
		const char *name, *password;
		enum fault fault;
	} cases[] = {
		{ "alice", "one", FAULT_NONE }, { "alice", "two", FAULT_DENIED },
		{ "bob", "two", FAULT_NONE },   { "nobody", "one", FAULT_DENIED },
		{ "", "one", FAULT_DENIED },
	};
	char path[] = "/tmp/poplar-users-XXXXXX";
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	assert_true(mkdtemp(path) != NULL);
	int dir = open(path, O_PATH | O_DIRECTORY);
	struct database *db = passwdfile_new(dir, "users");
	CHECK(db);
	CHECK_EQ(database_find(db, SPAN("alice"), NULL, &found, &why), FAULT_IO);
	CHECK(!database_stand_in(db, SPAN("nobody"), 0, &found));
	CHECK_EQ(db->driver->stores(db), 0);
	put(dir, "alice:{PLAIN}one\nbob:{PLAIN}two\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_EQ(database_check(db, span_of(cases[i].name),
					span_of(cases[i].password), SPAN(""), NULL,
					&found, &why),
			 cases[i].fault);
		CHECK_SPAN(found.user.name, cases[i].fault ? "" : cases[i].name);
		user_release(&found);
	}
	CHECK_EQ(db->driver->stores(db), SCHEME_PLAIN);
	CHECK(database_stand_in(db, SPAN("nobody"), SCHEME_PLAIN, &found));
	CHECK(span_starts(found.user.stored, "{PLAIN}"));
	CHECK_EQ(found.user.name.len, 0);
	user_release(&found);
	CHECK(!database_stand_in(db, SPAN("nobody"), SCHEME_SCRAM_1, &found));
	CHECK(!found.owner);
	database_free(db);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

/* A file that was never any good refuses every time, not only when it is news. */
static void test_a_file_that_is_none_refuses_every_time(void **state)
{
	int dir = open("/", O_PATH | O_DIRECTORY);
	struct userfile *f = userfile_new(dir, "usr");

	(void)state;
	for (int i = 0; f && i < 3; i++) {
		struct why why = { 0 };

		CHECK(!userfile_acquire(f, &why));
		CHECK_EQ(why.fault, FAULT_SETUP);
	}
	userfile_free(f);
	close(dir);
}

/* A file that cannot be opened for a moment is opened the next time, though it has not
 * changed meanwhile; and nobody is taken for known before it was read. */
static void test_a_file_that_cannot_be_opened_for_a_moment(void **state)
{
	char path[] = "/tmp/poplar-users-XXXXXX";
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct rlimit limit, none;
	struct why why = { 0 };

	(void)state;
	CHECK(mkdtemp(path));
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	int fd = openat(dir, "users", O_WRONLY | O_CREAT, 0600);
	CHECK(write(fd, "a:{PLAIN}x\n", 11) == 11);
	CHECK(futimens(fd, old) == 0);
	close(fd);
	struct userfile *f = userfile_new(dir, "users");
	CHECK(f);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	none = limit;
	none.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	for (int i = 0; i < 3; i++) {
		why = (struct why){ 0 };
		CHECK(!userfile_acquire(f, &why));
		CHECK_EQ(why.fault, FAULT_IO);
	}
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	OWN(users) users = userfile_acquire(f, &why);
	CHECK(users && users_find(users, SPAN("a")));
	userfile_free(f);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dovecots_format),
		TEST(test_fields_of_a_user),
		TEST(test_the_quota_of_a_user),
		TEST(test_a_quota_that_is_cut_leaves_its_user_out),
		TEST(test_databases_in_order),
		TEST(test_a_bad_line_refuses_its_user_only),
		TEST(test_who_can_never_log_in_is_named),
		TEST(test_somebody_stands_in_for_who_is_not_here),
		TEST(test_the_only_user_who_can_log_in_stands_in_for_all),
		TEST(test_many_users_are_found),
		TEST(test_known_hashes_verify),
		TEST(test_dovecots_hashes_verify),
		TEST(test_dovecots_hashes_of_long_passwords_and_other_names),
		TEST(test_what_is_stored_is_good_for_more),
		TEST(test_keys_for_scram_have_bounds),
		TEST(test_every_scheme_that_is_made_verifies),
		TEST(test_passwords_are_prepared),
		TEST(test_passwords_with_every_octet),
		TEST(test_what_cannot_be_checked_lets_nobody_in),
		TEST(test_where_maildrops_are),
		TEST(test_names_cannot_lead_elsewhere),
		TEST(test_a_path_too_long_is_refused),
		TEST(test_edits_touch_one_user_only),
		TEST(test_names_that_a_file_can_hold),
		TEST(test_a_changed_file_counts_at_once_and_a_lost_one_does_not),
		TEST(test_a_file_that_cannot_be_opened_for_a_moment),
		TEST(test_a_file_that_is_none_refuses_every_time),
		TEST(test_the_users_file_is_a_database),
	};

	return RUN(tests);
}
