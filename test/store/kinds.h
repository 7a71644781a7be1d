/* test/store/kinds.h - for each kind of store, how other programs change a maildrop of
 * that kind.
 *
 * Messages are numbered in the order of their delivery. The table has one row for each
 * kind in store/kinds.c. The conformance suite (test_store.c), and a session in which
 * each system call fails once (scenario.c), run with every row.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/kinds.h"
#include "store/store.h"

struct kind {
	enum store_kind_id id;
	const char *path; /* of the maildrop, relative to the root of the other calls */

	void (*deliver)(int root, int n, struct span text);
	/* Note that the message was read, without changing an octet of it. */
	void (*mark_read)(int root, int n);
	void (*remove)(int root, int n);
	/* Put another message in the place of message n. */
	void (*replace)(int root, int n, struct span text);
	bool (*is_there)(int root, int n);
};

/* ---- Maildir ---- */

static inline bool maildir_find(int root, int n, char *out, size_t room)
{
	static const struct {
		const char *folder, *info;
	} at[] = { { "new", "" }, { "cur", ":2," }, { "cur", ":2,S" } };

	for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
		snprintf(out, room, "u/Maildir/%s/%d.x%s", at[i].folder, 1000 + n,
			 at[i].info);
		if (faccessat(root, out, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static inline void maildir_write(int root, const char *path, struct span text)
{
	int fd = openat(root, "u/Maildir/tmp/1", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text.at, text.len) != (ssize_t)text.len ||
	    close(fd) < 0 || renameat(root, "u/Maildir/tmp/1", root, path) < 0)
		abort();
}

/* Every third lies where IMAP servers put what they have seen. */
static inline void maildir_deliver(int root, int n, struct span text)
{
	static const char *const folders[] = { "u/Maildir", "u/Maildir/tmp",
					       "u/Maildir/new", "u/Maildir/cur" };
	char path[64];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		mkdirat(root, folders[i], 0700);
	snprintf(path, sizeof path, "u/Maildir/%s/%d.x%s", n % 3 ? "new" : "cur",
		 1000 + n, n % 3 ? "" : ":2,");
	maildir_write(root, path, text);
}

static inline void maildir_mark_read(int root, int n)
{
	char from[64], to[64];

	snprintf(to, sizeof to, "u/Maildir/cur/%d.x:2,S", 1000 + n);
	if (!maildir_find(root, n, from, sizeof from) ||
	    renameat(root, from, root, to) < 0)
		abort();
}

static inline void maildir_remove(int root, int n)
{
	char path[64];

	if (!maildir_find(root, n, path, sizeof path) || unlinkat(root, path, 0) < 0)
		abort();
}

static inline void maildir_replace(int root, int n, struct span text)
{
	char path[64];

	if (!maildir_find(root, n, path, sizeof path))
		abort();
	maildir_write(root, path, text);
}

static inline bool maildir_is_there(int root, int n)
{
	char path[64];

	return maildir_find(root, n, path, sizeof path);
}

/* ---- all of them ---- */

static const struct kind kinds[] = {
	{ STORE_MAILDIR, "u/Maildir", maildir_deliver, maildir_mark_read,
	  maildir_remove, maildir_replace, maildir_is_there },
};

enum { KINDS = sizeof kinds / sizeof *kinds };
_Static_assert((int)KINDS == (int)STORE_KINDS, "each kind of store has a row");

static inline const char *kind_name(const struct kind *kind)
{
	return store_kind(kind->id)->name;
}
