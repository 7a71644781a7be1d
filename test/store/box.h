/* test/store/box.h - a maildrop to play with. */
#pragma once

#include "../scratch.h"
#include "../unit/check.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

#include "base/own.h"
#include "kinds.h"
#include "mail/wire.h"
#include "store/maildir/scan.h"

struct box {
	const struct kind *kind;
	char path[64];
	int root;
	struct store_locks *locks;
	bool read_only;
	uint64_t boot;
	enum store_index index;
	enum downgrade_way downgrade;
	const struct store_rules *rules;
	const struct uidformat *uidl_format;
};

static inline void box_open_kind(struct box *b, const struct kind *kind)
{
	b->kind = kind;
	strcpy(b->path, "/tmp/poplar-store-XXXXXX");
	assert_true(mkdtemp(b->path) != NULL);
	b->root = open(b->path, O_PATH | O_DIRECTORY);
	b->locks = store_locks_new(4, 0);
	b->read_only = false;
	b->boot = 1;
	b->index = STORE_INDEX_KEEP;
	b->rules = NULL;
	b->uidl_format = NULL;
	assert_true(b->root >= 0 && b->locks && mkdirat(b->root, "u", 0700) == 0);
}

static inline void box_open(struct box *b)
{
	box_open_kind(b, &kinds[0]);
}

static inline void box_close(struct box *b)
{
	close(b->root);
	store_locks_free(b->locks);
	scratch_remove(b->path);
}

/* ---- a Maildir, by names ---- */

static inline void put(const struct box *b, const char *name, struct span text)
{
	char path[400];

	mkdirat(b->root, "u/Maildir", 0700);
	mkdirat(b->root, "u/Maildir/new", 0700);
	mkdirat(b->root, "u/Maildir/cur", 0700);
	snprintf(path, sizeof path, "u/Maildir/%s", name);
	int fd = openat(b->root, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len);
	close(fd);
}

static inline bool there(const struct box *b, const char *name)
{
	char path[400];

	snprintf(path, sizeof path, "u/Maildir/%s", name);
	return faccessat(b->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void move(const struct box *b, const char *from, const char *to)
{
	char a[400], c[400];

	snprintf(a, sizeof a, "u/Maildir/%s", from);
	snprintf(c, sizeof c, "u/Maildir/%s", to);
	assert_true(renameat(b->root, a, b->root, c) == 0);
}

/* The file has so many octets from now on; those behind what it had are NUL. */
static inline void stretch(const struct box *b, const char *name, uint64_t octets)
{
	char path[400];

	snprintf(path, sizeof path, "u/Maildir/%s", name);
	int fd = openat(b->root, path, O_WRONLY);
	assert_true(fd >= 0 && ftruncate(fd, (off_t)octets) == 0);
	close(fd);
}

static inline void drop(const struct box *b, const char *name)
{
	char path[400];

	snprintf(path, sizeof path, "u/Maildir/%s", name);
	assert_true(unlinkat(b->root, path, 0) == 0);
}

/* ---- sessions ---- */

static inline enum fault try_open(const struct box *b, struct maildrop **out)
{
	const struct store_opening opening = {
		.place = { b->kind->id, b->root, b->kind->path },
		.process = { .locks = b->locks,
			     .boot = b->boot,
			     .downgrade = b->downgrade },
		.use = { .read_only = b->read_only, .index = b->index },
		.rules = b->rules,
		.uidl_format = b->uidl_format,
	};
	struct why why = { 0 };

	return store_open(&opening, out, &why);
}

static inline struct maildrop *open_box(const struct box *b)
{
	struct maildrop *m = NULL;
	struct stat st;

	assert_int_equal(try_open(b, &m), FAULT_NONE);
	assert_int_equal(fstat(m->listing.fd, &st), 0);
	assert_int_equal(m->listing.device, st.st_dev);
	return m;
}

static inline struct listing_record record(const struct maildrop *m, uint32_t msg)
{
	struct listing_record r;

	assert_true(store_record(&m->listing, msg, &r));
	return r;
}

/* The message as its reader gets it. */
static inline struct span read_body(struct maildrop *m, uint32_t msg, char *room,
				    size_t len)
{
	const struct listing_record r = record(m, msg);
	struct store_body body;

	assert_int_equal(store_body(m, msg, &body, NULL), FAULT_NONE);
	assert_true(body.length <= len);
	ssize_t n = pread(body.fd, room, len, (off_t)body.offset);
	close(body.fd);
	assert_int_equal(n, body.length);
	assert_int_equal(body.octets, r.octets);
	assert_int_equal(body.ascii_octets, listing_octets(&r, false));
	assert_int_equal(body.form, r.form);
	assert_int_equal(body.surrogate, r.surrogate);
	return (struct span){ room, (size_t)n };
}

/* As a client sees them. */
static inline bool same_record(const struct listing_record *a,
			       const struct listing_record *b)
{
	return a->octets == b->octets && a->form == b->form &&
	       a->uid_len == b->uid_len && memcmp(a->uid, b->uid, a->uid_len) == 0;
}

/* ---- the clock of the file system ---- */

/* Until when the folders have changed, in place of which the clock tells another time.
 */
struct told_time {
	struct scan_stamp folders[SCAN_DIRS];
	uint64_t ns;
};
static struct told_time told_time;
static bool no_tick_lasts; /* each change has a stamp of its own */

static inline void stamps_of(int dir, struct scan_stamp out[SCAN_DIRS])
{
	static const char *const folders[SCAN_DIRS] = { "new", "cur" };

	for (int i = 0; i < SCAN_DIRS; i++) {
		struct stat st;

		assert_true(fstatat(dir, folders[i], &st, 0) == 0);
		out[i] = (struct scan_stamp){ st.st_ino, scan_ns(st.st_mtim),
					      scan_ns(st.st_ctim) };
	}
}

bool __real_index_clock(int dir, uint64_t *out_ns);
bool __wrap_index_clock(int dir, uint64_t *out_ns);

/* In the place of the store's own, by the linker. */
bool __wrap_index_clock(int dir, uint64_t *out_ns)
{
	struct scan_stamp now[SCAN_DIRS];

	stamps_of(dir, now);
	if (!__real_index_clock(dir, out_ns))
		return false;
	if (memcmp(now, told_time.folders, sizeof now) == 0)
		*out_ns = told_time.ns;
	if (no_tick_lasts)
		*out_ns += UINT64_C(3600000000000);
	return true;
}

/* Each wait for a lock (pthread_cond_timedwait) takes so many seconds; 0: as long as it
 * does.
 */
static unsigned time_passes_s;
static _Atomic unsigned passed_s; /* so far */

bool __real_index_file_clock(int fd, uint64_t *out_ns);
bool __wrap_index_file_clock(int fd, uint64_t *out_ns);
bool __wrap_index_file_clock(int fd, uint64_t *out_ns)
{
	if (!__real_index_file_clock(fd, out_ns))
		return false;
	if (no_tick_lasts)
		*out_ns += UINT64_C(3600000000000);
	return true;
}

/* Once a test has told the time, ours is ahead of all that it tells. If no tick lasts,
 * nobody need wait either: a tick goes by each time somebody asks. */
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	const int result = __real_clock_gettime(clock, out);

	if (clock == CLOCK_REALTIME && told_time.ns > 0)
		out->tv_sec += 7200;
	if (clock == CLOCK_MONOTONIC)
		out->tv_sec += passed_s;
	if (clock == CLOCK_MONOTONIC && no_tick_lasts) {
		static _Atomic unsigned asked;
		const unsigned ticks = asked++;

		out->tv_sec += ticks / 50;
		out->tv_nsec += ticks % 50 * 20000000;
		out->tv_sec += out->tv_nsec / 1000000000;
		out->tv_nsec %= 1000000000;
	}
	return result;
}

/* ---- what was synced, and how often somebody waited ---- */

static struct {
	unsigned count;
	ino_t of[8];
	bool fails;
	bool skipped;            /* succeeds without waiting for the disk */
	unsigned fails_at;       /* the call with this number fails; 0: none does */
	int error;               /* with this error; 0: EIO */
	void (*meanwhile)(void); /* happens during each call; NULL: nothing does */
} synced;
static _Thread_local unsigned waits;
static _Atomic unsigned all_waits; /* of all threads */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && synced.count < 8)
		synced.of[synced.count++] = st.st_ino;
	if (synced.meanwhile)
		synced.meanwhile();
	if (synced.skipped)
		return 0;
	if (!synced.fails && (synced.fails_at == 0 || synced.count != synced.fails_at))
		return __real_fsync(fd);
	errno = synced.error ? synced.error : EIO;
	return -1;
}

