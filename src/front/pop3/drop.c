/* front/pop3/drop.c - the session socket: one maildrop, in another process.
 *
 * Prefix: maildrop_.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "front/front.h"
#include "front/pop3/says.h"
#include "mail/listing.h"

/* Octets of deletion marks sent at a time. */
enum { MARKS_OCTETS = 4096 };

struct drop_link {
	struct loop_watch watch; /* first: a link is a watch */
	struct conn *conn;       /* NULL: detached */
};

static void on_drop(struct loop_watch *watch, unsigned events);

bool maildrop_attach(struct conn *c, int fd)
{
	struct drop_link *link = malloc(sizeof *link);

	if (link)
		*link = (struct drop_link){ { .fd = fd, .wake = on_drop }, c };
	if (!link || !loop_watch(&c->front->loop, &link->watch, LOOP_READ)) {
		free(link);
		close(fd);
		return false;
	}
	*(c->drop ? &c->next : &c->drop) = link;
	return true;
}

static void detach(struct conn *c, struct drop_link **at)
{
	struct drop_link *link = *at;

	if (!link)
		return;
	*at = NULL;
	link->conn = NULL;
	loop_watch(&c->front->loop, &link->watch, 0);
	loop_leave(&c->front->loop, &link->watch, link);
	close(link->watch.fd);
}

void maildrop_detach(struct conn *c)
{
	detach(c, &c->drop);
	maildrop_detach_next(c);
}

void maildrop_detach_next(struct conn *c)
{
	detach(c, &c->next);
}

void maildrop_switch(struct conn *c)
{
	detach(c, &c->drop);
	c->drop = TAKE(c->next);
	readahead_free(c);
	reader_close(&c->records);
	free(TAKE(c->listing.holes));
	free(TAKE(c->session.bits));
	c->commit_at = 0;
}

/* ---- asking ---- */

static enum fault ask(const struct conn *c, const struct message *m, int pass)
{
	return c->drop ? channel_send(c->drop->watch.fd, m, pass, CHANNEL_NOW)
		       : FAULT_PEER;
}

enum fault maildrop_ask_bodies(struct conn *c, uint32_t first, uint32_t count)
{
	const struct message m = { .kind = MESSAGE_BODIES, .BODIES = { first, count } };

	return ask(c, &m, -1);
}

/* Octets that we cannot have without waiting. */
void maildrop_ask_octets(struct conn *c, struct reader *r, uint64_t at)
{
	const bool pages = reader_wants(r) == READER_WANTS_PAGES;
	const struct message warm = { .kind = MESSAGE_WARM,
				      .WARM = { r->base + at, MESSAGE_WARM_MAX } };
	const struct message copy = { .kind = MESSAGE_COPY, .COPY = { r->msg, at } };
	enum fault f = pages ? ask(c, &warm, r->fd) : ask(c, &copy, -1);

	if (f) {
		talk_failed(c, f);
		return;
	}
	c->awaiting = r;
	c->awaited_at = at;
}

static bool any_mark(const char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i])
			return true;
	return false;
}

/* The marks go in pieces that the socket's queue can take; a full queue is waited for.
 */
static enum fault send_marks(struct conn *c)
{
	const char *bits = (const char *)c->session.bits;
	size_t total = bits ? session_marks_octets(&c->session) : 0;

	for (; c->commit_at / 8 < total; c->commit_at += MARKS_OCTETS * 8) {
		size_t at = c->commit_at / 8;
		size_t len = total - at < MARKS_OCTETS ? total - at : MARKS_OCTETS;
		const struct message m = { .kind = MESSAGE_MARKS,
					   .MARKS = { c->commit_at,
						      { bits + at, len } } };
		enum fault f = any_mark(bits + at, len) ? ask(c, &m, -1) : FAULT_NONE;

		if (f)
			return f;
	}
	return FAULT_NONE;
}

void maildrop_ask_commit(struct conn *c)
{
	const struct message m = { .kind = MESSAGE_COMMIT,
				   .COMMIT = { c->session.marked,
					       c->session.retrieved } };
	enum fault f = send_marks(c);

	if (f == FAULT_NONE)
		f = ask(c, &m, -1);
	c->asked = true;
	if (f == FAULT_LIMIT) {
		loop_watch(&c->front->loop, &c->drop->watch, LOOP_READ | LOOP_WRITE);
	} else if (f) {
		c->asked = false;
		talk_failed(c, f);
	}
}

/* ---- the listing ---- */

/* The records from `first` on that stand in one place, as far as they are wanted and at
 * hand. Octets read, or -1 and errno; EAGAIN: not at hand. */
static ssize_t read_batch(struct conn *c, uint32_t first,
			  char out[][LISTING_RECORD_OCTETS])
{
	uint32_t wanted = c->session.last - c->session.next + 1;
	uint32_t count = LISTING_GROUP - first % LISTING_GROUP;

	return reader_read(&c->records, listing_at(first), out, sizeof *out,
			   (count < wanted ? count : wanted) * sizeof *out);
}

/* The file is the owner's, who may spoil it. poplar-drop is told, so that the next
 * session gets a good one. */
