/* auth/userfile.c - the users file, always as it is now.
 *
 * Floor 2 (auth). Prefix: userfile_.
 */
#include "auth/userfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 1 << 30 };

/* What tells one state of the file from another. */
struct identity {
	dev_t dev;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct userfile {
	pthread_mutex_t mutex; /* over all below; held while reading, so that one thread
				  reads */
	int dir;
	char *name;
	struct identity identity; /* of the last state that was looked at */
	bool settled; /* ... and it cannot have changed since without showing */
	struct users *now;
};

struct userfile *userfile_new(int dir, const char *name)
{
	struct userfile *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	pthread_mutex_init(&f->mutex, NULL);
	f->dir = dir;
	f->name = strdup(name);
	if (!f->name) {
		free(f);
		return NULL;
	}
	return f;
}

void userfile_free(struct userfile *f)
{
	if (!f)
		return;
	users_free(f->now);
	pthread_mutex_destroy(&f->mutex);
	free(f->name);
	free(f);
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->inode == b->inode && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Time stamps move in ticks: a file that changed just now may change again within the
 * same tick. One that has been left alone for a second has a time stamp to trust. */
static bool is_settled(const struct identity *id)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > id->changed.tv_sec + 1;
}

static void complain(void *arg, unsigned line, const char *text)
{
	const struct userfile *f = arg;

	log_event(LOG_WARNING, "users-line", LOG_T("file", f->name),
		  LOG_N("line", line), LOG_T("what", text));
}

static enum fault read_users(struct userfile *f, int fd, struct why *why)
{
	OWN_TEXT text = NULL;
	size_t len = 0;
	enum fault fault =
		file_read_all(fd, FILE_OCTETS_MAX, &text, &len, f->name, why);

	if (fault)
		return fault;
	struct span contents = { text, len };
	struct users *users = NULL;
	if (f->now && users_read_from(f->now, contents))
		users = users_keep(f->now);
	else
		users = users_parse(contents, complain, f);
	secret_wipe(text, len);
	if (!users)
		return fault_set(why, FAULT_NOMEM, 0, "read", f->name);
	users_free(f->now);
	f->now = users;
	return FAULT_NONE;
}

static void look(struct userfile *f, struct why *why)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, 0) < 0) {
		if (f->identity.inode != 0 || !f->now)
			fault_set(why, FAULT_IO, errno, "find", f->name);
		f->identity = (struct identity){ 0 };
		return;
	}
	const struct identity id = { st.st_dev, st.st_ino, st.st_size, st.st_ctim };
	if (same(&id, &f->identity) && f->settled)
		return;
	f->identity = id;
	f->settled = is_settled(&id);
	OWN_FD fd = openat(f->dir, f->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fault_set(why, FAULT_IO, errno, "open", f->name);
	else
		fault_ignore(read_users(f, fd, why)); /* told in *why */
}

struct users *userfile_acquire(struct userfile *f, struct why *why)
{
	struct users *users = NULL;
	struct why trouble = { 0 };

	pthread_mutex_lock(&f->mutex);
	look(f, &trouble);
	if (f->now)
		users = users_keep(f->now);
	pthread_mutex_unlock(&f->mutex);
	if (trouble.fault && users)
		log_fault(&trouble, "users-kept");
	if (!users)
		*why = trouble;
	return users;
}
