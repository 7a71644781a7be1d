/* Promises of config/: the table, the file, the transfer to children. */
#include "check.h"

#include <unistd.h>

#include "base/buf.h"
#include "config/file/file.h"

/* ---- the table ---- */

static void test_every_default_is_a_value(void **state)
{
	struct settings s;
	char room[8192];

	(void)state;
	CHECK_EQ(settings_init(&s), FAULT_NONE);
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		struct buf b = BUF(room);

		settings_show(&s, id, &b);
		CHECK(!b.cut && b.len > 0);
		CHECK(strlen(settings_help(id)) > 10);
		CHECK(settings_roles(id) != 0);
		CHECK(!strchr(settings_name(id), '_'));
		settings_expected(id, room, sizeof room);
		CHECK(strlen(room) > 3);
	}
	CHECK_EQ(s.idle_timeout, 600);
	CHECK_EQ(s.plaintext_auth, PLAINTEXT_AUTH_LOOPBACK);
	CHECK_TEXT(s.listen.at[0], "*:110");
	settings_done(&s);
}

/* What is shown reads back as the same, at both ends of every range. */
static void test_shown_values_read_back(void **state)
{
	static const char *const values[] = { "0",    "1",      "2s",      "60s",
					      "90",   "600",    "3600",    "86400",
					      "1000", "yes",    "no",      "info",
					      "1.3",  "syslog", "loopback" };
	char first[8192], second[8192];

	(void)state;
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			struct settings s;
			struct buf a = BUF(first), b = BUF(second);

			if (settings_type(id) == SETTING_TEXT ||
			    settings_type(id) == SETTING_LIST)
				continue;
			CHECK_EQ(settings_init(&s), FAULT_NONE);
			if (settings_set(&s, id, span_of(values[i]))) {
				settings_show(&s, id, &a);
				CHECK(settings_set(&s, id, buf_span(&a)));
				settings_show(&s, id, &b);
				CHECK_TEXT(buf_cstr(&a), buf_cstr(&b));
			}
			settings_done(&s);
		}
	}
}

static void test_times_have_units(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t seconds;
	} cases[] = {
		{ "600", false, 0 },        { "600s", true, 600 },
		{ "10m", true, 600 },       { "1h", true, 3600 },
		{ "1d", true, 86400 },      { "599", false, 0 },
		{ "2d", false, 0 },         { "", false, 0 },
		{ "m", false, 0 },          { "10 m", false, 0 },
		{ "10x", false, 0 },        { "-600", false, 0 },
		{ "4294967296", false, 0 }, { "99999999h", false, 0 },
		{ "10ms", false, 0 },
	};
	struct settings s;

	(void)state;
	CHECK_EQ(settings_init(&s), FAULT_NONE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		s.idle_timeout = 77;
		CHECK_EQ(settings_set(&s, SETTING_ID_idle_timeout,
				      span_of(cases[i].text)),
			 cases[i].ok);
		CHECK_EQ(s.idle_timeout, cases[i].ok ? cases[i].seconds : 77);
	}
	CHECK(settings_set(&s, SETTING_ID_failure_delay, SPAN("1500ms")));
	CHECK_EQ(s.failure_delay, 1500);
	CHECK(settings_set(&s, SETTING_ID_failure_delay, SPAN("2s")));
	CHECK_EQ(s.failure_delay, 2000);
	CHECK(!settings_set(&s, SETTING_ID_failure_delay, SPAN("5")));
	CHECK(!settings_set(&s, SETTING_ID_lock_wait, SPAN("500")));
	CHECK_EQ(s.failure_delay, 2000);
	CHECK(settings_set(&s, SETTING_ID_failure_delay, SPAN("0")));
	CHECK_EQ(s.failure_delay, 0);
	settings_done(&s);
}

static void test_sizes_have_units_of_1024(void **state)
{
	static const struct {
		const char *text;
		uint64_t octets; /* 0: refused */
		const char *shown;
	} cases[] = {
		{ "50M", 50 << 20, "50M" },
		{ "64k", 64 << 10, "64k" },
		{ "65536", 65536, "64k" },
		{ "65537", 65537, "65537" },
		{ "64g", UINT64_C(64) << 30, "64G" },
		{ "65535", 0, "" },
		{ "65G", 0, "" },
		{ "50 M", 0, "" },
		{ "50MB", 0, "" },
		{ "", 0, "" },
		{ "-1", 0, "" },
	};
	char room[64], expected[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf shown = BUF(room);
		struct settings s;

		CHECK_EQ(settings_init(&s), FAULT_NONE);
		CHECK_EQ(s.max_message_size, 50 << 20);
		CHECK_EQ(settings_set(&s, SETTING_ID_max_message_size,
				      span_of(cases[i].text)),
			 cases[i].octets > 0);
		if (cases[i].octets > 0) {
			CHECK_EQ(s.max_message_size, cases[i].octets);
			settings_show(&s, SETTING_ID_max_message_size, &shown);
			CHECK_TEXT(buf_cstr(&shown), cases[i].shown);
		} else {
			CHECK_EQ(s.max_message_size, 50 << 20);
		}
		settings_done(&s);
	}
	settings_expected(SETTING_ID_max_message_size, expected, sizeof expected);
	CHECK_TEXT(expected, "a size from 64k to 64G");
	settings_expected(SETTING_ID_quota_grace, expected, sizeof expected);
	CHECK_TEXT(expected, "a size from 0 to 64G");
}

