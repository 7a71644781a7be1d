/* Promises of convert/: what a configuration of Dovecot becomes. */
#include "convertworld.h"

#include "convert/dovecotfile.h"
#include "convert/sql.h"
#include "convert/template.h"
#include "convert/value.h"

/* ---- the language of Dovecot ---- */

/* All items: "section/name=value" with a '|' behind each. */
static const char *items(const char *text)
{
	static char room[4096];
	struct buf b = BUF(room);
	const struct source_world w = world_begin();

	source_begin(&world.source, world.text, sizeof world.text);
	if (!dovecotfile_read(&world.source, &w, SPAN("/etc/d.conf"), span_of(text))) {
		source_show(&world.source, world.source.wrong, &b);
		buf_text(&b, ": ");
		buf_text(&b, world.source.mistake);
		return buf_cstr(&b);
	}
	for (unsigned i = 0; i < world.source.count; i++) {
		const struct source_item *item = &world.source.items[i];

		for (unsigned s = item->section; s;
		     s = world.source.sections[s].parent) {
			buf_put(&b, world.source.sections[s].type);
			buf_text(&b, world.source.sections[s].title.len ? " " : "");
			buf_put(&b, world.source.sections[s].title);
			buf_char(&b, '/');
		}
		buf_put(&b, item->name);
		buf_text(&b, item->from_file ? "=<" : item->hidden ? "=?" : "=");
		buf_put(&b, item->value);
		buf_char(&b, '|');
	}
	return buf_cstr(&b);
}

static const struct {
	const char *text, *items;
} language[] = {
	{ "", "" },
	{ "a = b", "a=b|" },
	{ "a=b\n", "a=b|" },
	{ "\xef\xbb\xbf", "d.conf:1: expected NAME = VALUE or NAME {: \xef\xbb\xbf" },
	{ "  a  =  b c  # no\n#x\n\n", "a=b c|" },
	{ "a = b#c\n", "a=b|" },
	{ "a = \"b # c\"\nb = 'd \\' e'\n", "a=b # c|b=d \\' e|" },
	{ "a = \"q\\\"\\\\\"\n", "a=q\"\\|" },
	{ "a =\nb = c\n", "a=|b=c|" },
	{ "a = b \\\n  c \\\n  d\ne = f", "a=b c d|e=f|" },
	{ "a = b \\\n# between\n c\nd = e\n", "a=b c|d=e|" },
	{ "a = </x/y\n", "a=</x/y|" },
	{ "a = # hidden, use -P to show it\n", "a=?|" },
	{ "mail_plugins = x\nmail_plugins = $mail_plugins y\n",
	  "mail_plugins=x|mail_plugins=x y|" },
	{ "p = $q z\n", "p=z|" },
	{ "p = a$q\n", "p=a$q|" },
	{ "q = 1\nprotocol pop3 {\n p = $q 2\n}\n", "q=1|protocol pop3/p=1 2|" },
	{ "passdb {\n a = 1\n}\npassdb {\n a = 2\n}\n", "passdb/a=1|passdb/a=2|" },
	{ "service x {\n a = 1\n inet_listener y {\n  port = 2\n }\n}\n",
	  "service x/a=1|inet_listener y/service x/port=2|" },
	{ "mailbox \"Sent \\\"X\" {\n}\n", "d.conf:1: expected NAME = VALUE or "
					   "NAME {: mailbox" },
	{ "namespace \"a b\" {\nc=d\n}\n", "namespace a b/c=d|" },
	/* a { b = x } is a_b = x */
	{ "ssl_server {\n cert_file = /x\n}\n", "ssl_server_cert_file=/x|" },
	{ "a {\n b {\n c = x\n }\n d = y\n}\n", "a_b_c=x|a_d=y|" },
	{ "passdb ldap {\n ldap {\n filter = x\n }\n}\n",
	  "passdb ldap/ldap_filter=x|" },
	{ "mail_plugins {\n quota = yes\n acl = no\n}\n", "mail_plugins=quota|" },
	{ "!include more.conf\nz = 1\n", "more=1|z=1|" },
	{ "passdb {\n!include /etc/more.conf\n}\n", "passdb/more=1|" },
	{ "!include_try none.conf\n!include /etc/*.none\nz = 1\n", "z=1|" },
	/* mistakes, with file and line */
	{ "a = b\n}\n", "d.conf:2: '}' without '{' in this file" },
	{ "\na x {\nb = c\n", "d.conf:2: a section is not closed" },
	{ "a {\n} x\n", "d.conf:2: expected NAME = VALUE or NAME {: }" },
	{ "a b\n", "d.conf:1: expected NAME = VALUE or NAME {: a" },
	{ "a { b = c }\n", "d.conf:1: expected NAME = VALUE or NAME {: a" },
	{ "= b\n", "d.conf:1: a name is missing before '=': b" },
	{ "a = b \\\nc\n!include none.conf\n",
	  "d.conf:3: cannot include, since there is no such file: "
	  "/etc/none.conf" },
	{ "!include\n", "d.conf:1: a file is missing behind !include" },
	{ "!include bad.conf\n", "bad.conf:2: '}' without '{' in this file" },
	{ "a {\n!include bad.conf\n}\n", "bad.conf:2: '}' without '{' in this file" },
	{ "!include self.conf\n", "self.conf:1: files include each other too "
				  "deeply: /etc/self.conf" },
	{ "x \"y {\n", "d.conf:1: a quote is not closed: y {" },
};

