/* Promises of CAPA and XTND: what is announced works, and what works is announced, over
 * every combination of what they depend on. A setting, a tag or a command more is a row
 * more of the tables below. */
#include "check.h"

#include "pop3/session.h"

enum { MESSAGES = 3, LINE_MAX = 512 };

/* ---- the combinations ---- */

/* A session, what it rests on, and what it last said. */
struct play {
	struct session_policy policy;
	struct session s;
	bool in; /* is to be in TRANSACTION */
	char said[SESSION_REPLY_MAX + 1];
};

static void knob_state(struct play *p, unsigned n)
{
	p->in = n == 2;
	p->s.state = n == 0 ? POP3_FRESH : n == 1 ? POP3_NAMED : POP3_TRANSACTION;
}

/* In the clear, with and without a certificate, and TLS; behind a proxy, without one.
 */
static void knob_tls(struct play *p, unsigned n)
{
	p->policy.tls_offered = n & 1;
	p->s.tls = n >> 1 & 1;
}

static void knob_clear_ok(struct play *p, unsigned n)
{
	p->s.clear_ok = n;
}

static void knob_binds(struct play *p, unsigned n)
{
	p->s.binds = n && p->s.tls;
}

static void knob_certified(struct play *p, unsigned n)
{
	p->s.certified = n && p->s.tls;
}

static void knob_timestamp(struct play *p, unsigned n)
{
	p->s.timestamp = n ? "<1.2@here>" : NULL;
}

/* None, all, each alone, and what a users file of hashes can do. */
static void knob_mechanisms(struct play *p, unsigned n)
{
	const unsigned some = MECHANISM_BIT(USER) | MECHANISM_BIT(PLAIN) |
			      MECHANISM_BIT(SCRAM_SHA_256_PLUS);

	p->policy.mechanisms = n < MECHANISM_COUNT        ? 1u << n
			       : n == MECHANISM_COUNT     ? 0
			       : n == MECHANISM_COUNT + 1 ? ~0u
							  : some;
}

static void knob_delay(struct play *p, unsigned n)
{
	p->policy.terms.login_delay = n == 0 ? 0 : POLICY_DELAY_MAX;
	p->policy.delays_differ = n == 2;
	p->s.terms.login_delay = n == 2 ? 60 : p->policy.terms.login_delay;
}

static void knob_expire(struct play *p, unsigned n)
{
	static const uint32_t days[] = { POLICY_NEVER, 0, 30, POLICY_NEVER - 1 };

	p->policy.terms.expire = days[n];
	p->policy.expires_differ = n == 2;
	p->s.terms.expire = n == 2 ? 31 : days[n];
}

static void knob_xtnd(struct play *p, unsigned n)
{
	p->policy.xtnd = n;
}

static const struct {
	void (*turn)(struct play *p, unsigned n);
	unsigned count;
} knobs[] = {
	{ knob_state, 3 },
	{ knob_tls, 4 },
	{ knob_clear_ok, 2 },
	{ knob_binds, 2 },
	{ knob_certified, 2 },
	{ knob_timestamp, 2 },
	{ knob_mechanisms, MECHANISM_COUNT + 3 },
	{ knob_delay, 3 },
	{ knob_expire, 4 },
	{ knob_xtnd, 2 },
};

enum { KNOBS = sizeof knobs / sizeof *knobs };

static void set_up(struct play *p, uint64_t combination)
{
	*p = (struct play){ .policy = { .greeting = "ready",
					.implementation = "Poplar",
					.errors_max = 20,
					.failures_max = 5 } };
	session_init(&p->s, &p->policy, false, false);
	p->s.count = MESSAGES;
	p->s.octets = 600;
	for (unsigned i = 0; i < KNOBS; i++) {
		knobs[i].turn(p, (unsigned)(combination % knobs[i].count));
		combination /= knobs[i].count;
	}
}

static uint64_t combinations(void)
{
	uint64_t all = 1;

	for (unsigned i = 0; i < KNOBS; i++)
		all *= knobs[i].count;
	return all;
}

/* ---- asking ---- */

static enum session_ask say(struct play *p, const char *text)
{
	struct buf out = { .at = p->said, .room = SESSION_REPLY_MAX };
	const struct session_event ev = { .kind = EVENT_LINE, .line = span_of(text) };
	enum session_ask ask = session_step(&p->s, &ev, &out);

	CHECK(!out.cut);
	p->said[out.len] = '\0';
	return ask;
}

static bool said_ok(const struct play *p)
{
	return strncmp(p->said, "+OK", 3) == 0;
}