/* ---- transfer ---- */

static void test_a_child_gets_its_settings_and_no_others(void **state)
{
	char room[16384];

	(void)state;
	for (enum role role = ROLE_FRONT; role < ROLE_TOOL; role++) {
		struct settings from, to;
		struct buf packed = BUF(room);

		CHECK_EQ(settings_init(&from), FAULT_NONE);
		CHECK_EQ(settings_init(&to), FAULT_NONE);
		from.idle_timeout = 1234;
		from.failure_delay = 4321;
		CHECK(settings_set(&from, SETTING_ID_users, SPAN("/a b/\"c\"")));
		CHECK(settings_set(&from, SETTING_ID_tls_key, SPAN("/secret/key")));
		settings_pack(&from, role, &packed);
		CHECK(!packed.cut);
		CHECK(!memmem(packed.at, packed.len, "/secret/key", 11));
		CHECK_EQ(settings_unpack(&to, role, buf_span(&packed)), FAULT_NONE);
		CHECK_EQ(to.idle_timeout, role == ROLE_FRONT ? 1234 : 600);
		CHECK_EQ(to.failure_delay, role == ROLE_AUTH ? 4321 : 1000);
		CHECK_EQ(strcmp(to.users, "/a b/\"c\"") == 0, role == ROLE_AUTH);
		for (enum role other = ROLE_FRONT; other < ROLE_TOOL; other++)
			if (other != role &&
			    role != ROLE_LOOKUP) /* its are all theirs */
				CHECK(settings_unpack(&to, other, buf_span(&packed)) !=
				      FAULT_NONE);
		settings_done(&from);
		settings_done(&to);
	}
}

static void test_packed_settings_are_read_with_care(void **state)
{
	static const struct span bad[] = {
		SPAN("idle_timeout=600"),
		SPAN("nonsense=1\0"),
		SPAN("idle_timeout=1\0"),
		SPAN("idle_timeout\0"),
		SPAN("\0"),
		SPAN("mail_root=/x\0"),
	};
	struct settings s;

	(void)state;
	CHECK_EQ(settings_init(&s), FAULT_NONE);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_EQ(settings_unpack(&s, ROLE_FRONT, bad[i]), FAULT_PEER);
	settings_done(&s);
}

/* ---- the file ---- */

struct heard {
	char text[2048];
};

static void hear(void *arg, const char *text)
{
	struct heard *h = arg;

	if (strlen(h->text) + strlen(text) + 2 < sizeof h->text) {
		strcat(h->text, text);
		strcat(h->text, "\n");
	}
}

static enum fault load(struct span text, struct settings *s, struct heard *h)
{
	char path[] = "/tmp/poplar-conf-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(write(fd, text.at, text.len) == (ssize_t)text.len);
	close(fd);
	*h = (struct heard){ "" };
	enum fault f = config_load(path, s, hear, h);
	unlink(path);
	/* The path is random: leave it out of what is compared. */
	for (char *at; (at = strstr(h->text, path));)
		memmove(at, at + strlen(path), strlen(at + strlen(path)) + 1);
	return f;
}

#define NO_TLS "listen-tls = {}\n"

static void test_a_file_with_everything_in_it(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	CHECK_EQ(load(SPAN("# a comment with a * and a \" in it\n"
			   "listen = {\"*:110\", \"[::1]:1110\"} # behind\n" NO_TLS
			   "idle-timeout = 20m\nplaintext-auth = no\n"
			   "users = \"/a # b/users\"\n"),
		      &s, &h),
		 FAULT_NONE);
	CHECK_TEXT(h.text, "");
	CHECK_EQ(s.listen.count, 2);
	CHECK_TEXT(s.listen.at[1], "[::1]:1110");
	CHECK_EQ(s.listen_tls.count, 0);
	CHECK_EQ(s.idle_timeout, 1200);
	CHECK_TEXT(s.users, "/a # b/users");
	settings_done(&s);
}

