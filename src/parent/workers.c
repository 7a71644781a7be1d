/* parent/workers.c - poplard's children, one by one.
 *
 * Prefix: worker_, workers_.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mechanism.h"
#include "base/own.h"
#include "base/secret.h"
#include "parent/parent.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"

/* A child that lived so long is started again at once; one that dies sooner waits
 * longer each time. */
enum { FRONT_PATIENCE_S = 10 };
enum { LONG_LIFE_MS = 10000, WAIT_FIRST_MS = 100, WAIT_MOST_MS = 30000 };

struct worker *worker_new(struct generation *g, enum role role, struct ids ids)
{
	struct worker *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	*k = (struct worker){ .next = g->workers,
			      .generation = g,
			      .role = role,
			      .ids = ids,
			      .box = sandbox_of(role),
			      .channel = -1,
			      .column = -1 };
	g->workers = k;
	return k;
}

/* ---- telling ---- */

/* A child that does not take what its parent says has died, or is about to: its end is
 * noticed and handled elsewhere. */
void worker_say(const struct worker *k, const struct message *m, int pass)
{
	if (k->channel >= 0)
		fault_ignore(channel_send(k->channel, m, pass, CHANNEL_NOW));
}

void worker_tell(const struct worker *k, enum message_kind kind)
{
	worker_say(k, &(struct message){ .kind = kind }, -1);
}

static void tell_settings(const struct worker *k)
{
	struct settings values = k->generation->settings; /* borrows what it holds */
	char room[16384];
	struct buf packed = BUF(room);

	if (k->standard)
		values.drop_idle = 0; /* it stays */
	settings_pack(&values, k->role, &packed);
	const struct message m = { .kind = MESSAGE_SETTINGS,
				   .SETTINGS = { buf_span(&packed) } };
	worker_say(k, &m, -1);
}

void worker_tell_ticket_keys(const struct parent *p, const struct worker *k)
{
	const struct message m = {
		.kind = MESSAGE_TICKET_KEYS,
		.TICKET_KEYS = { { p->keys[0], sizeof p->keys[0] },
				 { p->keys[1],
				   p->has_before ? sizeof p->keys[1] : 0 } },
	};

	worker_say(k, &m, -1);
}

/* What was found to be good, not what the files hold meanwhile. */
void worker_tell_tls(const struct parent *p, const struct worker *k)
{
	struct tls_files files;
	char *packed = NULL;
	size_t len = 0;
	OWN_FD fd = -1;

	certificates_files(&k->generation->certificates, &files);
	if (tls_files_pack(&files, &packed, &len) == FAULT_NONE)
		fd = file_sealed("tls", (struct span){ packed, len });
	if (fd >= 0)
		worker_say(k, &(struct message){ .kind = MESSAGE_TLS_FILES }, fd);
	else
		log_event(LOG_ERR, "certificates-lost",
			  LOG_T("what", "memory or descriptors ran out"));
	secret_wipe(packed, len);
	free(packed);
	worker_tell_ticket_keys(p, k);
}

void worker_tell_ports(const struct parent *p, const struct worker *k)
{
	for (const struct port *port = p->ports; port; port = port->next) {
		const struct message m = { .kind = MESSAGE_LISTENER,
					   .LISTENER = { port->tls } };

		if (ports_wants(k->generation, port))
			worker_say(k, &m, port->fd);
	}
}

/* Where to listen is told when the generation is ready: one that is given up would take
 * the clients with it that it had accepted. */
static void tell_front(const struct parent *p, const struct worker *k)
{
	const struct message connlimit = { .kind = MESSAGE_CONNLIMIT,
					   .CONNLIMIT = { (uint64_t)k->column } };

	if (k->column >= 0)
		worker_say(k, &connlimit, p->connlimit_fd);
	if (k->generation->ready)
		worker_tell_ports(p, k);
	if (k->generation->certificates.count > 0)
		worker_tell_tls(p, k);
}

/* Connect a child with poplar-auth, whose threads wait for a front that does not take
 * its answers, but not for ever. */
void worker_link_to_auth(const struct worker *k, const struct worker *auth)
{
	struct why why;
	int pair[2];

	if (channel_pair(pair, &why)) {
		log_fault(&why, "link-failed");
		return;
	}
	OWN_FD ours = pair[0];
	OWN_FD theirs = pair[1];
	channel_send_timeout(ours, FRONT_PATIENCE_S * 1000);
	struct message to_auth = { .kind = MESSAGE_FRONT_LINK,
				   .FRONT_LINK = { k->number } };
	if (k->role == ROLE_DROP)
		to_auth = (struct message){ .kind = MESSAGE_DROP_LINK,
					    .DROP_LINK = { k->ids.uid, k->ids.gid,
							   k->standard } };
	if (k->role == ROLE_LOOKUP) {
		to_auth = (struct message){ .kind = MESSAGE_LOOKUP_LINK,
					    .LOOKUP_LINK = { k->database, k->number } };
		channel_receive_timeout(
			ours,
			k->generation->settings.databases.at[k->database].timeout);
	}
	worker_say(auth, &to_auth, ours);
	worker_say(k, &(struct message){ .kind = MESSAGE_AUTH_LINK }, theirs);
}