int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
				  const struct timespec *until)
{
	waits++;
	all_waits++;
	if (no_tick_lasts)
		return ETIMEDOUT;
	if (time_passes_s == 0)
		return __real_pthread_cond_timedwait(cond, mutex, until);
	passed_s += time_passes_s;
	return ETIMEDOUT;
}

static inline bool was_synced(const struct box *b, const char *folder)
{
	struct stat st;

	assert_true(fstatat(b->root, folder, &st, 0) == 0);
	for (unsigned i = 0; i < synced.count; i++)
		if (synced.of[i] == st.st_ino)
			return true;
	return false;
}

/* As long as the folders are as they are, it is so many nanoseconds after their last
 * change. */
static inline void tell_time(const struct box *b, uint64_t after_ns)
{
	OWN_FD dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);
	uint64_t last = 0;

	stamps_of(dir, told_time.folders);
	for (int i = 0; i < SCAN_DIRS; i++) {
		const struct scan_stamp *s = &told_time.folders[i];
		const uint64_t its = s->status_ns > s->modified_ns ? s->status_ns
								   : s->modified_ns;

		last = its > last ? its : last;
	}
	told_time.ns = last + after_ns;
}

/* Let a folder ("new"; more may follow) have changed at a time of its own. */
static inline void touch_folder(const struct box *b, const char *folder)
{
	static time_t at = 1000000000;
	const struct timespec times[2] = { { 0, UTIME_OMIT }, { ++at, 1 } };
	char path[32];

	snprintf(path, sizeof path, "u/Maildir/%.3s", folder);
	assert_true(utimensat(b->root, path, times, 0) == 0);
}

/* ... and long ago. */
static inline void settle_folder(const struct box *b, const char *folder)
{
	touch_folder(b, folder);
	tell_time(b, UINT64_C(3600000000000));
}

static inline void settle(const struct box *b)
{
	settle_folder(b, "new");
	settle_folder(b, "cur");
}
