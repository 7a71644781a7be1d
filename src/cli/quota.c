/* cli/quota.c - poplar quota: prints how much mail users have, or counts it anew.
 *
 * A child process that runs as the owner of the mail counts it, since users write their
 * maildrops.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/own.h"
#include "base/quota.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/maildrop.h"

static const char help[] =
	"usage: poplar quota [--json] [--all | USER...]\n"
	"       poplar quota recalc USER\n"
	"\n"
	"Prints how much mail each user has, and the quota. USER is a name, or the\n"
	"path of a Maildir below mail-root; --all, or no USER, means all users of the\n"
	"users files. With --json, each user is one object on a line of its own.\n"
	"recalc measures each message of a user anew, under the maildrop's lock, and\n"
	"writes a maildirsize of other programs anew.\n";

struct count {
	struct cli_maildrop maildrop;
	bool json, all, failed;
	uint64_t done;
};

/* The part of the quota that is used, in percent; 0: there is no quota. */
static uint64_t percent_of(uint64_t used, uint64_t limit)
{
	if (limit == 0)
		return 0;
	return used > UINT64_MAX / 100 ? used / (limit / 100 + 1) : used * 100 / limit;
}

static uint64_t percent(const struct quota *quota, const struct store_usage *usage)
{
	const uint64_t octets = percent_of(usage->octets, quota->octets);
	const uint64_t messages = percent_of(usage->messages, quota->messages);

	return octets > messages ? octets : messages;
}

static void show_json(const struct cli_maildrop *m, const struct store_usage *usage)
{
	const bool has_quota = m->quota.octets > 0 || m->quota.messages > 0;

	printf("{\"user\": ");
	json_text(span_of(m->name));
	printf(", \"octets\": %" PRIu64 ", \"messages\": %" PRIu64 ", \"quota\": ",
	       usage->octets, usage->messages);
	json_quota(&m->quota);
	printf(", \"percent\": ");
	if (has_quota)
		printf("%" PRIu64, percent(&m->quota, usage));
	else
		printf("null");
	puts("}");
}

static void show(const struct count *c, const struct store_usage *usage)
{
	const struct cli_maildrop *m = &c->maildrop;
	char room[64];
	struct buf quota = BUF(room);

	if (c->json) {
		show_json(m, usage);
		return;
	}
	cli_show(stdout, span_of(m->name));
	printf(": %" PRIu64 " octets, %" PRIu64 " messages", usage->octets,
	       usage->messages);
	quota_print(&m->quota, &quota);
	if (m->quota.octets > 0 || m->quota.messages > 0)
		printf(", %" PRIu64 "%% of %s\n", percent(&m->quota, usage),
		       buf_cstr(&quota));
	else
		printf(", no quota\n");
}

static bool count_one(void *arg)
{
	struct count *c = arg;
	struct cli_maildrop *m = &c->maildrop;
	struct store_usage usage = { 0 };
	struct why why = { 0 };

	own_fd_close(&m->server); /* not for the owner of the mail */
	m->opening.place.path = m->path;
	m->opening.use.index = STORE_INDEX_READ;
	if (!store_start() || store_usage(&m->opening, &usage, &why)) {
		cli_complain(&why);
		return false;
	}
	show(c, &usage);
	return fflush(stdout) == 0;
}

static void show_progress(const struct count *c)
{
	if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) && c->done % 16 == 0)
		fprintf(stderr, "\r%" PRIu64 " maildrops ", c->done);
}

/* A user without mail has no maildrop yet. */
static void visit(void *arg)
{
	struct count *c = arg;
	struct why why = { 0 };
	OWN_FD dir = cli_maildrop_dir(&c->maildrop, &why);

	show_progress(c);
	c->done++;
	if (dir < 0 && why.sys == ENOENT) {
		show(c, &(struct store_usage){ 0 });
		return;
	}
	fflush(stdout);
	if (cli_maildrop_as_owner(&c->maildrop, count_one, c))
		return;
	cli_say("not counted", c->maildrop.name);
	c->failed = true;
}

/* With a path instead of a name, nobody knows whose quota holds, so the limits in
 * maildirsize stay as they are. */
static bool recalc_one(void *arg)
{
	struct cli_maildrop *m = arg;
	struct store_quota quota = { 0 };
	struct why why = { 0 };

	if (!cli_maildrop_renew(m))
		return false;
	if (m->name[0] != '/')
		quota = (struct store_quota){ .octets = m->quota.octets,
					      .messages = m->quota.messages };
	const enum fault f = store_recount(&m->opening, &quota, false, &why);
	if (f)
		cli_complain(&why);
	return f == FAULT_NONE;
}

static int recalc(struct count *c, const char *name)
{
	return cli_maildrop_find(&c->maildrop, name) &&
			       cli_maildrop_as_owner(&c->maildrop, recalc_one,
						     &c->maildrop)
		       ? CLI_OK
		       : CLI_BAD;
}

static int count_all(struct count *c, int argc, char **argv)
{
	if (argc == 0 && !cli_maildrop_all(&c->maildrop, visit, c))
		c->failed = true;
	for (int i = 0; i < argc; i++) {
		if (cli_maildrop_find(&c->maildrop, argv[i]))
			visit(c);
		else
			c->failed = true;
	}
	return c->failed ? CLI_BAD : CLI_OK;
}

static bool parse(struct count *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "all", no_argument, NULL, 'a' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		c->json |= option == 'j';
		c->all |= option == 'a';
		if (option != 'j' && option != 'a')
			return false;
	}
	return !c->all || optind == argc;
}

int cli_quota(const char *config, int argc, char **argv)
{
	OWN_SETTINGS settings = { 0 };
	struct count c = { 0 };
	const bool is_recalc = argc > 1 && strcmp(argv[1], "recalc") == 0;

	if (cli_wants_help(argc, argv)) {
		fputs(help, stdout);
		return CLI_OK;
	}
	if (is_recalc ? argc != 3 || argv[2][0] == '-' : !parse(&c, argc, argv)) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	cli_load(config, &settings);
	if (!cli_maildrop_begin(&c.maildrop, &settings))
		return CLI_BAD;
	const int status = is_recalc ? recalc(&c, argv[2])
				     : count_all(&c, argc - optind, argv + optind);
	cli_maildrop_end(&c.maildrop);
	return status;
}
