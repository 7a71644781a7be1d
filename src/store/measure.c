/* store/measure.c - the files of a Maildir, found again when they moved, and measured.
 *
 * Floor 2 (store). Prefix: scan_.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "mail/name.h"
#include "mail/wire.h"
#include "store/scan.h"
#include "store/store.h"
#include "sys/file.h"

/* Files that moved are looked for again, so often. */
enum { CHASES = 20, CHUNK_OCTETS = 65536 };

/* ---- finding again ---- */

/* The file of `now`, which scan_read has put in order, that is the same message. */
static const struct scan_file *find_again(const struct scan *now,
					  const struct scan_key *key)
{
	uint32_t low = 0, high = now->files.count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct scan_file *f = &now->files.at[mid];
		int by = scan_order(now, f, key);

		if (by == 0)
			return f;
		if (by < 0)
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
	static const struct scan_stamp nothing[SCAN_DIRS];
	struct scan now = { 0 };
	struct scan_seen seen;
	enum fault f = scan_read(dir, nothing, &now, &seen, why);

	for (uint32_t i = 0; i < count && f == FAULT_NONE; i++) {
		struct scan_file *file = &s->files.at[list[i]];
		const struct scan_key key = scan_key_of(s, file);
		const struct scan_file *found = find_again(&now, &key);

		if (!found)
			file->name = SCAN_GONE;
		else if (!scan_rename(s, file, found->where, scan_name(&now, found)))
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
		if (s->files.at[list[i]].name != SCAN_GONE &&
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

/* Read all of an open file through the wire routine, and as long as its surrogate may
 * depend on it. `known`: its size on the wire is known. False: it can't be read. */
static bool count_octets(int fd, struct scan_file *f, struct downgrade *judge,
			 bool known)
{
	static _Thread_local char chunk[CHUNK_OCTETS];
	struct wire w;
	uint64_t at = 0;
	ssize_t n = 1;

	wire_start(&w);
	while (at < f->stored && n != 0 && !(known && downgrade_is_settled(judge))) {
		n = pread(fd, chunk, sizeof chunk, (off_t)at);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			const struct span s = { chunk, (size_t)n };

			wire_count(&w, s);
			downgrade_judge(judge, s, at + s.len >= f->stored);
		}
		at += n > 0 ? (uint64_t)n : 0;
	}
	wire_end(&w, NULL);
	f->surrogate = downgrade_verdict(judge, &f->difference);
	if (known)
		return true;
	f->stored = at;
	f->octets = w.octets;
	f->form = wire_form(&w);
	return true;
}

struct measuring {
	int dir;
	enum downgrade_way way;
	struct downgrade *judge;
	enum fault fault;
	struct why *why;
};

static bool keep_fault(struct measuring *m, int sys, const char *doing,
		       const char *path)
{
	m->fault = fault_set(m->why, store_fault(sys), sys, doing, path);
	return false;
}

static void take_stat(struct scan_file *f, const struct stat *st)
{
	f->stored = (uint64_t)st->st_size;
	f->modified = scan_ns(st->st_mtim);
}

bool scan_is_same(int dir, const struct scan *s, const struct scan_file *f)
{
	struct stat st;

	return fstatat(dir, scan_path(s, f), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	       (st.st_ino == f->inode && (uint64_t)st.st_size == f->stored &&
		scan_ns(st.st_mtim) == f->modified);
}

static bool measure(void *arg, struct scan *s, struct scan_file *f)
{
	struct measuring *m = arg;
	const char *path = scan_path(s, f);
	struct stat st;

	f->form = WIRE_FORM_UNKNOWN;
	f->surrogate = SURROGATE_NONE;
	f->difference = 0;
	f->unread = false;
	f->measured = true;
	if (m->fault)
		return false;
	OWN_FD fd = file_open_beneath(m->dir, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return keep_fault(m, errno, "open", path);
	if (fd < 0 && errno == ENOENT)
		return true;
	if ((fd < 0 ? fstatat(m->dir, path, &st, AT_SYMLINK_NOFOLLOW)
		    : fstat(fd, &st)) < 0)
		return errno == ENOENT || keep_fault(m, errno, "stat", path);
	take_stat(f, &st);
	f->octets = f->stored;
	const bool known = name_wire_octets(scan_name(s, f), f->stored, &f->octets);
	downgrade_judge_start(m->judge, m->way);
	f->unread = fd < 0 || !count_octets(fd, f, m->judge, known);
	return false;
}

static void leave_out_gone(struct scan *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->files.count; i++)
		if (s->files.at[i].name != SCAN_GONE)
			s->files.at[kept++] = s->files.at[i];
	s->files.count = kept;
}

enum fault scan_measure(int dir, struct scan *s, enum downgrade_way way,
			struct why *why)
{
	struct measuring m = { .dir = dir, .way = way, .why = why };
	uint32_t *list = malloc((size_t)s->files.count * sizeof *list + 1);
	uint32_t count = 0;

	m.judge = malloc(sizeof *m.judge);
	if (!list || !m.judge) {
		free(list);
		free(m.judge);
		return fault_set(why, FAULT_NOMEM, 0, "measure messages", NULL);
	}
	for (uint32_t i = 0; i < s->files.count; i++)
		if (!s->files.at[i].measured)
			list[count++] = i;
	enum fault f = scan_chase(dir, s, list, count, measure, &m, why);
	free(list);
	free(m.judge);
	leave_out_gone(s);
	return m.fault ? m.fault : f;
}
