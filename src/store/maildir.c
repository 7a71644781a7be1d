/* store/maildir.c - the Maildir, as MTAs, IMAP servers and shells share it.
 *
 * Floor 2 (store). Prefix: maildir_. Messages stay where they are, in new or cur;
 * nothing is written but the removals of a commit.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/own.h"
#include "mail/listing.h"
#include "mail/name.h"
#include "store/scan.h"
#include "store/store.h"
#include "sys/file.h"

enum { BATCH = 64 }; /* records written at a time */

struct maildir {
	struct maildrop base; /* first: a maildir is a maildrop */
	struct store_locks *locks;
	int dir;
	struct scan scan;
};

static void maildir_close(struct maildrop *m)
{
	struct maildir *d = (struct maildir *)m;

	if (!d)
		return;
	own_fd_close(&d->base.listing.fd);
	own_fd_close(&d->dir);
	store_lock_released(d->locks);
	scan_done(&d->scan);
	free(d);
}

static void maildir_done_p(struct maildir **d)
{
	maildir_close((struct maildrop *)*d);
}

/* ---- opening ---- */

/* A home without a Maildir has got no mail yet. A home that is not there may be a disk
 * that is not mounted: to show an empty maildrop then would make clients forget what
 * they have and fetch it all again. */
static int make_dir(int root, const char *path)
{
	const char *slash = strrchr(path, '/');
	char home[PATH_MAX] = ".";

	if (slash && !span_copy((struct span){ path, (size_t)(slash - path) }, home,
				sizeof home)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	OWN_FD parent = file_open_beneath(root, home, O_RDONLY | O_DIRECTORY);
	if (parent < 0)
		return -1;
	const char *name = slash ? slash + 1 : path;
	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return -1;
	return file_open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
}

static enum fault make_folders(int dir, const char *path, struct why *why)
{
	static const char *const folders[] = { "new", "cur", "tmp" };

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (mkdirat(dir, folders[i], 0700) < 0 && errno != EEXIST)
			return fault_set(why, store_fault(errno), errno,
					 "make Maildir folders in", path);
	return FAULT_NONE;
}

/* A Maildir may lack its folders until the first delivery. */
static enum fault read_folders(struct maildir *d, const char *path, struct why *why)
{
	struct why missing;
	enum fault f = scan_read(d->dir, &d->scan, &missing);

	if (f && missing.sys == ENOENT) {
		f = make_folders(d->dir, path, why);
		return f ? f : scan_read(d->dir, &d->scan, why);
	}
	if (f)
		*why = missing;
	return f;
}

static enum fault open_dir(const struct store_place *place, int *out, struct why *why)
{
	*out = file_open_beneath(place->root, place->path, O_RDONLY | O_DIRECTORY);
	if (*out < 0 && errno == ENOENT)
		*out = make_dir(place->root, place->path);
	if (*out < 0)
		return fault_set(why, store_fault(errno), errno, "open Maildir",
				 place->path);
	return FAULT_NONE;
}

static void fill_record(const struct scan *s, const struct scan_file *f,
			struct listing_record *out)
{
	struct span base = name_base(scan_name(s, f));

	*out = (struct listing_record){ .octets = f->octets, .form = f->form };
	out->uid_len = (uint8_t)name_uid(base, f->twin ? f->inode : 0, out->uid);
}

static int write_listing(struct maildir *d)
{
	ROOM char batch[BATCH * LISTING_RECORD_OCTETS];
	struct listing_record r;

	for (uint32_t i = 0; i < d->scan.count; i += BATCH) {
		uint32_t n = d->scan.count - i < BATCH ? d->scan.count - i : BATCH;

		for (uint32_t k = 0; k < n; k++) {
			fill_record(&d->scan, &d->scan.files[i + k], &r);
			listing_put(&r, batch + listing_at(k));
			d->base.listing.octets += r.octets;
		}
		if (file_write_all(d->base.listing.fd, batch, listing_at(n)) < 0)
			return -1;
	}
	return 0;
}

/* A file in memory that nobody, we included, can change any more. */
static enum fault make_listing(struct maildir *d, const char *path, struct why *why)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	d->base.listing.count = d->scan.count;
	d->base.listing.fd = memfd_create("listing", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (d->base.listing.fd < 0 || write_listing(d) < 0 ||
	    fcntl(d->base.listing.fd, F_ADD_SEALS, seals) < 0)
		return fault_set(why, store_fault(errno), errno, "make listing of",
				 path);
	return FAULT_NONE;
}

static enum fault maildir_open(const struct store_place *place, struct maildrop **out,
			       struct why *why)
{
	struct maildir *d __attribute__((cleanup(maildir_done_p))) = malloc(sizeof *d);
	enum fault f;

	if (!d)
		return fault_set(why, FAULT_NOMEM, 0, "open Maildir", place->path);
	*d = (struct maildir){
		.base = { .store = &store_maildir, .listing = { .fd = -1 } },
		.locks = place->locks,
		.dir = -1,
	};
	f = open_dir(place, &d->dir, why);
	if (f == FAULT_NONE)
		f = store_lock(place, d->dir, why);
	if (f == FAULT_NONE)
		f = read_folders(d, place->path, why);
	if (f == FAULT_NONE)
		f = scan_measure(d->dir, &d->scan, why);
	if (f == FAULT_NONE)
		f = make_listing(d, place->path, why);
	if (f == FAULT_NONE) {
		*out = &d->base;
		d = NULL;
	}
	return f;
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

/* Open the file of one message, wherever it is now. */
static enum fault open_message(struct maildir *d, uint32_t i, int *out, struct why *why)
{
	struct opening o = { .dir = d->dir, .fd = -1, .sys = ENOENT };
	struct scan_file *file = &d->scan.files[i];
	enum fault f = scan_chase(d->dir, &d->scan, &i, 1, open_file, &o, why);

	*out = o.fd;
	if (f)
		return f;
	if (file->name == SCAN_GONE)
		return fault_set(why, FAULT_GONE, 0, "open message", NULL);
	if (o.fd < 0)
		return fault_set(why, store_fault(o.sys), o.sys, "open",
				 scan_path(&d->scan, file));
	return FAULT_NONE;
}

static enum fault maildir_body(struct maildrop *m, uint32_t msg, struct store_body *out,
			       struct why *why)
{
	struct maildir *d = (struct maildir *)m;
	struct stat st;

	if (msg == 0 || msg > d->scan.count)
		return fault_set(why, FAULT_NO_MESSAGE, 0, "find message", NULL);
	const struct scan_file *file = &d->scan.files[msg - 1];
	if (file->unread)
		return fault_set(why, FAULT_SETUP, 0,
				 "could not read, when the maildrop was opened,",
				 scan_path(&d->scan, file));
	OWN_FD fd = -1;
	enum fault f = open_message(d, msg - 1, &fd, why);
	if (f)
		return f;
	const char *path = scan_path(&d->scan, file);
	if (fstat(fd, &st) < 0)
		return fault_set(why, FAULT_IO, errno, "stat", path);
	if (!S_ISREG(st.st_mode) || st.st_ino != file->inode ||
	    (uint64_t)st.st_size != file->stored)
		return fault_set(why, FAULT_CHANGED, 0, "read", path);
	*out = (struct store_body){
		.fd = TAKE_FD(fd),
		.length = file->stored,
		.octets = file->octets,
		.form = file->form,
	};
	return FAULT_NONE;
}

/* ---- removing ---- */

static bool is_marked(const uint64_t *marks, uint32_t i)
{
	return marks[i / 64] >> i % 64 & 1;
}

/* A commit at work. A first fault is kept, and the rest still tried. */
struct removal {
	int dir;
	bool touched[2]; /* new, cur */
	enum fault fault;
	struct why *why;
};

static void keep_fault(struct removal *r, enum fault f, int sys, const char *doing,
		       const char *what)
{
	if (r->fault == FAULT_NONE)
		r->fault = fault_set(r->why, f, sys, doing, what);
}

/* Another file that has got the name since is not the message: that is looked for. So
 * is a second name of the same file, as a move by link and unlink that was interrupted
 * leaves it: else the message would come back. */
static bool remove_file(void *arg, struct scan *s, struct scan_file *file)
{
	struct removal *r = arg;
	const char *path = scan_path(s, file);
	struct stat st;

	if (fstatat(r->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_ino != file->inode)
			return true;
		if (unlinkat(r->dir, path, 0) == 0) {
			r->touched[path[0] == 'n' ? SCAN_NEW : SCAN_CUR] = true;
			return st.st_nlink > 1;
		}
	}
	if (errno == ENOENT)
		return true;
	keep_fault(r, store_fault(errno), errno, "remove", path);
	return false;
}

/* What someone else has removed counts as removed, which is what was wanted. */
static uint32_t remove_marked(struct maildir *d, const uint64_t *marks,
			      struct removal *r)
{
	uint32_t *list = malloc((size_t)d->scan.count * sizeof *list + 1);
	uint32_t count = 0;
	struct why why;

	if (!list) {
		keep_fault(r, FAULT_NOMEM, 0, "remove messages", NULL);
		return 0;
	}
	for (uint32_t i = 0; i < d->scan.count; i++)
		if (is_marked(marks, i))
			list[count++] = i;
	enum fault f = scan_chase(d->dir, &d->scan, list, count, remove_file, r, &why);
	if (f)
		keep_fault(r, f, why.sys, why.doing, why.what);
	free(list);
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
				 uint32_t *out_left, struct why *why)
{
	struct maildir *d = (struct maildir *)m;
	struct removal r = { .dir = d->dir, .why = why };
	uint32_t removed = 0;

	if (marks) {
		removed = remove_marked(d, marks, &r);
		make_durable(d, &r);
	}
	if (r.fault == FAULT_NONE)
		*out_left = d->scan.count - removed;
	own_fd_close(&d->dir);
	store_lock_released(d->locks);
	return r.fault;
}

const struct store store_maildir = {
	.name = "maildir",
	.open = maildir_open,
	.body = maildir_body,
	.commit = maildir_commit,
	.close = maildir_close,
};
