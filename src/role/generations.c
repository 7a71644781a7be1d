/* role/generations.c - which children there are to be.
 *
 * Floor 4 (role). Prefix: generation_.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "config/file.h"
#include "role/notify.h"
#include "role/parent.h"
#include "sys/file.h"

static void say(void *arg, const char *text)
{
	(void)arg;
	log_event(LOG_ERR, "configuration", LOG_T("what", text));
}

static bool refuse(const char *doing, const char *what, int sys)
{
	struct why why;

	fault_set(&why, FAULT_SETUP, sys, doing, what);
	log_fault(&why, "configuration");
	return false;
}

/* Without root, everything runs as whoever started us. */
static bool find_ids(const struct parent *p, const char *setting, const char *user,
		     struct ids *out)
{
	*out = (struct ids){ geteuid(), getegid() };
	if (!p->is_root)
		return true;
	errno = 0;
	const struct passwd *pw = getpwnam(user);
	if (!pw)
		return refuse(setting, user, errno);
	if (pw->pw_uid == 0)
		return refuse("take, instead of root, another user for", setting, 0);
	*out = (struct ids){ pw->pw_uid, pw->pw_gid };
	return true;
}

static bool open_dirs(struct generation *g)
{
	const char *name;
	struct why why;

	g->mail_root = open(g->settings.mail_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (g->mail_root < 0)
		return refuse("open mail-root", g->settings.mail_root, errno);
	if (file_open_parent(g->settings.users, &g->users_dir, &name, &why)) {
		log_fault(&why, "configuration", LOG_T("setting", "users"));
		return false;
	}
	return true;
}

static unsigned front_count(const struct settings *s)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->fronts > 0)
		return s->fronts;
	return cores > 0 ? (unsigned)cores : 1;
}

static bool plan_kids(struct generation *g)
{
	bool ok = kid_new(g, ROLE_AUTH, g->ids[ROLE_AUTH]) != NULL;
	struct kid *drop = kid_new(g, ROLE_DROP, g->ids[ROLE_DROP]);

	if (drop)
		drop->standard = true;
	for (unsigned i = 0; i < front_count(&g->settings) && ok; i++)
		ok = kid_new(g, ROLE_FRONT, g->ids[ROLE_FRONT]) != NULL;
	return ok && drop;
}

static bool plan(struct parent *p, struct generation *g)
{
	const struct settings *s = &g->settings;

	return find_ids(p, "find front-user", s->front_user, &g->ids[ROLE_FRONT]) &&
	       find_ids(p, "find auth-user", s->auth_user, &g->ids[ROLE_AUTH]) &&
	       find_ids(p, "find mail-user", s->mail_user, &g->ids[ROLE_DROP]) &&
	       open_dirs(g) && plan_kids(g) && lookup_plan(p, g);
}

static void generation_free(struct generation *g)
{
	while (g->kids) {
		struct kid *k = g->kids;

		g->kids = k->next;
		own_fd_close(&k->channel);
		free(k);
	}
	own_fd_close(&g->mail_root);
	own_fd_close(&g->users_dir);
	for (unsigned i = 0; i < DATABASES_MAX; i++)
		own_fd_close(&g->lookup_dirs[i]);
	certificates_done(&g->certificates);
	settings_done(&g->settings);
	free(g);
}

bool generation_start(struct parent *p)
{
	struct generation *g = calloc(1, sizeof *g);

	if (!g)
		return refuse("find memory", "for a configuration", 0);
	g->mail_root = g->users_dir = -1;
	for (unsigned i = 0; i < DATABASES_MAX; i++)
		g->lookup_dirs[i] = -1;
	g->number = ++p->numbers;
	if (config_load(p->config, &g->settings, say, NULL) || !plan(p, g) ||
	    !renewal_begin(p, g) || !ports_open(p, g)) {
		generation_free(g);
		ports_close_unwanted(p);
		return false;
	}
	log_level(LOG_ERR + (int)g->settings.log_level);
	g->next = p->generations;
	p->generations = g;
	for (struct kid *k = g->kids; k; k = k->next)
		kid_start(p, k);
	return true;
}

static void tell_all(const struct generation *g, enum message_kind kind)
{
	for (const struct kid *k = g->kids; k; k = k->next)
		kid_tell(k, kind);
}

void generation_check(struct parent *p, struct generation *g)
{
	for (const struct kid *k = g->kids; k; k = k->next)
		if (!k->ready)
			return;
	if (g->ready)
		return;
	g->ready = true;
	for (const struct kid *k = g->kids; k; k = k->next)
		if (k->role == ROLE_FRONT)
			kid_tell_ports(p, k);
	for (struct generation *old = g->next; old; old = old->next) {
		old->draining = true;
		tell_all(old, MESSAGE_DRAIN);
	}
	ports_close_unwanted(p);
	state_write(p);
	log_event(LOG_NOTICE, g->number == 1 ? "ready" : "reloaded",
		  LOG_N("generation", g->number));
	notify_systemd("READY=1");
}

/* The first one is all we have: then it is the end. A later one is given up, and the
 * one before it goes on as if nothing had been. */
void generation_failed(struct parent *p, struct generation *g)
{
	log_event(LOG_CRIT, "not-started", LOG_N("generation", g->number));
	g->draining = true;
	for (struct kid *k = g->kids; k; k = k->next)
		if (k->pid > 0)
			kill(k->pid, SIGKILL);
	p->failed = !g->next;
	ports_close_unwanted(p);
}

void generation_drop_empty(struct parent *p)
{
	for (struct generation **at = &p->generations; *at;) {
		struct generation *g = *at;
		bool alive = false;

		for (const struct kid *k = g->kids; k; k = k->next)
			alive = alive || k->pid > 0;
		if (alive || !g->draining) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		generation_free(g);
	}
}
