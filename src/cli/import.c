/* cli/import.c - poplar import: takes over maildrops from another POP3 server, with
 * their unique-ids and their order.
 *
 * Several processes share the users among them; for each maildrop, a child process runs
 * as the owner of the mail.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "cli/commands.h"
#include "cli/importing.h"
#include "cli/importreport.h"
#include "cli/originpath.h"
#include "foreign/doveconf.h"
#include "sys/clock.h"
#include "sys/file.h"

enum {
	JOBS_MAX = 256,
	MAILDROP_MS = 24 * 60 * 60 * 1000, /* the longest time for one maildrop */
	PROGRESS_MS = 500,
	CONFIG_OCTETS_MAX = 1 << 24,
	OUTPUT_OCTETS = 1 << 16,
};

/* Dovecot's default. */
static const char default_format[] = "%08Xu%08Xv";

struct command {
	struct import import;
	bool all;
	int argc; /* the users that are named */
	char **argv;
	uint64_t at;   /* of the users, the one that this process has come to */
	uint64_t mine; /* of the users, the next one that this process takes */
};

static int explain(FILE *to)
{
	fputs("usage: poplar import KIND [OPTION...] USER...\n"
	      "       poplar import KIND [OPTION...] --all\n"
	      "\n"
	      "Takes over the unique-ids and the order of messages from another POP3\n"
	      "server, so that no client fetches a message again. KIND is one of\n  ",
	      to);
	origin_print_kinds(to);
	fputs(".\n"
	      "Nothing of the old server is changed. A second import changes nothing.\n"
	      "\n"
	      "  --from PATH     copy the messages from this Maildir or mbox; without "
	      "it,\n"
	      "                  the maildrop is the Maildir of the old server.\n"
	      "                  In PATH, %u is the user, %n and %d the parts of "
	      "user@domain\n"
	      "  --control PATH  the folder with dovecot-uidlist (CONTROL= of "
	      "Dovecot)\n"
	      "  --format TEXT   pop3_uidl_format of Dovecot\n"
	      "  --config FILE   read pop3_uidl_format from the output of doveconf -n\n"
	      "  --replace       replace unique-ids that an earlier import has pinned\n"
	      "  --dry-run       print what would be done, and change nothing\n"
	      "  --jobs N        work on N maildrops at a time\n"
	      "  --json          print each maildrop as an object on a line of its "
	      "own\n",
	      to);
	return to == stdout ? CLI_OK : CLI_USAGE;
}

/* ---- users ---- */

static void import_maildrop(struct command *c)
{
	struct import_shared *s = c->import.shared;

	fflush(stdout);
	if (!cli_maildrop_as_owner_for(&c->import.maildrop, MAILDROP_MS, import_one,
				       &c->import)) {
		cli_say("not imported", c->import.maildrop.name);
		s->failed++;
	}
}

/* Is the user whom this process has come to the one that it takes? */
static bool takes(struct command *c)
{
	if (c->at++ != c->mine)
		return false;
	c->mine = c->import.shared->next++;
	return true;
}

static void visit(void *arg)
{
	struct command *c = arg;

	if (!takes(c))
		return;
	import_maildrop(c);
	c->import.shared->done++;
}

static void count_user(void *arg)
{
	const struct command *c = arg;

	c->import.shared->users++;
}

/* Visit the users that no other process has taken. */
static void work(struct command *c)
{
	struct import_shared *s = c->import.shared;

	c->mine = s->next++;
	if (c->all && !cli_maildrop_all(&c->import.maildrop, visit, c))
		s->failed++;
	for (int i = 0; i < c->argc; i++) {
		if (!takes(c))
			continue;
		if (cli_maildrop_find(&c->import.maildrop, c->argv[i]))
			import_maildrop(c);
		else
			s->failed++;
		s->done++;
	}
}

static void show_progress(const struct import_shared *s, uint64_t begun)
{
	if (isatty(STDERR_FILENO))
		import_progress(s, begun);
}

/* Wait for all workers. False: one of them did not end by itself. */
static bool await(const struct command *c, unsigned running)
{
	const uint64_t begun = clock_ms();
	bool good = true;

	while (running > 0) {
		int status = 0;
		const pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0) {
			running--;
			good &= WIFEXITED(status) && WEXITSTATUS(status) == CLI_OK;
			continue;
		}
		if (pid < 0 && errno != EINTR)
			return false;
		clock_pause(PROGRESS_MS / 10);
		show_progress(c->import.shared, begun);
	}
	show_progress(c->import.shared, begun);
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	return good;
}

static bool run_jobs(struct command *c)
{
	unsigned running = 0;
	bool good = true;

	fflush(stdout);
	while (running < c->import.jobs) {
		const pid_t pid = fork();

		if (pid == 0) {
			work(c);
			fflush(stdout);
			_exit(CLI_OK);
		}
		if (pid < 0) {
			cli_say("cannot start another process", strerrordesc_np(errno));
			good = running > 0;
			break;
		}
		running++;
	}
	return await(c, running) && good;
}

