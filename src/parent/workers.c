/* parent/workers.c - the life of one worker.
 *
 * Prefix: worker_, workers_.
 */
#include "parent/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "parent/brief.h"
#include "parent/state.h"
#include "sys/clock.h"
#include "sys/proc.h"

enum { LONG_LIFE_MS = 10000, DELAY_FIRST_MS = 100, DELAY_MOST_MS = 30000 };

struct worker *worker_new(struct generation *g, enum role role, struct ids ids)
{
	struct worker *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	*k = (struct worker){ .next = g->workers,
			      .generation = g,
			      .role = role,
			      .ids = ids,
			      .sandbox = sandbox_of(role),
			      .channel = { .fd = -1 },
			      .column = -1 };
	g->workers = k;
	return k;
}

void worker_forget(struct worker *k)
{
	struct worker **at = &k->generation->workers;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	free(k);
}

/* ---- when ---- */

/* The delay after the last of `quick` deaths in a row that came soon after a start. */
static uint64_t delay(unsigned quick)
{
	uint64_t ms = quick < 2 ? 0 : DELAY_FIRST_MS;

	for (; quick > 2 && ms < DELAY_MOST_MS; quick--)
		ms *= 2;
	return ms < DELAY_MOST_MS ? ms : DELAY_MOST_MS;
}

uint64_t worker_start_later(struct worker *k)
{
	const uint64_t now = clock_ms();

	k->quick = now - k->started_at >= LONG_LIFE_MS ? 0 : k->quick + 1;
	const uint64_t pause = delay(k->quick);
	k->start_at = now + pause;
	return pause;
}

/* ---- starting ---- */

static bool has_column(const struct parent *p, int column)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (k->column == column)
				return true;
	return false;
}

/* A process keeps its column when it is started again. Columns run out only after many
 * reloads in a row while old processes still drain; a process without a column serves
 * clients without counting them. */
static void take_column(const struct parent *p, struct worker *k)
{
	int column = 0;

	if (!worker_listens(k) || k->column >= 0)
		return;
	while (column < CONNLIMIT_COLUMNS && has_column(p, column))
		column++;
	if (column < CONNLIMIT_COLUMNS)
		k->column = column;
	else
		log_event(LOG_WARNING, "connections-not-counted",
			  LOG_T("what", "too many processes run: this one serves "
					"without a limit for each address"));
}

static void start_failed(struct worker *k, const struct why *why)
{
	log_fault(why, "start-failed", LOG_T("role", role_name(k->role)),
		  LOG_MS("restart-in", worker_start_later(k)));
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
		start_failed(k, &why);
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
	k->channel = channel_of(pair[0], k->role, ROLE_PARENT);
	k->pid = proc_start(&start);
	if (k->pid < 0) {
		fault_set(&why, FAULT_LIMIT, errno, "fork", role_name(k->role));
		k->pid = 0;
		own_fd_close(&k->channel.fd);
		start_failed(k, &why);
		return;
	}
	state_write(p);
	tell_all(p, k);
}

static bool waits(const struct parent *p, const struct worker *k)
{
	return k->pid == 0 && k->start_at > 0 && !p->stopping &&
	       !k->generation->draining;
}

void workers_start_due(struct parent *p, uint64_t now)
{
	for (struct generation *g = p->generations; g; g = g->next)
		for (struct worker *k = g->workers; k; k = k->next)
			if (waits(p, k) && k->start_at <= now)
				worker_start(p, k);
}

uint64_t workers_next_due(const struct parent *p)
{
	uint64_t due = UINT64_MAX;

	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (waits(p, k) && k->start_at < due)
				due = k->start_at;
	return due;
}
