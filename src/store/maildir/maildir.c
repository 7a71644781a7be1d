/* store/maildir/maildir.c - the Maildir, as MTAs, IMAP servers and shells share it.
 *
 * Prefix: maildir_. Messages stay where they are, in new or cur;
 * nothing is written but the index, the ledger and the removals of a commit, and
 * nothing renamed but what is to be marked as seen, and one of two files that share a
 * base name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/own.h"
#include "mail/wire.h"
#include "store/maildir/maildir.h"
#include "sys/file.h"

static void maildir_close(struct maildrop *m)
{
	struct maildir *d = (struct maildir *)m;

	if (!d)
		return;
	index_close(&d->index);
	ledger_close(&d->ledger);
	free(d->fresh);
	own_fd_close(&d->dir);
	store_lock_released(d->locks);
	free(d);
}

static void maildir_done_p(struct maildir **d)
{
	maildir_close((struct maildrop *)*d);
}

/* ---- opening ---- */

/* A home without a Maildir has got no mail yet. A home that is not there may be a disk
 * that is not mounted: to show an empty maildrop then would make clients forget what
 * they have and fetch it all again. So it is made only where that was asked for. */
static int open_home(const struct store_place *place, bool *out_made)
{
	const char *slash = strrchr(place->path, '/');
	const struct span home = { place->path,
				   slash ? (size_t)(slash - place->path) : 0 };
	char text[PATH_MAX] = ".";

	if (slash && !span_copy(home, text, sizeof text)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = file_open_beneath(place->root, text, O_RDONLY | O_DIRECTORY);
	*out_made = fd < 0 && errno == ENOENT && place->makes_home;
	return *out_made ? store_make_home(place->root, home) : fd;
}

static int make_dir(const struct store_place *place, bool *out_new_home)
{
	const char *slash = strrchr(place->path, '/');
	const char *name = slash ? slash + 1 : place->path;
	OWN_FD parent = open_home(place, out_new_home);

	if (parent < 0 || (mkdirat(parent, name, 0700) < 0 && errno != EEXIST))
		return -1;
	return file_open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
}

static enum fault open_dir(const struct store_place *place, struct maildir *d,
			   struct why *why)
{
	d->dir = file_open_beneath(place->root, place->path, O_RDONLY | O_DIRECTORY);
	if (d->dir < 0 && errno == ENOENT && !place->as_is)
		d->dir = make_dir(place, &d->base.has_new_home);
	if (d->dir < 0)
		return fault_set(why, store_fault(errno), errno, "open Maildir",
				 place->path);
	return FAULT_NONE;
}

/* ---- reading ---- */

struct opening {
	int dir, fd, sys;
};

static bool open_file(void *arg, struct scan *s, struct scan_file *file)
{
	struct opening *o = arg;

	o->fd = file_open_beneath(o->dir, scan_path(s, file), O_RDONLY | O_NONBLOCK);
	o->sys = o->fd < 0 ? errno : 0;
	return o->sys == ENOENT;
}

/* Open the file of a message, wherever it is now. */
static enum fault open_message(struct maildir *d, struct scan *s, int *out,
			       struct why *why)
{
	struct opening o = { .dir = d->dir, .fd = -1, .sys = ENOENT };
	const struct scan_file *file = s->files.at;
	uint32_t first = 0;
	enum fault f = scan_chase(d->dir, s, &first, 1, open_file, &o, why);

	*out = o.fd;
	if (f)
		return f;
	if (file->fate == SCAN_GONE)
		return fault_set(why, FAULT_GONE, 0, "open message", NULL);
	if (file->fate == SCAN_REPLACED)
		return fault_set(why, FAULT_CHANGED, 0, "open", scan_path(s, file));
	if (o.fd < 0)
		return fault_set(why, store_fault(o.sys), o.sys, "open",
				 scan_path(s, file));
	return FAULT_NONE;
}

/* Is it what was listed? One that was written to and has the size that was told of it
 * still is. */
static enum fault check_file(const struct maildir *d, int fd, const struct scan *s,
			     struct store_body *out)
{
	const struct scan_file *file = s->files.at;
	const char *path = scan_path(s, file);
	struct why *why = &out->why;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fault_set(why, store_fault(errno), errno, "stat", path);
	out->device = st.st_dev;
	out->inode = st.st_ino;
	if (scan_is_file(file, &st) && scan_is_unchanged(file, &st))
		return FAULT_NONE;
	index_forget(d->dir);
	if (scan_is_file(file, &st) && (uint64_t)st.st_size == file->stored &&
	    scan_is_as_large(fd, s, file, d->base.listing.downgrade, &out->form))
		return FAULT_NONE;
	return fault_set(why, FAULT_CHANGED, 0, "read", path);
}

static const struct {
	enum fault fault;
	const char *doing;
} troubles[] = {
	[SCAN_CLOSED] = { FAULT_SETUP,
			  "could not read, when the maildrop was opened," },
	[SCAN_PASSING] = { FAULT_IO, "could not read, when the maildrop was opened," },
	[SCAN_PACKED] = { FAULT_SETUP, "will not send compressed file" },
};

static enum fault read_message(struct maildir *d, struct scan *s,
			       struct store_body *out)
{
	struct why *why = &out->why;
	const struct scan_file *file = s->files.at;
	OWN_FD fd = -1;

	if (file->trouble)
		return fault_set(why, troubles[file->trouble].fault, 0,
				 troubles[file->trouble].doing, scan_path(s, file));
	enum fault f = open_message(d, s, &fd, why);
	if (f == FAULT_GONE || f == FAULT_CHANGED)
		index_unsettle(d->dir);
	if (f)
		return f;
	out->length = file->stored;
	out->octets = file->octets;
	out->ascii_octets = scan_ascii_octets(file);
	out->form = file->form;
	out->surrogate = file->surrogate;
	f = check_file(d, fd, s, out);
	if (f == FAULT_NONE)
		out->fd = TAKE_FD(fd);
	return f;
}

static void find_body(struct maildir *d, struct index_reader *rd, uint32_t msg,
		      struct store_body *out)
{
	struct scan s = { 0 };

	*out = (struct store_body){ .fd = -1 };
	if (msg == 0 || msg > d->base.listing.count) {
		fault_set(&out->why, FAULT_NO_MESSAGE, 0, "find message", NULL);
		return;
	}
	enum fault f = maildir_load(rd, msg, &s, &out->why);
	if (f == FAULT_IO)
		index_forget(d->dir);
	if (f == FAULT_NONE)
		fault_ignore(read_message(d, &s, out));
	scan_done(&s);
}

static void maildir_bodies(struct maildrop *m, uint32_t first, uint32_t count,
			   struct store_body out[])
{
	struct maildir *d = (struct maildir *)m;
	ROOM struct index_reader rd;

	index_reader_init(&rd, &d->index,
			  count < LISTING_GROUP ? count : LISTING_GROUP);
	for (uint32_t i = 0; i < count; i++)
		find_body(d, &rd, first + i, &out[i]);
}

static void maildir_doubt(struct maildrop *m)
{
	index_doubt(((struct maildir *)m)->dir);
}

/* ---- removing ---- */

static bool is_marked(const uint64_t *marks, uint32_t i)
{
	return marks[i / 64] >> i % 64 & 1;
}

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

/* Records that are read at a time: marked messages mostly stand together. */
enum { LOADS_AT_A_TIME = 16 };

/* The files of all marked messages. */
static void load_marked(const struct maildir *d, const uint64_t *marks, struct scan *s,
			struct removal *r)
{
	ROOM struct index_reader rd;
	struct why why;

	index_reader_init(&rd, &d->index, LOADS_AT_A_TIME);
	for (uint32_t i = 0; i < d->base.listing.count; i++) {
		if (!is_marked(marks, i))
			continue;
		enum fault f = maildir_load(&rd, i + 1, s, &why);
		if (f == FAULT_IO)
			index_forget(d->dir);
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
			index_unsettle(r->dir);
		if (file->fate == SCAN_REPLACED)
			keep_fault(r, FAULT_CHANGED, 0, "remove", scan_path(s, file));
	}
}

static uint32_t remove_marked(struct maildir *d, const uint64_t *marks,
			      struct removal *r)
{
	const struct index_head *h = &d->index.head;
	struct scan s = { 0 };
	struct why why;

	r->others_move = !scan_is_as(
		d->dir, SCAN_CUR,
		(struct scan_stamp){ h->source_4, h->source_5, h->source_6 });
	load_marked(d, marks, &s, r);
	uint32_t count = s.files.count;
	uint32_t *list = malloc((size_t)count * sizeof *list + 1);
	for (uint32_t i = 0; list && i < count; i++)
		list[i] = i;
	enum fault f = list ? scan_chase(d->dir, &s, list, count, remove_file, r, &why)
			    : fault_set(&why, FAULT_NOMEM, 0, "remove messages", NULL);
	if (f)
		keep_fault(r, f, why.sys, why.doing, why.what);
	judge_fates(&s, r);
	maildir_take_off(d->dir, &r->removed);
	free(list);
	scan_done(&s);
	return count;
}

/* What was removed stays removed: the directories' entries go to disk before the
 * answer. */
static void make_durable(const struct maildir *d, struct removal *r)
{
	static const char *const folder[] = { [SCAN_NEW] = "new", [SCAN_CUR] = "cur" };

	for (int i = 0; i < 2; i++) {
		if (!r->touched[i])
			continue;
		OWN_FD fd =
			file_open_beneath(d->dir, folder[i], O_RDONLY | O_DIRECTORY);
		if (fd < 0 || fsync(fd) < 0)
			keep_fault(r, FAULT_IO, errno, "sync", folder[i]);
	}
}

static enum fault maildir_commit(struct maildrop *m, const uint64_t *marks,
				 const uint64_t *retrieved, uint32_t *out_left,
				 struct why *why)
{
	struct maildir *d = (struct maildir *)m;
	struct removal r = { .dir = d->dir, .why = why };
	uint32_t removed = 0;

	if (marks) {
		removed = remove_marked(d, marks, &r);
		make_durable(d, &r);
	}
	if (retrieved)
		maildir_note(d, marks, retrieved);
	if (r.fault == FAULT_NONE)
		*out_left = d->base.listing.count - removed;
	own_fd_close(&d->dir);
	store_lock_released(d->locks);
	return r.fault;
}

/* ---- opening it all ---- */

static void count_due(struct maildir *d, const uint64_t *marks)
{
	struct listing_record r;

	for (uint32_t i = 0; i < d->base.listing.count; i++) {
		if (!is_marked(marks, i) || !store_record(&d->base.listing, i + 1, &r))
			continue;
		d->base.expired++;
		d->base.expired_octets += r.octets;
	}
}

/* What cannot be removed stays, and is due the next time. */
static enum fault remove_due(struct maildir *d, const struct store_place *place,
			     const uint64_t *marks, struct why *why)
{
	struct why trouble = { 0 };
	struct removal r = { .dir = d->dir, .why = &trouble };
	const uint32_t count = d->base.listing.count;
	const uint64_t octets = d->base.listing.octets;

	remove_marked(d, marks, &r);
	if (r.fault)
		d->trouble = trouble;
	index_close(&d->index);
	enum fault f = maildir_list(d, place, why);
	if (f == FAULT_NONE && d->base.listing.count < count) {
		d->base.expired = count - d->base.listing.count;
		d->base.expired_octets = octets - d->base.listing.octets;
	}
	return f;
}

/* Messages that are due go before anybody has seen the listing. */
static enum fault expire(struct maildir *d, const struct store_place *place,
			 struct why *why)
{
	enum fault f = FAULT_NONE;
	uint64_t *marks;

	if (maildir_due(d, &marks, &d->trouble) || !marks)
		return FAULT_NONE;
	if (d->rules->look == STORE_LOOK_ONLY)
		count_due(d, marks);
	else
		f = remove_due(d, place, marks, why);
	free(marks);
	return f;
}

static enum fault maildir_open(const struct store_place *place, struct maildrop **out,
			       struct why *why)
{
	struct maildir *d __attribute__((cleanup(maildir_done_p))) = malloc(sizeof *d);
	enum fault f;

	if (!d)
		return fault_set(why, FAULT_NOMEM, 0, "open Maildir", place->path);
	*d = (struct maildir){
		.base = { .store = &store_maildir },
		.locks = place->locks,
		.dir = -1,
		.index = { .fd = -1 },
		.ledger = { .fd = -1 },
		.rules = place->rules,
	};
	f = open_dir(place, d, why);
	if (f == FAULT_NONE)
		f = store_lock(place, d->dir, why);
	if (f == FAULT_NONE)
		f = maildir_admit(d, why);
	if (f == FAULT_NONE)
		f = maildir_list(d, place, why);
	if (f == FAULT_NONE)
		f = expire(d, place, why);
	if (d->trouble.fault)
		d->base.trouble = d->trouble;
	if (f == FAULT_NONE) {
		*out = &d->base;
		d = NULL;
	}
	return f;
}

const struct store store_maildir = {
	.name = "maildir",
	.open = maildir_open,
	.bodies = maildir_bodies,
	.commit = maildir_commit,
	.doubt = maildir_doubt,
	.close = maildir_close,
};
