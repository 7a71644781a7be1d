/* dropd/session.c - the session of poplar-drop with one front: one maildrop.
 *
 * Prefix: session_.
 */
#include "dropd/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/uidformat.h"
#include "dropd/hearing.h"
#include "dropd/marks.h"
#include "dropd/windows.h"
#include "store/maxima.h"
#include "sys/clock.h"
#include "sys/file.h"

/* The front reads the bodies of one answer while it has asked for those of the next. */
enum { FILES_KEPT = 2 * MESSAGE_BODIES_MAX };

struct session {
	struct pool_fd post; /* first: a session is a watched descriptor */
	struct channel front;
	struct maildrop *maildrop;
	struct marks marks;
	bool read_only, as_is, is_board;
	uint32_t maxima;            /* of a board; 0: the maildrop is no board */
	bool is_corrupt;            /* the front has reported the listing as corrupt */
	unsigned given;             /* number of files given to the front so far */
	uint64_t files[FILES_KEPT]; /* the inodes of the last FILES_KEPT of them */
	uint32_t login_delay;       /* of the user; `rules` may have 0 instead */
	struct store_rules rules;
	struct lockowner owner; /* this session as the lock owner, once it is open */
	struct windows windows;
	char user[];
};

static void session_end(struct dropd *d, struct session *s)
{
	lockowners_remove(&d->lockowners, &s->owner);
	windows_close(&s->windows);
	store_close(s->maildrop);
	own_fd_close(&s->post.fd);
	marks_free(&s->marks);
	free(s);
	dropd_session_less(d);
}

/* Send a message without waiting. A front reads each answer that it asks for, so a full
 * queue means that the front is broken, and it must not block a thread. False: end the
 * session. */
static bool say(const struct session *s, const struct message *m, int fd)
{
	enum fault f = channel_send(s->post.fd, m, fd, CHANNEL_NOW);

	if (f == FAULT_UNSENDABLE)
		f = channel_send(s->post.fd,
				 &(const struct message){ .kind = MESSAGE_FAILED,
							  .FAILED = { f } },
				 -1, CHANNEL_NOW);
	return f == FAULT_NONE;
}

static bool say_failed(const struct session *s, const struct why *why,
		       const char *event)
{
	const struct message m = { .kind = MESSAGE_FAILED, .FAILED = { why->fault } };

	log_fault(why, event, LOG_T("user", s->user));
	return say(s, &m, -1);
}

/* The answer for one body. *out_fd: the descriptor to send, which remains the property
 * of *b or of the windows. */
static struct message_body give_body(struct session *s, struct store_body *b,
				     int *out_fd)
{
	struct windows_given given = { 0 };
	struct why *why = &b->why;

	if (!why->fault && windows_give(&s->windows, b, &given, why))
		own_fd_close(&b->fd);
	if (why->fault) {
		log_fault(why, "body-failed", LOG_T("user", s->user));
		return (struct message_body){ .fault = why->fault };
	}
	s->files[s->given++ % FILES_KEPT] = b->inode;
	*out_fd = given.fd;
	return (struct message_body){ FAULT_NONE,      given.offset, b->length,
				      b->form,         b->octets,    b->surrogate,
				      b->ascii_octets, given.what,   given.octets };
}

/* Close the bodies. If the first was sent in part only, keep it: the front will ask for
 * the rest by COPY. */
static void close_bodies(struct session *s, uint32_t first, struct store_body *bodies,
			 const struct message_body *list, size_t count)
{
	if (list[0].given == MESSAGE_GIVEN_WINDOW && !list[0].fault &&
	    list[0].window < list[0].length)
		windows_keep(&s->windows, first, &bodies[0]);
	for (size_t i = 0; i < count; i++)
		own_fd_close(&bodies[i].fd);
}