/* ---- the command line ---- */

static bool read_format(struct import *i, const char *text)
{
	const char *wrong = NULL;

	if (uidformat_parse(span_of(text), &i->format, &wrong))
		return true;
	fprintf(stderr, "poplar: the format %s: %s\n", text, wrong);
	return false;
}

static bool read_config(struct import *i, const char *path)
{
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	OWN_TEXT text = NULL;
	struct why why = { 0 };
	struct span value;
	char format[256];
	size_t len = 0;

	if (fd < 0)
		fault_ignore(fault_set(&why, FAULT_SETUP, errno, "open", path));
	if (fd < 0 || file_read_all(fd, CONFIG_OCTETS_MAX, &text, &len, path, &why)) {
		cli_complain(&why);
		return false;
	}
	if (!doveconf_find((struct span){ text, len }, "pop3_uidl_format", &value))
		return read_format(i, default_format);
	if (span_copy(value, format, sizeof format))
		return read_format(i, format);
	cli_say("pop3_uidl_format is too long", path);
	return false;
}

enum option_id { FROM = 1, CONTROL, FORMAT, CONFIG, REPLACE, DRY_RUN, JOBS, JSON, ALL };

static bool take_option(struct command *c, enum option_id id)
{
	struct import *i = &c->import;
	uint32_t jobs = 0;

	switch (id) {
	case FROM:
		i->from = optarg;
		return true;
	case CONTROL:
		i->control = optarg;
		return true;
	case FORMAT:
		return read_format(i, optarg);
	case CONFIG:
		return read_config(i, optarg);
	case REPLACE:
		return i->replace = true;
	case DRY_RUN:
		return i->dry_run = true;
	case JSON:
		return i->json = true;
	case ALL:
		return c->all = true;
	case JOBS:
		i->jobs = span_u32(span_of(optarg), &jobs) ? jobs : 0;
		return i->jobs >= 1 && i->jobs <= JOBS_MAX;
	}
	return false;
}

static bool parse(struct command *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, FROM },
		{ "control", required_argument, NULL, CONTROL },
		{ "format", required_argument, NULL, FORMAT },
		{ "config", required_argument, NULL, CONFIG },
		{ "replace", no_argument, NULL, REPLACE },
		{ "dry-run", no_argument, NULL, DRY_RUN },
		{ "jobs", required_argument, NULL, JOBS },
		{ "json", no_argument, NULL, JSON },
		{ "all", no_argument, NULL, ALL },
		{ 0 },
	};
	int option;

	if (!read_format(&c->import, default_format))
		return false;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (!take_option(c, (enum option_id)option))
			return false;
	if (optind == argc || !(c->import.kind = origin_kind(argv[optind])))
		return false;
	c->argc = argc - optind - 1;
	c->argv = argv + optind + 1;
	return c->all == (c->argc == 0);
}

/* A path without a variable is that of one user. */
static bool is_for_all(const struct command *c, const char *path)
{
	char room[PLACE_PATH_MAX];

	if (path && !origin_expand(path, "user@example.org", room)) {
		cli_say("this path has another variable than %u, %n and %d", path);
		return false;
	}
	if (!path || origin_is_of_user(path) || (!c->all && c->argc == 1))
		return true;
	cli_say("for several users, this path needs %u, %n or %d", path);
	return false;
}

static bool count_users(struct command *c)
{
	if (c->all)
		return cli_maildrop_all(&c->import.maildrop, count_user, c);
	c->import.shared->users = (uint64_t)c->argc;
	return true;
}

static int run(struct command *c)
{
	struct import_shared *s = c->import.shared;
	static char output[OUTPUT_OCTETS];

	/* One report is one write, so that reports of several processes do not mix. */
	setvbuf(stdout, output, _IOFBF, sizeof output);
	if (c->import.jobs > 1 || isatty(STDERR_FILENO))
		if (!count_users(c))
			return CLI_BAD;
	const bool good = run_jobs(c);
	return good && s->failed == 0 ? CLI_OK : CLI_BAD;
}

int cli_import(const char *config, int argc, char **argv)
{
	OWN_SETTINGS settings = { 0 };
	struct command c = { .import = { .jobs = 1 } };

	if (cli_wants_help(argc, argv))
		return explain(stdout);
	if (!parse(&c, argc, argv))
		return explain(stderr);
	cli_load(config, &settings);
	if (!is_for_all(&c, c.import.from) || !is_for_all(&c, c.import.control))
		return CLI_USAGE;
	c.import.shared = mmap(NULL, sizeof *c.import.shared, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c.import.shared == MAP_FAILED ||
	    !cli_maildrop_begin(&c.import.maildrop, &settings))
		return CLI_BAD;
	const int status = run(&c);
	cli_maildrop_end(&c.import.maildrop);
	munmap(c.import.shared, sizeof *c.import.shared);
	return status;
}