void maildrop_doubt(const struct conn *c)
{
	const struct message m = { .kind = MESSAGE_DOUBT };

	fault_ignore(ask(c, &m, -1));
}

bool maildrop_records(struct conn *c)
{
	struct session *s = &c->session;
	uint32_t first = listing_number(&c->listing, s->next), i = first;
	ROOM char batch[LISTING_GROUP][LISTING_RECORD_OCTETS];
	struct listing_record r;

	if (c->awaiting)
		return false;
	ssize_t n = read_batch(c, first, batch);
	if (n < 0 && errno == EAGAIN) {
		maildrop_ask_octets(c, &c->records, listing_at(first));
		return s->ask != ASK_RECORDS;
	}
	uint32_t count = n > 0 ? (uint32_t)n / LISTING_RECORD_OCTETS : 0;
	do {
		if (i - first >= count ||
		    !listing_get(batch[i - first], c->listing.generation, i, &r)) {
			maildrop_doubt(c);
			talk_failed(c, FAULT_IO);
			return true;
		}
		talk_step(c, &(struct session_event){
				     .kind = EVENT_RECORD,
				     .fault = surrogate_refuses(c, r.surrogate),
				     .octets = listing_octets(&r, s->utf8),
				     .uid = listing_uid(&r) });
		i = listing_number(&c->listing, s->next);
	} while (s->ask == ASK_RECORDS && i - first < count &&
		 buf_left(&c->front->out) >= SESSION_REPLY_MAX);
	return true;
}

/* ---- answers ---- */

static void log_login(const struct conn *c)
{
	const struct session *s = &c->session;

	log_event(LOG_INFO, "login", LOG_S("user", session_user(s)),
		  LOG_T("peer", c->peer), LOG_T("tls", conn_tls_text(c)),
		  LOG_T("cipher", c->tls ? tls_cipher(c->tls) : NULL),
		  LOG_T("method", mechanism_name(s->mechanism)),
		  LOG_N("messages", s->count), LOG_N("octets", s->octets));
}

static bool take_holes(struct conn *c, const struct message_READY *m)
{
	struct listing_map map = { m->generation, (uint32_t)(m->holes.len / 8), NULL };

	if (map.hole_count > 0) {
		map.holes = malloc(map.hole_count * sizeof *map.holes);
		if (!map.holes || !listing_get_holes(&map, m->holes.at, UINT32_MAX)) {
			free(map.holes);
			return false;
		}
	}
	c->listing = map;
	return true;
}

bool maildrop_take_listing(struct conn *c, const struct message_READY *m, int fd)
{
	const struct reader_given given = { fd, says_kind(m->given), 0, m->window };

	reader_open(&c->records, 0, &given);
	c->downgrade_way = (enum downgrade_way)m->downgrade;
	return take_holes(c, m);
}

struct session_event maildrop_opened(const struct conn *c,
				     const struct message_READY *m)
{
	return (struct session_event){ .kind = EVENT_OPENED,
				       .count = (uint32_t)m->count,
				       .octets = c->session.utf8 ? m->octets
								 : m->ascii_octets,
				       .read_only = m->read_only > 0,
				       .maxima = (uint32_t)m->maxima,
				       .terms = {
					       (uint32_t)m->login_delay,
					       (uint32_t)m->expire,
					       (enum retrieval)m->retrieval,
				       } };
}

static bool take_ready(struct conn *c, const struct message_READY *m, int fd)
{
	if (c->session.ask != ASK_LOGIN || !c->asked || c->logged_in ||
	    !says_ready_is_sound(m)) {
		close(fd);
		return false;
	}
	if (!maildrop_take_listing(c, m, fd))
		return false;
	c->logged_in = true;
	c->asked = false;
	c->active_at = loop_now(&c->front->loop);
	const struct session_event opened = maildrop_opened(c, m);
	talk_step(c, &opened);
	log_login(c);
	return true;
}

static bool take_failed(struct conn *c, uint64_t fault)
{
	if (!(c->asked || c->awaiting) || fault == FAULT_NONE || fault >= FAULT_COUNT)
		return false;
	c->awaiting = NULL;
	if (c->session.ask == ASK_LOGIN) {
		asks_log_refusal(c, (enum fault)fault);
		maildrop_detach(c);
		conn_rest(c);
	}
	c->asked = false;
	if (c->session.ask == ASK_SEND)
		body_failed(c, (enum fault)fault);
	else
		talk_failed(c, (enum fault)fault);
	return true;
}

/* The descriptor is the next of those that have come, -1 where there was no room for
 * it.
 */
static enum fault read_body(const struct message_body *b, struct channel_files *files,
			    size_t *io_next, struct body_source *out)
{
	const enum fault f = says_body(b, out);

	if (f)
		return f;
	if (*io_next == files->count)
		return FAULT_LIMIT;
	out->fd = files->at[(*io_next)++];
	return FAULT_NONE;
}

