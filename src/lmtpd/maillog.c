/* lmtpd/maillog.c - writes the log lines about messages and LMTP sessions.
 *
 * Prefix: maillog_.
 */
#include "lmtpd/maillog.h"

#include "base/log.h"
#include "front/client.h"

void maillog_refused(const struct conn *c, enum fault f)
{
	const struct lmtp_session *s = &c->lmtp->session;
	char label[FAULT_LABEL_MAX];

	log_event(LOG_INFO, "recipient-refused", LOG_T("peer", c->peer),
		  LOG_S("sender", lmtp_sender(s)), LOG_S("recipient", lmtp_address(s)),
		  LOG_S("fault", fault_label(f, label)),
		  LOG_T("reason", fault_text(f)));
}

void maillog_message(const struct conn *c)
{
	const struct lmtp_session *s = &c->lmtp->session;
	const struct collect *m = &c->lmtp->collect;

	log_event(LOG_INFO, "message", LOG_T("id", m->id), LOG_T("peer", c->peer),
		  LOG_S("client", lmtp_name(s)), LOG_T("tls", client_tls_text(c)),
		  LOG_S("sender", lmtp_sender(s)),
		  LOG_N("recipients", c->lmtp->envelope.count),
		  LOG_N("octets", m->octets));
}

void maillog_spoilt(const struct conn *c, enum fault f)
{
	char label[FAULT_LABEL_MAX];

	log_event(
		LOG_NOTICE, "message-refused", LOG_T("id", c->lmtp->collect.id),
		LOG_T("peer", c->peer), LOG_S("sender", lmtp_sender(&c->lmtp->session)),
		LOG_N("recipients", c->lmtp->envelope.count),
		LOG_S("fault", fault_label(f, label)), LOG_T("reason", fault_text(f)));
}

void maillog_recipient(const struct conn *c, const struct recipient *r)
{
	const struct collect *m = &c->lmtp->collect;
	const enum fault f = r->delivery->fault;
	char label[FAULT_LABEL_MAX];

	if (f == FAULT_NONE)
		log_event(LOG_INFO, "delivered", LOG_T("id", m->id),
			  LOG_T("user", r->delivery->user),
			  LOG_T("recipient", r->address), LOG_N("octets", m->octets));
	else
		log_event(LOG_NOTICE, "delivery-failed", LOG_T("id", m->id),
			  LOG_T("user", r->delivery->user),
			  LOG_T("recipient", r->address), LOG_N("octets", m->octets),
			  LOG_S("fault", fault_label(f, label)),
			  LOG_T("reason", fault_text(f)));
}

void maillog_unanswered(const struct conn *c)
{
	const struct envelope *e = &c->lmtp->envelope;

	for (uint32_t i = e->answered; e->sent && i < e->count; i++) {
		const struct recipient *r = &e->recipients[i];

		if (!r->delivery->link)
			maillog_recipient(c, r);
		else
			log_event(LOG_WARNING, "delivery-unknown",
				  LOG_T("id", c->lmtp->collect.id),
				  LOG_T("user", r->delivery->user),
				  LOG_T("recipient", r->address));
	}
}

void maillog_end(const struct conn *c, const char *end)
{
	const struct lmtp_tally *t = &c->lmtp->session.tally;
	const uint64_t ms = loop_now(&c->front->loop) - c->deadline.accepted_at;

	log_event(LOG_INFO, "lmtp-session", LOG_T("peer", c->peer),
		  LOG_S("client", lmtp_name(&c->lmtp->session)),
		  LOG_T("tls", client_tls_text(c)), LOG_N("messages", t->messages),
		  LOG_N("stored", t->stored), LOG_N("refused", t->refused),
		  LOG_MS("seconds", ms), LOG_T("end", end));
}

void maillog_broken(const struct conn *c)
{
	const struct lmtp_session *s = &c->lmtp->session;

	if (s->broken)
		log_event(LOG_CRIT, "session-broken", LOG_T("peer", c->peer),
			  LOG_T("ask", lmtp_ask_name(s->broken_ask)),
			  LOG_T("event", lmtp_event_name(s->broken_event)));
}
