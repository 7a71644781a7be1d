/* parent/supervise.c - handles messages and deaths of children, and stops the server.
 *
 * Prefix: supervise_.
 */
#include "parent/supervise.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/mechanism.h"
#include "base/own.h"
#include "ipc/dispatch.h"
#include "parent/brief.h"
#include "parent/drops.h"
#include "parent/generation.h"
#include "parent/notify.h"
#include "parent/reloads.h"
#include "parent/renewal.h"
#include "parent/state.h"
#include "parent/tickets.h"
#include "parent/workers.h"
#include "sys/clock.h"

/* While stopping, children that are left are killed again and again. */
enum { KILL_AGAIN_MS = 1000 };

/* ---- death ---- */

static void describe(int status, char *out, size_t room)
{
	if (!WIFSIGNALED(status)) {
		snprintf(out, room, "exit status %d", WEXITSTATUS(status));
		return;
	}
	int sig = WTERMSIG(status);
	snprintf(out, room, "signal %d (%s)%s", sig, sigdescr_np(sig),
		 sig == SIGSYS ? ": a system call that its sandbox forbids" : "");
}

static void log_death(const struct parent *p, const struct worker *k, pid_t pid,
		      int status, struct log_field next)
{
	bool expected = (p->stopping || k->generation->draining || k->leaving) &&
			WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char cause[128];

	describe(status, cause, sizeof cause);
	if (expected)
		log_event(LOG_DEBUG, "child-ended", LOG_T("role", role_name(k->role)),
			  LOG_N("pid", (uint64_t)pid));
	else
		log_event(p->stopping ? LOG_NOTICE : LOG_CRIT, "child-died",
			  LOG_T("role", role_name(k->role)),
			  LOG_N("pid", (uint64_t)pid), LOG_T("cause", cause), next);
}

static struct worker *find_pid(const struct parent *p, pid_t pid)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (struct worker *k = g->workers; k; k = k->next)
			if (k->pid == pid)
				return k;
	return NULL;
}

/* The process has died, and poplard does not start it again: forget the worker, or keep
 * it until its generation is freed, or give the generation up. */
static void settle(struct parent *p, struct worker *k)
{
	struct generation *g = k->generation;

	if (k->leaving) {
		worker_forget(k);
	} else if (p->stopping || g->draining) {
		k->start_at = 0;
	} else {
		generation_give_up(p, g);
		reload_refused(p);
	}
}

void supervise_died(struct parent *p, pid_t pid, int status)
{
	struct worker *k = find_pid(p, pid);

	if (!k)
		return;
	const struct generation *g = k->generation;
	const bool again = !p->stopping && !g->draining && g->ready && !k->leaving;
	struct log_field next = LOG_T("restart-in", NULL);

	if (k->column >= 0) /* its connections have died with it */
		connlimit_clear(&p->connlimit, (unsigned)k->column);
	if (again) {
		next = LOG_MS("restart-in", worker_start_later(k));
		drop_tell_late(k);
	}
	own_fd_close(&k->channel.fd);
	k->pid = 0;
	k->ready = false;
	state_write(p);
	log_death(p, k, pid, status, next);
	if (!again) {
		settle(p, k);
		state_write(p);
	}
}

/* ---- messages ---- */

/* Kill a child that has sent an illegal message, because it may be captured. */
static void kill_captured(struct worker *k, const char *message, const char *reason)
{
	char cause[128];

	snprintf(cause, sizeof cause, "illegal message: %s (%s)", message, reason);
	log_event(LOG_CRIT, "child-killed", LOG_T("role", role_name(k->role)),
		  LOG_N("pid", (uint64_t)k->pid), LOG_T("cause", cause));
	kill(k->pid, SIGKILL);
	own_fd_close(&k->channel.fd);
}

/* The sandbox that the child must report in SANDBOXED. */
static enum sandbox sandbox_for(const struct worker *k)
{
	const struct settings *s = &k->generation->settings;
	unsigned allowed;

	if (k->role == ROLE_LOOKUP)
		return database_sandbox(&s->databases.at[k->database]);
	if (k->role == ROLE_AUTH && settings_mechanisms(&s->mechanisms, &allowed) &&
	    allowed & MECHANISM_BIT(GSSAPI))
		return SANDBOX_AUTH_GSSAPI;
	return sandbox_of(k->role);
}

