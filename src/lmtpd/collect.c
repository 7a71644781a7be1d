/* lmtpd/collect.c - collects the octets of a message, once for all its recipients.
 *
 * Prefix: collect_.
 */
#include "lmtpd/collect.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "front/client.h"
#include "lmtp/trace.h"
#include "lmtpd/awaits.h"
#include "lmtpd/handover.h"
#include "sys/file.h"

_Static_assert(sizeof((struct lmtp_front *)NULL)->stored >=
		       (size_t)FRONT_INPUT_OCTETS + CONTENT_HELD_MAX,
	       "what one read brings fits, converted");

/* ---- the file ---- */

static struct collect *of(const struct conn *c)
{
	return &c->lmtp->collect;
}

/* Close the file, and return its memory to the budget. */
static void drop_file(struct conn *c)
{
	struct collect *m = of(c);

	if (m->in_memory)
		c->front->lmtp->memory_used -= m->octets;
	m->in_memory = false;
	m->octets = 0;
	if (m->begun)
		own_fd_close(&m->fd);
}

/* The message cannot be kept. Its further octets are taken and dropped. */
static void spoil(struct conn *c, enum fault f)
{
	if (!of(c)->fault)
		of(c)->fault = f;
	drop_file(c);
}

static void spoil_by(struct conn *c, int sys)
{
	const bool full = sys == ENOSPC || sys == EDQUOT || sys == EFBIG;
	struct why why;

	fault_set(&why, full ? FAULT_FULL : FAULT_IO, sys, "keep a message", NULL);
	log_fault(&why, "message-not-kept", LOG_T("peer", c->peer),
		  LOG_T("id", of(c)->id));
	spoil(c, why.fault);
}

static bool is_within_budget(const struct conn *c, size_t len)
{
	const struct front *f = c->front;

	return f->lmtp->memory_used + len <= f->child.settings.lmtp_memory;
}

static void keep(struct conn *c, struct span s)
{
	struct collect *m = of(c);

	if (m->fault || s.len == 0)
		return;
	if (m->in_memory && !is_within_budget(c, s.len)) {
		spoil(c, FAULT_FULL);
	} else if (file_write_all(m->fd, s.at, s.len) < 0) {
		spoil_by(c, errno);
	} else {
		m->octets += s.len;
		if (m->in_memory)
			c->front->lmtp->memory_used += s.len;
	}
}

/* ---- the beginning ---- */

static void make_id(struct conn *c, uint64_t seconds)
{
	struct collect *m = of(c);
	struct buf b = BUF(m->id);

	buf_u64(&b, seconds);
	buf_char(&b, '.');
	buf_u64(&b, (uint64_t)getpid());
	buf_char(&b, '.');
	buf_u64(&b, ++c->front->lmtp->messages);
	buf_cstr(&b);
}

/* The address in "192.0.2.1:24" or "[2001:db8::1]:24"; empty for a Unix socket. */
static struct span peer_host(const char *peer)
{
	const char *end = strrchr(peer, ':');
	const size_t bracket = *peer == '[' ? 1 : 0;

	if (!end)
		return (struct span){ 0 };
	return (struct span){ peer + bracket, (size_t)(end - peer) - 2 * bracket };
}

static void write_trace(struct conn *c, uint64_t seconds)
{
	char room[TRACE_MAX];
	struct buf b = BUF(room);
	const struct trace_stamp stamp = { seconds, peer_host(c->peer),
					   span_of(of(c)->id) };

	trace_write(&c->lmtp->session, &stamp, &b);
	keep(c, buf_span(&b));
}

static void begin_message(struct conn *c, enum content_form form)
{
	struct collect *m = of(c);
	const uint64_t seconds = (uint64_t)time(NULL);

	m->begun = true;
	content_init(&m->content, form);
	make_id(c, seconds);
	m->fd = file_memory("message");
	m->in_memory = m->fd >= 0;
	if (m->fd < 0)
		spoil_by(c, errno);
	write_trace(c, seconds);
}

void collect_begin(struct conn *c)
{
	const struct lmtp_session *s = &c->lmtp->session;
	const bool counted = s->ask == LMTP_ASK_CHUNK;

	of(c)->left = s->chunk;
	if (!of(c)->begun && (!counted || s->keep))
		begin_message(c, counted ? CONTENT_COUNTED : CONTENT_DOTTED);
}

