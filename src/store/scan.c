/* store/scan.c - the files of a Maildir, found, ordered and measured.
 *
 * Floor 2 (store). Prefix: scan_.
 */
#include "store/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/own.h"
#include "mail/name.h"
#include "mail/wire.h"
#include "store/store.h"
#include "sys/file.h"

/* Directories are read again while others change them, and files that moved are looked
 * for again, so often. */
enum { READS = 5, CHASES = 20, TICK_MS = 20 };
enum { DIRENTS_OCTETS = 32768, CHUNK_OCTETS = 65536 };

static const char *const folder[] = { [SCAN_NEW] = "new", [SCAN_CUR] = "cur" };

void scan_done(struct scan *s)
{
	free(s->names);
	free(s->files);
	*s = (struct scan){ 0 };
}

/* ---- finding ---- */

static bool keep_name(struct scan *s, enum scan_dir where, const char *name,
		      uint64_t *out)
{
	size_t len = strlen(name) + 1, whole = 4 + len;

	if (s->names_room - s->names_len < whole) {
		size_t room = s->names_room * 2 + whole + 4096;
		char *more = realloc(s->names, room);

		if (!more)
			return false;
		s->names = more;
		s->names_room = room;
	}
	if (s->names_len == SCAN_GONE)
		s->names[s->names_len++] = '\0';
	*out = s->names_len;
	memcpy(s->names + s->names_len, folder[where], 3);
	s->names[s->names_len + 3] = '/';
	memcpy(s->names + s->names_len + 4, name, len);
	s->names_len += whole;
	return true;
}

static bool keep_file(struct scan *s, enum scan_dir where, const char *name,
		      uint64_t inode)
{
	struct scan_file f = { .inode = inode };

	if (s->count == s->room) {
		uint32_t room = s->room ? s->room * 2 : 64;
		struct scan_file *more =
			s->room > UINT32_MAX / 4
				? NULL
				: realloc(s->files, room * sizeof *more);

		if (!more)
			return false;
		s->files = more;
		s->room = room;
	}
	if (!keep_name(s, where, name, &f.name))
		return false;
	s->files[s->count++] = f;
	return true;
}

/* Maildir: names that open with a dot are no messages. */
static bool is_message(int dir, const struct dirent64 *d)
{
	struct stat st;

	if (d->d_name[0] == '.')
		return false;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_REG;
	return fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

static enum fault read_folder(int fd, enum scan_dir where, struct scan *s,
			      struct why *why)
{
	ROOM _Alignas(struct dirent64) char room[DIRENTS_OCTETS];
	ssize_t n;

	while ((n = getdents64(fd, room, sizeof room)) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(room + at);

			at += d->d_reclen;
			if (is_message(fd, d) &&
			    !keep_file(s, where, d->d_name, d->d_ino))
				return fault_set(why, FAULT_NOMEM, 0, "list",
						 folder[where]);
		}
	}
	if (n < 0)
		return fault_set(why, FAULT_IO, errno, "read directory", folder[where]);
	return FAULT_NONE;
}

/* Delivery order; in it files of one base name by inode, and names of one file with
 * the one seen last in front, which is the least likely to be stale. */
static int by_order(const void *a, const void *b, void *arg)
{
	const struct scan *s = arg;
	const struct scan_file *x = a, *y = b;
	int by = name_order(name_base(scan_name(s, x)), name_base(scan_name(s, y)));

	if (by == 0)
		by = (x->inode > y->inode) - (x->inode < y->inode);
	return by ? by : (x->name < y->name) - (x->name > y->name);
}

static bool same_base(const struct scan *s, const struct scan_file *a,
		      const struct scan_file *b)
{
	struct span x = name_base(scan_name(s, a)), y = name_base(scan_name(s, b));

	return x.len == y.len && memcmp(x.at, y.at, x.len) == 0;
}

/* A message that moved from new to cur, or got other flags, while we read was seen
 * again: the same base name and inode. Different files with one base name are twins.
 * Both stand side by side. */
static void settle_twins(struct scan *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		struct scan_file f = s->files[i];
		struct scan_file *last = kept > 0 ? &s->files[kept - 1] : NULL;

		if (last && same_base(s, last, &f)) {
			if (last->inode == f.inode)
				continue;
			last->twin = f.twin = true;
		}
		s->files[kept++] = f;
	}
	s->count = kept;
}

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, 1);
}

