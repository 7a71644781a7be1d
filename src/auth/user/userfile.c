/* auth/user/userfile.c - the users file, parsed again whenever it changes.
 *
 * Prefix: userfile_.
 */
#include "auth/user/userfile.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "sys/watched.h"

enum { FILE_OCTETS_MAX = 1 << 30 };

struct userfile {
	pthread_mutex_t mutex; /* over all below; held while parsing, so that one thread
				  parses */
	char *name;
	struct watched watched;
	struct users *now;
};

struct userfile *userfile_new(int dir, const char *name)
{
	struct userfile *f = calloc(1, sizeof *f);

	if (!f)
		return NULL;
	pthread_mutex_init(&f->mutex, NULL);
	f->name = strdup(name);
	f->watched = (struct watched){ .dir = dir,
				       .name = f->name,
				       .most = FILE_OCTETS_MAX };
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

static void complain(void *arg, unsigned line, const char *text)
{
	const struct userfile *f = arg;

	log_event(LOG_WARNING, "users-line", LOG_T("file", f->name),
		  LOG_N("line", line), LOG_T("what", text));
}

/* False: out of memory. */
static bool parse_text(struct userfile *f, struct span text)
{
	if (f->now && users_read_from(f->now, text))
		return true;
	struct users *users = users_parse(text, complain, f);
	if (!users)
		return false;
	users_free(f->now);
	f->now = users;
	return true;
}

static void look(struct userfile *f)
{
	OWN_TEXT text = NULL;
	size_t len;
	struct why why;

	switch (watched_look(&f->watched, &text, &len)) {
	case WATCHED_SAME:
		break;
	case WATCHED_TEXT:
		if (!parse_text(f, (struct span){ text, len })) {
			fault_set(&why, FAULT_NOMEM, 0, "read", f->name);
			watched_refuse(&f->watched, &why);
		}
		secret_wipe(text, len);
		break;
	case WATCHED_TROUBLE:
		log_fault(&f->watched.trouble, f->now ? "users-kept" : "users-missing");
		break;
	}
}

struct users *userfile_acquire(struct userfile *f, struct why *why)
{
	struct users *users = NULL;

	pthread_mutex_lock(&f->mutex);
	look(f);
	if (f->now)
		users = users_keep(f->now);
	if (f->watched.trouble.fault)
		*why = f->watched.trouble;
	pthread_mutex_unlock(&f->mutex);
	return users;
}