/* ---- octets ---- */

/* Is a spool file to be asked for, before this many octets are taken? */
static bool wants_spool(const struct conn *c, size_t len)
{
	const struct collect *m = of(c);

	len += CONTENT_HELD_MAX;
	return m->in_memory && !m->fault && !m->spool_came &&
	       (m->octets + len > COLLECT_MEMORY_MAX || !is_within_budget(c, len));
}

static bool copy_to(int to, int from, uint64_t octets, char *room, size_t most)
{
	for (uint64_t at = 0; at < octets;) {
		const ssize_t n = pread(from, room, most, (off_t)at);

		if (n <= 0 || file_write_all(to, room, (size_t)n) < 0)
			return false;
		at += (uint64_t)n;
	}
	return true;
}

enum result collect_spool(struct conn *c, int fd)
{
	struct collect *m = of(c);
	struct front *f = c->front;
	const uint64_t octets = m->octets;

	m->spool_came = true;
	c->lmtp->awaits = LMTP_AWAITS_NOTHING;
	if (fd < 0)
		return RESULT_DONE;
	if (!copy_to(fd, m->fd, octets, f->lmtp->stored, sizeof f->lmtp->stored)) {
		spoil_by(c, errno);
		close(fd);
		return RESULT_DONE;
	}
	drop_file(c);
	m->fd = fd;
	m->octets = octets;
	return RESULT_DONE;
}

/* All octets of the content or of the chunk have come. */
static enum result finish(struct conn *c, struct lmtp_event *ev)
{
	const struct lmtp_session *s = &c->lmtp->session;
	struct collect *m = of(c);
	char held[CONTENT_HELD_MAX];

	if (s->ask == LMTP_ASK_CHUNK && s->keep && s->last)
		keep(c, (struct span){ held, content_end(&m->content, held) });
	return m->fault ? lmtp_failed(ev, m->fault) : lmtp_done(ev);
}

static void take(struct conn *c, struct span *io_in)
{
	const uint64_t most = c->lmtp->session.policy->size_max;
	struct collect *m = of(c);
	struct front *f = c->front;
	const size_t n = content_take(&m->content, io_in, f->lmtp->stored,
				      sizeof f->lmtp->stored);

	if (most > 0 && m->content.octets > most)
		spoil(c, FAULT_TOO_LARGE);
	keep(c, (struct span){ f->lmtp->stored, n });
}

static enum result take_dotted(struct conn *c, struct lmtp_event *ev)
{
	take(c, &c->client.in);
	return of(c)->content.ended ? finish(c, ev) : RESULT_DONE;
}

static enum result take_counted(struct conn *c, struct lmtp_event *ev)
{
	struct collect *m = of(c);
	struct span *in = &c->client.in;
	const size_t len = m->left < in->len ? (size_t)m->left : in->len;
	struct span part = { in->at, len };

	if (c->lmtp->session.keep)
		take(c, &part);
	m->left -= len;
	*in = span_after(*in, len);
	return m->left == 0 ? finish(c, ev) : RESULT_DONE;
}

enum result collect_next(struct conn *c, struct lmtp_event *ev)
{
	const bool counted = c->lmtp->session.ask == LMTP_ASK_CHUNK;

	if (counted && of(c)->left == 0)
		return finish(c, ev);
	if (c->client.in.len == 0) {
		const enum result r = client_read(c);

		if (r != RESULT_DONE)
			return r;
		deadline_active(c);
	}
	if (wants_spool(c, c->client.in.len)) {
		if (handover_ask_spool(c))
			return lmtp_await(c, LMTP_AWAITS_SPOOL);
		of(c)->spool_came = true;
	}
	return counted ? take_counted(c, ev) : take_dotted(c, ev);
}

/* ---- the end ---- */

enum fault collect_seal(struct conn *c)
{
	const struct collect *m = of(c);

	return m->in_memory && file_seal(m->fd) < 0 ? FAULT_IO : FAULT_NONE;
}

void collect_release(struct conn *c)
{
	drop_file(c);
	*of(c) = (struct collect){ 0 };
}
