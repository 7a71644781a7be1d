/* Promises of auth/recipient: who gets the mail of an address, and that mail bounces
 * only if certainly nobody does. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/cache.h"
#include "auth/recipient.h"
#include "auth/user/scheme.h"

/* ---- databases whose users say how they are found ---- */

/* The letter is (R)ight, (W)rong fields, (D)own or u(N)sure; other names are unknown.
 */
struct person {
	const char *name;
	char letter;
	bool no_delivery, disabled;
};

struct puppet {
	struct database database;
	const struct person *people; /* the last one has no name */
	char asked[512];             /* names, each with a blank behind it */
	unsigned kept;               /* users that are not released yet */
	unsigned doubted;            /* questions whether a name is really unknown */
};

static const struct person *person(const struct puppet *p, struct span name)
{
	const struct person *at = p->people;

	while (at->name && !span_is(name, at->name))
		at++;
	return at;
}

static void release(void *owner)
{
	((struct puppet *)owner)->kept--;
}

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	struct puppet *p = (struct puppet *)db;
	const struct person *who = person(p, name);
	const size_t len = strlen(p->asked);

	snprintf(p->asked + len, sizeof p->asked - len, "%.*s ", (int)name.len,
		 name.at);
	p->kept++;
	*out = (struct user_found){ .owner = p, .release = release };
	if (who->letter == 'R')
		out->user = (struct user){ .name = span_of(who->name),
					   .stored = SPAN("{PLAIN}x"),
					   .disabled = who->disabled,
					   .no_delivery = who->no_delivery };
	if (who->letter == 'D')
		fault_set(why, FAULT_IO, 0, "ask", db->name);
	return who->letter == 'R'   ? DATABASE_RIGHT
	       : who->letter == 'W' ? DATABASE_WRONG
	       : who->letter == 'D' ? DATABASE_DOWN
				    : DATABASE_UNKNOWN;
}

static bool lacks(struct database *db, struct span name, struct why *why)
{
	struct puppet *p = (struct puppet *)db;

	p->doubted++;
	if (person(p, name)->letter != 'N')
		return true;
	fault_set(why, FAULT_IO, 0, "read", db->name);
	return false;
}

static const struct database_driver driver = { .name = "puppet",
					       .find = find,
					       .lacks = lacks };

static struct puppet puppet(const char *name, const struct person *people)
{
	return (struct puppet){ .database = { .driver = &driver, .name = name },
				.people = people };
}

/* ---- addresses ---- */

/* What comes of the address: the name of the user, or of the fault. */
static void expect(const struct recipient_rules *rules, struct span address,
		   const char *what)
{
	struct user_found found = { 0 };
	struct why why = { 0 };
	enum fault f = recipient_find(rules, address, &found, &why);

	CHECK_EQ(why.fault, f);
	CHECK(f || why.sys == 0);
	CHECK_EQ(found.owner != NULL, f == FAULT_NONE);
	CHECK_SPAN(f ? span_of(fault_name(f)) : found.user.name, what);
	user_release(&found);
}

#define X8(text)   text text text text text text text text
#define LOCAL_64   X8("12345678")
#define OCTETS_255 LOCAL_64 LOCAL_64 LOCAL_64 X8("1234567") "1234567"