static void link_all(const struct worker *k)
{
	for (const struct worker *other = k->generation->workers; other;
	     other = other->next) {
		if (other == k || other->channel < 0 || other->leaving)
			continue;
		if (k->role == ROLE_AUTH && other->role != ROLE_AUTH)
			worker_link_to_auth(other, k);
		else if (k->role != ROLE_AUTH && other->role == ROLE_AUTH)
			worker_link_to_auth(k, other);
	}
}

static void tell_all(const struct parent *p, const struct worker *k)
{
	const struct message dir = { .kind = MESSAGE_DIRECTORY };

	tell_settings(k);
	if (k->role == ROLE_FRONT)
		tell_front(p, k);
	if (k->role == ROLE_AUTH) {
		worker_say(k, &dir, k->generation->users_dir);
		lookup_tell_auth(k);
		boards_tell_auth(k);
	}
	if (k->role == ROLE_DROP)
		worker_say(k, &dir, k->generation->mail_root);
	if (k->role == ROLE_LOOKUP)
		lookup_tell(k);
	link_all(k);
	worker_tell(k, MESSAGE_GO);
}

/* ---- life ---- */

static void start_later(struct worker *k)
{
	uint64_t now = clock_ms(), wait = 0;

	if (now - k->started_at >= LONG_LIFE_MS)
		k->quick = 0;
	else if (k->quick++ > 0)
		wait = k->quick > 16 ? WAIT_MOST_MS : UINT64_C(1) << (k->quick - 2);
	wait *= WAIT_FIRST_MS;
	k->start_at = now + (wait < WAIT_MOST_MS ? wait : WAIT_MOST_MS);
}

static bool has_column(const struct parent *p, int column)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (k->column == column)
				return true;
	return false;
}

/* A front keeps its column when it is started again. So many that there is none left
 * takes many reloads in a row: then it serves without counting. */
static void take_column(const struct parent *p, struct worker *k)
{
	int column = 0;

	if (k->role != ROLE_FRONT || k->column >= 0)
		return;
	while (column < CONNLIMIT_COLUMNS && has_column(p, column))
		column++;
	if (column < CONNLIMIT_COLUMNS)
		k->column = column;
	else
		log_event(LOG_WARNING, "connections-not-counted",
			  LOG_T("what", "too many network processes"));
}

void worker_start(struct parent *p, struct worker *k)
{
	struct why why;
	int pair[2];

	k->started_at = clock_ms();
	k->ready = false;
	k->number = ++p->lives;
	take_column(p, k);
	if (channel_pair(pair, &why)) {
		log_fault(&why, "start-failed", LOG_T("role", role_name(k->role)));
		start_later(k);
		return;
	}
	OWN_FD theirs = pair[1];
	const struct proc_start start = {
		.exe = p->exe[k->role],
		.name = role_name(k->role),
		.arg = logsink_name(p->log_kind),
		.channel = theirs,
		.log = p->log,
		.change_ids = p->is_root,
		.uid = k->ids.uid,
		.gid = k->ids.gid,
	};
	k->channel = pair[0];
	k->pid = proc_start(&start);
	if (k->pid < 0) {
		fault_set(&why, FAULT_LIMIT, errno, "fork", role_name(k->role));
		log_fault(&why, "start-failed");
		k->pid = 0;
		own_fd_close(&k->channel);
		start_later(k);
		return;
	}
	tell_all(p, k);
	state_write(p);
}

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

/* again: it will be started anew. */
static void log_death(const struct parent *p, const struct worker *k, int status,
		      bool again)
{
	const uint64_t now = clock_ms();
	const struct log_field next =
		again ? LOG_MS("restart-in", k->start_at > now ? k->start_at - now : 0)
		      : LOG_T("restart-in", NULL);
	bool expected = (p->stopping || k->generation->draining || k->leaving) &&
			WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char cause[128];

	describe(status, cause, sizeof cause);
	if (expected)
		log_event(LOG_DEBUG, "child-ended", LOG_T("role", role_name(k->role)),
			  LOG_N("pid", (uint64_t)k->pid));
	else
		log_event(p->stopping ? LOG_NOTICE : LOG_CRIT, "child-died",
			  LOG_T("role", role_name(k->role)),
			  LOG_N("pid", (uint64_t)k->pid), LOG_T("cause", cause), next);
}

