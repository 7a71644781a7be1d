/* cli/expire.c - poplar expire: removes messages that are due to expire.
 *
 * A login does the same for its own maildrop; this command serves users who do not log
 * in.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/commands.h"
#include "cli/maildrop.h"
#include "sys/clock.h"

/* Sums over all maildrops, in memory that children share. */
struct totals {
	uint64_t maildrops, messages, octets, busy;
};

struct expiry {
	struct cli_maildrop maildrop;
	struct store_rules rules;
	struct totals *totals;
	uint64_t done;
	bool failed;
};

static bool expire_one(void *arg)
{
	struct expiry *e = arg;
	enum fault f;
	own_fd_close(&e->maildrop.server); /* not for the owner of the mail */
	struct maildrop *m = cli_maildrop_open(&e->maildrop, &f);

	if (f == FAULT_BUSY) {
		printf("%s: in use, left for its session\n", e->maildrop.name);
		e->totals->busy++;
	}
	if (!m)
		return fflush(stdout) == 0 && f == FAULT_BUSY;
	const bool good = m->trouble.fault == FAULT_NONE;
	if (!good)
		cli_complain(&m->trouble);
	if (m->expired > 0) {
		printf("%s: %" PRIu32 " messages, %" PRIu64 " octets\n",
		       e->maildrop.name, m->expired, m->expired_octets);
		e->totals->maildrops++;
		e->totals->messages += m->expired;
		e->totals->octets += m->expired_octets;
	}
	cli_maildrop_close(&e->maildrop, m);
	return fflush(stdout) == 0 && good;
}

static void show_progress(const struct expiry *e)
{
	if (isatty(STDERR_FILENO) && e->done % 16 == 0)
		fprintf(stderr, "\r%" PRIu64 " maildrops ", e->done);
}

/* A user without mail has no maildrop yet. */
static void visit(void *arg)
{
	struct expiry *e = arg;
	struct why why;
	OWN_FD dir = cli_maildrop_dir(&e->maildrop, &why);

	show_progress(e);
	e->done++;
	if (dir < 0 || policy_expire(&e->maildrop.policy) == POLICY_NEVER)
		return;
	e->rules.policy = e->maildrop.policy;
	e->rules.policy.login_delay = 0;
	e->rules.now_ms = clock_wall_ms();
	fflush(stdout);
	if (cli_maildrop_as_owner(&e->maildrop, expire_one, e))
		return;
	cli_say("not done", e->maildrop.name);
	e->failed = true;
}

static void visit_named(struct expiry *e, const char *name)
{
	if (cli_maildrop_find(&e->maildrop, name))
		visit(e);
	else
		e->failed = true;
}

/* One name a line. */
static void visit_listed(struct expiry *e, FILE *names)
{
	OWN_TEXT line = NULL;
	size_t room = 0;

	while (getline(&line, &room, names) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line)
			visit_named(e, line);
	}
}

static int explain(FILE *to)
{
	fputs("usage: poplar expire [--dry-run] [USER... | -]\n"
	      "\n"
	      "Removes the messages that are older than the setting expire allows,\n"
	      "as a login does. USER is a name, or the path of a Maildir below\n"
	      "mail-root. With -, poplar reads the names from standard input; without\n"
	      "USER, it visits all users of the users files. It asks the running\n"
	      "server about users of other databases. --dry-run prints the result and\n"
	      "removes nothing.\n",
	      to);
	return to == stdout ? CLI_OK : CLI_USAGE;
}

static void report(const struct expiry *e, bool dry)
{
	if (isatty(STDERR_FILENO))
		fputs("\r", stderr);
	printf("%s %" PRIu64 " messages, %" PRIu64 " octets, in %" PRIu64 " of %" PRIu64
	       " maildrops",
	       dry ? "would remove" : "removed", e->totals->messages, e->totals->octets,
	       e->totals->maildrops, e->done);
	if (e->totals->busy > 0)
		printf("; %" PRIu64 " were in use", e->totals->busy);
	printf("\n");
}

int cli_expire(const char *config, int argc, char **argv)
{
	OWN_SETTINGS settings = { 0 };
	struct expiry e = { 0 };
	int i = 1;
	bool dry = argc > 1 && strcmp(argv[1], "--dry-run") == 0;

	if (cli_wants_help(argc, argv))
		return explain(stdout);
	i += dry;
	const bool listed = argc == i + 1 && strcmp(argv[i], "-") == 0;
	if (i < argc && argv[i][0] == '-' && !listed)
		return explain(stderr);
	cli_load(config, &settings);
	e.totals = mmap(NULL, sizeof *e.totals, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (e.totals == MAP_FAILED || !cli_maildrop_begin(&e.maildrop, &settings))
		return CLI_BAD;
	e.rules.look = dry ? STORE_LOOK_ONLY : STORE_LOOK_NOW;
	e.maildrop.opening.rules = &e.rules;
	e.maildrop.opening.use.read_only = dry;
	e.maildrop.opening.use.index = dry ? STORE_INDEX_READ : STORE_INDEX_KEEP;
	if (i == argc && !cli_maildrop_all(&e.maildrop, visit, &e))
		e.failed = true;
	if (listed)
		visit_listed(&e, stdin);
	for (; i < argc && !listed; i++)
		visit_named(&e, argv[i]);
	cli_maildrop_end(&e.maildrop);
	report(&e, dry);
	munmap(e.totals, sizeof *e.totals);
	return e.failed ? CLI_BAD : CLI_OK;
}
