/* store/maildir/scan.c - finds the files of a Maildir, and sorts them.
 *
 * Prefix: scan_.
 */
#include "store/maildir/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/own.h"
#include "mail/listing.h"
#include "mail/name.h"
#include "store/fault.h"
#include "sys/file.h"

/* A directory that changes while it is read is read again, at most this often. */
enum { READS = 5, DIRENTS_OCTETS = 32768 };

static const char *const folder[] = { [SCAN_NEW] = "new", [SCAN_CUR] = "cur" };

void scan_done(struct scan *s)
{
	free(s->names);
	free(s->files.at);
	*s = (struct scan){ .pins = s->pins };
}

/* ---- finding ---- */

/* Append "new/NAME" or "cur/NAME" to s->names. name_sum is of the name as a record has
 * it: behind the first letter of its folder. False: out of memory. */
static bool keep_name(struct scan *s, enum scan_dir where, struct span name,
		      struct scan_file *out)
{
	size_t whole = 4 + name.len + 1;

	if (s->names_room - s->names_len < whole + 1) {
		size_t room = s->names_room * 2 + whole + 4096;
		char *more = realloc(s->names, room);

		if (!more)
			return false;
		s->names = more;
		s->names_room = room;
	}
	char *at = s->names + s->names_len;
	memcpy(at + 4, name.at, name.len);
	at[3] = folder[where][0];
	out->name_sum = listing_sum((struct span){ at + 3, name.len + 1 }, 0);
	memcpy(at, folder[where], 3);
	at[3] = '/';
	at[4 + name.len] = '\0';
	out->name = s->names_len;
	out->where = where;
	s->names_len += whole;
	return true;
}

bool scan_add(struct scan_files *files, const struct scan_file *file)
{
	if (files->count == files->room) {
		uint32_t room = files->room ? files->room * 2 : 64;
		struct scan_file *more =
			files->room > UINT32_MAX / 4
				? NULL
				: realloc(files->at, room * sizeof *more);

		if (!more)
			return false;
		files->at = more;
		files->room = room;
	}
	files->at[files->count++] = *file;
	return true;
}

bool scan_keep(struct scan *s, struct scan_files *files, enum scan_dir where,
	       struct span name, const struct scan_file *file)
{
	struct scan_file f = *file;

	f.time = name_time(name);
	f.place = scan_place(s, name);
	return keep_name(s, where, name, &f) && scan_add(files, &f);
}

bool scan_rename(struct scan *s, struct scan_file *file, enum scan_dir where,
		 struct span name)
{
	file->place = scan_place(s, name);
	return keep_name(s, where, name, file);
}

uint64_t scan_identity(const struct stat *st, bool numberless)
{
	const uint64_t shape[] = { (uint64_t)st->st_size, scan_ns(st->st_mtim) };

	return numberless
		       ? listing_sum((struct span){ (const char *)shape, sizeof shape },
				     0)
		       : st->st_ino;
}

bool scan_is_file(const struct scan_file *f, const struct stat *st)
{
	return S_ISREG(st->st_mode) && scan_identity(st, f->numberless) == f->identity;
}

bool scan_is_unchanged(const struct scan_file *f, const struct stat *st)
{
	return (uint64_t)st->st_size == f->stored &&
	       scan_ns(st->st_mtim) == f->modified;
}

/* Can the inode numbers in a directory (d_ino) be used as identities? A stat(2) of one
 * of its files shows that. */
enum numbers {
	NUMBERS_UNKNOWN,
	NUMBERS_TRUE,   /* yes: they equal those of stat(2) */
	NUMBERS_LAYERS, /* no, they are those of a lower layer (overlayfs): use stat(2)
			 */
	NUMBERS_NONE,   /* no: files have no stable numbers (most of FUSE) */
};

struct reading {
	int fd;
	enum scan_dir where;
	enum numbers numbers;
	struct scan *scan;
};