static bool answer_bodies(struct session *s, uint64_t first, uint64_t count)
{
	struct store_body bodies[MESSAGE_BODIES_MAX];
	struct message_body list[MESSAGE_BODIES_MAX];
	int files[MESSAGE_BODIES_MAX];
	size_t n = 0;

	const uint64_t all = s->maildrop->listing.count;
	if (count == 0 || count > MESSAGE_BODIES_MAX || first == 0 || first > all ||
	    count > all - first + 1)
		return hearing_illegal(s->user, "BODIES", "there are no such messages");
	store_bodies(s->maildrop, (uint32_t)first, (uint32_t)count, bodies);
	windows_begin(&s->windows);
	for (size_t i = 0; i < count; i++) {
		list[i] = give_body(s, &bodies[i], &files[n]);
		n += list[i].fault == FAULT_NONE;
	}
	const struct message m = {
		.kind = MESSAGE_BODIES_ARE,
		.BODIES_ARE = { { (const char *)list, count * sizeof *list } },
	};
	bool said = channel_send_files(s->post.fd, &m, files, n, CHANNEL_NOW) ==
		    FAULT_NONE;
	close_bodies(s, (uint32_t)first, bodies, list, count);
	return said;
}

/* Is it a file that this session has given the front: a body, or the listing? */
static bool is_ours(const struct session *s, int fd)
{
	struct stat st, listing;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	for (unsigned i = 0; i < s->given && i < FILES_KEPT; i++)
		if (s->files[i] == st.st_ino)
			return true;
	return fstat(s->maildrop->listing.fd, &listing) == 0 &&
	       listing.st_ino == st.st_ino && listing.st_dev == st.st_dev;
}

/* Prefetch a range of a file into memory, so that the front need not wait for the disk.
 */
