/* store/maildir/deliver.c - delivers messages to a Maildir.
 *
 * Prefix: maildir_. A message is written to tmp, synced, renamed into new, and new is
 * synced: so it is in new as a whole, or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/own.h"
#include "mail/wire.h"
#include "store/fault.h"
#include "store/lock.h"
#include "store/maildir/arrivals.h"
#include "store/maildir/folders.h"
#include "store/maildir/leftovers.h"
#include "store/maildir/maildir.h"
#include "store/maildir/newname.h"
#include "store/quota.h"
#include "sys/file.h"

enum { CHUNK_OCTETS = 65536 };

/* A delivery takes two names, and one of 32 deliveries looks for leftovers. */
enum { NUMBERS_A_LOOK = 64 };

struct delivery {
	const struct store_opening *o;
	const struct store_message *m;
	const struct store_quota *quota;
	struct maildir_folder folder;
	int new, file; /* the folder new; the message's file */
	bool is_in_tmp, is_in_new;
	char tmp[MAILDIR_NEW_NAME_MAX], path[LISTING_NAME_OCTETS];
	struct store_delivered out;
	/* For the index: all that it says of the message, and what it has been told.
	 * judge NULL: it is told nothing. */
	struct scan_file measures;
	struct downgrade *judge;
	struct arrival *arrival;
	struct why *why;
};

static struct delivery delivery_of(const struct store_opening *o, struct why *why)
{
	return (struct delivery){
		.o = o, .folder = { .fd = -1 }, .new = -1, .file = -1, .why = why
	};
}

static enum fault fail(const struct delivery *d, int sys, const char *doing,
		       const char *what)
{
	return fault_set(d->why, store_fault(sys), sys, doing, what);
}

/* ---- into tmp ---- */

static enum fault name_tmp(struct delivery *d)
{
	struct buf b = BUF(d->tmp);

	buf_text(&b, "tmp/");
	const unsigned number = maildir_new_name(&b);
	buf_cstr(&b);
	if (number % NUMBERS_A_LOOK < 2)
		maildir_remove_leftovers(d->folder.fd);
	return b.cut ? fail(d, ENAMETOOLONG, "name", d->tmp) : FAULT_NONE;
}

/* Open new, and create the message's file. -1 and errno. */
static int create(struct delivery *d)
{
	if (d->new < 0)
		d->new = file_open_beneath(d->folder.fd, "new", O_RDONLY | O_DIRECTORY);
	if (d->new < 0)
		return -1;
	d->file = file_create_beneath(d->folder.fd, d->tmp, 0600);
	return d->file < 0 ? -1 : 0;
}

/* The first delivery finds no folders. They must survive a crash of the machine as the
 * message does. */
static enum fault make_folders(struct delivery *d)
{
	enum fault f = maildir_make_folders(d->folder.fd, d->o->place.path, d->why);

	return f ? f : maildir_sync_folders(d->o, d->why);
}

static enum fault begin(struct delivery *d)
{
	enum fault f = maildir_open_folder(d->o, &d->folder, d->why);

	if (f == FAULT_NONE)
		f = name_tmp(d);
	if (f)
		return f;
	int made = create(d);
	if (made < 0 && errno == ENOENT) {
		f = make_folders(d);
		made = f ? -1 : create(d);
	}
	if (f)
		return f;
	if (made < 0)
		return fail(d, errno, "create", d->tmp);
	d->is_in_tmp = true;
	return FAULT_NONE;
}

/* Without memory, the index is not told of the message. */
static void start_measuring(struct delivery *d, struct wire *wire)
{
	wire_start(wire);
	if (!d->o->process.arrivals)
		return;
	d->judge = malloc(sizeof *d->judge);
	if (d->judge)
		downgrade_judge_start(d->judge, d->o->process.downgrade);
}

static void measure(struct delivery *d, struct wire *wire, struct span chunk, bool last)
{
	wire_count(wire, chunk);
	if (d->judge)
		downgrade_judge(d->judge, chunk, last);
}

static enum fault end_measuring(struct delivery *d, struct wire *wire)
{
	struct scan_file *f = &d->measures;
	struct stat st;

	wire_end(wire, NULL);
	d->out.octets = wire->octets;
	if (!d->judge)
		return FAULT_NONE;
	if (fstat(d->file, &st) < 0)
		return fail(d, errno, "stat", d->tmp);
	*f = (struct scan_file){
		.identity = st.st_ino,
		.stored = (uint64_t)st.st_size,
		.modified = scan_ns(st.st_mtim),
		.octets = wire->octets,
		.form = (uint8_t)wire_form(wire),
	};
	f->surrogate = (uint8_t)downgrade_verdict(d->judge, &f->difference);
	return FAULT_NONE;
}

/* Copy the message, and measure it as a listing does. */
static enum fault copy(struct delivery *d)
{
	const struct store_message *m = d->m;
	ROOM char chunk[CHUNK_OCTETS];
	struct wire wire;

