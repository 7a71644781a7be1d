/* store/maildir/arrivals.c - follows the deliveries of this process to Maildirs, and
 * what inotify reports about them.
 *
 * Prefix: arrivals_, and store_arrivals_ (store/arrivals.h).
 */
#include "store/maildir/arrivals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/own.h"
#include "store/maildir/settle.h"
#include "sys/clock.h"

/* A Maildir is settled this long after the last delivery. Beyond these bounds no
 * Maildir, and no message, is followed; APPEND_AT deliveries to one Maildir are
 * appended to its index even if more keep coming. */
enum {
	WAIT_MS = 20,
	MAILDIRS_MAX = 256,
	PENDING_MAX = 512,
	APPEND_AT = 128,
};

/* What is reported about a folder: each file that comes or goes. */
enum {
	COMES = IN_CREATE | IN_MOVED_TO,
	CHANGES = COMES | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF,
};

struct store_arrivals {
	pthread_mutex_t mutex; /* for all of it, and for all settlings and arrivals */
	pthread_cond_t more;   /* a Maildir is due before all others */
	int notify;            /* inotify */
	unsigned count;        /* Maildirs */
	struct settling *first;
};

struct store_arrivals *store_arrivals_new(void)
{
	struct store_arrivals *a = malloc(sizeof *a);

	if (!a)
		return NULL;
	*a = (struct store_arrivals){
		.notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
	};
	if (a->notify < 0) {
		free(a);
		return NULL;
	}
	pthread_mutex_init(&a->mutex, NULL);
	clock_cond_init(&a->more);
	return a;
}

/* ---- Maildirs ---- */

static void remove_settling(struct store_arrivals *a, struct settling *x)
{
	for (struct settling **at = &a->first; *at; at = &(*at)->next)
		if (*at == x) {
			*at = x->next;
			break;
		}
	a->count--;
	inotify_rm_watch(a->notify, x->watch);
	settle_free(x);
}

static struct settling *find_folder(const struct store_arrivals *a,
				    const struct stat *st)
{
	struct settling *x = a->first;

	while (x && (x->device != st->st_dev || x->known.head.source_1 != st->st_ino))
		x = x->next;
	return x;
}

static bool add_watch(const struct store_arrivals *a, struct settling *x)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", x->folder);
	x->watch = inotify_add_watch(a->notify, path, CHANGES | IN_ONLYDIR);
	return x->watch >= 0;
}

/* The watch comes first: a change before it shows in the time stamps, a later one is
 * reported. */
static struct settling *add_settling(struct store_arrivals *a,
				     const struct store_opening *o, int dir,
				     const struct stat *st)
{
	struct settling *x = a->count < MAILDIRS_MAX ? settle_new(o, dir, st) : NULL;

	if (!x)
		return NULL;
	if (!add_watch(a, x)) {
		settle_free(x);
		return NULL;
	}
	x->next = a->first;
	a->first = x;
	a->count++;
	if (settle_is_known(x))
		return x;
	remove_settling(a, x);
	return NULL;
}

void store_arrivals_free(struct store_arrivals *a)
{
	if (!a)
		return;
	while (a->first)
		remove_settling(a, a->first);
	close(a->notify);
	pthread_cond_destroy(&a->more);
	pthread_mutex_destroy(&a->mutex);
	free(a);
}

/* ---- what inotify reports ---- */

/* Is it the first time that this file comes, and is it ours? */
static bool is_expected(struct settling *x, const struct inotify_event *e)
{
	if ((e->mask & ~(uint32_t)COMES) || e->len == 0)
		return false;
	for (struct arrival *r = x->pending; r; r = r->next)
		if (!r->appeared && strcmp(r->name, e->name) == 0) {
			r->appeared = true;
			return true;
		}
	return false;
}

static void take_event(struct store_arrivals *a, const struct inotify_event *e)
{
	const bool overflow = e->mask & IN_Q_OVERFLOW;

	for (struct settling *x = a->first; x; x = x->next)
		if (overflow || (x->watch == e->wd && !is_expected(x, e)))
			x->lost = true;
}

static void take_events(struct store_arrivals *a)
{
	ROOM _Alignas(struct inotify_event) char room[16384];
	ssize_t len;

	while ((len = read(a->notify, room, sizeof room)) > 0 ||
	       (len < 0 && errno == EINTR))
		for (ssize_t at = 0; at < len;) {
			const struct inotify_event *e = (const void *)(room + at);

			take_event(a, e);
			at += (ssize_t)(sizeof *e + e->len);
		}
	if (len == 0 || errno != EAGAIN)
		for (struct settling *x = a->first; x; x = x->next)
			x->lost = true;
}

/* ---- settling ---- */

/* Forget the deliveries that have ended without a file in new: whatever appears is
 * reported before the end, and the reports have been read. */
static void leave_out_failed(struct settling *x)
{
	struct arrival **at = &x->pending;

	while (*at) {
		struct arrival *r = *at;

		if (r->appeared || !r->ended) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		x->count--;
		free(r);
	}
}

/* Bring the index up to date, and stop following the Maildir if nothing is left to do,
 * or nothing can be done. */