static struct worker *find_pid(const struct parent *p, pid_t pid)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (struct worker *k = g->workers; k; k = k->next)
			if (k->pid == pid)
				return k;
	return NULL;
}

static void forget(struct worker *k)
{
	struct worker **at = &k->generation->workers;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	free(k);
}

void workers_died(struct parent *p, pid_t pid, int status)
{
	struct worker *k = find_pid(p, pid);

	if (!k)
		return;
	struct generation *g = k->generation;
	bool again = !p->stopping && !g->draining && g->ready && !k->leaving;

	if (k->column >= 0) /* its connections have died with it */
		connlimit_clear(&p->connlimit, (unsigned)k->column);
	if (again) {
		start_later(k);
		drop_tell_late(k);
	}
	log_death(p, k, status, again);
	own_fd_close(&k->channel);
	k->pid = 0;
	k->ready = false;
	if (k->leaving)
		forget(k);
	else if (!again && !p->stopping && !g->draining)
		generation_failed(p, g);
	else if (!again)
		k->start_at = 0;
	state_write(p);
}

void workers_start_due(struct parent *p, uint64_t now)
{
	for (struct generation *g = p->generations; g; g = g->next)
		for (struct worker *k = g->workers; k; k = k->next)
			if (k->pid == 0 && k->start_at > 0 && k->start_at <= now &&
			    !p->stopping && !g->draining)
				worker_start(p, k);
}

/* ---- hearing ---- */

/* A child that says what none of ours does. */
static void broken(struct worker *k, const char *what)
{
	log_event(LOG_CRIT, "child-broken", LOG_T("role", role_name(k->role)),
		  LOG_N("pid", (uint64_t)k->pid), LOG_T("what", what));
	kill(k->pid, SIGKILL);
	own_fd_close(&k->channel);
}

/* The walls that a child is to raise. */
static enum sandbox box_of(const struct worker *k)
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

/* Its walls stand. A child says so once, before any word of a client reaches it; what
 * `poplar audit` judges it by is not its own choice. Only poplar-auth may do with less,
 * where there are no keys for GSSAPI. */
static void sandboxed(struct parent *p, struct worker *k,
		      const struct message_SANDBOXED *m)
{
	const enum sandbox box = box_of(k);
	const bool is_box = m->sandbox == (uint64_t)box ||
			    (box == SANDBOX_AUTH_GSSAPI && m->sandbox == SANDBOX_AUTH);

	if (k->ready || !is_box || m->landlock != (uint64_t)sandbox_landlock_abi()) {
		broken(k, "SANDBOXED");
		return;
	}
	k->ready = true;
	k->abi = (int)m->landlock;
	k->box = (enum sandbox)m->sandbox;
	if (k->abi == 0)
		log_event(LOG_WARNING, "no-landlock", LOG_T("role", role_name(k->role)),
			  LOG_S("rules", m->rules));
	state_write(p);
	generation_check(p, k->generation);
}

/* poplar-auth has closed the link of this one: end it; it is started again. */
static void front_broken(const struct worker *auth, uint64_t number)
{
	for (const struct worker *k = auth->generation->workers; k; k = k->next) {
		if (k->role != ROLE_FRONT || k->number != number || k->pid == 0)
			continue;
		log_event(LOG_ERR, "front-replaced", LOG_N("pid", (uint64_t)k->pid));
		kill(k->pid, SIGKILL);
	}
}

void worker_hear(struct parent *p, struct worker *k)
{
	const struct channel channel = channel_of(k->channel, k->role, ROLE_PARENT);
	const struct message *m = &p->inbox.message;

	switch (channel_receive(&channel, CHANNEL_NOW, &p->inbox)) {
	case CHANNEL_MESSAGE:
		break;
	case CHANNEL_EMPTY:
		return;
	case CHANNEL_CUT:
	case CHANNEL_BROKEN:
		broken(k, "message");
		return;
	case CHANNEL_CLOSED: /* it ends; or it lives on where nobody can tell it to */
		kill(k->pid, SIGKILL);
		own_fd_close(&k->channel); /* SIGCHLD tells the rest */
		return;
	}
	if (m->kind == MESSAGE_DROP_WANTED) {
		drop_wanted(p, k, &m->DROP_WANTED);
		return;
	}
	if (m->kind == MESSAGE_IDLE) {
		drop_idle(p, k);
		return;
	}
	if (m->kind == MESSAGE_LOOKUP_BROKEN) {
		lookup_broken(k, m->LOOKUP_BROKEN.number);
		return;
	}
	if (m->kind == MESSAGE_FRONT_BROKEN) {
		front_broken(k, m->FRONT_BROKEN.number);
		return;
	}
	sandboxed(p, k, &m->SANDBOXED);
}