static bool take_bodies(struct conn *c, struct span list, struct channel_files *files)
{
	struct message_body body;
	size_t next = 0;
	bool ok = list.len > 0 && list.len % sizeof body == 0;

	for (; ok && list.len > 0; list = span_after(list, sizeof body)) {
		struct body_source source;

		memcpy(&body, list.at, sizeof body);
		enum fault f = read_body(&body, files, &next, &source);
		ok = f != FAULT_PEER && readahead_take(c, f, &source);
	}
	while (next < files->count) { /* those that nobody has taken */
		close(files->at[next++]);
		ok = false;
	}
	return ok;
}

/* Octets that were asked for are in the page cache, or in memory that has come. */
static bool take_warmed(struct conn *c)
{
	const bool was = c->awaiting && c->awaiting->kind == READER_FILE;

	c->awaiting = NULL;
	return was;
}

static bool take_copied(struct conn *c, const struct message_COPIED *m, int fd)
{
	const struct reader_given given = { fd, says_kind(m->given), 0, m->octets };
	struct reader *r = c->awaiting;

	if (!r || r->kind != READER_WINDOW || m->given >= MESSAGE_GIVEN_COUNT) {
		close(fd);
		return false;
	}
	c->awaiting = NULL;
	reader_take(r, c->awaited_at, &given);
	return true;
}

static bool take_done(struct conn *c, const struct message_DONE *m)
{
	const uint64_t octets = c->session.utf8 ? m->octets : m->ascii_octets;

	if (c->session.ask != ASK_COMMIT || !c->asked || m->left > c->session.count ||
	    octets > c->session.octets)
		return false;
	c->asked = false;
	c->committed = true;
	talk_step(c, &(struct session_event){ .kind = EVENT_DONE,
					      .count = (uint32_t)m->left,
					      .octets = octets });
	return true;
}

/* False: the message is not the answer to what was asked. */
static bool take(struct conn *c, const struct message *m, struct channel_files *files)
{
	switch (m->kind) {
	case MESSAGE_READY:
		return take_ready(c, &m->READY, files->at[0]);
	case MESSAGE_FAILED:
		return take_failed(c, m->FAILED.fault);
	case MESSAGE_BODIES_ARE:
		return take_bodies(c, m->BODIES_ARE.list, files);
	case MESSAGE_WARMED:
		return take_warmed(c);
	case MESSAGE_COPIED:
		return take_copied(c, &m->COPIED, files->at[0]);
	case MESSAGE_DONE:
		return take_done(c, &m->DONE);
	default: /* the table has no other from poplar-drop */
		return false;
	}
}

/* What poplar-drop says of the maildrop that is to come. */
static bool take_next(struct conn *c, const struct message *m,
		      struct channel_files *files)
{
	if (m->kind == MESSAGE_READY && says_ready_is_sound(&m->READY))
		return boards_take_ready(c, &m->READY, files->at[0]);
	while (files->count > 0)
		close(files->at[--files->count]);
	if (m->kind != MESSAGE_FAILED || m->FAILED.fault == FAULT_NONE ||
	    m->FAILED.fault >= FAULT_COUNT)
		return false;
	boards_take_refusal(c, (enum fault)m->FAILED.fault);
	return true;
}

/* The maildrop is gone from under the session. What was asked of it has failed;
 * otherwise there is nothing to answer, and the session can't go on. */
static void lose(const struct drop_link *link)
{
	struct conn *c = link->conn;
	enum session_ask ask = c->session.ask;

	if (link == c->next) {
		boards_take_refusal(c, FAULT_PEER);
		talk_go(c);
		return;
	}
	if (!c->asked || ask == ASK_BOARD) {
		conn_close(c, "maildrop-lost");
		return;
	}
	maildrop_detach(c);
	if (ask == ASK_LOGIN) {
		asks_log_refusal(c, FAULT_PEER);
		conn_rest(c);
	}
	c->asked = false;
	talk_failed(c, FAULT_PEER);
	talk_go(c);
}

/* One message. False: there is no more to be read now, or the link has ended. */
static bool hear(struct drop_link *link, bool broken)
{
	struct conn *c = link->conn;
	const bool next = link == c->next;
	const struct channel drop = channel_of(link->watch.fd, ROLE_DROP, ROLE_FRONT);
	struct channel_inbox *in = &c->front->inbox;
	bool good = false;

	switch (channel_receive(&drop, CHANNEL_NOW, in)) {
	case CHANNEL_MESSAGE:
		good = next ? take_next(c, &in->message, &in->files)
			    : take(c, &in->message, &in->files);
		break;
	case CHANNEL_CUT: /* only READY has a descriptor that must come */
		good = !next && take_failed(c, FAULT_LIMIT);
		break;
	case CHANNEL_EMPTY:
		if (broken)
			lose(link);
		return false;
	case CHANNEL_CLOSED:
	case CHANNEL_BROKEN:
		lose(link);
		return false;
	}
	if (good)
		talk_go(c);
	else
		lose(link);
	return link->conn && readahead_is_awaited(c);
}

static void on_drop(struct loop_watch *watch, unsigned events)
{
	struct drop_link *link = (struct drop_link *)watch;

	if (events & LOOP_WRITE) {
		loop_watch(&link->conn->front->loop, watch, LOOP_READ);
		maildrop_ask_commit(link->conn);
	}
	while (hear(link, events & LOOP_BROKEN))
		;
}
