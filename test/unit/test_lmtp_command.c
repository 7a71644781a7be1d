/* Promises of lmtp/command, lmtp/parameter and lmtp/path: what a line says. */
#include "check.h"

#include "lmtp/command.h"

static enum lmtp_reply parse(const char *text, struct lmtp_command *out)
{
	/* The last state with all of MAIL, RCPT and DATA is none: try each. */
	for (unsigned st = LMTP_FRESH; st <= LMTP_CHUNKS; st <<= 1) {
		const enum lmtp_reply r = lmtp_command_parse(span_of(text), st, out);

		if (lmtp_reply_code(r) != 503)
			return r;
	}
	fail_msg("\"%s\" is legal nowhere", text);
	return LMTP_REPLY_NONE;
}

static void check_reply(const char *text, enum lmtp_reply expected)
{
	struct lmtp_command c;
	const enum lmtp_reply r = parse(text, &c);

	if (r != expected)
		fail_msg("\"%s\": %u %s, not %u %s", text, lmtp_reply_code(r),
			 lmtp_reply_enhanced(r), lmtp_reply_code(expected),
			 lmtp_reply_enhanced(expected));
}

static void test_keywords_in_any_case(void **state)
{
	(void)state;
	for (enum lmtp_command_id id = 0; id < LMTP_COMMAND_COUNT; id++) {
		struct lmtp_command c;
		char text[16];

		strcpy(text, lmtp_command_name(id));
		CHECK(parse(text, &c) != LMTP_REPLY_UNKNOWN);
		CHECK_EQ(c.id, id);
		for (char *at = text; *at; at++)
			*at |= 0x20;
		CHECK(parse(text, &c) != LMTP_REPLY_UNKNOWN);
		CHECK_EQ(c.id, id);
	}
}

static void test_arguments(void **state)
{
	struct lmtp_command c;

	(void)state;
	CHECK_EQ(parse("LHLO client.example \t ", &c), LMTP_REPLY_NONE);
	CHECK_SPAN(c.word, "client.example");
	CHECK_EQ(parse("NOOP a b ", &c), LMTP_REPLY_NONE);
	CHECK_SPAN(c.word, "a b");
	CHECK_EQ(parse("VRFY a b", &c), LMTP_REPLY_NONE);
	CHECK_SPAN(c.word, "a b");
	CHECK_EQ(parse("BDAT 18446744073709551615", &c), LMTP_REPLY_NONE);
	CHECK_EQ(c.octets, UINT64_MAX);
	CHECK(!c.last);
	CHECK_EQ(parse("BDAT 007 Last  ", &c), LMTP_REPLY_NONE);
	CHECK_EQ(c.octets, 7);
	CHECK(c.last);
	check_reply("DATA", LMTP_REPLY_NONE);
	check_reply("DATA ", LMTP_REPLY_NONE);
	check_reply("DATA x", LMTP_REPLY_ARGUMENTS);
	check_reply("STARTTLS x", LMTP_REPLY_ARGUMENTS);
	check_reply("VRFY", LMTP_REPLY_ARGUMENTS);
	check_reply("VRFY  ", LMTP_REPLY_ARGUMENTS);
	check_reply("LHLO", LMTP_REPLY_NO_NAME);
	check_reply("LHLO  a", LMTP_REPLY_NO_NAME);
}

/* ---- paths ---- */

struct example {
	const char *path, *local, *domain, *written;
};

