/* cli/copy.c - copies the messages of an origin into a maildrop.
 *
 * Prefix: copy_.
 */
#include "cli/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "foreign/header.h"
#include "foreign/mboxfile.h"
#include "sys/file.h"

enum { CHUNK_OCTETS = 1 << 16 };

static enum fault fail(const char *doing, const char *what, struct why *why)
{
	const bool is_full = errno == ENOSPC || errno == EDQUOT;

	return fault_set(why, is_full ? FAULT_FULL : FAULT_IO, errno, doing, what);
}

enum fault copy_begin(struct copy *out, int from, int to, struct why *why)
{
	*out = (struct copy){ .from = from, .to = to, .stage = -1 };
	if (mkdirat(to, COPY_FOLDER, 0700) < 0 && errno != EEXIST)
		return fail("make", COPY_FOLDER, why);
	out->stage = file_open_beneath(to, COPY_FOLDER, O_RDONLY | O_DIRECTORY);
	if (out->stage < 0)
		return fail("open", COPY_FOLDER, why);
	if (flock(out->stage, LOCK_EX | LOCK_NB) < 0)
		return fault_set(why, FAULT_BUSY, errno, "lock", COPY_FOLDER);
	return FAULT_NONE;
}

void copy_end(struct copy *c)
{
	own_fd_close(&c->stage);
}

/* A base name holds no NUL, and ends with one or in front of ':'. */
static const char *staged_name(const struct origin_message *m, char room[NAME_MAX + 1])
{
	(void)!span_copy(m->base, room, NAME_MAX + 1); /* a name of a file is shorter */
	return room;
}

bool copy_is_staged(const struct copy *c, const struct origin_message *m)
{
	char name[NAME_MAX + 1];

	return faccessat(c->stage, staged_name(m, name), F_OK, AT_SYMLINK_NOFOLLOW) ==
	       0;
}

/* ---- contents ---- */

/* Either writes octets to the copy, or compares them with it. */
struct sink {
	int fd;
	bool compares, differs;
	uint64_t octets;
	struct timespec time; /* of modification of the message */
};

static bool put(struct sink *s, struct span octets)
{
	static char there[CHUNK_OCTETS];

	s->octets += octets.len;
	if (!s->compares)
		return file_write_all(s->fd, octets.at, octets.len) == 0;
	while (octets.len > 0 && !s->differs) {
		const size_t n = octets.len < sizeof there ? octets.len : sizeof there;
		const ssize_t got = read(s->fd, there, n);

		if (got < 0)
			return false;
		s->differs = got == 0 || memcmp(there, octets.at, (size_t)got) != 0;
		octets = span_after(octets, (size_t)got);
	}
	return true;
}

static bool put_file(struct sink *s, int from)
{
	static char room[CHUNK_OCTETS];
	ssize_t got;

	while ((got = read(from, room, sizeof room)) > 0)
		if (!put(s, (struct span){ room, (size_t)got }))
			return false;
	return got == 0;
}

static bool put_text(struct sink *s, struct span text, bool without_hidden)
{
	struct span field;

	while (without_hidden && header_cut(&text, &field))
		if (!mboxfile_is_hidden(field) && !put(s, field))
			return false;
	return put(s, text);
}

static bool put_message(struct sink *s, const struct copy *c,
			const struct origin_message *m)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct stat st;

	s->time.tv_sec = (time_t)m->time;
	if (!m->path)
		return put_text(s, m->text, c->without_hidden);
	OWN_FD from = openat(c->from, m->path, flags);
	if (from < 0 || fstat(from, &st) < 0)
		return false;
	s->time = st.st_mtim;
	return put_file(s, from);
}

static bool set_time(const struct sink *s)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, s->time };

	return futimens(s->fd, times) == 0;
}

/* Is the copy that an earlier import has left the message? */
static bool is_same(const struct copy *c, const struct origin_message *m,
		    struct sink *s)
{
	struct stat st;

	s->compares = true;
	return put_message(s, c, m) && fstat(s->fd, &st) == 0 && !s->differs &&
	       (uint64_t)st.st_size == s->octets && set_time(s);
}

static enum fault write_copy(struct copy *c, const struct origin_message *m,
			     const char *name, struct why *why)
{
	if (unlinkat(c->stage, name, 0) < 0 && errno != ENOENT)
		return fail("remove", name, why);
	OWN_FD fd = file_create_beneath(c->stage, name, 0600);
	struct sink s = { .fd = fd };

	if (fd < 0)
		return fail("create", name, why);
	if (!put_message(&s, c, m) || !set_time(&s))
		return fail("copy", m->target, why);
	c->octets += s.octets;
	return FAULT_NONE;
}

enum fault copy_stage(struct copy *c, const struct origin_message *m, struct why *why)
{
	char room[NAME_MAX + 1];
	const char *name = staged_name(m, room);
	OWN_FD left = file_open_beneath(c->stage, name, O_RDONLY);
	struct sink s = { .fd = left };

	if (left < 0 || !is_same(c, m, &s))
		return write_copy(c, m, name, why);
	c->octets += s.octets;
	return FAULT_NONE;
}

enum fault copy_sync(const struct copy *c, struct why *why)
{
	return syncfs(c->stage) == 0 && fsync(c->stage) == 0
		       ? FAULT_NONE
		       : fail("sync", COPY_FOLDER, why);
}

/* ---- into the maildrop ---- */

enum fault copy_publish(struct copy *c, const struct origin_message *m, struct why *why)
{
	char room[NAME_MAX + 1];
	const char *name = staged_name(m, room);

	if (renameat2(c->stage, name, c->to, m->target, RENAME_NOREPLACE) == 0)
		return FAULT_NONE;
	return fail("rename", m->target, why);
}

static bool sync_folder(const struct copy *c, const char *name)
{
	OWN_FD fd = file_open_beneath(c->to, name, O_RDONLY | O_DIRECTORY);

	return fd >= 0 && fsync(fd) == 0;
}

enum fault copy_finish(struct copy *c, struct why *why)
{
	if (!sync_folder(c, "new") || !sync_folder(c, "cur"))
		return fail("sync", "new, cur", why);
	if (unlinkat(c->to, COPY_FOLDER, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY)
		return fail("remove", COPY_FOLDER, why);
	return FAULT_NONE;
}
