/* lmtpd/recipients.c - asks poplar-auth whose maildrop an address belongs to.
 *
 * Prefix: recipients_.
 */
#include "lmtpd/recipients.h"

#include <unistd.h>

#include "base/own.h"
#include "front/authchannel.h"
#include "front/slots.h"
#include "ipc/dispatch.h"
#include "lmtp/envelope.h"
#include "lmtpd/asked.h"
#include "lmtpd/awaits.h"
#include "lmtpd/handover.h"

/* ---- the channel ---- */

static bool may_send(const struct front *f)
{
	return f->lmtp->under_way < f->lmtp->most;
}

static void poll_channel(struct front *f)
{
	authchannel_poll(f, f->lmtp->queued > 0 && may_send(f));
}

/* ---- questions ---- */

static enum fault send_question(const struct conn *c, const struct asked *a)
{
	const struct message m = { .kind = MESSAGE_RCPT_ASK,
				   .RCPT_ASK = { .id = slots_id(c),
						 .recipient = a->number,
						 .octets = c->lmtp->session.octets,
						 .peer = span_of(c->peer),
						 .address = { a->address, a->len } } };

	return may_send(c->front) ? authchannel_tell(c->front, &m) : FAULT_LIMIT;
}

/* Send the question. False: it has to wait. */
static bool try(struct conn *c, struct asked *a)
{
	const enum fault f = send_question(c, a);

	if (f == FAULT_UNSENDABLE)
		asked_fail(c, a, f);
	else if (f == FAULT_NONE)
		asked_set(c, a, ASKED_SENT);
	return f == FAULT_NONE || f == FAULT_UNSENDABLE;
}

/* Does the line, which is cut off the input, ask for a recipient? Then its address is
 * in *out. */
static bool cut_recipient(const struct conn *c, struct span *io_in, struct buf *out)
{
	const char *end = io_in->len > 0 ? memmem(io_in->at, io_in->len, "\r\n", 2)
					 : NULL;

	if (!end)
		return false;
	const struct span line = { io_in->at, (size_t)(end - io_in->at) };
	*io_in = span_after(*io_in, line.len + 2);
	out->len = 0;
	return envelope_recipient(&c->lmtp->session, line, out);
}

/* Ask about the recipients of the RCPT commands behind the present one, too, as far as
 * they have come: a slow database is asked about several at a time. */
static void look_ahead(struct conn *c)
{
	char room[PATH_MAILBOX_MAX];
	struct buf address = BUF(room);
	struct span in = c->client.in;

	for (unsigned i = 1; i < ASKED_MAX && cut_recipient(c, &in, &address); i++)
		if (!asked_add(c, buf_span(&address)))
			return;
}

/* Forget answers that no RCPT command asks for: the session has refused it for another
 * reason. */
static void drop_others(struct conn *c)
{
	const struct span address = lmtp_address(&c->lmtp->session);
	const struct asked *a;

	while ((a = c->lmtp->asked) &&
	       (a->len != address.len || memcmp(a->address, address.at, a->len) != 0))
		asked_drop(c);
}

/* Go on with the first question, in the state in which it is. */
static enum result go_on(struct conn *c, struct lmtp_event *ev)
{
	struct asked *a = c->lmtp->asked;

	switch (a->state) {
	case ASKED_WAITS:
		return lmtp_await(c, LMTP_AWAITS_QUEUE);
	case ASKED_SENT:
		return lmtp_await(c, LMTP_AWAITS_AUTH);
	case ASKED_FAILED:
		return recipients_fail(c, a->fault, ev);
	case ASKED_OK:
		break;
	}
	OWN_TEXT user = TAKE(a->user);
	const int socket = TAKE_FD(a->socket);
	asked_drop(c);
	return handover_begin(c, span_of(user), socket, ev);
}

enum result recipients_ask(struct conn *c, struct lmtp_event *ev)
{
	struct asked *a;

	drop_others(c);
	if (!c->lmtp->asked) {
		if (!asked_add(c, lmtp_address(&c->lmtp->session)))
			return lmtp_failed(ev, FAULT_NOMEM);
		look_ahead(c);
		/* behind the questions of other connections */
		if (c->front->lmtp->queued == asked_waiting(c))
			while ((a = asked_first(c, ASKED_WAITS)) && try(c, a))
				;
		poll_channel(c->front);
	}
	return go_on(c, ev);
}

