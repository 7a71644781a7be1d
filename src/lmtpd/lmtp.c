/* lmtpd/lmtp.c - the driver of LMTP sessions.
 *
 * Prefix: lmtp_.
 */
#include "lmtpd/lmtp.h"

#include <stdlib.h>
#include <unistd.h>

#include "front/deadline.h"
#include "front/listener.h"
#include "front/protocol.h"
#include "front/turn.h"
#include "lmtpd/advance.h"
#include "lmtpd/collect.h"
#include "lmtpd/dropanswer.h"
#include "lmtpd/handover.h"
#include "lmtpd/input.h"
#include "lmtpd/maillog.h"
#include "lmtpd/recipients.h"
#include "lmtpd/trust.h"

/* How long an answer of another process may take. A client waits five minutes for the
 * reply to RCPT, and ten minutes for the replies to a message (RFC 5321 section
 * 4.5.3.2). */
enum { ANSWER_MS = 60000, STORED_MS = 9 * 60000 };

/* Step the session with what has come, and go on. */
static void resume(struct conn *c, enum result r, const struct lmtp_event *ev)
{
	if (r == RESULT_EVENT) {
		advance_step(c, ev);
		r = RESULT_DONE;
	}
	turn_resume(c, r);
}

/* ---- poplar-auth ---- */

static void send_queue(struct front *f)
{
	struct lmtp_event ev;
	struct conn *c;
	enum fault fault;

	while ((c = recipients_send_queue(f, &fault)))
		resume(c, recipients_fail(c, fault, &ev), &ev);
}

static void lose_auth(struct front *f)
{
	recipients_late(f);
	for (uint32_t i = 0; i < f->slot_count; i++) {
		struct conn *c = f->slots[i];
		struct lmtp_event ev;

		if (c && recipients_lost(c))
			resume(c, recipients_fail(c, FAULT_PEER, &ev), &ev);
	}
}

static void hear_auth(struct front *f, bool cut)
{
	struct lmtp_event ev;
	struct conn *c = NULL;
	const enum result r = cut ? recipients_take_cut(f, &f->inbox.message, &c, &ev)
				  : recipients_take(f, &f->inbox, &c, &ev);

	if (c)
		resume(c, r, &ev);
	send_queue(f);
}

static void open_auth(struct front *f)
{
	send_queue(f);
	listener_open(f);
}

/* ---- maildrop processes ---- */

static void on_delivery(struct loop_watch *at, unsigned events)
{
	struct delivery_link *link = (struct delivery_link *)at;
	struct conn *c = link->conn;
	enum result r = RESULT_ILLEGAL;
	struct lmtp_event ev;

	switch (channel_receive(&link->channel, CHANNEL_NOW, &c->front->inbox)) {
	case CHANNEL_MESSAGE:
		r = dropanswer_take(link, &c->front->inbox, &ev);
		break;
	case CHANNEL_EMPTY:
		if (!(events & LOOP_BROKEN))
			return;
		break;
	case CHANNEL_CUT:
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		break;
	}
	if (r == RESULT_ILLEGAL)
		r = dropanswer_lost(link, &ev);
	resume(c, r, &ev);
}

/* ---- time limits ---- */

static uint64_t due(const struct conn *c)
{
	const uint64_t client_ms = c->front->child.settings.lmtp_timeout *
				   UINT64_C(1000);

	switch (c->lmtp->awaits) {
	case LMTP_AWAITS_NOTHING:
		return c->deadline.active_at + client_ms;
	case LMTP_AWAITS_STORED:
		return c->lmtp->envelope.sent_at + STORED_MS;
	default:
		return c->lmtp->awaits_since + ANSWER_MS;
	}
}

/* An answer of another process is late: go on without it. */
static enum result give_up(struct conn *c, struct lmtp_event *ev)
{
	switch (c->lmtp->awaits) {
	case LMTP_AWAITS_QUEUE:
	case LMTP_AWAITS_AUTH:
		recipients_late(c->front);
		return recipients_fail(c, FAULT_PEER, ev);
	case LMTP_AWAITS_MAILDROP:
		return handover_refused(c, FAULT_PEER, ev);
	case LMTP_AWAITS_SPOOL:
		return collect_spool(c, -1);
	case LMTP_AWAITS_STORED:
		handover_fail_all(c, FAULT_PEER);
		c->lmtp->awaits = LMTP_AWAITS_NOTHING;
		return RESULT_DONE;
	case LMTP_AWAITS_NOTHING:
		break;
	}
	return RESULT_WAIT;
}