/* One certificate needs no braces, one empty text is no certificate. */
static void test_lists_of_files(void **state)
{
	static const struct {
		struct span text;
		unsigned certificates, keys;
	} cases[] = {
		{ SPAN("tls-certificate = \"/a\"\ntls-key = \"/b\"\n"), 1, 1 },
		{ SPAN("tls-certificate = {\"/a\"}\n"), 1, 0 },
		{ SPAN("tls-certificate = {\"/a\", \"/b\"}\ntls-key = {\"\", "
		       "\"/c\"}\n"),
		  2, 2 },
		{ SPAN("tls-certificate = \"/a\"\ntls-key = \"\"\n"), 1, 0 },
		{ SPAN(NO_TLS "tls-certificate = \"\"\n"), 0, 0 },
		{ SPAN(NO_TLS), 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings s;
		struct heard h;

		CHECK_EQ(load(cases[i].text, &s, &h), FAULT_NONE);
		CHECK_TEXT(h.text, "");
		CHECK_EQ(s.tls_certificate.count, cases[i].certificates);
		CHECK_EQ(s.tls_key.count, cases[i].keys);
		settings_done(&s);
	}
}

#define LONGEST_PATH                                                                   \
	"/234567890123456789012345678901234567890123456789012345678901234567890"       \
	"123456789012345678901234567890123456"
_Static_assert(sizeof LONGEST_PATH == 107, "as long as a path may be, less one");

/* Settings for mail that comes in, whose rows cannot express what is right. */
static void test_settings_of_mail_that_comes_in(void **state)
{
	static const struct {
		const char *text, *said; /* NULL: it is right */
	} cases[] = {
		{ "listen-lmtp = {\"/run/poplar/lmtp\", \"127.0.0.1:24\"}\n", NULL },
		{ "listen-lmtp = \"" LONGEST_PATH "x\"\n", NULL },
		{ "listen-lmtp = \"" LONGEST_PATH "xy\"\n",
		  ":2: listen-lmtp: expected the path of a socket, of at most 107 "
		  "octets, found" },
		{ "listen-lmtp = \"/run/poplar/\"\n",
		  ":2: listen-lmtp: expected the path of a socket" },
		{ "listen-lmtp = {\"/a\", \"/b\", \"/a\"}\n",
		  ":2: listen-lmtp: \"/a\" stands there twice" },
		{ "listen-lmtp = \"127.0.0.1:25\"\n",
		  ":2: listen-lmtp: expected another port than 25, found "
		  "\"127.0.0.1:25\"" },
		{ "listen-lmtp = \"*:25\"\n", "another port than 25" },
		{ "listen-lmtp = \"[::1]:25\"\n", "another port than 25" },
		{ "listen-lmtp = \"lmtp\"\n",
		  ":2: listen-lmtp: expected address:port" },
		{ "listen-lmtp = \"127.0.0.1:110\"\n",
		  ":2: listen-lmtp: expected an address and port of its own" },
		{ "lmtp-socket-mode = 660\n", NULL },
		{ "lmtp-socket-mode = 0777\n", NULL },
		{ "lmtp-socket-mode = 0668\n",
		  ":2: lmtp-socket-mode: expected an octal mode" },
		{ "lmtp-socket-mode = 4660\n",
		  ":2: lmtp-socket-mode: expected an octal mode" },
		{ "lmtp-from = 192.0.2.0/24\n", NULL },
		{ "lmtp-from = mx.example.org\n",
		  ":2: lmtp-from: expected an address or network" },
		{ "lmtp-tls-names = mx\n",
		  ":2: lmtp-tls-names needs tls-certificate and tls-client-ca" },
		{ "recipient-delimiter = \"+-_\"\n", NULL },
		{ "recipient-delimiter = \"\"\n", NULL },
		{ "recipient-delimiter = \"+@\"\n",
		  ":2: recipient-delimiter: expected printable ASCII" },
		{ "recipient-delimiter = \"a\"\n",
		  ":2: recipient-delimiter: expected printable ASCII" },
		{ "quota = \"500M, 10000 messages\"\n", NULL },
		{ "quota = none\n", NULL },
		{ "quota = much\n", ":2: quota: expected a size" },
		{ "quota-warn = {\"80%\", \"100%\"}\n", NULL },
		{ "quota-warn = {\"80%\", \"101%\"}\n",
		  ":2: quota-warn: expected a percentage from 1% to 100%, found "
		  "\"101%\"" },
		{ "quota-warn = \"0%\"\n", ":2: quota-warn: expected a percentage" },
		{ "quota-warn = 80\n", ":2: quota-warn: expected a percentage" },
		{ "quota-warn-text = text\n",
		  ":2: quota-warn-text: expected a path from the root" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[512];
		struct settings s;
		struct heard h;

		snprintf(text, sizeof text, NO_TLS "%s", cases[i].text);
		CHECK_EQ(load(span_of(text), &s, &h),
			 cases[i].said ? FAULT_SETUP : FAULT_NONE);
		if (cases[i].said ? !strstr(h.text, cases[i].said) : *h.text != '\0')
			fail_msg("%s: %s", cases[i].text, h.text);
		settings_done(&s);
	}
}

/* Errors name the line, the setting, what was expected and what was found. */
static void test_errors_name_their_line(void **state)
{
	static const struct {
		struct span text;
		const char *said;
	} cases[] = {
		{ SPAN(NO_TLS "# one\n# two\nidle-timeout = 5m\n"),
		  ":4: idle-timeout: expected a time from 10m to 1d, found \"5m\"\n" },
		{ SPAN(NO_TLS "\n/* c */ # d\nbogus = 1\n"),
		  ":4: no such option 'bogus'\n" },
		{ SPAN(NO_TLS "max-errors = 20\nmax-errors = 21\n"),
		  ":3: max-errors was given already, in line 2\n" },
		{ SPAN(NO_TLS "listen = {\"*:1\"}\n\nlisten = {\"*:2\"}\n"),
		  ":4: listen was given already, in line 2\n" },
		{ SPAN(NO_TLS "listen = {}# x = \nlisten\n= {\"*:2\"}\n"),
		  ":4: listen was given already, in line 2\n" },
		{ SPAN(NO_TLS "listen = \"*:1\"\n\"listen\" = {}\n"),
		  ":3: listen was given already, in line 2\n" },
		{ SPAN("listen += {\"*:1\"}\nlisten = {\"*:2\"}\n"),
		  ":2: listen was given already, in line 1\n" },
		{ SPAN(NO_TLS "database a {\nprogram = {a}\nprogram = {b}\n}\n"),
		  ":4: program was given already, in line 3\n"
		  ":4: program: a database of driver passwd-file has no such "
		  "setting\n" },
		{ SPAN(NO_TLS "plaintext-auth = maybe\n"),
		  ":2: plaintext-auth: expected no, loopback or yes, found "
		  "\"maybe\"\n" },
		{ SPAN("listen = *:110\n"),
		  ":1: a value with * must stand in quotes\n" },
		{ SPAN("listen = {\"nowhere\"}\n" NO_TLS),
		  ":1: listen: expected address:port, such as *:110, 127.0.0.1:110 or "
		  "[::1]:110, "
		  "found \"nowhere\"\n" },
		{ SPAN("listen-tls = {\"*:995\"}\n"),
		  ":1: listen-tls needs tls-certificate; write listen-tls = {} to do "
		  "without "
		  "TLS\n" },
		{ SPAN(NO_TLS "greeting = \"[AUTH] hi\"\n"),
		  ":2: greeting: expected printable ASCII that does not open with '[' "
		  "and has no "
		  "'<', found \"[AUTH] hi\"\n" },
		{ SPAN(NO_TLS "users = users\n"),
		  ":2: users: expected a path from the root, found \"users\"\n" },
		{ SPAN(NO_TLS "users = \"/unfinished\n"),
		  ":2: a quoted text is opened in this line and not closed\n" },
		{ SPAN(NO_TLS "idle-timeout 600\n"),
		  ":2: missing equal sign after option 'idle-timeout'\n" },
		{ SPAN(NO_TLS "listen = {}\n"),
		  ": listen and listen-tls are both empty\n" },
		{ SPAN("tls-certificate = {\"/a\", \"b\"}\n"),
		  ":1: tls-certificate: expected a path from the root, found \"b\"\n" },
		{ SPAN("tls-certificate = {\"/a\", \"\"}\n"),
		  ":1: tls-certificate: expected a path, found \"\"\n" },
		{ SPAN("tls-certificate = \"/a\"\ntls-key = {\"/a\", \"/b\"}\n"),
		  ":2: tls-key without tls-certificate: there are more of these than "
		  "of those\n" },
		{ SPAN(NO_TLS "tls-ocsp = \"/a\"\n"),
		  ":2: tls-ocsp without tls-certificate: there are more of these than "
		  "of those\n" },
		{ SPAN("tls-certificate = \"/a\"\ntls-client-verify = required\n"),
		  ":2: tls-client-verify needs tls-client-ca\n" },
		{ SPAN("a = \0\n"), ":1: NUL octet\n" },
		{ SPAN(NO_TLS "database a {\n\n timeout = 1\n}\n"),
		  ":4: timeout: expected a time from 100ms to 1m, found \"1\", which "
		  "has "
		  "no unit\n" },
		{ SPAN(NO_TLS "database a { driver = nis }\n"),
		  ":2: driver: expected passwd-file, sqlite, pam, postgresql, ldap, "
		  "system, checkpassword, jwt or introspection, found \"nis\"\n" },
		{ SPAN(NO_TLS "database a { driver = system\nfilter = x }\n"),
		  ":3: filter: a database of driver system has no such setting\n" },
		{ SPAN(NO_TLS "database a {\n driver = checkpassword\n}\n"),
		  ":4: database a: driver checkpassword needs program\n" },
		{ SPAN(NO_TLS
		       "database a {\nprogram = { x }\ndriver = checkpassword }\n"),
		  ":4: program: expected a path from the root, found \"x\"\n" },
		{ SPAN(NO_TLS "database a { driver = system }\n"
			      "database a { driver = system }\n"),
		  ":3: found duplicate title 'a'\n" },
#if POPLAR_WITH_LDAP
		{ SPAN(NO_TLS "database a { driver = ldap\nuri = x }\n"),
		  ":3: database a: expected either base or bind-template\n" },
		{ SPAN(NO_TLS
		       "database a { driver = ldap\nuri = x\npasswords = stored\n"
		       "bind-template = x }\n"),
		  ":5: database a: bind-template needs passwords = bind\n" },
		{ SPAN(NO_TLS
		       "database a { driver = ldap\nuri = x\npasswords = stored\n"
		       "base = x\nattributes = {\"home=x\"} }\n"),
		  ":6: database a: passwords = stored needs an attribute "
		  "password=...\n" },
#endif
		{ SPAN(NO_TLS "database a { bogus = 1 }\n"),
		  ":2: no such option 'bogus'\n" },
		{ SPAN(NO_TLS "database a { path = \"/elsewhere/users\" }\n"),
		  ":2: database a: path must lie in the folder of the setting "
		  "users\n" },
		{ SPAN(NO_TLS
		       "database a { driver = system\ntimeout = 1s\ntimeout = 2s "
		       "}\n"),
		  ":4: timeout was given already, in line 3\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings s;
		struct heard h;

		CHECK(load(cases[i].text, &s, &h) != FAULT_NONE);
		CHECK_TEXT(h.text, cases[i].said);
		settings_done(&s);
	}
}

/* A quote, a brace, a name: what was forgotten or mistyped is told where it was. */
static void test_what_was_forgotten_is_told_on_its_own_line(void **state)
{
	static const char *const quote =
		": a quoted text is opened in this line and not closed\n";
	static const struct {
		struct span text;
		const char *line, *said;
	} cases[] = {
		{ SPAN(NO_TLS "greeting = \"hi\nrun-dir = \"/srv/run\"\n"), ":2",
		  NULL },
		{ SPAN(NO_TLS "greeting = \"hi\nmax-errors = 3\nusers = \"\"\n"), ":2",
		  NULL },
		{ SPAN(NO_TLS "greeting = 'hi\nusers = '/a'\n"), ":2", NULL },
		{ SPAN(NO_TLS "listen = {\"*:110, \"*:111\"}\nusers = \"/a\"\n"), ":2",
		  NULL },
		{ SPAN(NO_TLS "greeting = \"hi\nusers = x\n"), ":2", NULL },
		{ SPAN(NO_TLS "database a {\n driver = system\n\n"), ":2",
		  ": a section is opened in this line and not closed\n" },
		{ SPAN(NO_TLS "database a {\n driver = system\n"
			      "database b { driver = system }\n"),
		  ":2",
		  ": a section is opened in this line and not closed before line 4 "
		  "opens another\n" },
		{ SPAN(NO_TLS "listen = {\"*:1\"\nusers = \"/a\"\n"), ":2",
		  ": a list is opened in this line and not closed, or a value with = "
		  "is "
		  "not in quotes\n" },
		{ SPAN(NO_TLS "listen = {\"*:1\",\n"), ":2",
		  ": a list is opened in this line and not closed\n" },
		{ SPAN(NO_TLS "databse a { driver = system }\n"), ":2",
		  ": expected database NAME { ... } or board NAME { ... }, found "
		  "'databse a {'\n" },
		{ SPAN(NO_TLS "users = /srv/mail#2\n"), ":2",
		  ": a value with # must stand in quotes, and a comment behind a "
		  "space\n" },
		{ SPAN(NO_TLS "database = system\n"), ":2",
		  ": database is a section: expected database NAME { ... }\n" },
		{ SPAN(NO_TLS "lisen = {\"*:1\"}\n"), ":2",
		  ": no such option 'lisen'; did you mean listen?\n" },
		{ SPAN(NO_TLS "tls_key = x\n"), ":2",
		  ": no such option 'tls_key'; did you mean tls-key?\n" },
		{ SPAN(NO_TLS "database a { drivre = system }\n"), ":2",
		  ": no such option 'drivre'; did you mean driver?\n" },
		{ SPAN(NO_TLS "board a { reader = {x} }\n"), ":2",
		  ": no such option 'reader'; did you mean readers?\n" },
		{ SPAN(NO_TLS "users = \"${POPLAR_NO_SUCH}/users\"\n"), ":2",
		  ": ${POPLAR_NO_SUCH}: there is no such variable in the "
		  "environment\n" },
		{ SPAN(NO_TLS "users = ${POPLAR_NO_SUCH}\n"), ":2",
		  ": ${POPLAR_NO_SUCH}: there is no such variable in the "
		  "environment\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *said = cases[i].said ? cases[i].said : quote;
		struct settings s;
		struct heard h;
		char first[256];

		CHECK(load(cases[i].text, &s, &h) != FAULT_NONE);
		snprintf(first, sizeof first, "%s%s", cases[i].line, said);
		if (strncmp(h.text, first, strlen(first)) != 0)
			fail_msg("expected %s, found %s", first, h.text);
		settings_done(&s);
	}
}

/* Variables that there are, texts of several lines, a byte order mark: none of these is
 * a mistake. */
static void test_what_looks_like_a_mistake_and_is_none(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	setenv("POPLAR_TEST_DIR", "/of/the/test", 1);
	CHECK_EQ(
		load(SPAN("\xef\xbb\xbf" NO_TLS "users = \"${POPLAR_TEST_DIR}/users\"\n"
			  "run-dir = ${POPLAR_TEST_DIR}\n"
			  "gssapi-keytab = /srv//keytab #2\n"
			  "mail-root = \"${POPLAR_NO_SUCH:-/mail}\"\n"
			  "greeting = '${POPLAR_NO_SUCH} # \"'\n"
			  "database a { driver = checkpassword\n"
			  "program = {\"/bin/x\", \"-c\", \"a = 1\n b = '2'\"\n}}\n"),
		     &s, &h),
		FAULT_NONE);
	CHECK_TEXT(h.text, "");
	CHECK_TEXT(s.users, "/of/the/test/users");
	CHECK_TEXT(s.run_dir, "/of/the/test");
	CHECK_TEXT(s.gssapi_keytab, "/srv//keytab");
	CHECK_TEXT(s.mail_root, "/mail");
	CHECK_TEXT(s.greeting, "${POPLAR_NO_SUCH} # \"");
	CHECK_TEXT(s.databases.at[0].program.at[2], "a = 1\n b = '2'");
	settings_done(&s);
}

static void test_several_mistakes_are_told_at_once(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	CHECK(load(SPAN(NO_TLS "lisen = {\"*:1\"}\nidle-timeout = 5m\nbogus = {a, b}\n"
			       "max-errors = 7\nmax-errors = 8\nlock-wait = 500\n"
			       "default-domain = \"@x\"\nproxy-from = {nowhere}\n"
			       "database a { drivre = x\n timeout = 5 }\n"),
		   &s, &h) != FAULT_NONE);
	for (const char *const *said =
		     (const char *const[]){
			     ":2: no such option 'lisen'; did you mean listen?\n",
			     ":3: idle-timeout: expected a time from 10m to 1d, found "
			     "\"5m\"\n",
			     ":4: no such option 'bogus'\n",
			     ":6: max-errors was given already, in line 5\n",
			     ":7: lock-wait: expected a time from 0ms to 1m, found "
			     "\"500\", which has no unit\n",
			     ":8: default-domain: expected a domain without '@'",
			     ":9: proxy-from: expected an address or network",
			     ":10: no such option 'drivre'; did you mean driver?\n",
			     ":11: timeout: expected a time", NULL };
	     *said; said++)
		if (!strstr(h.text, *said))
			fail_msg("%s is not in %s", *said, h.text);
	settings_done(&s);
}

static void test_an_address_is_named_once(void **state)
{
	static const struct {
		struct span text;
		const char *said; /* NULL: nothing is wrong */
	} cases[] = {
		{ SPAN("listen = {\"*:110\", \"127.0.0.1:110\"}\n" NO_TLS),
		  "found \"127.0.0.1:110\", which \"*:110\" of listen takes" },
		{ SPAN("listen = {\"127.0.0.1:110\", \"127.0.0.1:110\"}\n" NO_TLS),
		  ":1: listen: expected an address and port of its own, found "
		  "\"127.0.0.1:110\", which \"127.0.0.1:110\" of listen takes "
		  "already" },
		{ SPAN("listen = {\"[::1]:110\", \"[0::1]:110\"}\n" NO_TLS),
		  "which \"[::1]:110\" of listen" },
		{ SPAN("listen = {\"*:110\"}\nlisten-tls = {\"[::1]:110\"}\n"
		       "tls-certificate = \"/a\"\n"),
		  ":2: listen-tls: expected an address and port of its own, found "
		  "\"[::1]:110\", which \"*:110\" of listen takes already" },
		{ SPAN("listen = {\"127.0.0.1:110\", \"127.0.0.2:110\", "
		       "\"[::1]:110\", \"127.0.0.1:111\"}\n" NO_TLS),
		  NULL },
		{ SPAN("listen = {\"0.0.0.0:110\", \"[::]:110\"}\n" NO_TLS), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct settings s;
		struct heard h;

		CHECK_EQ(load(cases[i].text, &s, &h) != FAULT_NONE,
			 cases[i].said != NULL);
		if (!cases[i].said)
			CHECK_TEXT(h.text, "");
		else if (!strstr(h.text, cases[i].said))
			fail_msg("%s is not in %s", cases[i].said, h.text);
		settings_done(&s);
	}
}

static void test_values_with_which_nobody_could_log_in(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	CHECK(load(SPAN(NO_TLS "mechanisms = {}\n"), &s, &h) != FAULT_NONE);
	CHECK(strstr(h.text, ":2: mechanisms: expected at least one, found {}") !=
	      NULL);
	settings_done(&s);
	CHECK(load(SPAN(NO_TLS "mechanisms = {PLAIN, NTLM}\n"), &s, &h) != FAULT_NONE);
	CHECK(strstr(h.text, ":2: mechanisms: expected USER, APOP, PLAIN") != NULL);
	CHECK(strstr(h.text, "or ANONYMOUS, found \"NTLM\"") != NULL);
	settings_done(&s);
	CHECK(load(SPAN(NO_TLS "default-domain = \"@example.org\"\n"), &s, &h) !=
	      FAULT_NONE);
	CHECK(strstr(h.text, "found \"@example.org\"") != NULL);
	settings_done(&s);
}

/* In the order of the file; without any, the users file. */
static void test_databases_have_sections(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	CHECK_EQ(load(SPAN(NO_TLS "users = \"/a/users\"\n"
				  "database first { path = \"/a/others\" }\n"
				  "database \"the second\" {\n"
				  "  driver = checkpassword # a program\n"
				  "  program = {\"/bin/x\", \"a b\"}\n"
				  "  timeout = 1500ms\n  if-wrong = fail\n}\n"),
		      &s, &h),
		 FAULT_NONE);
	CHECK_TEXT(h.text, "");
	CHECK_EQ(s.databases.count, 2);
	CHECK_TEXT(s.databases.at[0].name, "first");
	CHECK_EQ(s.databases.at[0].driver, DRIVER_PASSWD_FILE);
	CHECK(!database_is_asked(&s.databases.at[0]));
	const struct database_settings *db = &s.databases.at[1];
	CHECK_TEXT(db->name, "the second");
	CHECK(database_is_asked(db) && database_judges(db));
	CHECK_EQ(db->program.count, 2);
	CHECK_TEXT(db->program.at[1], "a b");
	CHECK_EQ(db->timeout, 1500);
	CHECK_EQ(db->processes, 2);
	CHECK_EQ(db->if_wrong, IF_FAIL);
	CHECK_EQ(db->if_unknown, IF_CONTINUE);
	settings_done(&s);
	CHECK_EQ(load(SPAN(NO_TLS), &s, &h), FAULT_NONE);
	CHECK_EQ(s.databases.count, 1);
	CHECK_EQ(s.databases.at[0].driver, DRIVER_PASSWD_FILE);
	settings_done(&s);
}

/* Tokens do not travel in the clear, and no trick leads them elsewhere. */
static void test_where_tokens_are_asked_about(void **state)
{
	static const struct {
		const char *uri;
		bool good;
	} cases[] = {
		{ "https://idp", true },
		{ "https://idp.example.org:8443/introspect?a=b:c@d", true },
		{ "HTTPS://idp/", true },
		{ "https://[2001:db8::1]/", true },
		{ "http://127.0.0.1/", true },
		{ "http://127.9.9.9:80?x", true },
		{ "http://[::1]:8080/", true },
		{ "http://localhost/", false },
		{ "http://127.0.0.1.example.org/", false },
		{ "http://127.0.0.1@192.0.2.1/", false },
		{ "http://192.0.2.1#@127.0.0.1/", false },
		{ "http://[::1", false },
		{ "http://[::1]example.org/", false },
		{ "http://[::2]/", false },
		{ "http:///", false },
		{ "http://", false },
		{ "https://", false },
		{ "https:///x", false },
		{ "https://user:secret@idp/", false },
		{ "https://idp/#part", false },
		{ "https://idp\\\\@192.0.2.1/", false },
		{ "ftp://127.0.0.1/", false },
		{ "127.0.0.1", false },
		{ "x", false },
	};

	(void)state;
	if (!database_driver_is_built(DRIVER_INTROSPECTION))
		skip();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[512];
		struct settings s;
		struct heard h;

		snprintf(text, sizeof text,
			 NO_TLS "database a { driver = introspection uri = \"%s\" }\n",
			 cases[i].uri);
		if ((load(span_of(text), &s, &h) == FAULT_NONE) != cases[i].good)
			fail_msg("%s: %s", cases[i].uri, h.text);
		settings_done(&s);
	}
}

/* Databases of tokens know no users: the users file is there beside them. */
static void test_tokens_are_no_users(void **state)
{
	struct databases all = { 0 };
	const struct database_settings *db = databases_add(&all, SPAN("x"));

	(void)state;
	CHECK(row_set(rows_find(database_rows(), SPAN("driver")), &all.at[0],
		      SPAN("jwt")));
	CHECK(database_has_tokens(db) && !database_is_asked(db));
	CHECK(row_set(rows_find(database_rows(), SPAN("driver")), &all.at[0],
		      SPAN("introspection")));
	CHECK(database_has_tokens(db) && database_is_asked(db) && database_judges(db) &&
	      database_is_remote(db));
	databases_done(&all);
}

/* poplar-auth gets to know how a database is asked, but not what with. */
static void test_a_database_travels_by_role(void **state)
{
	static const char *const secret = "/usr/bin/secret-program";
	struct databases from = { 0 }, to = { 0 };
	char room[16000];

	(void)state;
	struct database_settings *db = databases_add(&from, SPAN("x"));
	assert_non_null(db);
	db->driver = DRIVER_CHECKPASSWORD;
	db->processes = 7;
	CHECK(row_set(rows_find(database_rows(), SPAN("program")), db,
		      span_of(secret)));
	for (enum role role = ROLE_AUTH; role <= ROLE_LOOKUP; role++) {
		struct buf packed = BUF(room);
		struct database_settings *got = databases_add(&to, SPAN("y"));

		rows_pack(database_rows(), db, role, &packed);
		assert_non_null(got);
		CHECK_EQ(rows_unpack(database_rows(), got, role, buf_span(&packed)),
			 FAULT_NONE);
		CHECK_EQ(got->program.count, role == ROLE_LOOKUP ? 1 : 0);
		CHECK_EQ(got->processes, role == ROLE_AUTH ? 7 : 2);
	}
	databases_done(&from);
	databases_done(&to);
}

/* Whatever stands in a text, alone or in a list, what is shown of it reads back as it:
 * quotes, escapes, variables, comments, line ends, octets of no character set. */
static void test_shown_texts_read_back(void **state)
{
	static const char *const bits[] = {
		"\"", "'",    "\\",   "$",        "${", "${HOME}", "}",  "{",  "#",
		"/*", "//",   "*",    "=",        ",",  " ",       "\t", "\n", "\r",
		"\1", "\177", "\377", "\303\274", "x",  "0",       "n",  "+="
	};
	const uint32_t count = sizeof bits / sizeof *bits;
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		char text[128], shown[512], file[2048];
		struct buf made = BUF(text), out = BUF(shown);
		struct settings s;
		struct heard h;

		buf_text(&made, round < count ? bits[round] : "");
		for (uint32_t i = round < count ? 0 : check_random(&seed) % 12; i > 0;
		     i--)
			buf_text(&made, bits[check_random(&seed) % count]);
		CHECK_EQ(settings_init(&s), FAULT_NONE);
		CHECK(settings_set(&s, SETTING_ID_gssapi_realm, buf_span(&made)));
		settings_show(&s, SETTING_ID_gssapi_realm, &out);
		CHECK(!out.cut);
		settings_done(&s);
		int len = snprintf(file, sizeof file,
				   NO_TLS "gssapi-realm = %s\n"
					  "database a { driver = checkpassword\n"
					  "program = {\"/a\", %s, \"c\"} }\n",
				   buf_cstr(&out), shown);
		CHECK_EQ(load((struct span){ file, (size_t)len }, &s, &h), FAULT_NONE);
		CHECK_TEXT(s.gssapi_realm, buf_cstr(&made));
		CHECK_TEXT(s.databases.at[0].program.at[1], text);
		CHECK_EQ(s.databases.at[0].program.count, 3);
		settings_done(&s);
	}
}

/* Settings travel to a process in one message: what does not fit is refused, since half
 * of it would be another configuration. */
static void test_what_a_process_cannot_be_told_is_refused(void **state)
{
	static const struct {
		const char *before, *behind, *said;
	} cases[] = {
		{ NO_TLS "mail-root = /m\nxtnd = yes\nboard a {\nmaildir = \"/m/a\"\n"
			 "readers = {",
		  "\"*\"}\n}\n", ":7: board a: is longer" },
		{ NO_TLS "database a {\ndriver = checkpassword\nprogram = {\"/p\",",
		  "\"x\"}\n}\n", ":5: database a: is longer" },
	};
	char octets[801] = "", text[65536];

	(void)state;
	memset(octets, 'a', sizeof octets - 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (unsigned many = 10; many <= 30; many += 20) {
			struct buf b = BUF(text);
			struct settings s;
			struct heard h;

			buf_text(&b, cases[i].before);
			for (unsigned n = 0; n < many; n++) {
				buf_char(&b, '"');
				buf_text(&b, octets);
				buf_text(&b, "\",");
			}
			buf_text(&b, cases[i].behind);
			const enum fault f = load(buf_span(&b), &s, &h);
			CHECK_EQ(f, many == 30 ? FAULT_SETUP : FAULT_NONE);
			if (f && !strstr(h.text, cases[i].said))
				fail_msg("%.200s", h.text);
			settings_done(&s);
		}
	}
}

/* What adds to a list does not replace it, and every section has its own. */
static void test_lists_grow(void **state)
{
	struct settings s;
	struct heard h;

	(void)state;
	CHECK_EQ(load(SPAN(NO_TLS "listen = {\"*:1\"}\nlisten += {\"*:2\"}\n"
				  "listen += \"*:3\"\n"
				  "greeting = \"listen = {} listen = {}\"\n"
				  "database a { driver = checkpassword\n"
				  "program = {\"/a\"} }\n"
				  "database b { driver = checkpassword\n"
				  "program = {\"/b\"} }\n"),
		      &s, &h),
		 FAULT_NONE);
	CHECK_TEXT(h.text, "");
	CHECK_EQ(s.listen.count, 3);
	CHECK_TEXT(s.listen.at[2], "*:3");
	CHECK_TEXT(s.databases.at[1].program.at[0], "/b");
	settings_done(&s);
}

static void test_a_file_that_is_not_there(void **state)
{
	struct settings s;
	struct heard h = { "" };

	(void)state;
	CHECK(config_load("/nowhere/poplar.conf", &s, hear, &h) != FAULT_NONE);
	CHECK_TEXT(h.text, "/nowhere/poplar.conf: No such file or directory\n");
	settings_done(&s);
	h.text[0] = '\0';
	CHECK(config_load("/tmp", &s, hear, &h) != FAULT_NONE);
	CHECK(strlen(h.text) > 5);
	settings_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_default_is_a_value),
		TEST(test_shown_values_read_back),
		TEST(test_times_have_units),
		TEST(test_sizes_have_units_of_1024),
		TEST(test_settings_of_mail_that_comes_in),
		TEST(test_a_child_gets_its_settings_and_no_others),
		TEST(test_packed_settings_are_read_with_care),
		TEST(test_a_file_with_everything_in_it),
		TEST(test_lists_of_files),
		TEST(test_errors_name_their_line),
		TEST(test_what_was_forgotten_is_told_on_its_own_line),
		TEST(test_what_looks_like_a_mistake_and_is_none),
		TEST(test_several_mistakes_are_told_at_once),
		TEST(test_an_address_is_named_once),
		TEST(test_values_with_which_nobody_could_log_in),
		TEST(test_databases_have_sections),
		TEST(test_where_tokens_are_asked_about),
		TEST(test_tokens_are_no_users),
		TEST(test_a_database_travels_by_role),
		TEST(test_shown_texts_read_back),
		TEST(test_what_a_process_cannot_be_told_is_refused),
		TEST(test_lists_grow),
		TEST(test_a_file_that_is_not_there),
	};

	return RUN(tests);
}