/* The first time that it has a large array to sort, the C library opens a file to learn
 * how much memory there is. */
bool store_start(void)
{
	char large[4096] = { 1 };

	qsort(large, sizeof large, 1, by_value);
	return name_start();
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Time stamps move in ticks: two changes within one have the same. */
static bool is_fresh(struct timespec changed)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t ms = (int64_t)(now.tv_sec - changed.tv_sec) * 1000 +
		     (now.tv_nsec - changed.tv_nsec) / 1000000;
	return ms < TICK_MS;
}

/* What one reading of the two folders said about itself. */
struct reading {
	bool changed; /* a folder changed meanwhile */
	bool fresh;   /* or may have, within the tick of its last change */
};

static enum fault read_once(int dir, struct scan *s, struct reading *out,
			    struct why *why)
{
	OWN_FD new = file_open_beneath(dir, "new", O_RDONLY | O_DIRECTORY);
	OWN_FD cur = new < 0 ? -1
			     : file_open_beneath(dir, "cur", O_RDONLY | O_DIRECTORY);
	const int fds[] = { [SCAN_NEW] = new, [SCAN_CUR] = cur };
	struct stat before[2], after[2];
	enum fault f = FAULT_NONE;

	*out = (struct reading){ false, false };
	if (cur < 0 || fstat(new, &before[SCAN_NEW]) < 0 ||
	    fstat(cur, &before[SCAN_CUR]) < 0)
		return fault_set(why, store_fault(errno), errno, "open", "new, cur");
	for (enum scan_dir w = SCAN_NEW; w <= SCAN_CUR && f == FAULT_NONE; w++)
		f = read_folder(fds[w], w, s, why);
	for (enum scan_dir w = SCAN_NEW; w <= SCAN_CUR && f == FAULT_NONE; w++) {
		if (fstat(fds[w], &after[w]) < 0)
			return fault_set(why, FAULT_IO, errno, "stat", folder[w]);
		out->changed |= !same_time(before[w].st_mtim, after[w].st_mtim);
		out->fresh |= is_fresh(after[w].st_mtim);
	}
	return f;
}

/* A file that is renamed while its directory is read may be missed or met twice. new is
 * read before cur, since messages move that way; and both are read again while they
 * change, adding to what was seen: what is listed under an old name will be looked for,
 * what is not listed would seem to be gone. */
enum fault scan_read(int dir, struct scan *out, struct why *why)
{
	struct reading r = { true, false };

	scan_done(out);
	for (int i = 0; i < READS && (r.changed || (r.fresh && i < 2)); i++) {
		enum fault f = read_once(dir, out, &r, why);

		if (f)
			return f;
	}
	if (out->count > 0)
		qsort_r(out->files, out->count, sizeof *out->files, by_order, out);
	settle_twins(out);
	return FAULT_NONE;
}

/* ---- finding again ---- */

/* Move the name of `now` over into s. */
static bool adopt(struct scan *s, struct scan_file *f, const struct scan *now,
		  const struct scan_file *found)
{
	enum scan_dir where = scan_path(now, found)[0] == 'n' ? SCAN_NEW : SCAN_CUR;

	return keep_name(s, where, scan_path(now, found) + 4, &f->name);
}

/* The file of `now`, which scan_read has put in order, with this base name and inode.
 */