/* A session like this one, in the given state. */
static void copy(struct play *out, const struct play *p, enum pop3_state st)
{
	*out = *p;
	out->s.policy = &out->policy;
	out->s.state = st;
}

/* Does a line lead there; is it answered well? */
static bool leads(const struct play *p, enum pop3_state st, const char *text,
		  enum session_ask ask)
{
	struct play other;

	copy(&other, p, st);
	return say(&other, text) == ask;
}

static bool is_good(const struct play *p, enum pop3_state st, const char *text)
{
	struct play other;

	copy(&other, p, st);
	say(&other, text);
	return said_ok(&other);
}

/* ---- what works: a row for each tag ---- */

/* Parameters that must stand behind the tag are written to *out. */
static bool top_works(const struct play *p, struct buf *out)
{
	(void)out;
	return leads(p, POP3_TRANSACTION, "TOP 1 0", ASK_BODY);
}

static bool uidl_works(const struct play *p, struct buf *out)
{
	(void)out;
	return leads(p, POP3_TRANSACTION, "UIDL", ASK_RECORDS) &&
	       leads(p, POP3_TRANSACTION, "UIDL 1", ASK_RECORDS);
}

static bool user_works(const struct play *p, struct buf *out)
{
	(void)out;
	struct play other;

	copy(&other, p, POP3_FRESH);
	return say(&other, "USER a") == ASK_READ && said_ok(&other) &&
	       say(&other, "PASS b") == ASK_LOGIN;
}

/* RFC 6856 section 2.2: names in UTF-8, by USER or by APOP. */
static bool utf8_works(const struct play *p, struct buf *out)
{
	struct play other;

	copy(&other, p, POP3_FRESH);
	if (say(&other, "USER j\xc3\xa9") == ASK_READ && said_ok(&other))
		buf_text(out, " USER");
	else if (leads(p, POP3_FRESH, "APOP j\xc3\xa9 0123", ASK_LOGIN))
		buf_text(out, " USER");
	return is_good(p, POP3_FRESH, "UTF8");
}

static bool lang_works(const struct play *p, struct buf *out)
{
	(void)out;
	return is_good(p, p->s.state, "LANG") && is_good(p, p->s.state, "LANG de");
}

static bool stls_works(const struct play *p, struct buf *out)
{
	(void)out;
	return leads(p, p->s.state, "STLS", ASK_TLS);
}

static bool sasl_works(const struct play *p, struct buf *out)
{
	bool any = false;

	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++) {
		char text[64];

		snprintf(text, sizeof text, "AUTH %s", mechanism_name(m));
		if (!leads(p, POP3_FRESH, text, ASK_LOGIN))
			continue;
		buf_char(out, ' ');
		buf_text(out, mechanism_name(m));
		any = true;
	}
	return any;
}

/* RFC 2449 section 8, RFC 3206: a refused login says why. */
static bool codes_work(const struct play *p, struct buf *out)
{
	(void)p;
	(void)out;
	return strcmp(fault_code(FAULT_BUSY), "[IN-USE]") == 0 &&
	       strcmp(fault_code(FAULT_DENIED), "[AUTH]") == 0;
}

/* RFC 2449 section 6.6: a step leaves nothing behind that the next would need. */
static bool pipelining_works(const struct play *p, struct buf *out)
{
	(void)out;
	return is_good(p, POP3_TRANSACTION, "NOOP");
}

static bool delay_works(const struct play *p, struct buf *out)
{
	const uint32_t s = p->in ? p->s.terms.login_delay : p->policy.terms.login_delay;

	buf_char(out, ' ');
	buf_u64(out, s);
	if (!p->in && p->policy.delays_differ)
		buf_text(out, " USER");
	return s > 0 || p->policy.terms.login_delay > 0;
}

static bool expire_works(const struct play *p, struct buf *out)
{
	const uint32_t days = p->in ? p->s.terms.expire : p->policy.terms.expire;

	buf_char(out, ' ');
	if (days == POLICY_NEVER)
		buf_text(out, "NEVER");
	else
		buf_u64(out, days);
	if (!p->in && p->policy.expires_differ)
		buf_text(out, " USER");
	return true;
}

static bool is_told(const struct play *p, struct buf *out)
{
	(void)p;
	buf_text(out, " Poplar");
	return true;
}

