/* front/pop3/readahead.c - bodies fetched before the client asks for them.
 *
 * Prefix: readahead_. A client that fetches one message after the other
 * would cost two changes of process for each. So a growing number is asked for at once:
 * 8, then 16 of them, while the run lasts. They are answered for in order.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "front/front.h"
#include "ipc/message.h"

enum { AHEAD_MOST = MESSAGE_BODIES_MAX };

struct readahead_answer {
	uint32_t msg;
	struct body_source source;
};

struct readahead {
	uint32_t previous,
		run; /* the message asked for last; how many in a row before it */
	uint32_t next, end; /* answers are awaited for these: from next, below end */
	uint32_t stale;     /* ... after so many that nobody wants any more */
	uint32_t first;     /* where the last answer begins */
	uint32_t fit;       /* so many to ask for, as more had no room; 0: any number */
	uint32_t count;
	struct readahead_answer at[AHEAD_MOST]; /* answers not used yet */
};

static void drop_answers(struct conn *c)
{
	struct readahead *a = c->readahead;

	for (uint32_t i = 0; i < a->count; i++)
		own_fd_close(&a->at[i].source.fd);
	c->front->readahead_open -= a->count;
	a->count = 0;
}

void readahead_free(struct conn *c)
{
	struct readahead *a = c->readahead;

	if (!a)
		return;
	drop_answers(c);
	c->front->readahead_open -= a->stale + (a->end - a->next);
	free(TAKE(c->readahead));
}

/* Is the answer here already? What was fetched for messages before it will not be asked
 * for any more. */
static bool use_held(struct conn *c, uint32_t msg)
{
	struct readahead *a = c->readahead;
	uint32_t i = 0;

	while (i < a->count && a->at[i].msg != msg)
		i++;
	if (i == a->count)
		return false;
	const struct body_source source = a->at[i].source;
	for (uint32_t k = 0; k < i; k++)
		own_fd_close(&a->at[k].source.fd);
	a->count -= i + 1;
	c->front->readahead_open -= i + 1;
	memmove(a->at, a->at + i + 1, a->count * sizeof *a->at);
	body_begin(c, &source);
	return true;
}

/* How many to ask for at once: more, the longer the run, as far as descriptors last. */
static uint32_t how_many(const struct conn *c, uint32_t msg)
{
	static const uint32_t steps[] = { 1, AHEAD_MOST / 2, AHEAD_MOST };
	const uint32_t run = c->readahead->run, left = c->session.count - msg + 1;
	uint32_t most = steps[run < 2 ? run : 2];

	if (most > left)
		most = left;
	if (c->readahead->fit > 0 && most > c->readahead->fit)
		most = c->readahead->fit;
	return c->front->readahead_open + most <= c->front->readahead_most ? most : 1;
}

void readahead_want(struct conn *c, uint32_t msg)
{
	if (!c->readahead)
		c->readahead = calloc(1, sizeof *c->readahead);
	if (!c->readahead) {
		talk_failed(c, FAULT_NOMEM);
		return;
	}
	struct readahead *a = c->readahead;
	a->run = msg == a->previous + 1 ? a->run + 1 : 0;
	a->previous = msg;
	if (use_held(c, msg))
		return;
	c->asked = true;
	if (a->next <= msg && msg < a->end)
		return; /* on its way */
	drop_answers(c);
	a->stale += a->end - a->next;
	a->next = msg;
	a->first = msg;
	a->end = msg + how_many(c, msg);
	if (a->fit < AHEAD_MOST) /* the next may be smaller */
		a->fit *= 2;
	enum fault f = maildrop_ask_bodies(c, msg, a->end - msg);
	c->front->readahead_open += a->end - a->next;
	if (f) {
		c->front->readahead_open -= a->end - a->next;
		a->end = a->next;
		c->asked = false;
		talk_failed(c, f);
	}
}

/* Can all of it be sent, whatever becomes of its name? Of windows poplar-drop keeps the
 * file open for the first body of an answer alone. */
static bool is_whole(const struct body_source *s)
{
	return s->kind != READER_WINDOW || s->window >= s->length;
}

/* Keep a body until it is asked for. What failed, and what is not whole, is asked for
 * anew then. */
static void hold(struct conn *c, uint32_t msg, const struct body_source *source)
{
	struct readahead *a = c->readahead;

	a->at[a->count++] = (struct readahead_answer){ msg, *source };
}

/* Nobody waits for it. If there was no room for it, fewer are asked for next time. */
static void pass_over(struct readahead *a, uint32_t msg, struct body_source *source)
{
	const uint32_t before = msg - a->first;

	if (source->fd >= 0 && !is_whole(source) && (a->fit == 0 || before < a->fit))
		a->fit = before;
	own_fd_close(&source->fd);
}

bool readahead_take(struct conn *c, enum fault fault, struct body_source *source)
{
	struct readahead *a = c->readahead;

	if (!readahead_is_awaited(c)) {
		own_fd_close(&source->fd);
		return false;
	}
	if (a->stale > 0) {
		a->stale--;
		c->front->readahead_open--;
		own_fd_close(&source->fd);
		return true;
	}
	uint32_t msg = a->next++;
	bool waiting = c->asked && c->session.ask == ASK_BODY;
	if (waiting && msg == c->session.command.msg) {
		c->asked = false;
		if (fault)
			talk_failed(c, fault);
		else
			body_begin(c, source);
	} else if (waiting || fault || a->count == AHEAD_MOST || !is_whole(source)) {
		pass_over(a, msg, source);
	} else {
		hold(c, msg, source);
		return true;
	}
	c->front->readahead_open--;
	return true;
}

bool readahead_is_awaited(const struct conn *c)
{
	const struct readahead *a = c->readahead;

	return a && (a->stale > 0 || a->next < a->end);
}
