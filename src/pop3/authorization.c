/* pop3/authorization.c - the commands by which a client proves who it is.
 *
 * Prefix: authorization_.
 */
#include "pop3/authorization.h"

#include "base/utf8.h"
#include "pop3/reply.h"

static enum session_ask refuse(const struct session *s, enum fault f, struct buf *out)
{
	reply_err(out, s->language, f);
	return ASK_READ;
}

/* What this connection can meet of what mechanisms need. */
static unsigned met(const struct session *s)
{
	return MECHANISM_SASL | MECHANISM_STARTS |
	       (s->tls || s->clear_ok ? MECHANISM_BARES : 0) |
	       (s->binds ? MECHANISM_BINDING : 0) |
	       (s->certified ? MECHANISM_CERTIFICATE : 0) |
	       (s->timestamp ? MECHANISM_TIMESTAMP : 0);
}

bool session_offers(const struct session *s, enum mechanism m)
{
	return (s->policy->mechanisms >> m & 1) && !(mechanism_needs(m) & ~met(s));
}

bool session_wants_timestamp(const struct session *s)
{
	const unsigned others = MECHANISM_TIMESTAMP | met(s);

	return (s->policy->mechanisms & MECHANISM_BIT(APOP)) &&
	       !(mechanism_needs(MECHANISM_ID_APOP) & ~others);
}

/* RFC 6856 section 2.1. Who says it takes messages as they are stored. */
static enum session_ask take_utf8(struct session *s, struct buf *out)
{
	s->utf8 = true;
	reply_ok(out, s->language, TEXT_UTF8_ON);
	return ASK_READ;
}

/* RFC 6856 section 2.1: clients must not say STLS behind UTF8. */
static enum session_ask start_tls(const struct session *s, struct buf *out)
{
	if (!s->policy->tls_offered || s->tls || s->utf8)
		return refuse(s, FAULT_STATE, out);
	reply_ok(out, s->language, TEXT_BEGIN_TLS);
	return ASK_TLS;
}

static void list_mechanisms(const struct session *s, struct buf *out)
{
	reply_ok(out, s->language, TEXT_MECHANISMS);
	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++)
		if ((mechanism_needs(m) & MECHANISM_SASL) && session_offers(s, m))
			reply_line(out, mechanism_name(m));
	reply_dot(out);
}

static bool binds(enum mechanism m)
{
	return mechanism_needs(m) & MECHANISM_BINDING;
}

/* RFC 9266 section 4.1: a TLS connection is bound to by one exchange. It is from where
 * the client has said something. */
static enum session_ask ask_login(struct session *s, struct span response)
{
	s->has_secret = response.at != NULL;
	s->secret = response;
	s->bound |= s->has_secret && binds(s->mechanism);
	return ASK_LOGIN;
}

/* RFC 5034 section 4. An initial response of "=" is an empty one. */
static enum session_ask authenticate(struct session *s, struct buf *out)
{
	struct span response = s->command.more;

	if (s->command.word.len == 0) {
		list_mechanisms(s, out);
		return ASK_READ;
	}
	if (!mechanism_find(s->command.word, &s->mechanism) ||
	    !(mechanism_needs(s->mechanism) & MECHANISM_SASL) ||
	    !(s->policy->mechanisms >> s->mechanism & 1))
		return refuse(s, FAULT_NO_MECHANISM, out);
	if (!session_offers(s, s->mechanism))
		return refuse(s, s->tls ? FAULT_NO_MECHANISM : FAULT_NEEDS_TLS, out);
	if (s->bound && binds(s->mechanism))
		return refuse(s, FAULT_BOUND, out);
	s->user_len = 0;
	return ask_login(s,
			 span_is(response, "=") ? span_after(response, 1) : response);
}

/* RFC 5034 section 4: a line of base64, or "*". */
enum session_ask authorization_respond(struct session *s, struct span line,
				       struct buf *out)
{
	if (span_is(line, "*"))
		return refuse(s, FAULT_CANCELLED, out);
	return ask_login(s, line);
}

/* RFC 1939 section 7. Every name is accepted, so that none is told to exist. */
static enum session_ask take_name(struct session *s, struct buf *out)
{
	if (!session_offers(s, MECHANISM_ID_USER))
		return refuse(
			s, s->tls || s->clear_ok ? FAULT_NO_MECHANISM : FAULT_NEEDS_TLS,
			out);
	if (!utf8_is(s->command.word))
		return refuse(s, FAULT_NOT_UTF8, out);
	session_set_user(s, s->command.word);
	s->state = POP3_NAMED;
	reply_ok(out, s->language, TEXT_SEND_PASS);
	return ASK_READ;
}

/* RFC 1939 section 7. Without a timestamp in the greeting there is no such command. */
static enum session_ask take_digest(struct session *s, struct buf *out)
{
	if (!session_offers(s, MECHANISM_ID_APOP))
		return refuse(
			s, s->tls || s->clear_ok ? FAULT_NO_MECHANISM : FAULT_NEEDS_TLS,
			out);
	if (!utf8_is(s->command.word))
		return refuse(s, FAULT_NOT_UTF8, out);
	session_set_user(s, s->command.word);
	s->mechanism = MECHANISM_ID_APOP;
	s->has_secret = true;
	s->secret = s->command.more;
	return ASK_LOGIN;
}

static enum session_ask take_password(struct session *s, struct buf *out)
{
	if (!utf8_is(s->command.word))
		return refuse(s, FAULT_NOT_UTF8, out);
	s->mechanism = MECHANISM_ID_USER;
	s->has_secret = true;
	s->secret = s->command.word;
	return ASK_LOGIN;
}

enum session_ask authorization_begin(struct session *s, struct buf *out)
{
	switch (s->command.id) {
	case COMMAND_STLS:
		return start_tls(s, out);
	case COMMAND_UTF8:
		return take_utf8(s, out);
	case COMMAND_USER:
		return take_name(s, out);
	case COMMAND_PASS:
		return take_password(s, out);
	case COMMAND_APOP:
		return take_digest(s, out);
	default:
		return authenticate(s, out);
	}
}