static const struct {
	const char *tag;
	bool (*works)(const struct play *p, struct buf *out);
} tags[] = {
	{ "TOP", top_works },
	{ "USER", user_works },
	{ "SASL", sasl_works },
	{ "RESP-CODES", codes_work },
	{ "AUTH-RESP-CODE", codes_work },
	{ "LOGIN-DELAY", delay_works },
	{ "PIPELINING", pipelining_works },
	{ "EXPIRE", expire_works },
	{ "UIDL", uidl_works },
	{ "IMPLEMENTATION", is_told },
	{ "UTF8", utf8_works },
	{ "LANG", lang_works },
	{ "STLS", stls_works },
};

enum { TAGS = sizeof tags / sizeof *tags };

/* ---- a reply as lines ---- */

struct reply {
	unsigned count;
	struct span lines[64]; /* behind the first, without the dot */
};

static struct reply cut(const struct play *p)
{
	struct span rest = span_of(p->said), line;
	struct reply r = { .count = 0 };
	bool ended = false;

	CHECK(said_ok(p));
	for (unsigned i = 0; rest.len > 0; i++) {
		CHECK(!ended);
		CHECK(span_cut(&rest, '\n', &line));
		CHECK(line.len + 1 <= LINE_MAX);
		CHECK(line.len > 0 && line.at[line.len - 1] == '\r');
		line.len--;
		ended = span_is(line, ".");
		if (i > 0 && !ended) {
			CHECK(r.count < 64);
			r.lines[r.count++] = line;
		}
	}
	CHECK(ended);
	return r;
}

/* capability = capa-tag *(SP param), RFC 2449 section 3. */
static void check_grammar(struct span line)
{
	struct span word;
	bool first = true, more = true;

	while (more) {
		more = span_cut(&line, ' ', &word);
		CHECK(word.len > 0);
		for (size_t i = 0; i < word.len; i++)
			CHECK(word.at[i] >= 0x21 && word.at[i] < 0x7f &&
			      (!first || word.at[i] != '.'));
		first = false;
	}
}

/* How often does the tag stand there? The parameters of the last one in *args. */
static unsigned find(const struct reply *r, const char *tag, struct span *args)
{
	unsigned found = 0;

	for (unsigned i = 0; i < r->count; i++) {
		struct span rest = r->lines[i], word;

		span_cut(&rest, ' ', &word);
		if (!span_is(word, tag))
			continue;
		*args = span_after(r->lines[i], word.len);
		found++;
	}
	return found;
}

/* ---- the promises ---- */

static void check_capa(const struct play *p, const struct reply *r)
{
	unsigned announced = 0;

	for (unsigned i = 0; i < r->count; i++)
		check_grammar(r->lines[i]);
	struct span none;
	CHECK_EQ(find(r, "XTND", &none), 0); /* RFC 2449 section 9 */
	for (unsigned i = 0; i < TAGS; i++) {
		char room[LINE_MAX];
		struct buf wanted = BUF(room);
		struct span args = { 0 };
		const bool works = tags[i].works(p, &wanted);

		if (find(r, tags[i].tag, &args) != works)
			fail_msg("%s: %s, but it says\n%s", tags[i].tag,
				 works ? "works" : "does not work", p->said);
		if (works)
			CHECK_SPAN(args, buf_cstr(&wanted));
		announced += works;
	}
	CHECK_EQ(r->count, announced); /* and nothing else */
}

/* RFC 2449 section 5: what is announced before the login is announced behind it, but
 * STLS; parameters may differ. */
static void check_both_states(const struct play *p, const struct reply *before)
{
	struct play behind;
	struct span args;

	copy(&behind, p, POP3_TRANSACTION);
	say(&behind, "CAPA");
	const struct reply r = cut(&behind);
	for (unsigned i = 0; i < before->count; i++) {
		struct span rest = before->lines[i], word;
		char tag[64];

		span_cut(&rest, ' ', &word);
		CHECK(span_copy(word, tag, sizeof tag));
		CHECK_EQ(find(&r, tag, &args), strcmp(tag, "STLS") != 0);
	}
}

static void test_capa_is_what_works(void **state)
{
	const uint64_t all = combinations();
	static struct play p;

	(void)state;
	for (uint64_t i = 0; i < all; i++) {
		set_up(&p, i);
		const enum pop3_state st = p.s.state;
		CHECK_EQ(say(&p, "CAPA"), ASK_READ);
		CHECK_EQ(p.s.state, st); /* it does not even forget a name */
		const struct reply r = cut(&p);
		check_capa(&p, &r);
		if (!p.in)
			check_both_states(&p, &r);
	}
}

