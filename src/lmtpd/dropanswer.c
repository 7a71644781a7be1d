/* lmtpd/dropanswer.c - handles the answers of maildrop processes.
 *
 * Prefix: dropanswer_.
 */
#include "lmtpd/dropanswer.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ipc/dispatch.h"
#include "lmtpd/collect.h"
#include "lmtpd/handover.h"

struct hearing {
	struct conn *c;
	struct delivery *delivery;
	struct lmtp_event *ev;
	enum result result;
};

static bool gives(struct hearing *h, enum result r)
{
	h->result = r;
	return r != RESULT_ILLEGAL;
}

/* The delivery has come to its end: with the message stored, with a refusal, or because
 * the socket was lost. */
static enum result finish(struct conn *c, struct delivery *d, enum fault f,
			  struct lmtp_event *ev)
{
	const enum lmtp_awaits awaits = c->lmtp->awaits;
	const bool spools = awaits == LMTP_AWAITS_SPOOL &&
			    d == c->lmtp->envelope.spooler;

	if (d == c->lmtp->envelope.pending)
		return handover_refused(c, f, ev);
	handover_close(d, f);
	if (spools)
		return collect_spool(c, -1);
	if (awaits == LMTP_AWAITS_STORED)
		c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	/* a connection whose client has gone ends with its last outcome */
	return awaits == LMTP_AWAITS_STORED || c->phase == PHASE_GONE ? RESULT_DONE
								      : RESULT_WAIT;
}

static bool on_accepts(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)m, (void)none;
	return gives(h, h->delivery == h->c->lmtp->envelope.pending
				? handover_accepted(h->c, h->ev)
				: RESULT_ILLEGAL);
}

static bool on_failed(void *arg, const struct message *m, struct channel_files *none)
{
	const uint64_t fault = m->FAILED.fault;
	struct hearing *h = arg;

	(void)none;
	if (fault == FAULT_NONE || fault >= FAULT_COUNT)
		return gives(h, RESULT_ILLEGAL);
	return gives(h, finish(h->c, h->delivery, (enum fault)fault, h->ev));
}

/* Another kind of file could block this process. */
static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/* Without a file, a fault has come, or this process has too many open files. */
static bool is_spool(const struct channel_files *files)
{
	return files->count == 0 || (files->count == 1 && is_regular(files->at[0]));
}

static void close_all(struct channel_files *files)
{
	while (files->count > 0)
		close(files->at[--files->count]);
}

/* A file that comes after the wait for it is not needed, but the delivery goes on: its
 * maildrop process may have DELIVER already, and would store a message whose client was
 * told to send it again. */
static bool on_spool_is(void *arg, const struct message *m, struct channel_files *files)
{
	struct hearing *h = arg;
	struct envelope *e = &h->c->lmtp->envelope;
	const bool waits = h->c->lmtp->awaits == LMTP_AWAITS_SPOOL;

	(void)m;
	if (h->delivery != e->spooler || (waits && !is_spool(files))) {
		close_all(files);
		return gives(h, RESULT_ILLEGAL);
	}
	e->spooler = NULL;
	if (waits)
		return gives(h,
			     collect_spool(h->c, files->count > 0 ? files->at[0] : -1));
	close_all(files);
	return gives(h, RESULT_WAIT);
}

static bool on_delivered(void *arg, const struct message *m, struct channel_files *none)
{
	struct hearing *h = arg;

	(void)m, (void)none;
	return gives(h, h->c->lmtp->envelope.sent
				? finish(h->c, h->delivery, FAULT_NONE, h->ev)
				: RESULT_ILLEGAL);
}

#define HEARS_DROP(X)                                                                  \
	X(ACCEPTS, on_accepts)                                                         \
	X(FAILED, on_failed)                                                           \
	X(SPOOL_IS, on_spool_is)                                                       \
	X(DELIVERED, on_delivered)
DISPATCH(from_drop, DROP, LMTP, HEARS_DROP);

enum result dropanswer_take(struct delivery_link *link, struct channel_inbox *in,
			    struct lmtp_event *ev)
{
	struct hearing h = { link->conn, link->delivery, ev, RESULT_ILLEGAL };

	dispatch(&from_drop, &h, in);
	return h.result;
}

enum result dropanswer_lost(const struct delivery_link *link, struct lmtp_event *ev)
{
	return finish(link->conn, link->delivery, FAULT_PEER, ev);
}
