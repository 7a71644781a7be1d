/* store/maildir/measure.c - finds moved files of a Maildir again, and measures files.
 *
 * Prefix: scan_.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "mail/name.h"
#include "mail/packed.h"
#include "mail/wire.h"
#include "store/fault.h"
#include "store/maildir/scan.h"
#include "sys/file.h"

/* Moved files are searched for at most this often. */
enum { CHASES = 20, CHUNK_OCTETS = 65536 };

/* ---- finding again ---- */

/* Binary search in `now`, which is sorted, for the first file that does not come before
 * the key. */
static uint32_t find_place(const struct scan *now, const struct scan_key *key)
{
	uint32_t low = 0, high = now->files.count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (scan_order(now, &now->files.at[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_it(int dir, const struct scan *now, const struct scan_file *f,
		  const struct scan_file *wanted)
{
	struct stat st;

	return f->identity == wanted->identity ||
	       (fstatat(dir, scan_path(now, f), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		scan_is_file(wanted, &st));
}

/* Find the file of `now` that is the message `wanted`. The identity of files with its
 * base name is checked by stat(2) too, since the inode number in a directory may be
 * wrong for a single file. *out_other: other files have its base name. */
static const struct scan_file *find_again(int dir, const struct scan *now,
					  const struct scan *s,
					  const struct scan_file *wanted,
					  bool *out_other)
{
	const struct scan_key first = scan_key(now, scan_name(s, wanted), 0);
	const struct span base = name_base(scan_name(s, wanted));

	*out_other = false;
	for (uint32_t i = find_place(now, &first); i < now->files.count; i++) {
		const struct scan_file *f = &now->files.at[i];
		const struct span other = name_base(scan_name(now, f));

		if (other.len != base.len || memcmp(other.at, base.at, base.len) != 0)
			break;
		if (is_it(dir, now, f, wanted))
			return f;
		*out_other = true;
	}
	return NULL;
}

/* Note in s where each file of `list` is now, or its fate. */
static enum fault relocate(int dir, struct scan *s, const uint32_t *list,
			   uint32_t count, struct why *why)
{
	static const struct scan_stamp nothing[SCAN_DIRS];
	struct scan now = { 0 };
	struct scan_seen seen;
	enum fault f = scan_read(dir, nothing, NULL, &now, &seen, why);

	for (uint32_t i = 0; i < count && f == FAULT_NONE; i++) {
		struct scan_file *file = &s->files.at[list[i]];
		bool other;
		const struct scan_file *found = find_again(dir, &now, s, file, &other);

		if (!found)
			file->fate = other && !file->removed ? SCAN_REPLACED
							     : SCAN_GONE;
		else if (!scan_rename(s, file, found->where, scan_name(&now, found)))
			f = fault_set(why, FAULT_NOMEM, 0, "find again",
				      scan_path(s, file));
	}
	scan_done(&now);
	return f;
}

/* Try each file of `list`; those that have moved stay in the list. Returns their
 * number. */
static uint32_t try_all(struct scan *s, uint32_t *list, uint32_t count, scan_do_fn *act,
			void *arg)
{
	uint32_t moved = 0;

	for (uint32_t i = 0; i < count; i++)
		if (s->files.at[list[i]].fate == SCAN_THERE &&
		    act(arg, s, &s->files.at[list[i]]))
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
			      scan_path(s, &s->files.at[list[0]]));
	return f;
}

/* ---- measuring ---- */

/* Has a program compressed the file? It is not compressed if S= in its name is its
 * size. */
static bool is_packed(struct span name, const struct scan_file *f, struct span start)
{
	uint64_t s;

	return packed_by(start) && !(name_field(name, 'S', &s) && s == f->stored);
}

/* Measure an open file: read it through the code that sends it, and that which makes
 * its surrogate. If `told`, f->octets is known, and reading ends as soon as the verdict
 * on the surrogate is final. False, and errno: it cannot be read. */
static bool count_octets(int fd, struct scan_file *f, struct span name, bool told,
			 struct downgrade *judge)
{
	static _Thread_local char chunk[CHUNK_OCTETS];
	struct wire w;
	uint64_t at = 0;
	ssize_t n = 1;

	wire_start(&w);
	while (at < f->stored && n != 0 && !(told && downgrade_is_decided(judge))) {
		n = pread(fd, chunk, sizeof chunk, (off_t)at);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			const struct span s = { chunk, (size_t)n };

			if (at == 0 && is_packed(name, f, s))
				f->trouble = SCAN_PACKED;
			wire_count(&w, s);
			downgrade_judge(judge, s, at + s.len >= f->stored);
		}
		at += n > 0 ? (uint64_t)n : 0;
	}
	wire_end(&w, NULL);
	f->surrogate = downgrade_verdict(judge, &f->difference);
	if (at < f->stored && n != 0)
		return true;
	f->stored = at;
	f->octets = w.octets;
	f->form = wire_form(&w);
	return true;
}

struct measuring {
	int dir;
	enum downgrade_way way;
	bool believe; /* take sizes from names */
	struct downgrade *judge;
	bool misplaced; /* some file has another identity than its directory said */
	enum fault fault;
	struct why *why;
};

static bool keep_fault(struct measuring *m, int sys, const char *doing,
		       const char *path)
{
	m->fault = fault_set(m->why, store_fault(sys), sys, doing, path);
	return false;
}

static void set_stat(struct scan_file *f, const struct stat *st)
{
	f->stored = (uint64_t)st->st_size;
	f->modified = scan_ns(st->st_mtim);
}

bool scan_is_same(int dir, const struct scan *s, const struct scan_file *f)
{
	struct stat st;

	return fstatat(dir, scan_path(s, f), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	       (scan_is_file(f, &st) && scan_is_unchanged(f, &st));
}

bool scan_is_as_large(int fd, const struct scan *s, const struct scan_file *file,
		      enum downgrade_way way, uint8_t *out_form)
{
	const struct span name = scan_name(s, file);
	struct scan_file now = *file;
	struct downgrade *judge = malloc(sizeof *judge);

	if (!judge)
		return false;
	downgrade_judge_start(judge, way);
	const bool read = count_octets(fd, &now, name, false, judge);
	free(judge);
	*out_form = now.form;
	return read && now.trouble == SCAN_SOUND && now.stored == file->stored &&
	       now.octets == file->octets && now.surrogate == file->surrogate &&
	       now.difference == file->difference;
}

static void forget_measures(struct scan_file *f)
{
	f->stored = f->modified = f->octets = 0;
	f->form = WIRE_FORM_UNKNOWN;
	f->surrogate = SURROGATE_NONE;
	f->difference = 0;
	f->trouble = SCAN_SOUND;
	f->measured = true;
}

/* The message is listed even so. Returns false: the file has not moved. */
static bool keep_trouble(struct scan_file *f, int sys)
{
	f->trouble = store_fault(sys) == FAULT_SETUP ? SCAN_CLOSED : SCAN_PASSING;
	f->octets = f->stored;
	return false;
}

/* A shortage of the process or the machine, not a problem of this message. */
static bool is_shortage(int sys)
{
	return sys == EMFILE || sys == ENFILE || sys == ENOMEM;
}

/* Is the size in the name used? Only for large files, which would take too long to read
 * during a login. */
static bool is_told(const struct measuring *m, struct span name, struct scan_file *f)
{
	return m->believe && f->stored >= SCAN_LARGE &&
	       name_wire_octets(name, f->stored, &f->octets);
}

static bool measure(void *arg, struct scan *s, struct scan_file *f)
{
	struct measuring *m = arg;
	const char *path = scan_path(s, f);
	struct stat st;

	forget_measures(f);
	if (m->fault)
		return false;
	OWN_FD fd = file_open_beneath(m->dir, path, O_RDONLY | O_NONBLOCK);
	const int sys = fd < 0 ? errno : 0;
	if (is_shortage(sys))
		return keep_fault(m, sys, "open", path);
	if (sys == ENOENT)
		return true;
	if ((fd < 0 ? fstatat(m->dir, path, &st, AT_SYMLINK_NOFOLLOW)
		    : fstat(fd, &st)) < 0)
		return errno == ENOENT || keep_trouble(f, errno);
	set_stat(f, &st);
	if (fd < 0)
		return keep_trouble(f, sys);
	m->misplaced |= !scan_is_file(f, &st);
	f->identity = scan_identity(&st, f->numberless);
	downgrade_judge_start(m->judge, m->way);
	return !count_octets(fd, f, scan_name(s, f), is_told(m, scan_name(s, f), f),
			     m->judge) &&
	       keep_trouble(f, errno);
}

/* Leave out files that are gone. True: for one of them, another file has its base name.
 */
static bool leave_out_gone(struct scan *s)
{
	bool replaced = false;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->files.count; i++) {
		replaced |= s->files.at[i].fate == SCAN_REPLACED;
		if (s->files.at[i].fate == SCAN_THERE)
			s->files.at[kept++] = s->files.at[i];
	}
	s->files.count = kept;
	return replaced;
}

/* ---- one of several ---- */

static bool has_duplicate(const struct scan *s, uint32_t i)
{
	const struct scan_file *f = &s->files.at[i];

	return (i > 0 && scan_same_base(s, f, f - 1)) ||
	       (i + 1 < s->files.count && scan_same_base(s, f, f + 1));
}

static bool is_missing(void *arg, struct scan *s, struct scan_file *f)
{
	const int *dir = arg;
	struct stat st;

	return fstatat(*dir, scan_path(s, f), &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

/* Among files that share a base name, the index may know one that was replaced while
 * the folders were read. It must be left out, or the new file would count as its
 * duplicate and be renamed. Only measured files are checked here: the others are
 * checked when they are measured. */
static enum fault leave_out_replaced(int dir, struct scan *s, uint32_t *list,
				     struct why *why)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->files.count; i++)
		if (s->files.at[i].measured && has_duplicate(s, i))
			list[count++] = i;
	enum fault f = scan_chase(dir, s, list, count, is_missing, &dir, why);
	leave_out_gone(s);
	return f;
}

static uint32_t list_unmeasured(const struct scan *s, uint32_t *list)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->files.count; i++)
		if (!s->files.at[i].measured)
			list[count++] = i;
	return count;
}

/* A file that was replaced between two passes over its folder is in the scan twice.
 * Opening both shows that they are one, so duplicates of a file are left out at the
 * end. */
enum fault scan_measure(int dir, struct scan *s, bool believe, enum downgrade_way way,
			bool *out_replaced, struct why *why)
{
	struct measuring m = { .dir = dir, .way = way, .believe = believe, .why = why };
	uint32_t *list = malloc((size_t)s->files.count * sizeof *list + 1);

	m.judge = malloc(sizeof *m.judge);
	if (!list || !m.judge) {
		free(list);
		free(m.judge);
		return fault_set(why, FAULT_NOMEM, 0, "measure messages", NULL);
	}
	enum fault f = leave_out_replaced(dir, s, list, why);
	if (f == FAULT_NONE)
		f = scan_chase(dir, s, list, list_unmeasured(s, list), measure, &m,
			       why);
	free(list);
	free(m.judge);
	*out_replaced = leave_out_gone(s);
	if (m.misplaced) {
		scan_sort(s);
		scan_leave_out_doubles(s);
	}
	return m.fault ? m.fault : f;
}