static const struct scan_file *find_again(const struct scan *now, struct span base,
					  uint64_t inode)
{
	uint32_t low = 0, high = now->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct scan_file *f = &now->files[mid];
		int by = name_order(name_base(scan_name(now, f)), base);

		if (by == 0 && f->inode == inode)
			return f;
		if (by < 0 || (by == 0 && f->inode < inode))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Write the place where each of the listed is now, or SCAN_GONE, into s. */
static enum fault relocate(int dir, struct scan *s, const uint32_t *list,
			   uint32_t count, struct why *why)
{
	struct scan now = { 0 };
	enum fault f = scan_read(dir, &now, why);

	for (uint32_t i = 0; i < count && f == FAULT_NONE; i++) {
		struct scan_file *file = &s->files[list[i]];
		const struct scan_file *found =
			find_again(&now, name_base(scan_name(s, file)), file->inode);

		if (!found)
			file->name = SCAN_GONE;
		else if (!adopt(s, file, &now, found))
			f = fault_set(why, FAULT_NOMEM, 0, "find again",
				      scan_path(s, file));
	}
	scan_done(&now);
	return f;
}

/* Try each of the listed; those that had moved stay in the list. Returns their number.
 */
static uint32_t try_all(struct scan *s, uint32_t *list, uint32_t count, scan_do_fn *act,
			void *arg)
{
	uint32_t moved = 0;

	for (uint32_t i = 0; i < count; i++)
		if (s->files[list[i]].name != SCAN_GONE &&
		    act(arg, s, &s->files[list[i]]))
			list[moved++] = list[i];
	return moved;
}

enum fault scan_chase(int dir, struct scan *s, uint32_t *list, uint32_t count,
		      scan_do_fn *act, void *arg, struct why *why)
{
	enum fault f = FAULT_NONE;

	count = try_all(s, list, count, act, arg);
	for (int i = 0; i < CHASES && count > 0 && f == FAULT_NONE; i++) {
		f = relocate(dir, s, list, count, why);
		if (f == FAULT_NONE)
			count = try_all(s, list, count, act, arg);
	}
	if (f == FAULT_NONE && count > 0)
		f = fault_set(why, FAULT_IO, 0, "catch a message that keeps moving",
			      scan_path(s, &s->files[list[0]]));
	return f;
}

/* ---- measuring ---- */

/* Read all of an open file through the wire routine. False: it can't be read. */
static bool count_octets(int fd, struct scan_file *f)
{
	static _Thread_local char chunk[CHUNK_OCTETS];
	struct wire w;
	uint64_t at = 0;
	ssize_t n = 1;

	wire_start(&w);
	while (at < f->stored && n != 0) {
		n = pread(fd, chunk, sizeof chunk, (off_t)at);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			wire_count(&w, (struct span){ chunk, (size_t)n });
		at += n > 0 ? (uint64_t)n : 0;
	}
	wire_end(&w, NULL);
	f->stored = at;
	f->octets = w.octets;
	f->form = wire_form(&w);
	return true;
}

struct measuring {
	int dir;
	enum fault fault;
	struct why *why;
};

static bool keep_fault(struct measuring *m, int sys, const char *doing,
		       const char *path)
{
	m->fault = fault_set(m->why, store_fault(sys), sys, doing, path);
	return false;
}

/* Can the name be believed? True when it can, and all is filled in. */
static bool believe_name(const struct measuring *m, const struct scan *s,
			 struct scan_file *f)
{
	struct stat st;
	uint64_t octets;

	if (!name_field(scan_name(s, f), 'W', &octets) ||
	    fstatat(m->dir, scan_path(s, f), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	f->stored = (uint64_t)st.st_size;
	return name_wire_octets(scan_name(s, f), f->stored, &f->octets);
}

static bool measure(void *arg, struct scan *s, struct scan_file *f)
{
	struct measuring *m = arg;
	const char *path = scan_path(s, f);
	struct stat st;

	if (m->fault || believe_name(m, s, f))
		return false;
	OWN_FD fd = file_open_beneath(m->dir, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return keep_fault(m, errno, "open", path);
	if (fd < 0 && errno == ENOENT)
		return true;
	if ((fd < 0 ? fstatat(m->dir, path, &st, AT_SYMLINK_NOFOLLOW)
		    : fstat(fd, &st)) < 0)
		return errno == ENOENT || keep_fault(m, errno, "stat", path);
	f->stored = f->octets = (uint64_t)st.st_size;
	f->unread = fd < 0 || !count_octets(fd, f);
	return false;
}

static void leave_out_gone(struct scan *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->count; i++)
		if (s->files[i].name != SCAN_GONE)
			s->files[kept++] = s->files[i];
	s->count = kept;
}

enum fault scan_measure(int dir, struct scan *s, struct why *why)
{
	struct measuring m = { .dir = dir, .why = why };
	uint32_t *list = malloc((size_t)s->count * sizeof *list + 1);

	if (!list)
		return fault_set(why, FAULT_NOMEM, 0, "measure messages", NULL);
	for (uint32_t i = 0; i < s->count; i++)
		list[i] = i;
	enum fault f = scan_chase(dir, s, list, s->count, measure, &m, why);
	free(list);
	leave_out_gone(s);
	return m.fault ? m.fault : f;
}