/* `poplar audit` judges a process by the sandbox in its SANDBOXED. So poplard accepts
 * only the sandbox of the child's role and, from poplar-auth without keys for GSSAPI,
 * the stricter one without Kerberos. False: the child reports another. */
static bool sandboxed(struct parent *p, struct worker *k,
		      const struct message_SANDBOXED *m)
{
	const enum sandbox sandbox = sandbox_for(k);
	const bool is_right =
		m->sandbox == (uint64_t)sandbox ||
		(sandbox == SANDBOX_AUTH_GSSAPI && m->sandbox == SANDBOX_AUTH);

	if (!is_right || m->landlock != (uint64_t)sandbox_landlock_abi())
		return false;
	k->ready = true;
	k->abi = (int)m->landlock;
	k->sandbox = (enum sandbox)m->sandbox;
	if (k->abi == 0)
		log_event(LOG_WARNING, "no-landlock", LOG_T("role", role_name(k->role)),
			  LOG_S("rules", m->rules));
	state_write(p);
	if (generation_begins_service(p, k->generation)) {
		reload_done(p);
		notify_systemd("READY=1");
	}
	return true;
}

/* Has the process ended, although poplard has not handled its SIGCHLD yet? */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

/* The link of this process, which poplar-auth names by its number, has been closed:
 * kill it, so that it is started again with a new link. NULL: it has ended by itself,
 * or its generation drains, in which no process is started again. */
static const struct worker *replace(const struct worker *auth, enum role role,
				    uint64_t number)
{
	const struct worker *k = auth->generation->workers;

	while (k && (k->role != role || k->number != number || k->pid == 0))
		k = k->next;
	if (!k || auth->generation->draining || has_ended(k->pid))
		return NULL;
	kill(k->pid, SIGKILL);
	return k;
}

static void replace_lookup(const struct worker *auth, uint64_t number)
{
	const struct databases *all = &auth->generation->settings.databases;
	const struct worker *k = replace(auth, ROLE_LOOKUP, number);

	if (k)
		log_event(LOG_WARNING, "lookup-replaced",
			  LOG_T("database", all->at[k->database].name),
			  LOG_N("pid", (uint64_t)k->pid));
}

/* A front, or poplar-lmtp: no two processes have the same number. */
static void replace_front(const struct worker *auth, uint64_t number)
{
	const struct worker *k = replace(auth, ROLE_FRONT, number);

	if (!k)
		k = replace(auth, ROLE_LMTP, number);
	if (k)
		log_event(LOG_ERR, "front-replaced", LOG_N("pid", (uint64_t)k->pid),
			  LOG_T("role", role_name(k->role)));
}

/* Which child speaks. */
struct speaker {
	struct parent *p;
	struct worker *k;
};

static bool on_sandboxed(void *arg, const struct message *m, struct channel_files *none)
{
	const struct speaker *from = arg;

	(void)none;
	return sandboxed(from->p, from->k, &m->SANDBOXED);
}

static bool on_drop_wanted(void *arg, const struct message *m,
			   struct channel_files *none)
{
	const struct speaker *from = arg;

	(void)none;
	drop_wanted(from->p, from->k, &m->DROP_WANTED);
	return true;
}

static bool on_idle(void *arg, const struct message *m, struct channel_files *none)
{
	const struct speaker *from = arg;

	(void)m, (void)none;
	drop_idle(from->p, from->k);
	return true;
}

static bool on_lookup_broken(void *arg, const struct message *m,
			     struct channel_files *none)
{
	const struct speaker *from = arg;

	(void)none;
	replace_lookup(from->k, m->LOOKUP_BROKEN.number);
	return true;
}

static bool on_front_broken(void *arg, const struct message *m,
			    struct channel_files *none)
{
	const struct speaker *from = arg;

	(void)none;
	replace_front(from->k, m->FRONT_BROKEN.number);
	return true;
}

