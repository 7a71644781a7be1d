/* parent/reloads.c - reloads the configuration, one reload after the other.
 *
 * Prefix: reload_.
 */
#include "parent/reloads.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "parent/generation.h"
#include "rundir/outcome.h"

/* The lines that poplard has logged since the reload under way began. */
static struct {
	bool open;
	size_t len;
	char lines[8192];
} said;

/* Collect a line for the outcome. If it does not fit, only the log has it. */
static void hear(int priority, struct span line)
{
	struct buf b = { .at = said.lines, .room = sizeof said.lines, .len = said.len };

	if (!said.open || priority > LOG_WARNING)
		return;
	buf_put(&b, line);
	buf_char(&b, '\n');
	if (!b.cut)
		said.len = b.len;
}

static void tell(const struct parent *p, enum outcome_state state)
{
	const struct outcome o = { .number = p->reloads,
				   .state = state,
				   .said = { said.lines, said.len } };
	struct why why;

	if (outcome_write(p->run_dir, &o, &why))
		log_fault(&why, "state-not-written");
}

static void end(struct parent *p, enum outcome_state state)
{
	if (!said.open)
		return; /* the first generation belongs to no reload */
	said.open = false;
	tell(p, state);
}

void reload_done(struct parent *p)
{
	end(p, OUTCOME_DONE);
}

void reload_refused(struct parent *p)
{
	end(p, OUTCOME_REFUSED);
}

/* The new processes will run the executables that poplard opened at its start. */
static void look_at_executables(const struct parent *p)
{
	struct stat st;

	for (enum role role = ROLE_FRONT; role < ROLE_TOOL; role++) {
		if (fstat(p->exe[role], &st) < 0 || st.st_nlink > 0)
			continue;
		log_event(LOG_WARNING, "executables-replaced",
			  LOG_T("what", "the old ones run until poplard is restarted"));
		return;
	}
}

static bool is_under_way(const struct parent *p)
{
	const struct generation *newest = p->generations;

	return newest && !newest->ready && !newest->draining;
}

/* The number is written before the configuration is read. So if a program changes the
 * configuration and then sees this number, the change was read. */
void reload_begin(struct parent *p)
{
	p->reload_wanted = is_under_way(p);
	if (p->reload_wanted)
		return;
	said.open = true;
	said.len = 0;
	p->reloads++;
	tell(p, OUTCOME_BEGUN);
	log_event(LOG_NOTICE, "reloading", LOG_T("config", p->config));
	look_at_executables(p);
	if (!logsink_rotate(p->log))
		log_event(LOG_ERR, "log-not-reopened",
			  LOG_T("what", "lines still go to the old file"));
	if (generation_start(p))
		return;
	log_event(LOG_ERR, "reload-refused",
		  LOG_T("what", "the old configuration stays in force"));
	reload_refused(p);
}

void reload_do_due(struct parent *p)
{
	if (p->reload_wanted && !p->stopping && !is_under_way(p))
		reload_begin(p);
}

void reload_open(struct parent *p)
{
	unlinkat(p->run_dir, OUTCOME_NAME, 0); /* of an earlier poplard */
	logsink_listen(hear);
}
