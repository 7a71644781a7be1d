/* pop3/authorization.c - carries out the commands of the AUTHORIZATION state.
 *
 * Prefix: authorization_.
 */
#include "pop3/authorization.h"

#include "base/utf8.h"
#include "pop3/reply.h"

/* RFC 6856 section 2.1. Who says it takes messages as they are stored. */
enum session_ask authorization_utf8(struct session *s, struct buf *out)
{
	s->utf8 = true;
	reply_ok(out, s->language, TEXT_UTF8_ON);
	return ASK_READ;
}

/* RFC 6856 section 2.1: clients must not say STLS behind UTF8. */
enum session_ask authorization_stls(struct session *s, struct buf *out)
{
	if (!s->policy->tls_offered || s->tls || s->utf8)
		return session_refuse(s, FAULT_STATE, out);
	reply_ok(out, s->language, TEXT_BEGIN_TLS);
	return ASK_TLS;
}

static void list_mechanisms(const struct session *s, struct buf *out)
{
	reply_ok(out, s->language, TEXT_MECHANISMS);
	for (enum mechanism m = 0; session_find_sasl(s, &m); m++)
		reply_line(out, mechanism_name(m));
	reply_dot(out);
}

static bool binds(enum mechanism m)
{
	return mechanism_needs(m) & MECHANISM_BINDING;
}

/* RFC 9266 section 4.1: one exchange alone may be bound to a TLS connection. It is
 * bound once the client has sent a response. */
static enum session_ask ask_login(struct session *s, enum mechanism m,
				  struct span response)
{
	s->mechanism = m;
	s->has_secret = response.at != NULL;
	s->secret = response;
	s->bound |= s->has_secret && binds(m);
	return ASK_LOGIN;
}

/* Why a mechanism that this server has does not work on this connection: would TLS
 * help? `clear_ok`: it would work in clear text, too. */
static enum fault missing(const struct session *s, bool clear_ok)
{
	return s->tls || clear_ok ? FAULT_NO_MECHANISM : FAULT_NEEDS_TLS;
}

/* RFC 5034 section 4. An initial response of "=" is an empty one. */
enum session_ask authorization_auth(struct session *s, struct buf *out)
{
	const struct span given = s->command.more;
	const struct span response = span_is(given, "=") ? span_after(given, 1) : given;
	enum mechanism m;

	if (s->command.word.len == 0) {
		list_mechanisms(s, out);
		return ASK_READ;
	}
	if (!mechanism_find(s->command.word, &m) ||
	    !(mechanism_needs(m) & MECHANISM_SASL) || !(s->policy->mechanisms >> m & 1))
		return session_refuse(s, FAULT_NO_MECHANISM, out);
	if (!session_offers(s, m))
		return session_refuse(s, missing(s, false), out);
	if (s->bound && binds(m))
		return session_refuse(s, FAULT_BOUND, out);
	s->user_len = 0;
	return ask_login(s, m, response);
}

/* RFC 5034 section 4: a line of base64, or "*". */
enum session_ask authorization_respond(struct session *s, struct span line,
				       struct buf *out)
{
	if (span_is(line, "*"))
		return session_refuse(s, FAULT_CANCELLED, out);
	return ask_login(s, s->mechanism, line);
}

/* USER and APOP: a name. Every name is accepted, so that no reply tells which exist. */
static enum fault take_name(struct session *s, enum mechanism m)
{
	if (!session_offers(s, m))
		return missing(s, s->clear_ok);
	if (!utf8_is(s->command.word))
		return FAULT_NOT_UTF8;
	session_set_user(s, s->command.word);
	return FAULT_NONE;
}

/* RFC 1939 section 7. */
enum session_ask authorization_user(struct session *s, struct buf *out)
{
	const enum fault f = take_name(s, MECHANISM_ID_USER);

	if (f)
		return session_refuse(s, f, out);
	s->state = POP3_NAMED;
	reply_ok(out, s->language, TEXT_SEND_PASS);
	return ASK_READ;
}

/* RFC 1939 section 7. The digest depends on the timestamp in the greeting. */
enum session_ask authorization_apop(struct session *s, struct buf *out)
{
	const enum fault f = take_name(s, MECHANISM_ID_APOP);

	return f ? session_refuse(s, f, out)
		 : ask_login(s, MECHANISM_ID_APOP, s->command.more);
}

enum session_ask authorization_pass(struct session *s, struct buf *out)
{
	if (!utf8_is(s->command.word))
		return session_refuse(s, FAULT_NOT_UTF8, out);
	return ask_login(s, MECHANISM_ID_USER, s->command.word);
}
