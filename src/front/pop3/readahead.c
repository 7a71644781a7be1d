/* front/pop3/readahead.c - fetches bodies before the client asks for them.
 *
 * Prefix: readahead_.
 */
#include "front/pop3/readahead.h"

#include <stdlib.h>

#include "base/own.h"
#include "front/pop3/body.h"
#include "front/pop3/droplink.h"
#include "ipc/message.h"

enum { AHEAD_MOST = MESSAGE_BODIES_MAX };

struct readahead_answer {
	uint32_t msg;
	struct body_source source;
};

struct readahead {
	uint32_t previous;  /* the message that the client asked for last */
	uint32_t run;       /* how many it has asked for in a row before that one */
	uint32_t stale;     /* answers that come first and that nobody wants any more */
	uint32_t next, end; /* then come answers for messages from next on, below end */
	uint32_t first;     /* the first message of the last question */
	uint32_t fit; /* ask for so many at most, as windows for more were not whole;
			 0: there is no such limit */
	uint32_t count;
	struct readahead_answer at[AHEAD_MOST]; /* answers that were not used yet */
};

static void drop_answers(struct conn *c)
{
	struct readahead *a = c->pop3->readahead;

	for (uint32_t i = 0; i < a->count; i++)
		own_fd_close(&a->at[i].source.fd);
	c->front->pop3->readahead_open -= a->count;
	a->count = 0;
}

void readahead_free(struct conn *c)
{
	struct readahead *a = c->pop3->readahead;

	if (!a)
		return;
	drop_answers(c);
	c->front->pop3->readahead_open -= a->stale + (a->end - a->next);
	free(TAKE(c->pop3->readahead));
}

/* If the body of message msg is held, begin to send it and return true. The bodies of
 * messages before it are given up: a client that has gone past them will hardly ask for
 * them. */
static bool use_held(struct conn *c, uint32_t msg, struct session_event *ev)
{
	struct readahead *a = c->pop3->readahead;
	uint32_t i = 0;

	while (i < a->count && a->at[i].msg != msg)
		i++;
	if (i == a->count)
		return false;
	const struct body_source source = a->at[i].source;
	for (uint32_t k = 0; k < i; k++)
		own_fd_close(&a->at[k].source.fd);
	a->count -= i + 1;
	c->front->pop3->readahead_open -= i + 1;
	memmove(a->at, a->at + i + 1, a->count * sizeof *a->at);
	body_begin(c, &source, ev);
	return true;
}

/* How many bodies to ask for at once: more in a longer run, but one if the front has
 * too many descriptors of bodies open. */
static uint32_t how_many(const struct conn *c, uint32_t msg)
{
	static const uint32_t steps[] = { 1, AHEAD_MOST / 2, AHEAD_MOST };
	const uint32_t run = c->pop3->readahead->run,
		       left = c->pop3->session.count - msg + 1;
	uint32_t most = steps[run < 2 ? run : 2];

	if (most > left)
		most = left;
	if (c->pop3->readahead->fit > 0 && most > c->pop3->readahead->fit)
		most = c->pop3->readahead->fit;
	return c->front->pop3->readahead_open + most <= c->front->pop3->readahead_most
		       ? most
		       : 1;
}

static enum result ask(struct conn *c, uint32_t msg, struct session_event *ev)
{
	struct readahead *a = c->pop3->readahead;

	drop_answers(c);
	const uint32_t count = how_many(c, msg);
	a->stale += a->end - a->next;
	a->next = a->end = a->first = msg;
	if (a->fit < AHEAD_MOST) /* the next messages may be smaller */
		a->fit *= 2;
	const enum fault f = droplink_ask_bodies(c, msg, count);
	if (f)
		return result_failed(ev, f);
	a->end += count;
	c->front->pop3->readahead_open += count;
	c->pop3->awaits = AWAITS_BODY;
	return RESULT_WAIT;
}

enum result readahead_want(struct conn *c, uint32_t msg, struct session_event *ev)
{
	if (!c->pop3->readahead)
		c->pop3->readahead = calloc(1, sizeof *c->pop3->readahead);
	if (!c->pop3->readahead)
		return result_failed(ev, FAULT_NOMEM);
	struct readahead *a = c->pop3->readahead;
	a->run = msg == a->previous + 1 ? a->run + 1 : 0;
	a->previous = msg;
	if (use_held(c, msg, ev))
		return RESULT_EVENT;
	if (msg < a->next || msg >= a->end)
		return ask(c, msg, ev);
	c->pop3->awaits = AWAITS_BODY; /* its answer is on its way */
	return RESULT_WAIT;
}

/* Can the whole body be read from its descriptor? A window may hold only its first
 * octets. poplar-drop keeps the file of the first body of an answer open, to copy the
 * rest, but not the files of the others. */
static bool is_whole(const struct body_source *s)
{
	return s->kind != READER_WINDOW || s->window >= s->length;
}

/* Give up a body that came early and cannot be kept. If its window is not whole, there
 * was no room for so many bodies in one answer: ask for fewer the next time. */
static void pass_over(struct readahead *a, uint32_t msg, struct body_source *source)
{
	const uint32_t before = msg - a->first;

	if (source->fd >= 0 && !is_whole(source) && (a->fit == 0 || before < a->fit))
		a->fit = before;
	own_fd_close(&source->fd);
}

/* Hold the body of message msg until the client asks for it. False: it was given up. */
static bool keep(struct readahead *a, uint32_t msg, enum fault fault,
		 struct body_source *source)
{
	if (fault || a->count == AHEAD_MOST || !is_whole(source)) {
		pass_over(a, msg, source);
		return false;
	}
	a->at[a->count++] = (struct readahead_answer){ msg, *source };
	return true;
}

enum result readahead_take(struct conn *c, enum fault fault, struct body_source *source,
			   struct session_event *ev)
{
	struct readahead *a = c->pop3->readahead;

	if (!readahead_is_awaited(c)) {
		own_fd_close(&source->fd);
		return RESULT_ILLEGAL;
	}
	if (a->stale > 0) {
		a->stale--;
		c->front->pop3->readahead_open--;
		own_fd_close(&source->fd);
		return RESULT_DONE;
	}
	const uint32_t msg = a->next++;
	if (c->pop3->awaits == AWAITS_BODY && msg == c->pop3->session.command.msg) {
		c->front->pop3->readahead_open--;
		c->pop3->awaits = AWAITS_NOTHING;
		return fault ? result_failed(ev, fault) : body_begin(c, source, ev);
	}
	if (c->pop3->awaits == AWAITS_BODY) /* the client has gone past it */
		pass_over(a, msg, source);
	else if (keep(a, msg, fault, source))
		return RESULT_DONE;
	c->front->pop3->readahead_open--;
	return RESULT_DONE;
}

bool readahead_is_awaited(const struct conn *c)
{
	const struct readahead *a = c->pop3->readahead;

	return a && (a->stale > 0 || a->next < a->end);
}