/* Which sign announces a command? NULL: every server has it (RFC 1939 section 3). */
static const char *sign_of(enum command_id id)
{
	switch (id) {
	case COMMAND_USER:
	case COMMAND_PASS:
		return "USER";
	case COMMAND_STLS:
		return "STLS";
	case COMMAND_AUTH:
		return "SASL";
	case COMMAND_TOP:
		return "TOP";
	case COMMAND_UIDL:
		return "UIDL";
	case COMMAND_UTF8:
		return "UTF8";
	case COMMAND_LANG:
		return "LANG";
	case COMMAND_XTND: /* says itself; no standard has a tag for it */
	case COMMAND_CAPA: /* whoever reads this knows */
	case COMMAND_APOP: /* by the greeting (RFC 1939 section 7) */
	case COMMAND_STAT:
	case COMMAND_LIST:
	case COMMAND_RETR:
	case COMMAND_DELE:
	case COMMAND_RSET:
	case COMMAND_NOOP:
	case COMMAND_QUIT:
	case COMMAND_COUNT:
		break;
	}
	return NULL;
}

/* A command that is none of RFC 1939's own has its sign among the tags. */
static void test_every_command_has_its_sign(void **state)
{
	(void)state;
	for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
		const char *sign = sign_of(id);
		unsigned i = 0;

		while (sign && i < TAGS && strcmp(tags[i].tag, sign) != 0)
			i++;
		CHECK(!sign || i < TAGS);
	}
}

/* ---- XTND ---- */

/* Is this command, with its verb, one that can be used? */
static bool is_of_use(const struct play *p, struct span line)
{
	char text[LINE_MAX];
	struct buf b = BUF(text);

	buf_put(&b, line);
	if (span_is(line, "TOP"))
		return top_works(p, &b);
	if (span_is(line, "UIDL"))
		return uidl_works(p, &b);
	if (span_is(line, "USER") || span_is(line, "PASS"))
		return user_works(p, &b);
	if (span_is(line, "UTF8"))
		return is_good(p, POP3_FRESH, "UTF8");
	if (span_is(line, "LANG"))
		return lang_works(p, &b);
	if (span_is(line, "STLS"))
		return stls_works(p, &b);
	if (span_is(line, "APOP"))
		return leads(p, POP3_FRESH, "APOP a 0123", ASK_LOGIN);
	if (span_is(line, "CAPA") || span_is(line, "XTND"))
		return is_good(p, p->s.state, buf_cstr(&b));
	if (span_starts(line, "AUTH "))
		return leads(p, POP3_FRESH, buf_cstr(&b), ASK_LOGIN);
	buf_text(&b, " x"); /* XTND BBOARDS, XTND ARCHIVE */
	return leads(p, POP3_TRANSACTION, buf_cstr(&b), ASK_BOARD);
}

/* It says the same as CAPA, as far as that is commands. */
static void check_against_capa(struct play *p, const struct reply *list)
{
	struct play other;
	struct span args, sasl = { 0 };

	copy(&other, p, p->s.state);
	say(&other, "CAPA");
	const struct reply capa = cut(&other);
	const char *const both[] = { "TOP", "UIDL", "USER", "UTF8", "LANG", "STLS" };
	for (size_t i = 0; i < sizeof both / sizeof *both; i++)
		CHECK_EQ(find(&capa, both[i], &args), find(list, both[i], &args));
	find(&capa, "SASL", &sasl);
	unsigned mechanisms = 0;
	for (size_t i = 0; i < sasl.len; i++)
		mechanisms += sasl.at[i] == ' ';
	CHECK_EQ(find(list, "AUTH", &args), mechanisms);
	CHECK_EQ(find(list, "APOP", &args),
		 leads(p, POP3_FRESH, "APOP a 0123", ASK_LOGIN));
}

static void test_xtnd_is_what_works(void **state)
{
	const uint64_t all = combinations();
	static struct play p;

	(void)state;
	for (uint64_t i = 0; i < all; i++) {
		set_up(&p, i);
		const enum pop3_state st = p.s.state;
		say(&p, "XTND");
		p.s.state = st; /* a name is forgotten */
		CHECK_EQ(said_ok(&p), p.policy.xtnd);
		if (!p.policy.xtnd)
			continue;
		const struct reply r = cut(&p);
		for (unsigned l = 0; l < r.count; l++) {
			check_grammar(r.lines[l]);
			if (!is_of_use(&p, r.lines[l]))
				fail_msg("\"%.*s\" is of no use", (int)r.lines[l].len,
					 r.lines[l].at);
		}
		check_against_capa(&p, &r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_capa_is_what_works),
		TEST(test_every_command_has_its_sign),
		TEST(test_xtnd_is_what_works),
	};

	return RUN(tests);
}
