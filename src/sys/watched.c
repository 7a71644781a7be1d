/* sys/watched.c - reads a file again when it has changed.
 *
 * Prefix: watched_.
 */
#include "sys/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/own.h"
#include "sys/file.h"

static bool is_same(const struct watched *w, const struct stat *st)
{
	return w->dev == st->st_dev && w->inode == st->st_ino &&
	       w->size == st->st_size && w->changed.tv_sec == st->st_ctim.tv_sec &&
	       w->changed.tv_nsec == st->st_ctim.tv_nsec;
}

/* Time stamps move in ticks: a file that has just changed may change again within the
 * same tick, with the same stamp. The stamp can be trusted if the last change is more
 * than a second ago. */
static bool is_quiescent(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > st->st_ctim.tv_sec + 1;
}

static void remember(struct watched *w, const struct stat *st)
{
	w->dev = st->st_dev;
	w->inode = st->st_ino;
	w->size = st->st_size;
	w->changed = st->st_ctim;
	w->quiescent = is_quiescent(st);
	w->missing = false;
}

static enum watched_news look_in_vain(struct watched *w)
{
	bool news = !w->missing;

	w->missing = true;
	w->quiescent = false;
	if (!news)
		return WATCHED_SAME;
	fault_set(&w->trouble, FAULT_IO, errno, "find", w->name);
	return WATCHED_TROUBLE;
}

enum watched_news watched_look(struct watched *w, char **out, size_t *out_len)
{
	struct why why = { 0 };
	struct stat st;

	if (fstatat(w->dir, w->name, &st, 0) < 0)
		return look_in_vain(w);
	bool same = !w->missing && is_same(w, &st);
	if (same && w->quiescent)
		return WATCHED_SAME;
	remember(w, &st);
	OWN_FD fd = openat(w->dir, w->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fault_set(&why, FAULT_IO, errno, "open", w->name);
	else
		fault_ignore(file_read_all(fd, w->most, out, out_len, w->name, &why));
	bool told = same && w->trouble.fault;
	w->trouble = why;
	if (why.fault)
		w->quiescent = false; /* so the next look reads again */
	if (!why.fault)
		return WATCHED_TEXT;
	return told ? WATCHED_SAME : WATCHED_TROUBLE;
}

void watched_refuse(struct watched *w, const struct why *why)
{
	w->trouble = *why;
	if (why->fault == FAULT_NOMEM)
		w->quiescent = false;
}
