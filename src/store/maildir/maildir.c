/* store/maildir/maildir.c - the kind of store for Maildirs, which other programs use at
 * the same time.
 *
 * Prefix: maildir_. Messages stay where they are, in new or cur. The only changes to a
 * Maildir are the index, the ledger, maildirsize, the removal of messages, and two
 * kinds of renaming: marking messages as seen, and giving duplicates another name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/own.h"
#include "mail/wire.h"
#include "store/fault.h"
#include "store/lock.h"
#include "store/maildir/folders.h"
#include "store/maildir/maildir.h"
#include "store/maildir/newname.h"
#include "sys/file.h"

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
	struct opening o = { .dir = d->base.dir, .fd = -1, .sys = ENOENT };
	const struct scan_file *file = s->files.at;
	uint32_t first = 0;
	enum fault f = scan_chase(d->base.dir, s, &first, 1, open_file, &o, why);

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

/* Is the file the one that was listed? It may have been written to, if it still has the
 * listed size, on disk and on the wire. */
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
	index_forget(d->base.dir);
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
		index_mark_stale(d->base.dir);
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
		index_forget(d->base.dir);
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
	index_doubt(m->dir);
}

/* The time of delivery stands in the file name. */
static enum fault maildir_delivered(struct maildrop *m, const uint64_t *which,
				    uint64_t out[], struct why *why)
{
	struct maildir *d = (struct maildir *)m;
	ROOM struct index_reader rd;
	enum fault f = FAULT_NONE;

	index_reader_init(&rd, &d->index, LOADS_AT_A_TIME);
	for (uint32_t i = 0; i < m->listing.count && f == FAULT_NONE; i++) {
		struct scan s = { 0 };

		if (!store_is_marked(which, i))
			continue;
		f = maildir_load(&rd, i + 1, &s, why);
		if (f == FAULT_NONE)
			out[i] = s.files.at->time.seconds;
		scan_done(&s);
	}
	return f;
}

/* ---- the kind ---- */

static void maildir_unlock(struct maildrop *m)
{
	own_fd_close(&m->dir);
	store_lock_released(((struct maildir *)m)->locks);
}

static void maildir_close(struct maildrop *m)
{
	struct maildir *d = (struct maildir *)m;

	index_close(&d->index);
	maildir_unlock(m);
	free(d);
}

static enum fault maildir_open(const struct store_opening *o, struct maildrop **out,
			       struct why *why)
{
	struct maildir *d = malloc(sizeof *d);

	if (!d)
		return fault_set(why, FAULT_NOMEM, 0, "open Maildir", o->place.path);
	*d = (struct maildir){
		.base = { .dir = -1, .ledger = { .fd = -1 } },
		.locks = o->process.locks,
		.index = { .fd = -1 },
	};
	struct maildir_folder folder;
	enum fault f = maildir_open_folder(o, &folder, why);
	d->base.dir = folder.fd;
	d->base.has_new_home = folder.has_new_home;
	if (f == FAULT_NONE)
		f = store_lock(o, d->base.dir, why);
	if (f)
		maildir_close(&d->base);
	else
		*out = &d->base;
	return f;
}

const struct store_kind maildir_kind = {
	.name = "maildir",
	.open = maildir_open,
	.list = maildir_list,
	.bodies = maildir_bodies,
	.delivered = maildir_delivered,
	.remove = maildir_remove,
	.mark_seen = maildir_mark_seen,
	.doubt = maildir_doubt,
	.unlock = maildir_unlock,
	.close = maildir_close,
	.start = maildir_start,
	.accepts = maildir_accepts,
	.deliver = maildir_deliver,
	.spool = maildir_spool,
	.usage = maildir_usage,
	.recount = maildir_recount,
};
