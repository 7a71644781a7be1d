/* pop3/capa.c - lists the capabilities of the server.
 *
 * Prefix: capa_.
 */
#include "pop3/capa.h"

#include "pop3/reply.h"

static bool always(const struct session *s)
{
	(void)s;
	return true;
}

/* RFC 2449 section 6.2, where clear text is allowed; everything announced before login
 * stays announced behind it, but for STLS. */
static bool user_works(const struct session *s)
{
	return session_offers(s, MECHANISM_ID_USER);
}

/* RFC 2595 section 4: in AUTHORIZATION, and not once TLS is on. */
static bool stls_works(const struct session *s)
{
	return (s->state & POP3_AUTHORIZATION) && s->policy->tls_offered && !s->tls &&
	       !s->utf8;
}

static bool apop_works(const struct session *s)
{
	return session_offers(s, MECHANISM_ID_APOP);
}

/* RFC 6856 section 2.2, if a command that takes a user name works. */
static bool utf8_names_work(const struct session *s)
{
	return user_works(s) || apop_works(s);
}

static bool utf8_names_fail(const struct session *s)
{
	return !utf8_names_work(s);
}

static bool xtnd_works(const struct session *s)
{
	return s->policy->xtnd;
}

/* What CAPA says, and the command that XTND says; NULL: nothing. */
static const struct {
	const char *capa, *xtnd;
	bool (*works)(const struct session *s);
} table[] = {
	/* clang-format off */
	{ "TOP",            "TOP",   always },     /* RFC 2449 section 6.1 */
	{ "USER",           "USER",  user_works }, /* RFC 2449 section 6.2 */
	{ NULL,             "PASS",  user_works },
	{ NULL,             "APOP",  apop_works }, /* its sign is the greeting's timestamp */
	{ "RESP-CODES",     NULL,    always },     /* RFC 2449 section 6.4 */
	{ "AUTH-RESP-CODE", NULL,    always },     /* RFC 3206 section 6 */
	{ "PIPELINING",     NULL,    always },     /* RFC 2449 section 6.6 */
	{ "UIDL",           "UIDL",  always },     /* RFC 2449 section 6.8 */
	{ "UTF8 USER",      "UTF8",  utf8_names_work }, /* RFC 6856 section 2 */
	{ "UTF8",           "UTF8",  utf8_names_fail },
	{ "LANG",           "LANG",  always },     /* RFC 6856 section 3 */
	{ "STLS",           "STLS",  stls_works }, /* RFC 2595 section 4 */
	{ NULL,             "CAPA",  always },
	/* No tag of CAPA: RFC 2449 section 9 wants a standard or an experiment for one. */
	{ NULL,             "XTND", xtnd_works },
	{ NULL,             "XTND BBOARDS", xtnd_works },
	{ NULL,             "XTND ARCHIVE", xtnd_works },
	{ NULL,             "XTND X-BBOARDS", xtnd_works },
	/* clang-format on */
};

enum { ROWS = sizeof table / sizeof *table };

/* RFC 5034 section 6: the mechanisms that work on this connection, if any does. */
static void put_sasl(const struct session *s, struct buf *out)
{
	bool any = false;

	for (enum mechanism m = 0; session_find_sasl(s, &m); m++) {
		buf_text(out, any ? " " : "SASL ");
		buf_text(out, mechanism_name(m));
		any = true;
	}
	if (any)
		buf_put(out, SPAN("\r\n"));
}

static void put_term(struct buf *out, const char *name, const char *value, uint32_t n,
		     bool differs)
{
	buf_text(out, name);
	if (value)
		buf_text(out, value);
	else
		buf_u64(out, n);
	buf_text(out, differs ? " USER\r\n" : "\r\n");
}

/* RFC 2449 sections 6.5 and 6.7: before login the worst that any user may meet, then
 * the user's own. */
static void put_terms(const struct session *s, struct buf *out)
{
	const bool in = !(s->state & POP3_AUTHORIZATION);
	const struct session_terms *t = in ? &s->terms : &s->policy->terms;

	/* A tag that was there before the login, with USER, stays: 0 is an answer. */
	if (t->login_delay > 0 || s->policy->terms.login_delay > 0)
		put_term(out, "LOGIN-DELAY ", NULL, t->login_delay,
			 !in && s->policy->delays_differ);
	put_term(out, "EXPIRE ", t->expire == POLICY_NEVER ? "NEVER" : NULL, t->expire,
		 !in && s->policy->expires_differ);
}

enum session_ask capa_reply(struct session *s, struct buf *out)
{
	reply_ok(out, s->language, TEXT_CAPABILITIES);
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].capa && table[i].works(s))
			reply_line(out, table[i].capa);
	put_terms(s, out);
	put_sasl(s, out);
	buf_text(out, "IMPLEMENTATION "); /* RFC 2449 section 6.9 */
	reply_line(out, s->policy->implementation);
	reply_dot(out);
	return ASK_READ;
}

void capa_extensions(const struct session *s, struct buf *out)
{
	reply_ok(out, s->language, TEXT_EXTENSIONS);
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].xtnd && table[i].works(s))
			reply_line(out, table[i].xtnd);
	for (enum mechanism m = 0; session_find_sasl(s, &m); m++) {
		buf_put(out, SPAN("AUTH "));
		reply_line(out, mechanism_name(m));
	}
	reply_dot(out);
}
