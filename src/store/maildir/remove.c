/* store/maildir/remove.c - removes messages from a Maildir.
 *
 * Prefix: maildir_.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "store/fault.h"
#include "store/maildir/join.h"
#include "sys/file.h"

/* The state of a removal. The first fault is kept, and the other messages are removed
 * even so. */
struct removal {
	int dir;
	bool touched[2];  /* new, cur */
	bool others_move; /* cur has changed since the listing: other programs move
			     messages */
	struct maildir_share removed;
	enum fault fault;
	struct why *why;
};

static void keep_fault(struct removal *r, enum fault f, int sys, const char *doing,
		       const char *what)
{
	if (r->fault == FAULT_NONE)
		r->fault = fault_set(r->why, f, sys, doing, what);
}

/* The file was changed after it was listed: perhaps the user has not seen the change.
 */
static bool keep_changed(struct removal *r, const char *path)
{
	index_forget(r->dir);
	keep_fault(r, FAULT_CHANGED, 0, "remove", path);
	return false;
}

/* Returns true if the file must be searched for: it has moved, another file has its
 * name, or it may have a second name. An interrupted move by link and unlink leaves a
 * second name, by which the message would come back. The count of links may be out of
 * date on FUSE, so a change of cur counts too. */
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

/* Add the files of all marked messages to s. */
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

/* A message that another program has removed counts as removed. But if another file has
 * its base name, the message would seem to come back: that is a fault. */
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
	struct scan_stamp known[SCAN_DIRS];
	struct scan s = { 0 };
	struct why why;

	maildir_get_stamps(&d->index.head, known);
	r->others_move = !scan_is_as(d->base.dir, SCAN_CUR, known[SCAN_CUR]);
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

/* Write the directory entries to disk before the reply, so that removed messages stay
 * removed. */
static void make_durable(struct removal *r)
{
	static const char *const folder[] = { [SCAN_NEW] = "new", [SCAN_CUR] = "cur" };

	for (int i = 0; i < 2; i++) {
		if (!r->touched[i])
			continue;
		OWN_FD fd =
			file_open_beneath(r->dir, folder[i], O_RDONLY | O_DIRECTORY);
		if (fd < 0 || fsync(fd) < 0)
			keep_fault(r, store_fault(errno), errno, "sync", folder[i]);
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