static void settle(struct store_arrivals *a, struct settling *x, bool quiescent)
{
	ROOM struct settle_way way;

	way.quiescent = quiescent;
	way.pause_ms = WAIT_MS;
	enum settle_outcome outcome = settle_begin(x, &way);
	take_events(a);
	leave_out_failed(x);
	if (outcome == SETTLE_DONE && !x->lost)
		outcome = settle_write(x, &way);
	settle_end(&way);
	if (outcome == SETTLE_LOST || x->lost ||
	    (outcome == SETTLE_DONE && quiescent && x->count == 0))
		remove_settling(a, x);
	else if (outcome == SETTLE_LATER)
		x->due_ms = clock_ms() + way.pause_ms;
	else if (quiescent)
		x->due_ms = UINT64_MAX;
}

static struct settling *find_due(const struct store_arrivals *a)
{
	struct settling *due = a->first;

	for (struct settling *x = a->first; x; x = x->next)
		if (x->due_ms < due->due_ms)
			due = x;
	return due;
}

static uint64_t next_due(const struct store_arrivals *a)
{
	const struct settling *x = find_due(a);

	return x ? x->due_ms : UINT64_MAX;
}

/* Deliveries may go on between one Maildir and the next. */
uint64_t store_arrivals_settle(struct store_arrivals *a)
{
	const uint64_t now = clock_ms();
	uint64_t next = 0;

	while (next <= now) {
		pthread_mutex_lock(&a->mutex);
		if (next_due(a) <= now)
			settle(a, find_due(a), true);
		next = next_due(a);
		pthread_mutex_unlock(&a->mutex);
	}
	return next;
}

void store_arrivals_run(struct store_arrivals *a)
{
	for (;;) {
		pthread_mutex_lock(&a->mutex);
		while (next_due(a) == UINT64_MAX)
			pthread_cond_wait(&a->more, &a->mutex);
		while (next_due(a) != UINT64_MAX &&
		       clock_cond_wait(&a->more, &a->mutex, next_due(a)))
			;
		pthread_mutex_unlock(&a->mutex);
		store_arrivals_settle(a);
	}
}

/* ---- deliveries ---- */

static struct settling *follow(struct store_arrivals *a, const struct store_opening *o,
			       int dir)
{
	struct stat st;

	if (fstatat(dir, "new", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return NULL;
	struct settling *x = find_folder(a, &st);
	if (!x)
		return add_settling(a, o, dir, &st);
	if (x->count >= APPEND_AT)
		settle(a, x, false);
	x = find_folder(a, &st);
	if (x && x->count >= PENDING_MAX) {
		remove_settling(a, x);
		return NULL;
	}
	return x;
}

static struct arrival *add_arrival(struct settling *x, const char *name,
				   const struct scan_file *file)
{
	struct arrival *r = malloc(sizeof *r), **at = &x->pending;
	const size_t len = strlen(name);

	if (!r || len >= sizeof r->name) {
		free(r);
		x->lost = true;
		return NULL;
	}
	*r = (struct arrival){ .of = x, .file = *file };
	memcpy(r->name, name, len);
	while (*at)
		at = &(*at)->next;
	*at = r;
	x->count++;
	return r;
}

struct arrival *arrivals_begin(const struct store_opening *o, int dir, const char *name,
			       const struct scan_file *file)
{
	struct store_arrivals *a = o->process.arrivals;
	struct arrival *r = NULL;

	if (!a || o->use.index != STORE_INDEX_KEEP)
		return NULL;
	pthread_mutex_lock(&a->mutex);
	struct settling *x = follow(a, o, dir);
	if (x)
		r = add_arrival(x, name, file);
	if (r)
		r->arrivals = a;
	pthread_mutex_unlock(&a->mutex);
	return r;
}

static void count_usage(const struct settling *x, struct store_usage *out)
{
	*out = (struct store_usage){ x->known.head.octets, x->known.head.messages };
	for (const struct arrival *r = x->pending; r; r = r->next)
		if (r->appeared) {
			out->octets += r->file.octets;
			out->messages++;
		}
}

/* A Maildir that is lost is followed no longer: the next delivery to it looks whether
 * its index is current. */
static bool find_usage(struct store_arrivals *a, struct settling *x,
		       struct store_usage *out)
{
	bool known = settle_barrier(x);

	take_events(a);
	known &= !x->lost;
	if (known)
		count_usage(x, out);
	else
		remove_settling(a, x);
	return known;
}

bool arrivals_usage(struct arrival *r, struct store_usage *out)
{
	if (!r)
		return false;
	struct store_arrivals *a = r->arrivals;
	pthread_mutex_lock(&a->mutex);
	const bool known = r->of && find_usage(a, r->of, out);
	pthread_mutex_unlock(&a->mutex);
	return known;
}

bool arrivals_usage_of(const struct store_opening *o, int dir, struct store_usage *out)
{
	struct store_arrivals *a = o->process.arrivals;
	struct stat st;

	if (!a || o->use.index != STORE_INDEX_KEEP ||
	    fstatat(dir, "new", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	pthread_mutex_lock(&a->mutex);
	struct settling *x = find_folder(a, &st);
	const bool known = x && find_usage(a, x, out);
	pthread_mutex_unlock(&a->mutex);
	return known;
}

static void end(struct store_arrivals *a, struct arrival *r)
{
	struct settling *x = r->of;

	if (!x) {
		free(r);
		return;
	}
	const uint64_t due_ms = clock_ms() + WAIT_MS;

	r->ended = true;
	if (due_ms < next_due(a))
		pthread_cond_signal(&a->more);
	x->due_ms = due_ms;
}

void arrivals_end(struct arrival *r)
{
	if (!r)
		return;
	struct store_arrivals *a = r->arrivals;
	pthread_mutex_lock(&a->mutex);
	end(a, r);
	pthread_mutex_unlock(&a->mutex);
}
