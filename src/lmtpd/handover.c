/* lmtpd/handover.c - the recipients of a transaction, and the sockets of their
 * deliveries.
 *
 * Prefix: handover_.
 */
#include "lmtpd/handover.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "lmtpd/awaits.h"

/* ---- sockets ---- */

static bool attach(struct conn *c, struct delivery *d, int fd)
{
	struct lmtp_front *lmtp = c->front->lmtp;
	struct delivery_link *link = NULL;

	if (lmtp->links_open < lmtp->links_most)
		link = malloc(sizeof *link);
	if (link)
		*link = (struct delivery_link){ { .fd = fd,
						  .wake = lmtp->delivery_wake },
						c,
						d,
						channel_of(fd, ROLE_DROP, ROLE_LMTP) };
	if (!link || !loop_watch(&c->front->loop, &link->watch, LOOP_READ)) {
		free(link);
		close(fd);
		return false;
	}
	lmtp->links_open++;
	d->link = link;
	return true;
}

void handover_close(struct delivery *d, enum fault f)
{
	struct delivery_link *link = TAKE(d->link);

	d->fault = f;
	if (!link)
		return;
	struct front *front = link->conn->front;
	link->delivery = NULL;
	front->lmtp->links_open--;
	loop_watch(&front->loop, &link->watch, 0);
	loop_leave(&front->loop, &link->watch, link);
	close(link->watch.fd);
}

static enum fault tell(const struct delivery *d, const struct message *m, int pass)
{
	return d->link ? channel_send(d->link->watch.fd, m, pass, CHANNEL_NOW)
		       : FAULT_PEER;
}

/* ---- recipients ---- */

static struct delivery *find(const struct envelope *e, struct span user)
{
	struct delivery *d = e->deliveries;

	while (d && !span_is(user, d->user))
		d = d->next;
	return d;
}

static struct delivery *make(struct span user)
{
	struct delivery *d = malloc(sizeof *d + user.len + 1);

	if (!d)
		return NULL;
	*d = (struct delivery){ 0 };
	if (!span_copy(user, d->user, user.len + 1)) {
		free(d);
		return NULL;
	}
	return d;
}

static bool make_room(struct envelope *e)
{
	const uint32_t room = e->room > 0 ? 2 * e->room : 4;

	if (e->count < e->room)
		return true;
	struct recipient *more = realloc(e->recipients, room * sizeof *more);
	if (!more)
		return false;
	e->recipients = more;
	e->room = room;
	return true;
}

/* The recipient whom the session asks about gets the message by this delivery. False:
 * out of memory. */
static bool add(struct conn *c, struct delivery *d)
{
	struct envelope *e = &c->lmtp->envelope;
	const struct span address = lmtp_address(&c->lmtp->session);

	if (!make_room(e))
		return false;
	char *copy = strndup(address.at, address.len);
	if (!copy)
		return false;
	e->recipients[e->count++] = (struct recipient){ d, copy };
	return true;
}

/* A delivery to the same maildrop whose socket was lost gets the new one: with two
 * deliveries, the user would get the message twice. */
enum result handover_begin(struct conn *c, struct span user, int fd,
			   struct lmtp_event *ev)
{
	struct envelope *e = &c->lmtp->envelope;
	struct delivery *d = find(e, user);

	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	if (d && d->link) {
		close(fd);
		return add(c, d) ? lmtp_done(ev) : lmtp_failed(ev, FAULT_NOMEM);
	}
	e->pending_is_new = !d;
	e->pending = d ? d : make(user);
	if (!e->pending)
		close(fd);
	else if (attach(c, e->pending, fd))
		return lmtp_await(c, LMTP_AWAITS_MAILDROP);
	return handover_refused(c, e->pending ? FAULT_LIMIT : FAULT_NOMEM, ev);
}

/* The maildrop whose recipient is answered first gets the message first. */
static void append(struct envelope *e, struct delivery *d)
{
	struct delivery **at = &e->deliveries;

	while (*at)
		at = &(*at)->next;
	*at = d;
}

enum result handover_accepted(struct conn *c, struct lmtp_event *ev)
{
	struct envelope *e = &c->lmtp->envelope;
	struct delivery *d = e->pending;

	if (!add(c, d))
		return handover_refused(c, FAULT_NOMEM, ev);
	if (e->pending_is_new)
		append(e, d);
	e->pending = NULL;
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	return lmtp_done(ev);
}

static void drop_pending(struct envelope *e, enum fault f)
{
	if (!e->pending)
		return;
	handover_close(e->pending, f);
	if (e->pending_is_new)
		free(e->pending);
	e->pending = NULL;
}

enum result handover_refused(struct conn *c, enum fault f, struct lmtp_event *ev)
{
	drop_pending(&c->lmtp->envelope, f);
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	return lmtp_failed(ev, f);
}

/* ---- the message ---- */

bool handover_ask_spool(struct conn *c)
{
	const struct message m = { .kind = MESSAGE_SPOOL };
	struct envelope *e = &c->lmtp->envelope;

	for (struct delivery *d = e->deliveries; d; d = d->next)
		if (d->link && tell(d, &m, -1) == FAULT_NONE) {
			e->spooler = d;
			return true;
		}
	return false;
}

void handover_send(struct conn *c, int fd, uint64_t octets)
{
	const struct message m = { .kind = MESSAGE_DELIVER, .DELIVER = { octets } };
	struct envelope *e = &c->lmtp->envelope;

	e->sent = true;
	e->sent_at = loop_now(&c->front->loop);
	for (struct delivery *d = e->deliveries; d; d = d->next) {
		const enum fault f = d->link ? tell(d, &m, fd) : d->fault;

		if (f)
			handover_close(d, f);
	}
}

void handover_fail_all(struct conn *c, enum fault f)
{
	c->lmtp->envelope.sent = true;
	for (struct delivery *d = c->lmtp->envelope.deliveries; d; d = d->next)
		handover_close(d, f);
}

const struct recipient *handover_next(struct conn *c)
{
	struct envelope *e = &c->lmtp->envelope;
	const struct recipient *r = &e->recipients[e->answered];

	if (r->delivery->link) {
		lmtp_await(c, LMTP_AWAITS_STORED);
		return NULL;
	}
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	e->answered++;
	return r;
}

bool handover_is_over(const struct conn *c)
{
	for (const struct delivery *d = c->lmtp->envelope.deliveries; d; d = d->next)
		if (d->link)
			return false;
	return true;
}

void handover_release(struct conn *c)
{
	struct envelope *e = &c->lmtp->envelope;

	drop_pending(e, FAULT_CANCELLED);
	while (e->deliveries) {
		struct delivery *d = e->deliveries;

		e->deliveries = d->next;
		handover_close(d, FAULT_CANCELLED);
		free(d);
	}
	for (uint32_t i = 0; i < e->count; i++)
		free(e->recipients[i].address);
	free(e->recipients);
	*e = (struct envelope){ 0 };
}
