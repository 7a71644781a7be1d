/* Promises of auth: databases in order, and the places of maildrops. */
#include "check.h"

#include "auth/database.h"
#include "auth/place.h"

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

/* A pattern is the path of every user, whatever the home; a name cannot lead out of its
 * place in it. */
static void test_a_pattern_is_the_path_of_every_maildrop(void **state)
{
	static const struct {
		const char *pattern, *name, *path;
	} cases[] = {
		{ "/mail/%d/%n", "alice@example.org", "example.org/alice" },
		{ "/mail/%u/Maildir/", "a@b.org", "a@b.org/Maildir" },
		{ "/mail/%n", "alice", "alice" },
		{ "/mail/100%%/%u", "a", "100%/a" },
		{ "/mail/%d/%n", "o'brien=x@\303\251.fr", "\303\251.fr/o'brien=x" },
		{ "/mail/%d/%n", "a@b@c", "b@c/a" },
		{ "/mail/%d/%n", "../x@..", "%2e./%2e.%2fx" },
		{ "/mail/%d/%n", "%2e@a/b", "a%2fb/%252e" },
		{ "/mail/%d/%n", "alice", NULL },
		{ "/mail/%d/%n", "alice@", NULL },
		{ "/mail/%d/%n", "@example.org", NULL },
		{ "/mail/%h/%n", "a@b", NULL },
		{ "/mail/x%", "a@b", NULL },
		{ "/elsewhere/%n", "a@b", NULL },
		{ "/mail/../%n", "a@b", NULL },
	};
	char out[PLACE_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct user u = { .name = span_of(cases[i].name),
					.home = SPAN("/mail/home") };
		struct why why = { 0 };
		const enum fault f =
			place_maildrop(&u, "/mail", cases[i].pattern, out, &why);

		CHECK_EQ(f, cases[i].path ? FAULT_NONE : FAULT_SETUP);
		if (cases[i].path)
			CHECK_TEXT(out, cases[i].path);
	}
	const struct user own = { .name = SPAN("a"), .maildrop = SPAN("/mail/x") };
	CHECK_EQ(place_maildrop(&own, "/mail", "/mail/%d/%n", out, NULL), FAULT_NONE);
	CHECK_TEXT(out, "x");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_databases_in_order),
		TEST(test_where_maildrops_are),
		TEST(test_a_pattern_is_the_path_of_every_maildrop),
		TEST(test_names_cannot_lead_elsewhere),
		TEST(test_a_path_too_long_is_refused),
	};

	return RUN(tests);
}
