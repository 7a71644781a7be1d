/* store/maildir/recount.c - counts messages as Maildir++ does, and writes the quota
 * file of a Maildir anew.
 *
 * Prefix: maildir_. See maildirsize.c for the file. It counts the messages of the
 * Maildir and of its folders (".Sent"), but not those in ".Trash".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/own.h"
#include "store/fault.h"
#include "store/maildir/entries.h"
#include "store/maildir/folders.h"
#include "store/maildir/maildir.h"
#include "store/maildir/newname.h"
#include "sys/file.h"

enum { LINE_MAX_OCTETS = 128 };

struct recount {
	struct maildir_share share;
	bool failed;
};

/* Maildir++: messages with the flag T do not count, and the size is that in the name
 * (S=), if there is one. */
void maildir_count(struct maildir_share *s, struct span name, uint64_t stored)
{
	const char *flags = memmem(name.at, name.len, ":2,", 3);
	uint64_t octets = stored;

	if (flags && memchr(flags, 'T', (size_t)(name.at + name.len - flags)))
		return;
	if (!name_field(name, 'S', &octets))
		octets = stored;
	s->octets += octets;
	s->messages++;
}

static void count_file(void *arg, int folder, const struct dirent64 *entry)
{
	struct recount *r = arg;
	uint64_t stated;
	struct stat st = { 0 };

	if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
		return;
	if (!name_field(span_of(entry->d_name), 'S', &stated) &&
	    fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	maildir_count(&r->share, span_of(entry->d_name), (uint64_t)st.st_size);
}

static bool count_in(struct recount *r, int folder)
{
	return maildir_each_entry(folder, "new", false, count_file, r) &&
	       maildir_each_entry(folder, "cur", false, count_file, r);
}

/* A dotted entry that is no folder, or has no mail, does not count. */
static void count_folder(void *arg, int dir, const struct dirent64 *entry)
{
	const char *name = entry->d_name;

	if (name[0] != '.' || strcmp(name, ".Trash") == 0)
		return;
	OWN_FD folder = file_open_beneath(dir, name, O_RDONLY | O_DIRECTORY);
	if (folder < 0)
		return;
	if (!count_in(arg, folder) && errno != ENOENT)
		((struct recount *)arg)->failed = true;
}

/* The first line of the present file, with its line end. Empty: there is no such file,
 * or it is none of this kind. */
static struct span old_quota(int dir, char room[LINE_MAX_OCTETS])
{
	OWN_FD fd = file_open_beneath(dir, "maildirsize", O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return SPAN("");
	const ssize_t n = pread(fd, room, LINE_MAX_OCTETS, 0);
	const char *end = n > 0 ? memchr(room, '\n', (size_t)n) : NULL;
	return end ? (struct span){ room, (size_t)(end - room) + 1 } : SPAN("");
}

static void put_quota(const struct store_quota *q, struct buf *out)
{
	if (q->octets > 0) {
		buf_u64(out, q->octets);
		buf_text(out, q->messages > 0 ? "S," : "S\n");
	}
	if (q->messages > 0) {
		buf_u64(out, q->messages);
		buf_text(out, "C\n");
	}
}

static enum fault replace(int dir, struct span contents, struct why *why)
{
	char room[MAILDIR_NEW_NAME_MAX];
	struct buf name = BUF(room);

	buf_text(&name, "tmp/");
	maildir_new_name(&name);
	const char *tmp = buf_cstr(&name);
	OWN_FD fd = file_create_beneath(dir, tmp, 0600);
	if (fd < 0)
		return fault_set(why, store_fault(errno), errno, "create", tmp);
	if (file_write_all(fd, contents.at, contents.len) < 0 ||
	    renameat(dir, tmp, dir, "maildirsize") < 0) {
		fault_set(why, FAULT_IO, errno, "replace", "maildirsize");
		unlinkat(dir, tmp, 0);
		return FAULT_IO;
	}
	return FAULT_NONE;
}

enum fault maildir_renew_size(int dir, const struct store_quota *quota, bool create,
			      struct why *why)
{
	struct recount r = { 0 };
	char old[LINE_MAX_OCTETS], room[2 * LINE_MAX_OCTETS];
	struct buf text = BUF(room);
	const struct span before = old_quota(dir, old);

	put_quota(quota, &text);
	if (text.len == 0)
		buf_put(&text, before);
	if (text.len == 0 || (before.len == 0 && !create))
		return FAULT_NONE;
	if (!count_in(&r, dir) ||
	    !maildir_each_entry(dir, ".", true, count_folder, &r) || r.failed)
		return fault_set(why, store_fault(errno), errno, "count",
				 "maildirsize");
	buf_u64(&text, r.share.octets);
	buf_char(&text, ' ');
	buf_u64(&text, r.share.messages);
	buf_char(&text, '\n');
	return replace(dir, buf_span(&text), why);
}

enum fault maildir_recount(const struct store_opening *o,
			   const struct store_quota *quota, bool create,
			   struct why *why)
{
	OWN_FD dir = -1;
	enum fault f = maildir_find_folder(o, &dir, why);

	return f || dir < 0 ? f : maildir_renew_size(dir, quota, create, why);
}