/* A client that has not taken its replies cannot be told. */
static void end_idle(struct conn *c)
{
	const bool told = c->phase == PHASE_OPEN && !c->output.blocked &&
			  c->lmtp->session.ask != LMTP_ASK_CLOSE;

	if (told) {
		advance_end(c, LMTP_REPLY_IDLE, "idle-timeout");
		turn_resume(c, RESULT_DONE);
	}
	if (c->phase == PHASE_GONE)
		turn_end(c, "hangup");
	else if (c->phase != PHASE_CLOSED && c->phase != PHASE_LINGER)
		turn_end(c, "idle-timeout");
}

static void late(struct conn *c)
{
	struct lmtp_event ev;

	if (c->lmtp->awaits == LMTP_AWAITS_NOTHING) {
		end_idle(c);
		return;
	}
	resume(c, give_up(c, &ev), &ev);
	if (c->phase != PHASE_CLOSED)
		deadline_set(c);
}

/* ---- a connection ---- */

static void refuse(struct buf *out, enum fault fault)
{
	(void)fault;
	lmtp_reply_greet(out, 421, "poplar", "too many connections, try again later");
}

static void begin(struct conn *c, const struct address *host, bool is_local)
{
	struct lmtp_front *lmtp = c->front->lmtp;
	const bool is_unix = host->bits == 0;

	lmtp->policy.tls_offered = c->front->tls != NULL;
	input_init(c);
	lmtp_init(&c->lmtp->session, is_unix ? &lmtp->unix_policy : &lmtp->policy,
		  c->arrival.tls_first, trust_address(c->front, host, is_local));
	if (c->phase == PHASE_OPEN)
		advance_greet(c);
}

static enum waits waits(const struct conn *c)
{
	if (c->phase == PHASE_GONE)
		return handover_is_over(c) ? WAITS_FOR_NOTHING : WAITS_FOR_RESULT;
	switch (c->lmtp->awaits) {
	case LMTP_AWAITS_NOTHING:
		return WAITS_FOR_NOTHING;
	case LMTP_AWAITS_STORED:
		return WAITS_FOR_RESULT;
	default:
		return WAITS_FOR_ANSWER;
	}
}

/* A message that has been received whole is delivered and answered first. */
static bool wants_line(const struct conn *c)
{
	return c->lmtp->session.ask != LMTP_ASK_DELIVER;
}

static void stop(struct conn *c)
{
	advance_end(c, LMTP_REPLY_STOPPING, "shutdown");
	turn_resume(c, RESULT_DONE);
}

static bool has_secrets(const struct conn *c)
{
	(void)c;
	return false;
}

static void log_end(const struct conn *c, const char *how)
{
	maillog_unanswered(c);
	maillog_end(c, how);
}

static void release(struct conn *c)
{
	recipients_forget(c);
	handover_release(c);
	collect_release(c);
}

/* ---- the process ---- */

static const struct protocol protocol = {
	.conn_octets = sizeof(struct lmtp_conn),
	.reply_most = LMTP_STEP_MAX,
	.name = "lmtp",
	.verify = settings_lmtp_verify,
	.auth_opened = open_auth,
	.auth_takes = send_queue,
	.auth_says = hear_auth,
	.auth_lost = lose_auth,
	.refuse = refuse,
	.begin = begin,
	.secured = advance_secured,
	.advance = advance_lmtp,
	.waits = waits,
	.wants_line = wants_line,
	.stop = stop,
	.has_secrets = has_secrets,
	.due = due,
	.late = late,
	.log_end = log_end,
	.release = release,
};

void lmtp_start(struct front *f, struct lmtp_front *lmtp)
{
	f->protocol = &protocol;
	f->lmtp = lmtp;
	lmtp->delivery_wake = on_delivery;
}

/* A name that is no domain, as of a machine without one, would make lines that some
 * client cannot parse. */
static void set_host(char *host, size_t room)
{
	if (gethostname(host, room) < 0 || host[room - 1] ||
	    !path_is_domain(span_of(host)))
		memcpy(host, "localhost", sizeof "localhost");
}

bool lmtp_set_up(struct front *f, uint32_t descriptors)
{
	const struct settings *s = &f->child.settings;
	struct lmtp_front *lmtp = f->lmtp;

	set_host(lmtp->host, sizeof lmtp->host);
	lmtp->unix_policy = (struct lmtp_policy){
		.host = lmtp->host,
		.size_max = s->max_message_size,
		.errors_max = s->max_errors,
		.bounce = s->quota_full == QUOTA_FULL_BOUNCE,
	};
	lmtp->policy = lmtp->unix_policy;
	lmtp->links_most = descriptors;
	/* poplar-auth has half of its threads wait for a database whose processes, one
	 * at least, are busy. */
	lmtp->most = (s->auth_threads + 1) / 2 + 1;
	return trust_start(f);
}