static void test_the_name_that_an_address_stands_for(void **state)
{
	static const struct person people[] = {
		{ "alice", 'R', false, false },
		{ "alice@e.org", 'R', false, false },
		{ "alice@d.org", 'R', false, false },
		{ "Bob@e.org", 'R', false, false },
		{ "a b@e.org", 'R', false, false },
		{ "a/../b@e.org", 'R', false, false },
		{ "a@b@e.org", 'R', false, false },
		{ "a@b", 'R', false, false },
		{ "postmaster@d.org", 'R', false, false },
		{ "Postmaster@d.org", 'R', false, false },
		{ LOCAL_64 "@e.org", 'R', false, false },
		{ OCTETS_255, 'R', false, false },
		{ "m\u00fcller@m\u00fcnchen.example", 'R', false, false },
		{ "a@xn--mnchen-3ya.example", 'R', false, false },
		{ "alice@[192.0.2.1]", 'R', false, false },
		{ "off@e.org", 'R', false, true },
		{ "no@e.org", 'R', true, false },
		{ NULL, 'U', false, false },
	};
	static const struct {
		enum recipient_domains domains;
		bool fold;
		const char *default_domain, *address, *what, *asked;
	} cases[] = {
		{ RECIPIENT_KEEP, true, "", "alice@e.org", "alice@e.org",
		  "alice@e.org " },
		{ RECIPIENT_KEEP, true, "", "ALICE@E.ORG", "alice@e.org",
		  "alice@e.org " },
		{ RECIPIENT_KEEP, false, "", "Bob@E.ORG", "Bob@e.org", "Bob@e.org " },
		{ RECIPIENT_KEEP, false, "", "bob@e.org", "NO_USER", "bob@e.org " },
		{ RECIPIENT_KEEP, true, "", "alice", "alice", "alice " },
		{ RECIPIENT_KEEP, true, "d.org", "alice", "alice@d.org",
		  "alice@d.org " },
		{ RECIPIENT_KEEP, true, "d.org", "alice@e.org", "alice@e.org",
		  "alice@e.org " },
		{ RECIPIENT_KEEP, true, "d.org", "alice@", "NO_USER", "alice@ " },
		{ RECIPIENT_KEEP, true, "", "alice@[192.0.2.1]", "alice@[192.0.2.1]",
		  "alice@[192.0.2.1] " },
		{ RECIPIENT_STRIP, true, "", "alice@anywhere", "alice", "alice " },
		{ RECIPIENT_STRIP, true, "", "Alice", "alice", "alice " },
		{ RECIPIENT_STRIP, true, "d.org", "alice@e.org", "alice@d.org",
		  "alice@d.org " },
		{ RECIPIENT_REQUIRE, true, "d.org", "alice@e.org", "alice@e.org",
		  "alice@e.org " },
		{ RECIPIENT_REQUIRE, true, "d.org", "alice", "NO_USER", "" },
		{ RECIPIENT_REQUIRE, true, "d.org", "PostMaster", "postmaster@d.org",
		  "postmaster@d.org " },
		{ RECIPIENT_REQUIRE, true, "", "postmaste", "NO_USER", "" },
		/* hostile ones */
		{ RECIPIENT_KEEP, true, "d.org", "", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "d.org", "@", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", "@e.org", "NO_USER", "" },
		{ RECIPIENT_STRIP, true, "d.org", "@e.org", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", "a b@e.org", "a b@e.org", "a b@e.org " },
		{ RECIPIENT_KEEP, true, "", "a/../b@e.org", "a/../b@e.org",
		  "a/../b@e.org " },
		{ RECIPIENT_KEEP, true, "", "a\"b@e.org", "NO_USER", "a\"b@e.org " },
		{ RECIPIENT_KEEP, true, "", "a@b@e.org", "a@b@e.org", "a@b@e.org " },
		/* "a@b"@e.org is not the user a@b */
		{ RECIPIENT_STRIP, true, "", "a@b@e.org", "NO_USER", "" },
		{ RECIPIENT_STRIP, true, "d.org", "a@b@e.org", "NO_USER", "" },
		/* nor is one whose '@' is a compatibility character (U+FF20) */
		{ RECIPIENT_STRIP, true, "", "a\uff20b@e.org", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", "a\nb@e.org", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", "a\x7f@e.org", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", "a\xff@e.org", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", LOCAL_64 "@e.org", LOCAL_64 "@e.org",
		  LOCAL_64 "@e.org " },
		{ RECIPIENT_KEEP, true, "", OCTETS_255, OCTETS_255, OCTETS_255 " " },
		{ RECIPIENT_KEEP, true, "", OCTETS_255 "1", "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "d", OCTETS_255, "NO_USER", "" },
		{ RECIPIENT_KEEP, true, "", OCTETS_255 "@e.org", "NO_USER", "" },
		/* SASLprep: another spelling of the same letters; domains as they are
		 */
		{ RECIPIENT_KEEP, true, "", "mu\u0308ller@mu\u0308nchen.example",
		  "m\u00fcller@m\u00fcnchen.example",
		  "m\u00fcller@m\u00fcnchen.example " },
		{ RECIPIENT_KEEP, true, "", "a@XN--MNCHEN-3YA.example",
		  "a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example " },
		/* fields */
		{ RECIPIENT_KEEP, true, "", "off@e.org", "off@e.org", "off@e.org " },
		{ RECIPIENT_KEEP, true, "", "no@e.org", "NO_DELIVERY", "no@e.org " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct puppet p = puppet("people", people);
		const struct login_rules login = {
			.databases = &p.database,
			.default_domain = span_of(cases[i].default_domain),
			.fold = cases[i].fold,
			.master_separator = '*',
		};
		const struct recipient_rules rules = { .login = &login,
						       .domains = cases[i].domains };

		expect(&rules, span_of(cases[i].address), cases[i].what);
		CHECK_TEXT(p.asked, cases[i].asked);
		CHECK_EQ(p.kept, 0);
	}
}

static void test_no_octet_is_lost_behind_a_nul(void **state)
{
	static const struct person people[] = { { "alice", 'R', false, false },
						{ NULL, 'U', false, false } };
	struct puppet p = puppet("people", people);
	const struct login_rules login = { .databases = &p.database, .fold = true };
	const struct recipient_rules rules = { .login = &login,
					       .domains = RECIPIENT_STRIP };

	(void)state;
	expect(&rules, SPAN("alice\0"), "NO_USER");
	expect(&rules, SPAN("alice\0@e.org"), "NO_USER");
	expect(&rules, SPAN("\0alice@e.org"), "NO_USER");
	CHECK_TEXT(p.asked, "");
	expect(&rules, (struct span){ 0 }, "NO_USER");
	expect(&rules, SPAN("alice@\0e.org"), "alice"); /* the domain is not used */
}

/* ---- details ---- */

static void test_the_whole_address_comes_first_and_the_detail_goes_last(void **state)
{
	static const struct person people[] = {
		{ "alice@e", 'R', false, false },
		{ "a+b@e", 'R', false, false },
		{ "off@e", 'R', true, false },
		{ "off+on@e", 'R', false, false },
		{ "+x@e", 'R', false, false },
		{ "broken@e", 'D', false, false },
		{ "broken+x@e", 'U', false, false },
		{ "b+broken@e", 'D', false, false },
		{ "b@e", 'R', false, false },
		{ "unsure+x@e", 'N', false, false },
		{ "unsure@e", 'R', false, false },
		{ "odd+x@e", 'W', false, false },
		{ "odd@e", 'R', false, false },
		{ OCTETS_255, 'R', false, false },
		{ NULL, 'U', false, false },
	};
	static const struct {
		const char *delimiters, *address, *what, *asked;
	} cases[] = {
		{ "+", "alice+lists@e", "alice@e", "alice+lists@e alice@e " },
		{ "+", "alice+@e", "alice@e", "alice+@e alice@e " },
		{ "+", "alice+a+b@e", "alice@e", "alice+a+b@e alice@e " },
		{ "+", "alice@e", "alice@e", "alice@e " },
		{ "+", "a+b@e", "a+b@e", "a+b@e " },
		{ "+", "alice@e+x", "NO_USER", "alice@e+x " },
		{ "+", "alice-x@e", "NO_USER", "alice-x@e " },
		{ "+-", "alice-x+y@e", "alice@e", "alice-x+y@e alice@e " },
		{ "+-", "alice+x-y@e", "alice@e", "alice+x-y@e alice@e " },
		{ "", "alice+x@e", "NO_USER", "alice+x@e " },
		{ "+", "nobody+x@e", "NO_USER", "nobody+x@e nobody@e " },
		{ "+", "+x@e", "+x@e", "+x@e " },
		{ "+", "+y@e", "NO_USER", "+y@e " },
		{ "+", "++y@e", "NO_USER", "++y@e +@e " },
		{ "+", "off+x@e", "NO_DELIVERY", "off+x@e off@e " },
		{ "+", "off+on@e", "off+on@e", "off+on@e " },
		/* trouble on the way: another user might be meant */
		{ "+", "broken+x@e", "IO", "broken+x@e broken@e " },
		{ "+", "b+broken@e", "IO", "b+broken@e " },
		{ "+", "unsure+x@e", "IO", "unsure+x@e " },
		{ "+", "odd+x@e", "SETUP", "odd+x@e " },
		/* too long for a name, but not without its detail */
		{ "+", "alice+" OCTETS_255 "@e", "alice@e", "alice@e " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct puppet p = puppet("people", people);
		const struct login_rules login = { .databases = &p.database,
						   .fold = true };
		const struct recipient_rules rules = {
			.login = &login,
			.domains = RECIPIENT_KEEP,
			.delimiters = span_of(cases[i].delimiters),
		};

		expect(&rules, span_of(cases[i].address), cases[i].what);
		CHECK_TEXT(p.asked, cases[i].asked);
		CHECK_EQ(p.kept, 0);
	}
}

static void test_a_detail_goes_from_a_name_without_its_domain(void **state)
{
	static const struct person people[] = { { "alice@d", 'R', false, false },
						{ NULL, 'U', false, false } };
	struct puppet p = puppet("people", people);
	const struct login_rules login = { .databases = &p.database,
					   .default_domain = SPAN("d") };
	const struct recipient_rules rules = { .login = &login,
					       .domains = RECIPIENT_STRIP,
					       .delimiters = SPAN("+") };

	(void)state;
	expect(&rules, SPAN("alice+x@e"), "alice@d");
	expect(&rules, SPAN("alice+x"), "alice@d");
	CHECK_TEXT(p.asked, "alice+x@d alice@d alice+x@d alice@d ");
}

/* The octet behind an address is no part of it. */
static void test_a_detail_does_not_begin_behind_the_address(void **state)
{
	static const struct person people[] = { { NULL, 'U', false, false } };
	struct puppet p = puppet("people", people);
	const struct login_rules login = { .databases = &p.database };
	const struct recipient_rules rules = { .login = &login,
					       .domains = RECIPIENT_KEEP,
					       .delimiters = SPAN("+") };

	(void)state;
	expect(&rules, (struct span){ "zoe+x", 3 }, "NO_USER");
	CHECK_TEXT(p.asked, "zoe ");
}

/* ---- the catch-all user ---- */

static void test_the_catch_all_user_gets_what_nobody_else_does(void **state)
{
	static const struct person people[] = {
		{ "all", 'R', false, false }, { "alice", 'R', false, false },
		{ "deaf", 'R', true, false }, { "down", 'D', false, false },
		{ "odd", 'W', false, false }, { NULL, 'U', false, false },
	};
	static const struct {
		const char *catch_all, *address, *what, *asked;
	} cases[] = {
		{ "all", "bob@e", "all", "bob all " },
		{ "all", "bob+x@e", "all", "bob+x bob all " },
		{ "ALL", "bob@e", "all", "bob all " },
		{ "all", "alice@e", "alice", "alice " },
		{ "all", "@e", "all", "all " },
		{ "all", "a\xff@e", "all", "all " },
		/* whose mail it is may be known later */
		{ "all", "down@e", "IO", "down " },
		{ "all", "down+x@e", "IO", "down+x down " },
		{ "all", "odd@e", "SETUP", "odd " },
		{ "all", "deaf@e", "NO_DELIVERY", "deaf " },
		{ "deaf", "bob@e", "NO_DELIVERY", "bob deaf " },
		{ "down", "bob@e", "IO", "bob down " },
		{ "nobody", "bob@e", "SETUP", "bob nobody " },
		{ "\xff", "bob@e", "SETUP", "bob " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct puppet p = puppet("people", people);
		const struct login_rules login = { .databases = &p.database,
						   .fold = true };
		const struct recipient_rules rules = { .login = &login,
						       .domains = RECIPIENT_STRIP,
						       .delimiters = SPAN("+"),
						       .catch_all = span_of(
							       cases[i].catch_all) };

		expect(&rules, span_of(cases[i].address), cases[i].what);
		CHECK_TEXT(p.asked, cases[i].asked);
		CHECK_EQ(p.kept, 0);
	}
}

static void test_postmaster_gets_mail_wherever_it_is_configured(void **state)
{
	static const struct person people[] = {
		{ "all", 'R', false, false },
		{ "root", 'R', false, false },
		{ NULL, 'U', false, false },
	};
	static const struct person own[] = {
		{ "postmaster", 'R', false, false },
		{ NULL, 'U', false, false },
	};
	static const struct {
		const struct person *people;
		const char *postmaster, *catch_all, *address, *what, *asked;
	} cases[] = {
		{ people, "root", "", "postmaster", "root", "postmaster root " },
		{ people, "root", "", "PostMaster@e", "root", "postmaster root " },
		{ people, "root", "all", "postmaster@e", "root", "postmaster root " },
		{ people, "root", "all", "bob@e", "all", "bob all " },
		{ people, "", "all", "postmaster@e", "all", "postmaster all " },
		{ people, "", "", "postmaster@e", "NO_USER", "postmaster " },
		{ people, "root", "", "bob@e", "NO_USER", "bob " },
		{ people, "gone", "", "postmaster@e", "SETUP", "postmaster gone " },
		{ own, "root", "", "postmaster@e", "postmaster", "postmaster " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct puppet p = puppet("people", cases[i].people);
		const struct login_rules login = { .databases = &p.database,
						   .fold = true };
		const struct recipient_rules rules = {
			.login = &login,
			.domains = RECIPIENT_STRIP,
			.catch_all = span_of(cases[i].catch_all),
			.postmaster = span_of(cases[i].postmaster),
		};

		expect(&rules, span_of(cases[i].address), cases[i].what);
		CHECK_TEXT(p.asked, cases[i].asked);
		CHECK_EQ(p.kept, 0);
	}
}

/* ---- databases in order ---- */

static void test_only_databases_that_all_answer_make_mail_bounce(void **state)
{
	static const struct {
		char first, second;
		bool stop_unknown, stop_wrong;
		enum fault fault;
		bool second_asked;
		const char *what; /* of the story */
	} cases[] = {
		{ 'R', 'R', false, false, FAULT_NONE, false, "" },
		{ 'U', 'R', false, false, FAULT_NONE, true, "" },
		{ 'U', 'U', false, false, FAULT_DENIED, true, "" },
		{ 'U', 'R', true, false, FAULT_DENIED, false, "" },
		{ 'U', 'D', true, false, FAULT_DENIED, false, "" },
		{ 'D', 'U', true, true, FAULT_IO, true, "first" },
		{ 'D', 'R', true, true, FAULT_NONE, true, "" },
		{ 'U', 'D', false, true, FAULT_IO, true, "second" },
		{ 'W', 'U', false, false, FAULT_SETUP, true, "first" },
		{ 'W', 'R', false, false, FAULT_NONE, true, "" },
		{ 'W', 'R', false, true, FAULT_SETUP, false, "first" },
		{ 'U', 'W', false, false, FAULT_SETUP, true, "second" },
		{ 'N', 'U', false, false, FAULT_IO, true, "first" },
		{ 'N', 'R', false, false, FAULT_NONE, true, "" },
		{ 'N', 'R', true, false, FAULT_IO, false, "first" },
		{ 'U', 'N', false, false, FAULT_IO, true, "second" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct person here[] = { { "u", cases[i].first, false, false },
					       { NULL, 'U', false, false } };
		const struct person there[] = { { "u", cases[i].second, false, false },
						{ NULL, 'U', false, false } };
		struct puppet second = puppet("second", there);
		struct puppet first = puppet("first", here);
		struct user_found found = { 0 };
		struct why why = { 0 };

		first.database.next = &second.database;
		first.database.stop_unknown = cases[i].stop_unknown;
		first.database.stop_wrong = cases[i].stop_wrong;
		CHECK_EQ(database_recipient(&first.database, SPAN("u"), NULL, &found,
					    &why),
			 cases[i].fault);
		CHECK_EQ(why.fault, cases[i].fault);
		CHECK_TEXT(why.what, cases[i].what);
		CHECK_TEXT(second.asked, cases[i].second_asked ? "u " : "");
		CHECK_EQ(first.kept + second.kept, cases[i].fault == FAULT_NONE);
		user_release(&found);
		CHECK_EQ(first.kept + second.kept, 0);
	}
}

/* Who logs in must not learn more or less than before. */
static void test_a_login_does_not_ask_whether_a_name_is_surely_unknown(void **state)
{
	static const struct person people[] = { { "u", 'N', false, false },
						{ NULL, 'U', false, false } };
	struct puppet p = puppet("people", people);
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	CHECK_EQ(database_find(&p.database, SPAN("u"), NULL, &found, &why),
		 FAULT_DENIED);
	CHECK_EQ(database_check(&p.database, SPAN("u"), SPAN("x"), SPAN(""), NULL,
				&found, &why),
		 FAULT_DENIED);
	CHECK_EQ(p.doubted, 0);
}

/* ---- memory ---- */

static enum fault ask(struct puppet *p, const char *name)
{
	struct user_found found = { 0 };
	struct why why = { 0 };
	enum fault f =
		database_recipient(&p->database, span_of(name), NULL, &found, &why);

	if (f == FAULT_NONE)
		CHECK_SPAN(found.user.name, name);
	user_release(&found);
	return f;
}

static void test_who_is_there_is_remembered_and_who_is_not_is_asked_for(void **state)
{
	static const struct person people[] = { { "alice", 'R', false, false },
						{ "deaf", 'R', true, false },
						{ "down", 'D', false, false },
						{ "odd", 'W', false, false },
						{ NULL, 'U', false, false } };
	struct puppet p = puppet("people", people);
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	p.database.cache = cache_new(64, 0);
	CHECK(p.database.cache);
	p.database.right_ms = p.database.wrong_ms = 3600000;
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(ask(&p, "alice"), FAULT_NONE);
		CHECK_EQ(ask(&p, "bob"), FAULT_DENIED);
		CHECK_EQ(ask(&p, "down"), FAULT_IO);
		CHECK_EQ(ask(&p, "odd"), FAULT_SETUP);
	}
	CHECK_TEXT(p.asked, "alice bob down odd bob down odd ");
	/* it keeps whether the user takes mail */
	CHECK_EQ(ask(&p, "deaf"), FAULT_NONE);
	p.asked[0] = '\0';
	CHECK_EQ(database_recipient(&p.database, SPAN("deaf"), NULL, &found, &why),
		 FAULT_NONE);
	CHECK(found.user.no_delivery);
	user_release(&found);
	CHECK_TEXT(p.asked, "");
	/* who logs in needs the stored password */
	CHECK_EQ(database_find(&p.database, SPAN("alice"), NULL, &found, &why),
		 FAULT_NONE);
	CHECK_SPAN(found.user.stored, "{PLAIN}x");
	user_release(&found);
	CHECK_TEXT(p.asked, "alice ");
	cache_free(p.database.cache);
	p.database.cache = NULL;
	CHECK_EQ(ask(&p, "alice"), FAULT_NONE);
	CHECK_TEXT(p.asked, "alice alice ");
	CHECK_EQ(p.kept, 0);
}

/* A database that judges passwords and takes none for none. */
static enum database_says check_nothing(struct database *db, struct span name,
					struct span password, struct span peer,
					struct user_found *out, struct why *why)
{
	(void)db, (void)name, (void)password, (void)peer, (void)out, (void)why;
	return DATABASE_WRONG;
}

static void test_a_recipient_that_is_remembered_lets_nobody_in(void **state)
{
	static const struct database_driver judges = { .name = "judges",
						       .find = find,
						       .check = check_nothing };
	static const struct person people[] = { { "alice", 'R', false, false },
						{ NULL, 'U', false, false } };
	struct puppet p = puppet("people", people);
	struct user_found found = { 0 };
	struct why why = { 0 };

	(void)state;
	p.database.driver = &judges;
	p.database.cache = cache_new(64, 3600000);
	CHECK(p.database.cache);
	p.database.right_ms = 3600000;
	CHECK_EQ(ask(&p, "alice"), FAULT_NONE);
	CHECK_EQ(database_check(&p.database, SPAN("alice"), SPAN(""), SPAN(""), NULL,
				&found, &why),
		 FAULT_DENIED);
	CHECK(!found.owner);
	cache_free(p.database.cache);
}

/* ---- watchers ---- */

static char seen[256];

static void look(void *arg, struct span name)
{
	(void)arg;
	snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "?%.*s ",
		 (int)name.len, name.at);
}

static void say(void *arg, const struct database *db, enum database_says says,
		const struct why *why)
{
	(void)arg, (void)db;
	snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%d%s ", (int)says,
		 fault_name(why->fault));
}

static void test_a_watcher_sees_each_question_asked_afresh(void **state)
{
	static const struct person people[] = { { "alice", 'R', false, false },
						{ "unsure", 'N', false, false },
						{ NULL, 'U', false, false } };
	static const struct database_watcher watcher = { look, say, NULL };
	struct puppet p = puppet("people", people);
	struct login_rules login = { .databases = &p.database, .fold = true };
	const struct recipient_rules rules = { .login = &login,
					       .domains = RECIPIENT_STRIP,
					       .delimiters = SPAN("+") };
	char text[128];

	(void)state;
	p.database.cache = cache_new(64, 0);
	CHECK(p.database.cache);
	p.database.right_ms = 3600000;
	expect(&rules, SPAN("alice"), "alice");
	CHECK_TEXT(seen, "");
	login.watcher = &watcher;
	expect(&rules, SPAN("alice+x"), "alice");
	expect(&rules, SPAN("unsure"), "IO");
	snprintf(text, sizeof text, "?alice+x %d ?alice %d ?unsure %dIO ",
		 DATABASE_UNKNOWN, DATABASE_RIGHT, DATABASE_DOWN);
	CHECK_TEXT(seen, text);
	CHECK_TEXT(p.asked, "alice alice+x alice unsure ");
	cache_free(p.database.cache);
}

/* ---- the users file ---- */

static void put(int dir, const char *text)
{
	int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	CHECK(renameat(dir, "new", dir, "users") == 0);
}

static enum fault ask_file(struct database *db, const char *name)
{
	struct user_found found = { 0 };
	struct why why = { 0 };
	enum fault f = database_recipient(db, span_of(name), NULL, &found, &why);

	CHECK_EQ(why.fault, f);
	user_release(&found);
	return f;
}

static void test_the_users_file_keeps_mail_that_it_may_know(void **state)
{
	char path[] = "/tmp/poplar-recipients-XXXXXX";

	(void)state;
	CHECK(mkdtemp(path) != NULL);
	int dir = open(path, O_PATH | O_DIRECTORY);
	struct database *db = passwdfile_new(dir, "users");
	CHECK(db);
	CHECK_EQ(ask_file(db, "alice"), FAULT_IO); /* there is no file yet */
	put(dir, "alice:{PLAIN}x\n"
		 "bob:{PLAIN}x:notanumber\n"
		 "bob:{PLAIN}x\n"
		 "carol:{PLAIN}x:notanumber\n"
		 "carol:{PLAIN}x::::::master=perhaps\n"
		 "dave:{PLAIN}x\n"
		 "dave:{PLAIN}x:notanumber\n"
		 "no colon here\n"
		 ":{PLAIN}x\n");
	CHECK_EQ(ask_file(db, "alice"), FAULT_NONE);
	CHECK_EQ(ask_file(db, "bob"), FAULT_NONE);
	CHECK_EQ(ask_file(db, "carol"), FAULT_SETUP);
	CHECK_EQ(ask_file(db, "dave"), FAULT_NONE);
	CHECK_EQ(ask_file(db, "erin"), FAULT_DENIED);
	CHECK_EQ(ask_file(db, "no colon here"), FAULT_DENIED);
	CHECK_EQ(ask_file(db, ""), FAULT_DENIED);
	CHECK(unlinkat(dir, "users", 0) == 0);
	CHECK_EQ(ask_file(db, "alice"), FAULT_NONE);
	CHECK_EQ(ask_file(db, "erin"), FAULT_IO); /* may be in the file that is lost */
	put(dir, "erin:{PLAIN}x\n");
	CHECK_EQ(ask_file(db, "erin"), FAULT_NONE);
	CHECK_EQ(ask_file(db, "carol"), FAULT_DENIED);
	database_free(db);
	unlinkat(dir, "users", 0);
	close(dir);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_name_that_an_address_stands_for),
		TEST(test_no_octet_is_lost_behind_a_nul),
		TEST(test_the_whole_address_comes_first_and_the_detail_goes_last),
		TEST(test_a_detail_goes_from_a_name_without_its_domain),
		TEST(test_a_detail_does_not_begin_behind_the_address),
		TEST(test_the_catch_all_user_gets_what_nobody_else_does),
		TEST(test_postmaster_gets_mail_wherever_it_is_configured),
		TEST(test_only_databases_that_all_answer_make_mail_bounce),
		TEST(test_a_login_does_not_ask_whether_a_name_is_surely_unknown),
		TEST(test_who_is_there_is_remembered_and_who_is_not_is_asked_for),
		TEST(test_a_recipient_that_is_remembered_lets_nobody_in),
		TEST(test_a_watcher_sees_each_question_asked_afresh),
		TEST(test_the_users_file_keeps_mail_that_it_may_know),
	};

	return scheme_start() ? RUN(tests) : 1;
}