static void test_the_language_of_dovecot(void **state)
{
	(void)state;
	world_file("/etc/more.conf", "more = 1\n");
	world_file("/etc/bad.conf", "x = 1\n}\n");
	world_file("/etc/self.conf", "!include self.conf\n");
	for (size_t i = 0; i < sizeof language / sizeof *language; i++)
		CHECK_TEXT(items(language[i].text), language[i].items);
}

static void test_sections_are_not_nested_for_ever(void **state)
{
	static char text[8192];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		memcpy(text + 4 * i, "a {\n", 5);
	CHECK(strstr(items(text), "sections are nested too deeply"));
}

/* ---- variables ---- */

static const char *path_of(const char *text, enum template_style style, bool folded)
{
	static char room[256];
	struct buf b = BUF(room);
	struct template t;

	if (!template_parse(span_of(text), style, &t))
		return "malformed";
	return template_path(&t, folded, &b) ? buf_cstr(&b) : "refused";
}

static void test_variables_of_paths(void **state)
{
	static const struct {
		const char *text;
		enum template_style style;
		const char *path;
	} cases[] = {
		{ "/srv/%d/%n", TEMPLATE_DOVECOT_23, "/srv/%d/%n" },
		{ "/srv/%{domain}/%{username}", TEMPLATE_DOVECOT_23, "/srv/%d/%n" },
		{ "/srv/%{user}/%s", TEMPLATE_DOVECOT_23, "/srv/%u/pop3" },
		{ "/srv/100%%/%u", TEMPLATE_DOVECOT_23, "/srv/100%%/%u" },
		{ "/srv/%Lu", TEMPLATE_DOVECOT_23, "/srv/%u" },
		{ "/srv/%1n/%n", TEMPLATE_DOVECOT_23, "refused" },
		{ "/srv/%Mu", TEMPLATE_DOVECOT_23, "refused" },
		{ "/srv/%r", TEMPLATE_DOVECOT_23, "refused" },
		{ "/srv/%h/x", TEMPLATE_DOVECOT_23, "refused" },
		{ "~/Maildir", TEMPLATE_DOVECOT_23, "refused" },
		{ "/srv/%", TEMPLATE_DOVECOT_23, "malformed" },
		{ "/srv/%{user", TEMPLATE_DOVECOT_23, "malformed" },
		{ "/srv/%{user}", TEMPLATE_DOVECOT_24, "/srv/%u" },
		{ "/s/%{user | domain}/%{user|username|lower}", TEMPLATE_DOVECOT_24,
		  "/s/%d/%n" },
		{ "/srv/%{user | upper}", TEMPLATE_DOVECOT_24, "refused" },
		{ "/srv/%{username}", TEMPLATE_DOVECOT_24, "refused" },
		{ "/srv/%{domain}", TEMPLATE_DOVECOT_24, "refused" },
		{ "/srv/%{nonsense}", TEMPLATE_DOVECOT_24, "refused" },
		{ "/srv/%u", TEMPLATE_DOVECOT_24, "/srv/%%u" },
	};
	struct template t;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_TEXT(path_of(cases[i].text, cases[i].style, true), cases[i].path);
	CHECK_TEXT(path_of("/srv/%Lu", TEMPLATE_DOVECOT_23, false), "refused");
	CHECK(template_parse(SPAN("/srv/%u"), TEMPLATE_DOVECOT_24, &t) && t.has_letter);
	CHECK(template_parse(SPAN("/srv/%{user}"), TEMPLATE_DOVECOT_24, &t) &&
	      !t.has_letter);
}

