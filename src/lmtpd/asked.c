/* lmtpd/asked.c - the questions of a connection to poplar-auth about recipients.
 *
 * Prefix: asked_.
 */
#include "lmtpd/asked.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"

struct asked *asked_add(struct conn *c, struct span address)
{
	struct asked **at = &c->lmtp->asked;
	struct asked *a = malloc(sizeof *a + address.len);

	if (!a)
		return NULL;
	*a = (struct asked){ .number = ++c->lmtp->question,
			     .socket = -1,
			     .len = address.len };
	memcpy(a->address, address.at, address.len);
	c->front->lmtp->queued++;
	while (*at)
		at = &(*at)->next;
	*at = a;
	return a;
}

struct asked *asked_first(const struct conn *c, enum asked_state state)
{
	struct asked *a = c->lmtp->asked;

	while (a && a->state != state)
		a = a->next;
	return a;
}

uint32_t asked_waiting(const struct conn *c)
{
	uint32_t count = 0;

	for (const struct asked *a = c->lmtp->asked; a; a = a->next)
		count += a->state == ASKED_WAITS;
	return count;
}

struct asked *asked_find(const struct conn *c, uint64_t number)
{
	struct asked *a = c->lmtp->asked;

	while (a && (a->state != ASKED_SENT || a->number != number))
		a = a->next;
	return a;
}

void asked_set(struct conn *c, struct asked *a, enum asked_state state)
{
	struct lmtp_front *lmtp = c->front->lmtp;

	lmtp->queued -= a->state == ASKED_WAITS;
	lmtp->under_way += state == ASKED_SENT;
	a->state = state;
}

void asked_keep(struct conn *c, struct asked *a, struct span user, int socket)
{
	struct lmtp_front *lmtp = c->front->lmtp;

	if (lmtp->links_open < lmtp->links_most)
		a->user = strndup(user.at, user.len);
	if (!a->user) {
		close(socket);
		asked_fail(c, a, FAULT_LIMIT);
		return;
	}
	lmtp->links_open++;
	a->socket = socket;
	asked_set(c, a, ASKED_OK);
}

void asked_fail(struct conn *c, struct asked *a, enum fault f)
{
	a->fault = f;
	asked_set(c, a, ASKED_FAILED);
}

void asked_drop(struct conn *c)
{
	struct lmtp_front *lmtp = c->front->lmtp;
	struct asked *a = c->lmtp->asked;

	c->lmtp->asked = a->next;
	lmtp->queued -= a->state == ASKED_WAITS;
	lmtp->links_open -= a->state == ASKED_OK;
	own_fd_close(&a->socket);
	free(a->user);
	free(a);
}

void asked_forget(struct conn *c)
{
	while (c->lmtp->asked)
		asked_drop(c);
}
