/* parent/generation.c - the workers of one reading of the configuration.
 *
 * Prefix: generation_.
 */
#include "parent/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "config/file/file.h"
#include "parent/brief.h"
#include "parent/lookups.h"
#include "parent/ports.h"
#include "parent/renewal.h"
#include "parent/state.h"
#include "parent/workers.h"
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

/* At start with `log = syslog`, the text also goes to standard error, since perhaps no
 * syslog runs. */
static void judge(void *arg, enum setup_weight weight, const char *text)
{
	static const int priorities[SETUP_WEIGHTS] = { LOG_ERR, LOG_ERR, LOG_WARNING };

	const struct parent *p = arg;

	log_event(priorities[weight], "configuration", LOG_T("what", text));
	if (p->relay >= 0 && !p->generations)
		fprintf(stderr, "poplard: %s\n", text);
}

static bool find_users(struct parent *p, struct generation *g)
{
	const struct setup setup = {
		.settings = &g->settings, .path = p->config, .say = judge, .arg = p
	};
	struct setup_users users;

	if (!setup_find_users(&setup, &users))
		return false;
	g->ids[ROLE_FRONT] = g->ids[ROLE_LMTP] = users.front;
	g->ids[ROLE_AUTH] = users.auth;
	g->ids[ROLE_DROP] = users.mail;
	g->socket_ids = users.socket;
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
	if (g->settings.listen_lmtp.count > 0 && ok)
		ok = worker_new(g, ROLE_LMTP, g->ids[ROLE_LMTP]) != NULL;
	return ok && drop;
}

static void generation_free(struct generation *g)
{
	while (g->workers) {
		struct worker *k = g->workers;

		g->workers = k->next;
		own_fd_close(&k->channel.fd);
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

/* The exit status tells whether another start of poplard may succeed without a change
 * of the configuration: disks, memory, addresses and ports may come with time. */
static bool prepare(struct parent *p, struct generation *g)
{
	p->failure = EXIT_CONFIG;
	if (config_load(p->config, &g->settings, say, NULL) || !find_users(p, g))
		return false;
	p->failure = EXIT_FAILURE;
	if (!open_dirs(g) || !plan_workers(g))
		return false;
	p->failure = EXIT_CONFIG;
	if (!lookup_plan(g) || !renewal_begin(p, g))
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

static bool is_complete(const struct generation *g)
{
	for (const struct worker *k = g->workers; k; k = k->next)
		if (!k->ready)
			return false;
	return true;
}

static void drain(struct generation *g)
{
	g->draining = true;
	for (const struct worker *k = g->workers; k; k = k->next)
		tell_kind(k, MESSAGE_DRAIN);
}

bool generation_begins_service(struct parent *p, struct generation *g)
{
	if (g->ready || !is_complete(g))
		return false;
	g->ready = true;
	ports_restrict(p, g);
	for (const struct worker *k = g->workers; k; k = k->next)
		if (worker_listens(k))
			tell_ports(p, k);
	for (struct generation *old = g->next; old; old = old->next)
		drain(old);
	ports_close_unwanted(p);
	state_write(p);
	log_event(LOG_NOTICE, g->number == 1 ? "ready" : "reloaded",
		  LOG_N("generation", g->number));
	return true;
}

void generation_give_up(struct parent *p, struct generation *g)
{
	p->failed = !g->next;
	log_event(LOG_CRIT, "generation-failed", LOG_N("generation", g->number),
		  LOG_T("what", p->failed ? "poplard ends"
					  : "the old configuration stays in force"));
	g->draining = true;
	for (struct worker *k = g->workers; k; k = k->next)
		if (k->pid > 0)
			kill(k->pid, SIGKILL);
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