static void test_the_folder_above_all_maildrops(void **state)
{
	static const char *const cases[][2] = {
		{ "/srv/mail/%d/%n", "/srv/mail" },
		{ "/srv/mail/x%u", "/srv/mail" },
		{ "/srv/mail/", "/srv" },
		{ "/srv/%u", "/srv" },
		{ "/%u", "none" },
		{ "%u", "none" },
		{ "srv/%u", "none" },
		{ "", "none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char room[64];
		struct buf b = BUF(room);
		struct template t;

		CHECK(template_parse(span_of(cases[i][0]), TEMPLATE_DOVECOT_23, &t));
		CHECK_TEXT(template_root(&t, &b) ? buf_cstr(&b) : "none", cases[i][1]);
	}
}

/* ---- queries ---- */

static const char *turned(const char *query, enum template_style style,
			  enum sql_dialect dialect)
{
	static char room[4096];
	const struct sql_form form = { dialect, style, true };
	struct buf b = BUF(room);
	struct span what;

	return sql_turn(span_of(query), &form, &b, &what) ? buf_cstr(&b) : "refused";
}

static void test_queries_get_parameters(void **state)
{
	static const struct {
		const char *query, *turned;
		enum template_style style;
	} cases[] = {
		{ "SELECT pw AS password FROM u WHERE id = '%u';",
		  "SELECT pw AS password FROM u WHERE id = %u", TEMPLATE_DOVECOT_23 },
		{ "SELECT pw AS password FROM u WHERE id = '%{user}'",
		  "SELECT pw AS password FROM u WHERE id = %u", TEMPLATE_DOVECOT_24 },
		{ "select 1 where a = '%n' AND b = '%d'",
		  "select 1 where a = split_part(CAST(%u AS text), '@', 1) AND b = "
		  "split_part(CAST(%u AS text), '@', 2)",
		  TEMPLATE_DOVECOT_23 },
		{ "SELECT '/m/%n' AS home",
		  "SELECT ('/m/' || split_part(CAST(%u AS text), '@', 1)) AS home",
		  TEMPLATE_DOVECOT_23 },
		{ "SELECT 'it''s' WHERE a = '%Lu' AND b = '100%%'",
		  "SELECT 'it''s' WHERE a = %u AND b = ('100' || '%')",
		  TEMPLATE_DOVECOT_23 },
		{ "SELECT '' WHERE s = '%s' AND a = %u",
		  "SELECT '' WHERE s = 'pop3' AND a = %u", TEMPLATE_DOVECOT_23 },
		{ "SELECT 1 WHERE a = '%r'", "refused", TEMPLATE_DOVECOT_23 },
		{ "SELECT 1 WHERE a = '%u", "refused", TEMPLATE_DOVECOT_23 },
		{ "SELECT 1 WHERE a = '%u'", "refused", TEMPLATE_DOVECOT_24 },
		{ "UPDATE u SET a = '%u'", "refused", TEMPLATE_DOVECOT_23 },
		{ "SELECT '~/%u'", "SELECT ('~' || '/' || %u)", TEMPLATE_DOVECOT_23 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_TEXT(turned(cases[i].query, cases[i].style, SQL_POSTGRESQL),
			   cases[i].turned);
	CHECK_TEXT(
		turned("SELECT 1 WHERE d = '%d'", TEMPLATE_DOVECOT_23, SQL_SQLITE),
		"SELECT 1 WHERE d = substr(CAST(%u AS text), instr(CAST(%u AS text) || "
		"'@', '@') + 1)");
}

static const char *joined(const char *password, const char *user, const char *scheme)
{
	static char room[4096];
	struct buf b = BUF(room);

	return sql_join(span_of(password), span_of(user), span_of(scheme), &b)
		       ? buf_cstr(&b)
		       : "refused";
}

static void test_two_queries_become_one(void **state)
{
	(void)state;
	CHECK_TEXT(joined("SELECT pw AS password FROM u", "", ""),
		   "SELECT pw AS password FROM u");
	CHECK_TEXT(joined("SELECT id AS user, password FROM u WHERE x",
			  "SELECT home, uid, 5 AS gid, user FROM v", ""),
		   "SELECT p.password, p.user, u.home, u.uid, u.gid FROM (SELECT id AS "
		   "user, "
		   "password FROM u WHERE x) AS p JOIN (SELECT home, uid, 5 AS gid, "
		   "user FROM "
		   "v) AS u ON 1 = 1");
	CHECK_TEXT(
		joined("SELECT password FROM u", "", "MD5"),
		"SELECT CASE WHEN substr(p.password, 1, 1) = '{' THEN p.password ELSE "
		"'{MD5}' || p.password END AS password FROM (SELECT password FROM u) "
		"AS p");
	CHECK_TEXT(joined("SELECT * FROM u", "", "MD5"), "refused");
	CHECK_TEXT(joined("SELECT pw FROM u", "", "MD5"), "refused");
	CHECK_TEXT(joined("SELECT password FROM u", "SELECT * FROM v", ""), "refused");
}

static void test_columns_of_a_query(void **state)
{
	static const struct {
		const char *query, *names[5];
	} cases[] = {
		{ "SELECT a, b AS c FROM t", { "a", "c" } },
		{ "SELECT concat(a, ',', b) AS c, d.e FROM t", { "c", "e" } },
		{ "SELECT 'a, b from' AS x, (SELECT y FROM z) AS w FROM t",
		  { "x", "w" } },
		{ "SELECT fromage, \"b\" FROM t", { "fromage", "b" } },
		{ "SELECT a", { "a" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct sql_columns c = sql_columns_of(span_of(cases[i].query));
		unsigned n = 0;

		CHECK(!c.unknown);
		for (; cases[i].names[n]; n++)
			CHECK_SPAN(c.at[n], cases[i].names[n]);
		CHECK_EQ(c.count, n);
	}
	CHECK(sql_columns_of(SPAN("SELECT * FROM t")).unknown);
	CHECK(sql_columns_of(SPAN("")).unknown);
}

/* ---- values ---- */

static void test_times_and_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} times[] = {
		{ "5", 5000 },           { "2 secs", 2000 },
		{ "2s", 2000 },          { "1 mins", 60000 },
		{ "3 hours", 10800000 }, { "1h", 3600000 },
		{ "500 msecs", 500 },    { "500ms", 500 },
		{ "1 day", 86400000 },   { "2 weeks", 1209600000 },
	};
	static const char *const not_times[] = {
		"", "x", "5 x", "-1", "5 s s", "99999999999999999999"
	};
	static const struct {
		const char *text;
		uint64_t octets;
	} sizes[] = {
		{ "10", 10 },          { "10B", 10 },     { "1k", 1024 },
		{ "10 MB", 10 << 20 }, { "1G", 1 << 30 }, { "2KiB", 2048 },
	};
	static const char *const not_sizes[] = { "", "M", "1X", "1MX", "99999999999T" };
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		CHECK(value_time(span_of(times[i].text), 1000, &n));
		CHECK_EQ(n, times[i].ms);
	}
	for (size_t i = 0; i < sizeof not_times / sizeof *not_times; i++)
		CHECK(!value_time(span_of(not_times[i]), 1000, &n));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		CHECK(value_size(span_of(sizes[i].text), &n));
		CHECK_EQ(n, sizes[i].octets);
	}
	for (size_t i = 0; i < sizeof not_sizes / sizeof *not_sizes; i++)
		CHECK(!value_size(span_of(not_sizes[i]), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_language_of_dovecot),
		TEST(test_sections_are_not_nested_for_ever),
		TEST(test_variables_of_paths),
		TEST(test_the_folder_above_all_maildrops),
		TEST(test_queries_get_parameters),
		TEST(test_two_queries_become_one),
		TEST(test_columns_of_a_query),
		TEST(test_times_and_sizes),
	};

	return RUN(tests);
}