/* Goes on behind the connection that was served last, so that none waits for ever. */
static struct conn *next_queued(struct front *f)
{
	struct conn *c;

	do {
		f->lmtp->queue_at = (f->lmtp->queue_at + 1) % f->slot_count;
		c = f->slots[f->lmtp->queue_at];
	} while (!c || !asked_first(c, ASKED_WAITS));
	return c;
}

struct conn *recipients_send_queue(struct front *f, enum fault *out)
{
	while (f->lmtp->queued > 0 && may_send(f)) {
		struct conn *c = next_queued(f);
		struct asked *a = asked_first(c, ASKED_WAITS);

		if (!try(c, a)) {
			f->lmtp->queue_at += f->slot_count -
					     1; /* c is the next again */
			break;
		}
		if (a != c->lmtp->asked || c->lmtp->awaits != LMTP_AWAITS_QUEUE)
			continue;
		lmtp_await(c, LMTP_AWAITS_AUTH);
		*out = a->fault;
		if (a->fault)
			return c;
	}
	poll_channel(f);
	return NULL;
}

void recipients_forget(struct conn *c)
{
	asked_forget(c);
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	poll_channel(c->front);
}

enum result recipients_fail(struct conn *c, enum fault f, struct lmtp_event *ev)
{
	asked_drop(c);
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	return lmtp_failed(ev, f);
}

void recipients_late(struct front *f)
{
	f->lmtp->under_way = 0;
	poll_channel(f);
}

bool recipients_lost(struct conn *c)
{
	struct asked *a;

	while ((a = asked_first(c, ASKED_SENT)))
		asked_fail(c, a, FAULT_PEER);
	return c->lmtp->awaits == LMTP_AWAITS_AUTH;
}

/* ---- answers ---- */

struct hearing {
	struct front *front;
	struct conn *c; /* that can go on; NULL: none waits for the message */
	struct lmtp_event *ev;
	enum result result;
};

/* The question that is answered; NULL: it has been forgotten. *out is its connection.
 */
static struct asked *find(struct front *f, uint64_t id, uint64_t number,
			  struct conn **out)
{
	f->lmtp->under_way -= f->lmtp->under_way > 0;
	*out = slots_find(f, id);
	return *out ? asked_find(*out, number) : NULL;
}

/* Does the session wait for this answer, and not for one that comes before it? */
static bool is_awaited(const struct conn *c, const struct asked *a)
{
	return c->lmtp->awaits == LMTP_AWAITS_AUTH && a == c->lmtp->asked;
}

static bool on_ok(void *arg, const struct message *m, struct channel_files *files)
{
	const struct message_RCPT_OK *ok = &m->RCPT_OK;
	struct hearing *h = arg;
	struct conn *c;
	struct asked *a = find(h->front, ok->id, ok->recipient, &c);

	if (!a) {
		close(files->at[0]); /* which ends the delivery */
	} else if (is_awaited(c, a)) {
		asked_drop(c);
		h->c = c;
		h->result = handover_begin(c, ok->user, files->at[0], h->ev);
	} else {
		asked_keep(c, a, ok->user, files->at[0]);
	}
	return true;
}

static void fail(struct hearing *h, struct conn *c, struct asked *a, enum fault f)
{
	if (is_awaited(c, a)) {
		h->c = c;
		h->result = recipients_fail(c, f, h->ev);
	} else {
		asked_fail(c, a, f);
	}
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	const uint64_t fault = m->RCPT_FAILED.fault;
	struct hearing *h = arg;
	struct conn *c;
	struct asked *a =
		find(h->front, m->RCPT_FAILED.id, m->RCPT_FAILED.recipient, &c);

	(void)none;
	if (a)
		fail(h, c, a,
		     fault > FAULT_NONE && fault < FAULT_COUNT ? (enum fault)fault
							       : FAULT_PEER);
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
	struct hearing h = { f, NULL, ev, RESULT_WAIT };
	struct conn *c;
	struct asked *a = find(f, m->RCPT_OK.id, m->RCPT_OK.recipient, &c);

	if (a)
		fail(&h, c, a, FAULT_LIMIT);
	*out_c = h.c;
	return h.result;
}