/* Read the directory again for the inode number of one file. 0: the file is gone. */
static uint64_t number_again(int dir, const char *name)
{
	ROOM _Alignas(struct dirent64) char room[DIRENTS_OCTETS];
	OWN_FD fd = file_open_beneath(dir, ".", O_RDONLY | O_DIRECTORY);
	ssize_t len;

	while (fd >= 0 && (len = getdents64(fd, room, sizeof room)) > 0)
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *d = (const struct dirent64 *)(room + at);

			if (strcmp(d->d_name, name) == 0)
				return d->d_ino;
			at += d->d_reclen;
		}
	return 0;
}

/* Find out what the inode numbers of the directory are worth. A file that was replaced
 * after the directory was read has a new number; reading the directory again shows it.
 * We must not then conclude that the files have no numbers: each message would get a
 * second identity. False: the file is gone. */
static bool judge_numbers(struct reading *r, const struct dirent64 *d,
			  struct stat *io_st)
{
	uint64_t told = d->d_ino;
	struct stat folder_st;

	if (fstat(r->fd, &folder_st) < 0)
		return true;
	if (io_st->st_dev != folder_st.st_dev)
		r->numbers = NUMBERS_LAYERS;
	else if (io_st->st_ino == told)
		r->numbers = NUMBERS_TRUE;
	for (int i = 0; i < READS && r->numbers == NUMBERS_UNKNOWN; i++) {
		const uint64_t now = number_again(r->fd, d->d_name);

		if (now == 0 ||
		    fstatat(r->fd, d->d_name, io_st, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
		if (io_st->st_ino == now)
			r->numbers = NUMBERS_TRUE;
		else if (now == told)
			r->numbers = NUMBERS_NONE;
		told = now;
	}
	return true;
}

/* Is the entry a message? Names that begin with a dot are not (Maildir). A file on
 * which stat(2) fails is kept: measuring it will report why. */
static bool is_message(struct reading *r, const struct dirent64 *d,
		       struct scan_file *out)
{
	struct stat st;

	out->identity = d->d_ino;
	if (d->d_name[0] == '.' || (d->d_type != DT_REG && d->d_type != DT_UNKNOWN))
		return false;
	if (r->numbers == NUMBERS_TRUE && d->d_type == DT_REG)
		return true;
	if (fstatat(r->fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno != ENOENT && d->d_type == DT_REG;
	if (r->numbers == NUMBERS_UNKNOWN && S_ISREG(st.st_mode) &&
	    !judge_numbers(r, d, &st))
		return false;
	out->numberless = r->numbers == NUMBERS_NONE;
	out->identity = scan_identity(&st, out->numberless);
	return S_ISREG(st.st_mode);
}

/* Add the directory entries in `room`. False: out of memory. */
static bool add_entries(struct reading *r, const char *room, ssize_t len)
{
	for (ssize_t at = 0; at < len;) {
		const struct dirent64 *d = (const struct dirent64 *)(room + at);
		struct scan_file f = { .record = SCAN_NO_RECORD };

		at += d->d_reclen;
		if (is_message(r, d, &f) &&
		    !scan_keep(r->scan, &r->scan->files, r->where, span_of(d->d_name),
			       &f))
			return false;
	}
	return true;
}

static enum fault read_folder(int dir, enum scan_dir where, struct scan *s,
			      struct why *why)
{
	ROOM _Alignas(struct dirent64) char room[DIRENTS_OCTETS];
	OWN_FD fd = file_open_beneath(dir, folder[where], O_RDONLY | O_DIRECTORY);
	struct reading r = { .fd = fd, .where = where, .scan = s };
	ssize_t n;

	if (fd < 0)
		return fault_set(why, store_fault(errno), errno, "open", folder[where]);
	while ((n = getdents64(fd, room, sizeof room)) > 0)
		if (!add_entries(&r, room, n))
			return fault_set(why, FAULT_NOMEM, 0, "list", folder[where]);
	if (n < 0)
		return fault_set(why, FAULT_IO, errno, "read directory", folder[where]);
	return FAULT_NONE;
}

/* ---- order ---- */

uint64_t scan_place(const struct scan *s, struct span name)
{
	const struct pin *pin = s->pins ? pins_find(s->pins, name_base(name)) : NULL;

	return pin ? pin->place : PINS_NO_PLACE;
}

int scan_rough_order(const struct scan_file *a, const struct scan_file *b)
{
	int by = (a->place > b->place) - (a->place < b->place);

	return by ? by : name_time_order(a->time, b->time);
}

int scan_order(const struct scan *s, const struct scan_file *f,
	       const struct scan_key *key)
{
	int by = (f->place > key->place) - (f->place < key->place);

	if (by == 0)
		by = name_time_order(f->time, key->time);
	if (by == 0)
		by = name_base_order(name_base(scan_name(s, f)), name_base(key->name));
	return by ? by : (f->identity > key->identity) - (f->identity < key->identity);
}

/* Sort by delivery order, files with the same base name by identity, and several names
 * of one file with the last one read first: it is the least likely to be out of date.
 */
static int by_order(const void *a, const void *b, void *arg)
{
	const struct scan *s = arg;
	const struct scan_file *x = a, *y = b;
	int by = scan_rough_order(x, y);

	if (by == 0) {
		const struct scan_key key = scan_key_of(s, y);

		by = scan_order(s, x, &key);
	}
	return by ? by : (x->name < y->name) - (x->name > y->name);
}

bool scan_same_base(const struct scan *s, const struct scan_file *a,
		    const struct scan_file *b)
{
	return name_time_order(a->time, b->time) == 0 &&
	       name_base_order(name_base(scan_name(s, a)),
			       name_base(scan_name(s, b))) == 0;
}

/* A message that moved from new to cur, or got other flags, while we read was read
 * twice, with the same base name and identity. Or it has a name in both folders, after
 * an interrupted move by link and unlink; then one folder alone does not show whether
 * it is gone. Returns true if some message was read in both folders. */
bool scan_leave_out_doubles(struct scan *s)
{
	struct scan_file *at = s->files.at;
	bool in_both = false;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->files.count; i++) {
		if (kept == 0 || at[kept - 1].identity != at[i].identity ||
		    !scan_same_base(s, &at[kept - 1], &at[i]))
			at[kept++] = at[i];
		else
			in_both |= at[kept - 1].where != at[i].where;
	}
	s->files.count = kept;
	return in_both;
}

void scan_sort(struct scan *s)
{
	if (s->files.count > 0)
		qsort_r(s->files.at, s->files.count, sizeof *s->files.at, by_order, s);
}

/* ---- renaming ---- */

/* Few FUSE file systems support RENAME_NOREPLACE. There we check first that the name is
 * free, which leaves a moment in which another program may take it. link(2) would leave
 * none, but gives the file a new number on such file systems. */
int scan_move(int dir, const char *from, const char *to)
{
	struct stat st;

	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	if (fstatat(dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		errno = EEXIST;
	return errno == ENOENT ? renameat(dir, from, dir, to) : -1;
}

/* ---- reading ---- */

bool scan_same_stamp(struct scan_stamp a, struct scan_stamp b)
{
	return a.inode == b.inode && a.modified_ns == b.modified_ns &&
	       a.status_ns == b.status_ns;
}

struct scan_stamp scan_stamp_of(const struct stat *st)
{
	return (struct scan_stamp){ st->st_ino, scan_ns(st->st_mtim),
				    scan_ns(st->st_ctim) };
}

static bool get_stamp(int dir, enum scan_dir w, struct scan_stamp *out)
{
	struct stat st;

	if (fstatat(dir, folder[w], &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return false;
	}
	*out = scan_stamp_of(&st);
	return true;
}

bool scan_is_as(int dir, enum scan_dir where, struct scan_stamp known)
{
	struct scan_stamp stamp;

	return get_stamp(dir, where, &stamp) && scan_same_stamp(stamp, known);
}

bool scan_is_known(int dir, const struct scan_stamp known[SCAN_DIRS])
{
	return scan_is_as(dir, SCAN_NEW, known[SCAN_NEW]) &&
	       scan_is_as(dir, SCAN_CUR, known[SCAN_CUR]);
}

/* Time stamps move in ticks, and two changes within one tick have the same stamp. So a
 * stamp covers all changes only if its tick was over before we began to read. On some
 * file systems a tick is a second; their stamps have zero nanoseconds. */
bool scan_is_over(struct scan_stamp stamp, uint64_t now_ns)
{
	const uint64_t last = stamp.modified_ns > stamp.status_ns ? stamp.modified_ns
								  : stamp.status_ns;
	const uint64_t tick_ns = last % 1000000000 ? 20 * 1000000 : 2000000000;

	return last <= UINT64_MAX - tick_ns && last + tick_ns <= now_ns;
}

/* Has a folder changed during a pass? Or so shortly before it (recent) that its time
 * stamp need not show a change during the pass? */
struct pass {
	bool changed, recent;
};

/* One pass: get the stamps of both folders, read those that have changed, and compare
 * the stamps again. */
static enum fault read_once(int dir, const struct scan_stamp known[SCAN_DIRS],
			    scan_clock_fn *clock, struct scan *s,
			    struct scan_seen *seen, struct pass *out, struct why *why)
{
	struct timespec now;
	struct scan_stamp after;
	uint64_t now_ns = 0;

	*out = (struct pass){ false, false };
	clock_gettime(CLOCK_REALTIME, &now);
	for (enum scan_dir w = SCAN_NEW; w < SCAN_DIRS; w++) {
		if (!get_stamp(dir, w, &seen->stamp[w]))
			return fault_set(why, store_fault(errno), errno, "look at",
					 folder[w]);
		seen->read[w] |= !scan_same_stamp(seen->stamp[w], known[w]);
		out->recent |= seen->read[w] &&
			       !scan_is_over(seen->stamp[w], scan_ns(now));
	}
	seen->quiescent = clock && !out->recent && clock(dir, &now_ns);
	for (enum scan_dir w = SCAN_NEW; w < SCAN_DIRS; w++) {
		if (!seen->read[w])
			continue;
		enum fault f = read_folder(dir, w, s, why);
		if (f)
			return f;
		seen->quiescent &= scan_is_over(seen->stamp[w], now_ns);
	}
	for (enum scan_dir w = SCAN_NEW; w < SCAN_DIRS; w++)
		out->changed |= !get_stamp(dir, w, &after) ||
				!scan_same_stamp(after, seen->stamp[w]);
	seen->quiescent &= !out->changed;
	return FAULT_NONE;
}

static void forget_first(struct scan_files *files, uint32_t count)
{
	files->count -= count;
	memmove(files->at, files->at + count, files->count * sizeof *files->at);
}

/* A file that is renamed while its directory is read may be missed or read twice. So
 * new is read before cur, since messages move in that direction, and both are read
 * again while they change. Each pass adds to the files of earlier passes: a file under
 * an old name will be searched for, but a missed file would seem to be gone. A
 * quiescent pass has seen every file, so the files of earlier passes are discarded
 * then. */
enum fault scan_read(int dir, const struct scan_stamp known[SCAN_DIRS],
		     scan_clock_fn *clock, struct scan *out, struct scan_seen *seen,
		     struct why *why)
{
	struct pass pass = { true, true };

	scan_done(out);
	*seen = (struct scan_seen){ 0 };
	for (int i = 0; i < READS && (pass.changed || (pass.recent && i < 2)); i++) {
		const uint32_t before = out->files.count;
		enum fault f = read_once(dir, known, clock, out, seen, &pass, why);

		if (f)
			return f;
		if (seen->quiescent && before > 0)
			forget_first(&out->files, before);
	}
	scan_sort(out);
	seen->quiescent &= !scan_leave_out_doubles(out);
	return FAULT_NONE;
}
