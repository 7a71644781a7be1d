/* parent/events.c - waits for events, and handles them.
 *
 * Prefix: events_.
 */
#include "parent/events.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parent/control.h"
#include "parent/generation.h"
#include "parent/relay.h"
#include "parent/reloads.h"
#include "parent/renewal.h"
#include "parent/supervise.h"
#include "sys/clock.h"

enum { POLLS_MAX = 4096 };

/* The first descriptors that are polled; those of the workers follow. */
enum { POLL_SIGNALS, POLL_RELAY, POLL_CONTROL, POLL_WATCH, POLL_WORKERS };

static void reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		supervise_died(p, pid, status);
}

static void on_signals(struct parent *p)
{
	struct signalfd_siginfo info;

	while (read(p->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap(p);
		else if (info.ssi_signo == SIGHUP && !p->stopping)
			reload_begin(p);
		else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			supervise_stop(p, info.ssi_signo == SIGTERM ? "SIGTERM"
								    : "SIGINT");
	}
}

/* Returns how many descriptors are polled; workers[i] is the one of polls[i]. poll(2)
 * ignores those that are -1. */
static nfds_t fill_polls(const struct parent *p, struct pollfd polls[POLLS_MAX],
			 struct worker *workers[POLLS_MAX])
{
	nfds_t count = POLL_WORKERS;

	polls[POLL_SIGNALS] = (struct pollfd){ .fd = p->signals, .events = POLLIN };
	polls[POLL_RELAY] = (struct pollfd){ .fd = p->relay, .events = POLLIN };
	polls[POLL_CONTROL] = (struct pollfd){ .fd = p->control, .events = POLLIN };
	polls[POLL_WATCH] = (struct pollfd){ .fd = p->watch, .events = POLLIN };
	for (struct generation *g = p->generations; g; g = g->next) {
		for (struct worker *k = g->workers; k && count < POLLS_MAX;
		     k = k->next) {
			workers[count] = k;
			polls[count++] = (struct pollfd){ .fd = k->channel.fd,
							  .events = POLLIN };
		}
	}
	return count;
}

/* Signals come last: a death frees workers, which are in the array above. A message of
 * one worker never closes the channel of another. */
static void wait_for_something(struct parent *p)
{
	static struct pollfd polls[POLLS_MAX];
	static struct worker *workers[POLLS_MAX];
	const uint64_t now = clock_ms(), due = supervise_next_due(p);
	const nfds_t count = fill_polls(p, polls, workers);

	if (poll(polls, count, due > now ? (int)(due - now) : 0) <= 0)
		return;
	for (nfds_t i = POLL_WORKERS; i < count; i++)
		if (polls[i].revents)
			supervise_hear(p, workers[i]);
	if (polls[POLL_RELAY].revents)
		relay_pass_on(p);
	if (polls[POLL_CONTROL].revents)
		control_accept(p);
	if (polls[POLL_WATCH].revents)
		renewal_heard(p);
	if (polls[POLL_SIGNALS].revents)
		on_signals(p);
}

bool events_turn(struct parent *p)
{
	wait_for_something(p);
	supervise_do_due(p, clock_ms());
	if (p->stopping)
		for (struct generation *g = p->generations; g; g = g->next)
			g->draining = true;
	generation_drop_empty(p);
	return p->generations;
}
