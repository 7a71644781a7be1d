/* store/maildir/remove.c - removing messages from a Maildir.
 *
 * Prefix: maildir_.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "store/fault.h"
#include "store/maildir/maildir.h"
#include "sys/file.h"

/* A commit at work. A first fault is kept, and the rest still tried. */
struct removal {
	int dir;
	bool touched[2];  /* new, cur */
	bool others_move; /* messages to cur, or within it, since they were listed */
	struct maildir_removed removed;
	enum fault fault;
	struct why *why;
};

static void keep_fault(struct removal *r, enum fault f, int sys, const char *doing,
		       const char *what)
{
	if (r->fault == FAULT_NONE)
		r->fault = fault_set(r->why, f, sys, doing, what);
}

/* What was written to the file since it was listed nobody may have seen. */
static bool keep_changed(struct removal *r, const char *path)
{
	index_forget(r->dir);
	keep_fault(r, FAULT_CHANGED, 0, "remove", path);
	return false;
}

/* Another file that has got the name since is not the message: that is looked for. So
 * is a second name of the same file, as a move by link and unlink that was interrupted
 * leaves it: else the message would come back. How many names a file has FUSE may tell
 * as of a second ago, so that what cur tells counts, too. */
static bool remove_file(void *arg, struct scan *s, struct scan_file *file)
{
	struct removal *r = arg;
	const char *path = scan_path(s, file);
	struct stat st;

	if (fstatat(r->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!scan_is_file(file, &st))
			return true;
		if (file->trouble != SCAN_PASSING && !scan_is_unchanged(file, &st))
			return keep_changed(r, path);
		if (unlinkat(r->dir, path, 0) == 0) {
			r->touched[path[0] == 'n' ? SCAN_NEW : SCAN_CUR] = true;
			file->removed = true;
			maildir_count(&r->removed, scan_name(s, file),
				      (uint64_t)st.st_size);
			return st.st_nlink > 1 || r->others_move;
		}
	}
	if (errno == ENOENT)
		return true;
	keep_fault(r, store_fault(errno), errno, "remove", path);
	return false;
}

/* The files of all marked messages. */
static void load_marked(const struct maildir *d, const uint64_t *marks, struct scan *s,
			struct removal *r)
{
	ROOM struct index_reader rd;
	struct why why;

	index_reader_init(&rd, &d->index, LOADS_AT_A_TIME);
	for (uint32_t i = 0; i < d->base.listing.count; i++) {
		if (!store_is_marked(marks, i))
			continue;
		enum fault f = maildir_load(&rd, i + 1, s, &why);
		if (f == FAULT_IO)
			index_forget(d->base.dir);
		if (f)
			keep_fault(r, f, 0, why.doing, why.what);
	}
}

/* What someone else has removed counts as removed, which is what was wanted; not so one
 * whose base name another file has got, which would seem to come back. */
static void judge_fates(const struct scan *s, struct removal *r)
{
	for (uint32_t i = 0; i < s->files.count; i++) {
		const struct scan_file *file = &s->files.at[i];

		if (file->fate != SCAN_THERE && !file->removed)
			index_mark_stale(r->dir);
		if (file->fate == SCAN_REPLACED)
			keep_fault(r, FAULT_CHANGED, 0, "remove", scan_path(s, file));
	}
}

static void remove_marked(struct maildir *d, const uint64_t *marks, struct removal *r)
{
	const struct index_head *h = &d->index.head;
	struct scan s = { 0 };
	struct why why;

	r->others_move = !scan_is_as(
		d->base.dir, SCAN_CUR,
		(struct scan_stamp){ h->source_4, h->source_5, h->source_6 });
	load_marked(d, marks, &s, r);
	uint32_t count = s.files.count;
	uint32_t *list = malloc((size_t)count * sizeof *list + 1);
	for (uint32_t i = 0; list && i < count; i++)
		list[i] = i;
	enum fault f =
		list ? scan_chase(d->base.dir, &s, list, count, remove_file, r, &why)
		     : fault_set(&why, FAULT_NOMEM, 0, "remove messages", NULL);
	if (f)
		keep_fault(r, f, why.sys, why.doing, why.what);
	judge_fates(&s, r);
	maildir_subtract(d->base.dir, &r->removed);
	free(list);
	scan_done(&s);
}

/* What was removed stays removed: the directories' entries go to disk before the
 * answer. */
static void make_durable(struct removal *r)
{
	static const char *const folder[] = { [SCAN_NEW] = "new", [SCAN_CUR] = "cur" };

	for (int i = 0; i < 2; i++) {
		if (!r->touched[i])
			continue;
		OWN_FD fd =
			file_open_beneath(r->dir, folder[i], O_RDONLY | O_DIRECTORY);
		if (fd < 0 || fsync(fd) < 0)
			keep_fault(r, FAULT_IO, errno, "sync", folder[i]);
	}
}

enum fault maildir_remove(struct maildrop *m, const uint64_t *marks, bool durable,
			  struct why *why)
{
	struct maildir *d = (struct maildir *)m;
	struct removal r = { .dir = m->dir, .why = why };

	remove_marked(d, marks, &r);
	if (durable)
		make_durable(&r);
	return r.fault;
}