static bool answer_warm(struct session *s, int fd, uint64_t offset, uint64_t length)
{
	const struct message m = { .kind = MESSAGE_WARMED };
	ROOM char chunk[65536];

	if (!is_ours(s, fd) || length > MESSAGE_WARM_MAX || offset > INT64_MAX - length)
		return hearing_illegal(s->user, "WARM",
				       "not a file or range of this session");
	for (uint64_t done = 0; done < length;) {
		size_t want = length - done < sizeof chunk ? (size_t)(length - done)
							   : sizeof chunk;
		ssize_t n = pread(fd, chunk, want, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	return say(s, &m, -1);
}

/* Copy the next octets of a body, or of the listing (message 0), for a front that has
 * only a window of it. */
static bool answer_copy(struct session *s, uint64_t msg, uint64_t at)
{
	const struct store_listing *listing = &s->maildrop->listing;
	struct windows_given given = { 0 };
	struct why why = { 0 };

	if (msg > listing->count || at > INT64_MAX)
		return hearing_illegal(s->user, "COPY", "there is no such message");
	const enum fault f = msg > 0 ? windows_next(&s->windows, s->maildrop,
						    (uint32_t)msg, at, &given, &why)
				     : windows_listing(listing, at, &given, &why);
	if (f)
		return say_failed(s, &why, "body-failed");
	const struct message m = { .kind = MESSAGE_COPIED,
				   .COPIED = { given.what, given.octets } };
	const bool said = say(s, &m, given.fd);
	if (msg == 0 && given.fd != listing->fd)
		close(given.fd);
	return said;
}

/* What happens to a message that RETR has sent. */
static enum retrieval retrieval(const struct session *s)
{
	const struct policy *p = &s->rules.policy;

	if (s->read_only)
		return RETRIEVAL_FORGOTTEN;
	if (p->retrieved == 0)
		return RETRIEVAL_REMOVES;
	return s->rules.mark_seen || policy_expire(p) != POLICY_NEVER
		       ? RETRIEVAL_NOTED
		       : RETRIEVAL_FORGOTTEN;
}

/* Handle the front's first report of corruption: log it, and mark the index as doubted.
 * A read-only session does not mark it. */
static void note_corrupt(struct session *s)
{
	if (s->is_corrupt)
		return;
	s->is_corrupt = true;
	log_event(LOG_WARNING, "listing-damaged", LOG_T("user", s->user),
		  LOG_T("hint", s->read_only ? "see poplar index" : NULL));
	if (!s->read_only)
		store_doubt(s->maildrop);
}

static bool put_marks(struct session *s, uint64_t first, struct span bits)
{
	const enum fault f = marks_put(&s->marks, first, bits);

	if (f == FAULT_NOMEM)
		log_event(LOG_ERR, "session-lost", LOG_T("user", s->user),
			  LOG_T("what", "out of memory"));
	if (f == FAULT_PEER)
		return hearing_illegal(s->user, "MARKS",
				       "outside of the marks of this maildrop");
	return f == FAULT_NONE;
}

/* Commit. This is the last message of the session, whether it succeeds or not. */
static void answer_commit(struct session *s, const struct message_COMMIT *m)
{
	struct why why = { 0 };
	uint32_t left = 0;

	if (s->read_only || !marks_are(&s->marks, m->marked, m->retrieved)) {
		fault_set(&why, s->read_only ? FAULT_READ_ONLY : FAULT_PEER, 0,
			  "read the marks from the front", NULL);
		say_failed(s, &why, "commit-failed");
		return;
	}
	uint64_t octets, ascii;
	store_left(&s->maildrop->listing, marks_deleted(&s->marks), &octets, &ascii);
	s->rules.now_ms = clock_wall_ms();
	if (store_commit(s->maildrop, marks_deleted(&s->marks),
			 marks_retrieved(&s->marks), &left, &why)) {
		say_failed(s, &why, "commit-failed");
		return;
	}
	const struct message done = { .kind = MESSAGE_DONE,
				      .DONE = { left, octets, ascii } };
	say(s, &done, -1);
}

/* ---- messages of the front ---- */

static bool on_bodies(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	return answer_bodies(arg, m->BODIES.first, m->BODIES.count);
}

static bool on_warm(void *arg, const struct message *m, struct channel_files *files)
{
	OWN_FD file = files->at[0];

	return answer_warm(arg, file, m->WARM.offset, m->WARM.length);
}

static bool on_copy(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	return answer_copy(arg, m->COPY.message, m->COPY.offset);
}

static bool on_listing_corrupt(void *arg, const struct message *m,
			       struct channel_files *none)
{
	(void)m, (void)none;
	note_corrupt(arg);
	return true;
}

static bool on_marks(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	return put_marks(arg, m->MARKS.first, m->MARKS.bits);
}

static bool on_commit(void *arg, const struct message *m, struct channel_files *none)
{
	(void)none;
	answer_commit(arg, &m->COMMIT);
	return false;
}

#define HEARS_FRONT(X)                                                                 \
	X(BODIES, on_bodies)                                                           \
	X(WARM, on_warm)                                                               \
	X(COPY, on_copy)                                                               \
	X(LISTING_CORRUPT, on_listing_corrupt)                                         \
	X(MARKS, on_marks)                                                             \
	X(COMMIT, on_commit)
DISPATCH(from_front, FRONT, DROP, HEARS_FRONT);

static void on_session(struct pool *pool, struct pool_fd *post)
{
	struct session *s = (struct session *)post;

	if (hearing_one(&s->front, &from_front, s, s->user))
		pool_again(pool, post);
	else
		session_end(pool_arg(pool), s);
}

/* ---- opening ---- */

static bool say_ready(const struct session *s)
{
	ROOM char room[LISTING_GAPS_MAX * 8];
	struct buf gaps = BUF(room);
	const struct store_listing *l = &s->maildrop->listing;
	struct windows_given given;
	struct why why = { 0 };

	if (windows_listing(l, 0, &given, &why)) {
		say_failed(s, &why, "open-failed");
		return false;
	}
	listing_put_gaps(l->map, &gaps);
	const struct message m = {
		.kind = MESSAGE_READY,
		.READY = { .count = l->count,
			   .octets = l->octets,
			   .ascii_octets = l->ascii_octets,
			   .downgrade = l->downgrade,
			   .read_only = s->read_only,
			   .login_delay = s->login_delay,
			   .expire = policy_expire(&s->rules.policy),
			   .retrieval = retrieval(s),
			   .generation = l->map->generation,
			   .given = given.what,
			   .window = given.octets,
			   .maxima = s->maxima,
			   .gaps = buf_span(&gaps) },
	};
	const bool said = say(s, &m, given.fd);
	if (given.fd != l->fd)
		close(given.fd);
	return said;
}

/* Log and report that the maildrop cannot be opened. If it is in use, the log says
 * since when and from where. */
static void say_not_open(struct dropd *d, const struct session *s, const char *path,
			 const struct why *why)
{
	const struct message m = { .kind = MESSAGE_FAILED, .FAILED = { why->fault } };
	char since[LOCKOWNER_SINCE_MAX], peer[LOCKOWNER_PEER_MAX];
	const bool busy = why->fault == FAULT_BUSY;
	const bool known = busy && lockowners_find(&d->lockowners, path, since, peer);

	log_fault(why, "open-failed", LOG_T("user", s->user),
		  LOG_T("peer", s->owner.peer),
		  LOG_T("held-since", known  ? since
				      : busy ? "unknown"
					     : NULL),
		  LOG_T("held-from", known  ? peer
				     : busy ? "another-process"
					    : NULL));
	say(s, &m, -1);
}

/* Set the maxima of a board. If the file cannot be written, that is logged at debug
 * level only, since every reader of a board without write access would log it. */
static void count_board(const struct dropd *d, struct session *s, const char *path)
{
	OWN_FD dir = file_open_beneath(d->root, path, O_RDONLY | O_DIRECTORY);
	struct why why = { 0 };

	s->maxima = dir < 0 ? s->maildrop->listing.count
			    : maxima_of(dir, &s->maildrop->listing, &why);
	if (why.fault)
		log_event(LOG_DEBUG, "maxima-not-kept", LOG_T("board", path),
			  LOG_T("error", why.sys ? strerrordesc_np(why.sys) : NULL));
}

/* Open the maildrop, and answer READY or FAILED. False: the session is over. */
static bool session_open(struct dropd *d, struct session *s, const char *path,
			 const struct uidformat *format)
{
	struct store_opening opening = dropd_opening(d, path);
	struct why why = { 0 };

	opening.use.read_only = s->read_only;
	opening.use.as_is = s->as_is;
	opening.use.makes_home &= !s->read_only;
	opening.rules = s->read_only ? NULL : &s->rules;
	opening.uidl_format = format;
	if (store_open(&opening, &s->maildrop, &why)) {
		say_not_open(d, s, path, &why);
		return false;
	}
	lockowners_add(&d->lockowners, &s->owner, path);
	s->marks.messages = s->maildrop->listing.count;
	s->marks.notes_retrieved = retrieval(s) != RETRIEVAL_FORGOTTEN;
	if (s->is_board)
		count_board(d, s, path);
	if (s->maildrop->trouble.fault)
		log_fault(&s->maildrop->trouble, "index-trouble",
			  LOG_T("user", s->user));
	if (s->maildrop->has_new_home)
		log_event(LOG_NOTICE, "home-made", LOG_T("user", s->user),
			  LOG_T("maildrop", path));
	if (s->maildrop->expired > 0)
		log_event(LOG_INFO, "expired", LOG_T("user", s->user),
			  LOG_N("messages", s->maildrop->expired),
			  LOG_N("octets", s->maildrop->expired_octets));
	return say_ready(s);
}

static uint32_t days(uint64_t said)
{
	return said < POLICY_NEVER ? (uint32_t)said : POLICY_NEVER;
}

void dropd_session_begin(struct dropd *d, const struct message *m, int fd)
{
	const size_t user_octets = m->GRANT.user.len + 1;
	struct session *s = calloc(1, sizeof *s + user_octets);
	ROOM char path[4096 + 1];
	struct uidformat format;

	if (!s || !span_copy(m->GRANT.user, s->user, user_octets) ||
	    !span_copy(m->GRANT.peer, s->owner.peer, sizeof s->owner.peer) ||
	    !span_copy(m->GRANT.path, path, sizeof path) ||
	    !uidformat_take(m->GRANT.uidl_format, &format)) {
		close(fd);
		free(s);
		return;
	}
	dropd_session_more(d);
	s->read_only = m->GRANT.read_only > 0;
	s->as_is = m->GRANT.as_is > 0;
	s->is_board = m->GRANT.is_board > 0;
	s->login_delay = (uint32_t)m->GRANT.login_delay;
	s->rules = (struct store_rules){
		.policy = { m->GRANT.again ? 0 : s->login_delay, days(m->GRANT.unread),
			    days(m->GRANT.retrieved) },
		.quick_logins = d->threaded.child.settings.quick_logins,
		.mark_seen = d->threaded.child.settings.mark_seen,
		.now_ms = clock_wall_ms(),
	};
	s->post = (struct pool_fd){ fd, on_session };
	s->front = channel_of(fd, ROLE_FRONT, ROLE_DROP);
	if (!session_open(d, s, path, &format) ||
	    !pool_watch(d->threaded.pool, &s->post))
		session_end(d, s);
}