static void test_paths(void **state)
{
	static const struct example paths[] = {
		{ "<>", "", "", "" },
		{ "<unknown>", "unknown", "", "unknown" },
		{ "<a@b>", "a", "b", "a@b" },
		{ "<A.B+c@X-1.example>", "A.B+c", "X-1.example", "A.B+c@X-1.example" },
		{ "<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~", "b",
		  "!#$%&'*+-/=?^_`{|}~@b" },
		{ "<.a..b.@c>", ".a..b.", "c", ".a..b.@c" },
		{ "<a@under_score.-x-.example>", "a", "under_score.-x-.example",
		  "a@under_score.-x-.example" },
		{ "<\"\"@b>", "\"\"", "b", "@b" },
		{ "<\"a b\">", "\"a b\"", "", "a b" },
		{ "<\"a\\\"\\\\\\ >,@\"@b>", "\"a\\\"\\\\\\ >,@\"", "b",
		  "a\"\\ >,@@b" },
		{ "<@x:a@b>", "a", "b", "a@b" },
		{ "<@x.y,@[1.2.3.4]:a>", "a", "", "a" },
		{ "<a@[1.2.3.4]>", "a", "[1.2.3.4]", "a@[1.2.3.4]" },
		{ "<a@[ipv6:::1]>", "a", "[ipv6:::1]", "a@[ipv6:::1]" },
		{ "<a@[IPv6:::ffff:1.2.3.4]>", "a", "[IPv6:::ffff:1.2.3.4]",
		  "a@[IPv6:::ffff:1.2.3.4]" },
		{ "<a@[x-400:any!~Thing]>", "a", "[x-400:any!~Thing]",
		  "a@[x-400:any!~Thing]" },
		{ "<\xc3\xb6@\xe4\xbe\x8b.jp>", "\xc3\xb6", "\xe4\xbe\x8b.jp",
		  "\xc3\xb6@\xe4\xbe\x8b.jp" },
		{ "<\"\xc3\xb6 \\\xc3\xb6\"@b>", "\"\xc3\xb6 \\\xc3\xb6\"", "b",
		  "\xc3\xb6 \xc3\xb6@b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char line[256], room[PATH_MAILBOX_MAX];
		struct buf out = BUF(room);
		struct span in = { line, 0 };
		struct path p;

		in.len = (size_t)sprintf(line, "%s rest", paths[i].path);
		if (!path_cut(&in, &p))
			fail_msg("%s is malformed", paths[i].path);
		CHECK_SPAN(in, " rest");
		CHECK_SPAN(p.local, paths[i].local);
		CHECK_SPAN(p.domain, paths[i].domain);
		path_write(&p, &out);
		CHECK_SPAN(buf_span(&out), paths[i].written);
		CHECK_EQ(p.utf8, strchr(paths[i].path, '\xc3') != NULL);
		CHECK_EQ(p.mailbox.len,
			 p.local.len + p.domain.len + (p.domain.len > 0));
	}
}

static void test_malformed_paths(void **state)
{
	static const char *const paths[] = { "",
					     "a@b",
					     "<",
					     "<a",
					     "<a@b",
					     "< a@b>",
					     "<a @b>",
					     "<a@b >",
					     "<@>",
					     "<@b>",
					     "<a@>",
					     "<a@b@c>",
					     "<a@b.>",
					     "<a@.b>",
					     "<a@b..c>",
					     "<a@b c>",
					     "<\"a>",
					     "<\"a\\",
					     "<\"a\"b@c>",
					     "<a\"b\"@c>",
					     "<\"a\tb\"@c>",
					     "<\"a\x7f\"@c>",
					     "<\"\\\x01\"@c>",
					     "<a(b)@c>",
					     "<a,b@c>",
					     "<a@b!c>",
					     "<@x>",
					     "<@x:>",
					     "<@x,y:a@b>",
					     "<@x,:a@b>",
					     "<@:a@b>",
					     "<@x@y:a@b>",
					     "<@x;a@b>",
					     "<@x,a@b>",
					     "<@!a@b>",
					     "<a@[1.2.3]>",
					     "<a@[1.2.3.4>",
					     "<a@[]>",
					     "<a@[IPv6:1.2.3.4]>",
					     "<a@[IPv6:]>",
					     "<a@[:x]>",
					     "<a@[tag:]>",
					     "<a@[t_g:x]>",
					     "<a@[tag:a b]>",
					     "<a@[tag:a[b]>",
					     "<a@[tag:a\\b]>",
					     "<a@[tag:\xc3\xb6]>",
					     "<a@[tag:\x7f]>",
					     "<a@[1.2.3.4]b>",
					     "<\xff@b>",
					     "<a@\xc3>",
					     "<a@b\xc3\xb6\xb6>",
					     "<\"\xff\"@b>",
					     "<a@b\x7f>",
					     "<a\x01@b>",
					     "<a@b>>" };

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct span in = span_of(paths[i]);
		struct path p = { .domain = SPAN("kept") };

		if (path_cut(&in, &p) && in.len == 0)
			fail_msg("%s is good", paths[i]);
	}
}