	start_measuring(d, &wire);
	for (uint64_t at = 0; at < m->octets;) {
		const uint64_t left = m->octets - at;
		const ssize_t n = pread(
			m->fd, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk,
			(off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(d, errno, "read message for", d->o->place.path);
		if (n == 0)
			return fault_set(d->why, FAULT_PEER, 0,
					 "read a message that is too short for",
					 d->o->place.path);
		measure(d, &wire, (struct span){ chunk, (size_t)n },
			at + (uint64_t)n == m->octets);
		if (file_write_all(d->file, chunk, (size_t)n) < 0)
			return fail(d, errno, "write", d->tmp);
		at += (uint64_t)n;
	}
	if (fsync(d->file) < 0)
		return fail(d, errno, "sync", d->tmp);
	return end_measuring(d, &wire);
}

/* ---- into new ---- */

static enum fault check_quota(struct delivery *d)
{
	if (!arrivals_usage(d->arrival, &d->out.before)) {
		enum fault f =
			maildir_count_mail(d->folder.fd, d->o, &d->out.before, d->why);
		if (f)
			return f;
	}
	if (!store_quota_holds(d->quota, &d->out.before, d->out.octets))
		return fault_set(d->why, FAULT_QUOTA, 0, "deliver to",
				 d->o->place.path);
	d->out.after = (struct store_usage){ d->out.before.octets + d->out.octets,
					     d->out.before.messages + 1 };
	return FAULT_NONE;
}

static enum fault name_new(struct delivery *d)
{
	struct buf b = BUF(d->path);

	buf_text(&b, "new/");
	maildir_new_name(&b);
	buf_text(&b, ",S=");
	buf_u64(&b, d->m->octets);
	buf_text(&b, ",W=");
	buf_u64(&b, d->out.octets);
	buf_cstr(&b);
	return b.cut ? fail(d, ENAMETOOLONG, "name", d->path) : FAULT_NONE;
}

static void tell_index(struct delivery *d)
{
	if (d->judge)
		d->arrival = arrivals_begin(d->o, d->folder.fd,
					    d->path + strlen("new/"), &d->measures);
}

/* Choose the name late, so that messages are listed in the order in which they became
 * visible. With a quota, no other delivery with a quota adds to the maildrop until
 * this message is in new. */
static enum fault prepare(struct delivery *d)
{
	const bool has_quota = store_quota_is_set(d->quota);
	enum fault f = has_quota ? store_lock_arrivals(d->o, d->new, d->why)
				 : FAULT_NONE;

	if (f == FAULT_NONE)
		f = name_new(d);
	if (f)
		return f;
	tell_index(d);
	return has_quota ? check_quota(d) : FAULT_NONE;
}

/* If new cannot be synced, the message would not survive a crash of the machine, and
 * its sender will send it again: it must not stay. */
static enum fault publish(struct delivery *d)
{
	enum fault f = prepare(d);

	if (f)
		return f;
	if (d->m->is_wanted && !d->m->is_wanted(d->m->arg))
		return fault_set(d->why, FAULT_GONE, 0, "deliver to", d->o->place.path);
	if (scan_move(d->folder.fd, d->tmp, d->path) < 0)
		return fail(d, errno, "rename", d->tmp);
	d->is_in_tmp = false;
	d->is_in_new = true;
	if (store_quota_is_set(d->quota))
		store_unlock_arrivals(d->o, d->new);
	return fsync(d->new) < 0 ? fail(d, errno, "sync", "new") : FAULT_NONE;
}

static void report(struct delivery *d, struct store_delivered *out)
{
	const struct maildir_share share = { d->m->octets, 1 };

	maildir_add(d->folder.fd, &share);
	d->out.has_new_home = d->folder.has_new_home;
	memcpy(d->out.name, d->path + strlen("new/"), sizeof d->path - strlen("new/"));
	*out = d->out;
}

static void end(struct delivery *d, enum fault f)
{
	if (f && d->is_in_tmp)
		unlinkat(d->folder.fd, d->tmp, 0);
	if (f && d->is_in_new)
		unlinkat(d->folder.fd, d->path, 0);
	arrivals_end(d->arrival);
	free(d->judge);
	own_fd_close(&d->file);
	own_fd_close(&d->folder.fd);
	if (d->new < 0)
		return;
	own_fd_close(&d->new);
	store_lock_released(d->o->process.locks);
}

enum fault maildir_deliver(const struct store_opening *o, const struct store_message *m,
			   const struct store_quota *quota, struct store_delivered *out,
			   struct why *why)
{
	struct delivery d = delivery_of(o, why);

	d.m = m;
	d.quota = quota;
	enum fault f = begin(&d);

	if (f == FAULT_NONE)
		f = copy(&d);
	if (f == FAULT_NONE)
		f = publish(&d);
	if (f == FAULT_NONE)
		report(&d, out);
	end(&d, f);
	return f;
}

/* ---- the other calls of a delivery ---- */

enum fault maildir_accepts(const struct store_opening *o, struct why *why)
{
	OWN_FD dir = -1;

	return maildir_find_folder(o, &dir, why);
}

enum fault maildir_usage(const struct store_opening *o, struct store_usage *out,
			 struct why *why)
{
	OWN_FD dir = -1;
	enum fault f = maildir_find_folder(o, &dir, why);

	if (f == FAULT_NONE && dir < 0)
		*out = (struct store_usage){ 0 };
	if (f || dir < 0 || arrivals_usage_of(o, dir, out))
		return f;
	return maildir_count_mail(dir, o, out, why);
}

enum fault maildir_spool(const struct store_opening *o, int *out_fd, struct why *why)
{
	struct delivery d = delivery_of(o, why);
	enum fault f = begin(&d);

	if (f == FAULT_NONE && unlinkat(d.folder.fd, d.tmp, 0) < 0)
		f = fail(&d, errno, "remove", d.tmp);
	if (f == FAULT_NONE && !file_is_local(d.file))
		f = fault_set(why, FAULT_IO, EOPNOTSUPP, "make a spool in",
			      o->place.path);
	if (f == FAULT_NONE)
		*out_fd = TAKE_FD(d.file);
	end(&d, f);
	return f;
}
