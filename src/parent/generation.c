/* parent/generation.c - which children there are to be.
 *
 * Prefix: generation_.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "config/file/file.h"
#include "parent/notify.h"
#include "parent/parent.h"
#include "setup/setup.h"
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

/* Where the log is the system's, and perhaps not there, who starts us is told too. */
static void judge(void *arg, enum setup_weight weight, const char *text)
{
	static const int priorities[SETUP_WEIGHTS] = { LOG_ERR, LOG_ERR, LOG_WARNING };

	const struct parent *p = arg;

	log_event(priorities[weight], "configuration", LOG_T("what", text));
	if (p->relay >= 0 && !p->generations)
		fprintf(stderr, "poplard: %s\n", text);
}

static struct ids ids_of(struct setup_ids ids)
{
	return (struct ids){ ids.uid, ids.gid };
}

static bool find_users(struct parent *p, struct generation *g)
{
	const struct setup setup = {
		.settings = &g->settings, .path = p->config, .say = judge, .arg = p
	};
	struct setup_users users;

	if (!setup_find_users(&setup, &users))
		return false;
	g->ids[ROLE_FRONT] = ids_of(users.front);
	g->ids[ROLE_AUTH] = ids_of(users.auth);
	g->ids[ROLE_DROP] = ids_of(users.mail);
	setup_judge(&setup, &users);
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

static bool plan_workers(struct generation *g)
{
	bool ok = worker_new(g, ROLE_AUTH, g->ids[ROLE_AUTH]) != NULL;
	struct worker *drop = worker_new(g, ROLE_DROP, g->ids[ROLE_DROP]);

	if (drop)
		drop->standard = true;
	for (unsigned i = 0; i < front_count(&g->settings) && ok; i++)
		ok = worker_new(g, ROLE_FRONT, g->ids[ROLE_FRONT]) != NULL;
	return ok && drop;
}

static void generation_free(struct generation *g)
{
	while (g->workers) {
		struct worker *k = g->workers;

		g->workers = k->next;
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

/* What nothing but another configuration mends, then what may come with time: disks,
 * memory, addresses and ports. */
static bool prepare(struct parent *p, struct generation *g)
{
	p->failure = EXIT_CONFIG;
	if (config_load(p->config, &g->settings, say, NULL) || !find_users(p, g))
		return false;
	p->failure = EXIT_FAILURE;
	if (!open_dirs(g) || !plan_workers(g))
		return false;
	p->failure = EXIT_CONFIG;
	if (!lookup_plan(p, g) || !renewal_begin(p, g))
		return false;
	p->failure = EXIT_FAILURE;
	return ports_open(p, g);
}

bool generation_start(struct parent *p)
{
	struct generation *g = calloc(1, sizeof *g);

	p->failure = EXIT_FAILURE;
	if (!g)
		return refuse("find memory", "for a configuration", 0);
	g->mail_root = g->users_dir = -1;
	for (unsigned i = 0; i < DATABASES_MAX; i++)
		g->lookup_dirs[i] = -1;
	g->number = ++p->numbers;
	if (!prepare(p, g)) {
		generation_free(g);
		ports_close_unwanted(p);
		return false;
	}
	log_level(LOG_ERR + (int)g->settings.log_level);
	g->next = p->generations;
	p->generations = g;
	for (struct worker *k = g->workers; k; k = k->next)
		worker_start(p, k);
	return true;
}

static void tell_all(const struct generation *g, enum message_kind kind)
{
	for (const struct worker *k = g->workers; k; k = k->next)
		worker_tell(k, kind);
}

void generation_check(struct parent *p, struct generation *g)
{
	for (const struct worker *k = g->workers; k; k = k->next)
		if (!k->ready)
			return;
	if (g->ready)
		return;
	g->ready = true;
	for (const struct worker *k = g->workers; k; k = k->next)
		if (k->role == ROLE_FRONT)
			worker_tell_ports(p, k);
	for (struct generation *old = g->next; old; old = old->next) {
		old->draining = true;
		tell_all(old, MESSAGE_DRAIN);
	}
	ports_close_unwanted(p);
	state_write(p);
	log_event(LOG_NOTICE, g->number == 1 ? "ready" : "reloaded",
		  LOG_N("generation", g->number));
	reload_done(p);
	notify_systemd("READY=1");
}

/* The first one is all we have: then it is the end. A later one is given up, and the
 * one before it goes on as if nothing had been. */
void generation_failed(struct parent *p, struct generation *g)
{
	log_event(LOG_CRIT, "not-started", LOG_N("generation", g->number));
	g->draining = true;
	for (struct worker *k = g->workers; k; k = k->next)
		if (k->pid > 0)
			kill(k->pid, SIGKILL);
	p->failed = !g->next;
	reload_refused(p);
	ports_close_unwanted(p);
}

void generation_drop_empty(struct parent *p)
{
	for (struct generation **at = &p->generations; *at;) {
		struct generation *g = *at;
		bool alive = false;

		for (const struct worker *k = g->workers; k; k = k->next)
			alive = alive || k->pid > 0;
		if (alive || !g->draining) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		generation_free(g);
	}
}
