/* pop3/state.c - a POP3 session as data: its asks, the events that answer them, and its
 * state.
 *
 * Prefix: session_.
 */
#include "pop3/state.h"

#include "pop3/reply.h"

/* ---- asks and events ---- */

#define X(name) BIT_##name = 1 << EVENT_##name,
enum { BIT_NONE = 0, SESSION_EVENT_TABLE(X) };
#undef X
#define OR(name) | BIT_##name

static const struct {
	const char *name;
	unsigned answers; /* a bit for each enum session_event_kind */
} asks[] = {
#define X(name, event, others) { #name, BIT_##event others },
	SESSION_ASK_TABLE(X)
#undef X
};

static const char *const events[] = {
#define X(name) #name,
	SESSION_EVENT_TABLE(X)
#undef X
};

const char *session_ask_name(enum session_ask ask)
{
	return asks[ask].name;
}

const char *session_event_name(enum session_event_kind kind)
{
	return events[kind];
}

bool session_may_answer(enum session_ask ask, enum session_event_kind kind)
{
	return asks[ask].answers >> kind & 1;
}

/* ---- the connection ---- */

/* Which needs of mechanisms this connection meets. */
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

bool session_find_sasl(const struct session *s, enum mechanism *io)
{
	while (*io < MECHANISM_COUNT &&
	       (!(mechanism_needs(*io) & MECHANISM_SASL) || !session_offers(s, *io)))
		(*io)++;
	return *io < MECHANISM_COUNT;
}

bool session_wants_timestamp(const struct session *s)
{
	const unsigned others = MECHANISM_TIMESTAMP | met(s);

	return (s->policy->mechanisms & MECHANISM_BIT(APOP)) &&
	       !(mechanism_needs(MECHANISM_ID_APOP) & ~others);
}

/* ---- the maildrop ---- */

bool session_is_marked(const struct session *s, uint32_t msg)
{
	uint32_t i = msg - 1;

	return s->bits && (s->bits[i / 64] >> i % 64 & 1);
}

/* A board's messages are its last ones, without a gap. */
uint32_t session_maxima(const struct session *s, uint32_t msg)
{
	return s->maxima > 0 ? s->maxima - (s->count - msg) : 0;
}

/* ---- for the commands ---- */

void session_set_user(struct session *s, struct span user)
{
	s->user_len = (uint8_t)(user.len < sizeof s->user ? user.len : sizeof s->user);
	memcpy(s->user, user.at, s->user_len);
	/* A password that was typed as a name goes with the name. */
	memset(s->user + s->user_len, 0, sizeof s->user - s->user_len);
}

enum session_ask session_refuse(const struct session *s, enum fault f, struct buf *out)
{
	reply_err(out, s->language, f);
	return ASK_READ;
}

enum session_ask session_ask_records(struct session *s, uint32_t first, uint32_t last)
{
	s->next = first;
	s->last = last;
	return ASK_RECORDS;
}

enum session_ask session_end(struct session *s, const char *how)
{
	s->end = how;
	s->broken = false;
	return ASK_CLOSE;
}
