/* front/pop3/sessionlog.c - writes the log lines about a session.
 *
 * Prefix: sessionlog_.
 */
#include "front/pop3/sessionlog.h"

#include "base/log.h"
#include "front/client.h"

void sessionlog_login(const struct conn *c, const struct session_event *opened)
{
	const struct session *s = &c->pop3->session;

	log_event(LOG_INFO, "login", LOG_S("user", session_user(s)),
		  LOG_T("peer", c->peer), LOG_T("tls", client_tls_text(c)),
		  LOG_T("cipher", c->client.tls ? tls_cipher(c->client.tls) : NULL),
		  LOG_T("method", mechanism_name(s->mechanism)),
		  LOG_N("messages", opened->count), LOG_N("octets", opened->octets));
}

void sessionlog_refusal(const struct conn *c, enum fault f)
{
	log_event(LOG_INFO, "login-failed",
		  LOG_S("user", session_user(&c->pop3->session)),
		  LOG_T("peer", c->peer), LOG_T("tls", client_tls_text(c)),
		  LOG_T("method", mechanism_name(c->pop3->session.mechanism)),
		  LOG_T("reason", fault_code(f)[0] ? fault_code(f) : fault_text(f)));
}

void sessionlog_board(const struct conn *c, const struct session_event *opened)
{
	const struct session *s = &c->pop3->session;

	log_event(LOG_INFO, "board", LOG_S("user", session_user(s)),
		  LOG_T("peer", c->peer), LOG_T("board", c->pop3->drop.next_name),
		  LOG_T("archive", s->board == BOARD_ARCHIVE ? "yes" : "no"),
		  LOG_N("messages", opened->count), LOG_N("octets", opened->octets));
}

void sessionlog_end(const struct conn *c, const char *end)
{
	const struct session *s = &c->pop3->session;
	uint64_t ms = loop_now(&c->front->loop) - c->deadline.accepted_at;
	uint32_t left = c->pop3->drop.committed ? s->left : s->count;
	uint64_t left_octets = c->pop3->drop.committed ? s->left_octets : s->octets;

	if (!conn_is_logged_in(c)) {
		log_event(LOG_INFO, "disconnect", LOG_T("peer", c->peer),
			  LOG_T("tls", c->client.tls ? "yes" : client_tls_text(c)),
			  LOG_MS("seconds", ms), LOG_T("end", end));
		return;
	}
	log_event(LOG_INFO, "session", LOG_S("user", session_user(s)),
		  LOG_T("peer", c->peer), LOG_N("messages", s->count),
		  LOG_N("octets", s->octets), LOG_N("retr", s->tally.retr),
		  LOG_N("retr-octets", s->tally.retr_octets),
		  LOG_N("top", s->tally.top), LOG_N("top-octets", s->tally.top_octets),
		  LOG_N("deleted", s->count - left),
		  LOG_N("deleted-octets", s->octets - left_octets), LOG_N("left", left),
		  LOG_N("left-octets", left_octets), LOG_MS("seconds", ms),
		  LOG_T("end", end));
}

void sessionlog_broken(const struct conn *c)
{
	const struct session *s = &c->pop3->session;

	if (s->broken)
		log_event(LOG_CRIT, "session-broken", LOG_S("user", session_user(s)),
			  LOG_T("ask", session_ask_name(s->broken_ask)),
			  LOG_T("event", session_event_name(s->broken_event)));
}
