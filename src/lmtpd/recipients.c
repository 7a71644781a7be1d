/* lmtpd/recipients.c - asks poplar-auth whose maildrop an address belongs to.
 *
 * Prefix: recipients_.
 */
#include "lmtpd/recipients.h"

#include <unistd.h>

#include "front/authchannel.h"
#include "front/slots.h"
#include "ipc/dispatch.h"
#include "lmtpd/awaits.h"
#include "lmtpd/handover.h"

/* ---- questions ---- */

static enum fault send_question(const struct conn *c)
{
	const struct lmtp_session *s = &c->lmtp->session;
	const struct message m = { .kind = MESSAGE_RCPT_ASK,
				   .RCPT_ASK = { .id = slots_id(c),
						 .recipient = c->lmtp->question,
						 .octets = s->octets,
						 .peer = span_of(c->peer),
						 .address = lmtp_address(s) } };

	return authchannel_tell(c->front, &m);
}

enum result recipients_ask(struct conn *c, struct lmtp_event *ev)
{
	struct lmtp_front *lmtp = c->front->lmtp;

	c->lmtp->question++;
	const enum fault f = lmtp->queued > 0 ? FAULT_LIMIT : send_question(c);
	if (f == FAULT_UNSENDABLE)
		return recipients_fail(c, f, ev);
	if (f == FAULT_NONE)
		return lmtp_await(c, LMTP_AWAITS_AUTH);
	lmtp->queued++;
	authchannel_poll(c->front, true);
	return lmtp_await(c, LMTP_AWAITS_QUEUE);
}

static void leave_queue(struct conn *c)
{
	if (c->lmtp->awaits == LMTP_AWAITS_QUEUE)
		c->front->lmtp->queued--;
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
}

/* Goes on behind the connection that was served last, so that none waits for ever. */
static struct conn *next_queued(struct front *f)
{
	struct conn *c;

	do {
		f->lmtp->queue_at = (f->lmtp->queue_at + 1) % f->slot_count;
		c = f->slots[f->lmtp->queue_at];
	} while (!c || c->lmtp->awaits != LMTP_AWAITS_QUEUE);
	return c;
}

struct conn *recipients_send_queue(struct front *f, enum fault *out)
{
	while (f->lmtp->queued > 0) {
		struct conn *c = next_queued(f);

		*out = send_question(c);
		if (*out && *out != FAULT_UNSENDABLE) {
			f->lmtp->queue_at += f->slot_count -
					     1; /* c is the next again */
			return NULL;
		}
		leave_queue(c);
		lmtp_await(c, LMTP_AWAITS_AUTH);
		if (*out)
			return c;
	}
	authchannel_poll(f, false);
	return NULL;
}

void recipients_forget(struct conn *c)
{
	leave_queue(c);
}

enum result recipients_fail(struct conn *c, enum fault f, struct lmtp_event *ev)
{
	leave_queue(c);
	return lmtp_failed(ev, f);
}

/* ---- answers ---- */

struct hearing {
	struct front *front;
	struct conn *c; /* that the message is for; NULL: none waits for it */
	struct lmtp_event *ev;
	enum result result;
};

/* The connection that waits for the answer to this question. */
static struct conn *find(const struct front *f, uint64_t id, uint64_t question)
{
	struct conn *c = slots_find(f, id);

	return c && c->lmtp->awaits == LMTP_AWAITS_AUTH && c->lmtp->question == question
		       ? c
		       : NULL;
}

static bool on_ok(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;

	h->c = find(h->front, m->RCPT_OK.id, m->RCPT_OK.recipient);
	if (h->c)
		h->result = handover_begin(h->c, m->RCPT_OK.user, files->at[0], h->ev);
	else
		close(files->at[0]); /* which ends the delivery */
	return true;
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	const uint64_t fault = m->RCPT_FAILED.fault;
	struct hearing *h = arg;

	(void)none;
	h->c = find(h->front, m->RCPT_FAILED.id, m->RCPT_FAILED.recipient);
	if (h->c)
		h->result = recipients_fail(h->c,
					    fault > FAULT_NONE && fault < FAULT_COUNT
						    ? (enum fault)fault
						    : FAULT_PEER,
					    h->ev);
	return true;
}

#define HEARS_AUTH(X)                                                                  \
	X(RCPT_OK, on_ok)                                                              \
	X(RCPT_FAILED, on_failed)
DISPATCH(from_auth, AUTH, LMTP, HEARS_AUTH);

enum result recipients_take(struct front *f, struct channel_inbox *in,
			    struct conn **out_c, struct lmtp_event *ev)
{
	struct hearing h = { f, NULL, ev, RESULT_WAIT };

	dispatch(&from_auth, &h, in);
	*out_c = h.c;
	return h.result;
}

/* The socket was lost because this process has too many open files. */
enum result recipients_take_cut(struct front *f, const struct message *m,
				struct conn **out_c, struct lmtp_event *ev)
{
	*out_c = find(f, m->RCPT_OK.id, m->RCPT_OK.recipient);
	return *out_c ? recipients_fail(*out_c, FAULT_LIMIT, ev) : RESULT_WAIT;
}