/* In memory of just this size, so that a sanitizer sees one octet too many; and with
 * the rest behind it, so that it would be taken. */
static void test_paths_cut_short(void **state)
{
	static const char whole[] = "<@x.y,@[1.2.3.4]:\"a\\\"b\xc3\xb6\"@[IPv6:::1]>";
	const size_t len = sizeof whole - 1;

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		char *tight = malloc(n ? n : 1);
		struct span in = { memcpy(tight, whole, n), n }, within = { whole, n };
		struct path p;

		CHECK_EQ(path_cut(&in, &p), n == len);
		CHECK_EQ(in.len, n == len ? 0 : n);
		CHECK_EQ(path_cut(&within, &p), n == len);
		CHECK_EQ(within.len, in.len);
		free(tight);
	}
}

static struct span path_of(char *room, size_t local, size_t domain)
{
	struct buf b = { .at = room, .room = 1024 };

	buf_char(&b, '<');
	for (size_t i = 0; i < local; i++)
		buf_char(&b, 'l');
	buf_char(&b, '@');
	for (size_t i = 0; i < domain; i++)
		buf_char(&b, i % 10 == 9 && i + 1 < domain ? '.' : 'd');
	buf_char(&b, '>');
	return buf_span(&b);
}

/* RFC 5321 section 4.5.3.1: 64 and 255 octets at least. */
static void test_lengths_of_paths(void **state)
{
	static const struct {
		size_t local, domain;
		bool good;
	} paths[] = {
		{ 64, 255, true },
		{ PATH_LOCAL_MAX, PATH_DOMAIN_MAX, true },
		{ PATH_LOCAL_MAX + 1, 1, false },
		{ 1, PATH_DOMAIN_MAX + 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char room[1024], written[PATH_MAILBOX_MAX];
		struct span in = path_of(room, paths[i].local, paths[i].domain);
		struct buf out = BUF(written);
		struct path p;

		CHECK_EQ(path_cut(&in, &p), paths[i].good);
		if (!paths[i].good)
			continue;
		path_write(&p, &out);
		CHECK(!out.cut);
		CHECK_EQ(out.len, paths[i].local + 1 + paths[i].domain);
	}
}

static void test_domains(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} domains[] = {
		{ "localhost", true },    { "a.b-c.example", true },
		{ "[127.0.0.1]", true },  { "[IPv6:::1]", true },
		{ "a_b", true },          { "", false },
		{ "a b", false },         { "a.", false },
		{ "[127.0.0.1", false },  { "[127.0.0.1]x", false },
		{ "\xc3\xb6.de", false }, { "a;b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
		CHECK_EQ(path_is_domain(span_of(domains[i].text)), domains[i].good);
	/* What lies behind the span is no part of it. */
	CHECK(path_is_domain((struct span){ "a.b", 1 }));
}

/* ---- MAIL and RCPT ---- */

static void test_mail_and_rcpt(void **state)
{
	static const struct {
		const char *line;
		enum lmtp_reply reply;
	} lines[] = {
		{ "MAIL FROM:<a@b>", LMTP_REPLY_NONE },
		{ "mail from:<> ", LMTP_REPLY_NONE },
		{ "MAIL FROM: <a@b>", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:a@b", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM", LMTP_REPLY_ARGUMENTS },
		{ "MAIL", LMTP_REPLY_ARGUMENTS },
		{ "MAIL TO:<a@b>", LMTP_REPLY_ARGUMENTS },
		{ "MAIL  FROM:<a@b>", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a@b>x", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a@b", LMTP_REPLY_BAD_SENDER },
		{ "MAIL FROM:<@b>", LMTP_REPLY_BAD_SENDER },
		{ "RCPT TO:<a>", LMTP_REPLY_NONE },
		{ "rcpt to:<a@b>  ", LMTP_REPLY_NONE },
		{ "RCPT TO: <a>", LMTP_REPLY_ARGUMENTS },
		{ "RCPT FROM:<a>", LMTP_REPLY_ARGUMENTS },
		{ "RCPT TO:a", LMTP_REPLY_ARGUMENTS },
		{ "RCPT TO:<>", LMTP_REPLY_BAD_RECIPIENT },
		{ "RCPT TO:<a b>", LMTP_REPLY_BAD_RECIPIENT },
		{ "RCPT TO:<a>x", LMTP_REPLY_ARGUMENTS },
		/* DSN is not offered (RFC 3461) */
		{ "RCPT TO:<a> NOTIFY=NEVER", LMTP_REPLY_PARAMETER },
		{ "RCPT TO:<a> ORCPT=rfc822;a+2Bb@c", LMTP_REPLY_PARAMETER },
		{ "RCPT TO:<a>  X", LMTP_REPLY_PARAMETER },
		{ "RCPT TO:<a> =x", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> RET=HDRS", LMTP_REPLY_PARAMETER },
		{ "MAIL FROM:<a> ENVID=x", LMTP_REPLY_PARAMETER },
		{ "MAIL FROM:<a> AUTH=<>", LMTP_REPLY_PARAMETER },
		{ "MAIL FROM:<a> SIZES=1", LMTP_REPLY_PARAMETER },
		{ "MAIL FROM:<a> MT-PRIORITY=1", LMTP_REPLY_PARAMETER },
		/* RFC 6152, RFC 3030 */
		{ "MAIL FROM:<a> BODY=7bit", LMTP_REPLY_NONE },
		{ "MAIL FROM:<a> body=8BITMIME", LMTP_REPLY_NONE },
		{ "MAIL FROM:<a> BODY=BINARYMIME", LMTP_REPLY_PARAMETER },
		{ "MAIL FROM:<a> BODY=", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> BODY", LMTP_REPLY_ARGUMENTS },
		/* RFC 1870, RFC 6531 */
		{ "MAIL FROM:<a> SIZE=0 BODY=7BIT SMTPUTF8", LMTP_REPLY_NONE },
		{ "MAIL FROM:<a>  SIZE=1   SMTPUTF8", LMTP_REPLY_NONE },
		{ "MAIL FROM:<a> SIZE", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SIZE=", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SIZE=-1", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SIZE=1k", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SIZE=1=1", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SMTPUTF8=yes", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SIZE=1 SIZE=1", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> SMTPUTF8 BODY=7BIT SMTPUTF8", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> -X=1", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> X_Y=1", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> X=\x7f", LMTP_REPLY_ARGUMENTS },
		{ "MAIL FROM:<a> X=\t1", LMTP_REPLY_ARGUMENTS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		check_reply(lines[i].line, lines[i].reply);
}

static void test_values_of_parameters(void **state)
{
	struct lmtp_command c;

	(void)state;
	CHECK_EQ(parse("MAIL FROM:<@x:a@b> SMTPUTF8 SIZE=0012", &c), LMTP_REPLY_NONE);
	CHECK_EQ(c.parameters.octets, 12);
	CHECK(c.parameters.utf8);
	CHECK_SPAN(c.path.mailbox, "a@b");
	CHECK_EQ(parse("MAIL FROM:<a@b> BODY=7BIT", &c), LMTP_REPLY_NONE);
	CHECK_EQ(c.parameters.octets, 0);
	CHECK(!c.parameters.utf8);
	CHECK_EQ(parse("MAIL FROM:<a@b> SIZE=18446744073709551616", &c),
		 LMTP_REPLY_NONE);
	CHECK_EQ(c.parameters.octets, UINT64_MAX);
	/* RFC 6531 section 3.3 lets values be UTF-8. */
	CHECK_EQ(parse("MAIL FROM:<a@b> X=\xc3\xb6", &c), LMTP_REPLY_PARAMETER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keywords_in_any_case),
		TEST(test_arguments),
		TEST(test_paths),
		TEST(test_malformed_paths),
		TEST(test_paths_cut_short),
		TEST(test_lengths_of_paths),
		TEST(test_domains),
		TEST(test_mail_and_rcpt),
		TEST(test_values_of_parameters),
	};
	return RUN(tests);
}