#define HEARS_FRONT(X)  X(SANDBOXED, on_sandboxed)
#define HEARS_LMTP(X)   X(SANDBOXED, on_sandboxed)
#define HEARS_LOOKUP(X) X(SANDBOXED, on_sandboxed)
#define HEARS_DROP(X)   X(SANDBOXED, on_sandboxed) X(IDLE, on_idle)
#define HEARS_AUTH(X)                                                                  \
	X(SANDBOXED, on_sandboxed)                                                     \
	X(DROP_WANTED, on_drop_wanted)                                                 \
	X(LOOKUP_BROKEN, on_lookup_broken)                                             \
	X(FRONT_BROKEN, on_front_broken)
DISPATCH(from_front, FRONT, PARENT, HEARS_FRONT);
DISPATCH(from_lmtp, LMTP, PARENT, HEARS_LMTP);
DISPATCH(from_lookup, LOOKUP, PARENT, HEARS_LOOKUP);
DISPATCH(from_drop, DROP, PARENT, HEARS_DROP);
DISPATCH(from_auth, AUTH, PARENT, HEARS_AUTH);

static const struct dispatch *const from[ROLE_COUNT] = {
	[ROLE_FRONT] = &from_front, [ROLE_AUTH] = &from_auth,
	[ROLE_DROP] = &from_drop,   [ROLE_LOOKUP] = &from_lookup,
	[ROLE_LMTP] = &from_lmtp,
};

void supervise_hear(struct parent *p, struct worker *k)
{
	struct speaker speaker = { p, k };

	switch (channel_receive(&k->channel, CHANNEL_NOW, &p->inbox)) {
	case CHANNEL_MESSAGE:
		if (!dispatch(from[k->role], &speaker, &p->inbox))
			kill_captured(k, message_name(p->inbox.message.kind),
				      "not the sandbox of its role");
		break;
	case CHANNEL_EMPTY:
		break;
	case CHANNEL_CUT: /* no message to poplard has a descriptor */
	case CHANNEL_BROKEN:
		kill_captured(k, k->channel.broken, k->channel.reason);
		break;
	case CHANNEL_CLOSED:
		/* The child is ending. If it went on, poplard could send it nothing any
		 * more. */
		kill(k->pid, SIGKILL);
		own_fd_close(&k->channel.fd); /* SIGCHLD brings the rest */
		break;
	}
}

/* ---- stopping ---- */

void supervise_stop(struct parent *p, const char *cause)
{
	static const struct message stop = { .kind = MESSAGE_STOP },
				    drain = { .kind = MESSAGE_DRAIN };

	if (p->stopping)
		return;
	p->stopping = true;
	p->kill_at = clock_ms() + p->generations->settings.grace * UINT64_C(1000);
	log_event(LOG_NOTICE, "stopping", LOG_T("cause", cause));
	notify_systemd("STOPPING=1");
	for (const struct generation *g = p->generations; g; g = g->next) {
		tell_role(g, ROLE_FRONT, &stop);
		tell_role(g, ROLE_LMTP, &stop);
		tell_role(g, ROLE_AUTH, &drain);
		tell_role(g, ROLE_DROP, &drain);
		tell_role(g, ROLE_LOOKUP, &drain);
	}
}

static void kill_generation(const struct generation *g)
{
	for (const struct worker *k = g->workers; k; k = k->next) {
		if (k->pid == 0)
			continue;
		log_event(LOG_WARNING, "child-killed",
			  LOG_T("role", role_name(k->role)),
			  LOG_N("pid", (uint64_t)k->pid),
			  LOG_T("cause", "it did not end within grace"));
		kill(k->pid, SIGKILL);
	}
}

/* ---- time ---- */

void supervise_do_due(struct parent *p, uint64_t now)
{
	reload_do_due(p);
	workers_start_due(p, now);
	renewal_do_due(p, now);
	tickets_do_due(p, now);
	if (p->stopping && now >= p->kill_at) {
		for (const struct generation *g = p->generations; g; g = g->next)
			kill_generation(g);
		p->kill_at = now + KILL_AGAIN_MS;
	}
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t supervise_next_due(const struct parent *p)
{
	const uint64_t kill_at = p->stopping ? p->kill_at : UINT64_MAX;

	return sooner(sooner(kill_at, p->rotate_at),
		      sooner(renewal_next_due(p), workers_next_due(p)));
}
