/* cli/export.c - poplar export: writes the list from which Dovecot or Courier takes the
 * unique-ids of a maildrop, so that a site can go back.
 *
 * It runs as the owner of the maildrop, under the maildrop's lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/own.h"
#include "cli/commands.h"
#include "cli/exportlist.h"
#include "cli/maildrop.h"
#include "cli/originpath.h"
#include "sys/file.h"

struct export
{
	struct cli_maildrop maildrop;
	const struct exportlist_kind *kind;
	const char
		*to; /* the folder of the list, with %u, %n, %d; NULL: the maildrop */
	bool all, replace, failed;
};

static int explain(FILE *to)
{
	fputs("usage: poplar export dovecot|courier [OPTION...] USER...\n"
	      "       poplar export dovecot|courier [OPTION...] --all\n"
	      "\n"
	      "Writes dovecot-uidlist or courierpop3dsizelist into the Maildir, from "
	      "which\n"
	      "that server takes the unique-ids and the order that clients know.\n"
	      "\n"
	      "  --to PATH   write the list into this folder; in PATH, %u is the user, "
	      "%n\n"
	      "              and %d the parts of user@domain\n"
	      "  --replace   replace a list that is there\n",
	      to);
	return to == stdout ? CLI_OK : CLI_USAGE;
}

/* ---- one maildrop ---- */

static int open_target(const struct export *e, struct why *why)
{
	char path[PLACE_PATH_MAX];

	if (!e->to)
		return cli_maildrop_dir(&e->maildrop, why);
	if (!origin_expand(e->to, e->maildrop.name, path)) {
		fault_ignore(fault_set(why, FAULT_SETUP, 0, "expand", e->to));
		return -1;
	}
	const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		fault_ignore(fault_set(why, FAULT_SETUP, errno, "open", path));
	return dir;
}

static enum fault write_list(const struct export *e, const struct exportlist *l,
			     struct why *why)
{
	const char *name = e->kind->file;
	OWN_FD dir = open_target(e, why);
	struct stat st;

	if (dir < 0)
		return why->fault;
	if (!e->replace && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fault_set(why, FAULT_SETUP, EEXIST, "write, without --replace,",
				 name);
	return file_replace(dir, name, (struct span){ l->text, l->len }, 0600, true,
			    why);
}

static void report(const struct export *e, const struct exportlist *l)
{
	cli_show(stdout, span_of(e->maildrop.name));
	printf(": %" PRIu64 " messages", l->count);
	if (l->strange > 0)
		printf(", %" PRIu64 " of which have unique-ids that this server cannot "
		       "give them",
		       l->strange);
	if (l->moved > 0)
		printf(", %" PRIu64 " of which this server lists in another place",
		       l->moved);
	putchar('\n');
}

static bool export_one(void *arg)
{
	struct export *e = arg;
	struct why why = { 0 };
	struct exportlist list = { 0 };
	enum fault f;

	own_fd_close(&e->maildrop.server); /* the owner of the mail must not have it */
	e->maildrop.opening.use.read_only = true;
	e->maildrop.opening.use.as_is = true;
	e->maildrop.opening.use.index = STORE_INDEX_READ;
	struct maildrop *m = cli_maildrop_open(&e->maildrop, &f);
	if (!m) {
		if (f == FAULT_BUSY)
			cli_say(fault_text(f), e->maildrop.name);
		return false;
	}
	f = exportlist_make(e->kind, m, (uint32_t)time(NULL), &list, &why);
	if (!f)
		f = write_list(e, &list, &why);
	if (f)
		cli_complain(&why);
	else
		report(e, &list);
	const bool good = !f && list.strange == 0 && list.moved == 0;
	exportlist_done(&list);
	cli_maildrop_close(&e->maildrop, m);
	return fflush(stdout) == 0 && good;
}

/* ---- the command ---- */

static void visit(void *arg)
{
	struct export *e = arg;

	fflush(stdout);
	if (cli_maildrop_as_owner(&e->maildrop, export_one, e))
		return;
	cli_say("not exported, or not as clients know it", e->maildrop.name);
	e->failed = true;
}

static bool parse(struct export *e, int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "replace", no_argument, NULL, 'r' },
		{ "all", no_argument, NULL, 'a' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		e->replace |= option == 'r';
		e->all |= option == 'a';
		if (option == 't')
			e->to = optarg;
		else if (option != 'r' && option != 'a')
			return false;
	}
	e->kind = optind < argc ? exportlist_kind(argv[optind]) : NULL;
	return e->kind && e->all == (optind + 1 == argc);
}

static int run(struct export *e, int argc, char **argv)
{
	if (e->to && !origin_is_of_user(e->to) && (e->all || argc > 1)) {
		cli_say("for several users, this path needs %u, %n or %d", e->to);
		return CLI_USAGE;
	}
	if (e->all && !cli_maildrop_all(&e->maildrop, visit, e))
		e->failed = true;
	for (int i = 0; i < argc; i++) {
		if (cli_maildrop_find(&e->maildrop, argv[i]))
			visit(e);
		else
			e->failed = true;
	}
	return e->failed ? CLI_BAD : CLI_OK;
}

int cli_export(const char *config, int argc, char **argv)
{
	OWN_SETTINGS settings = { 0 };
	struct export e = { 0 };

	if (cli_wants_help(argc, argv))
		return explain(stdout);
	if (!parse(&e, argc, argv))
		return explain(stderr);
	cli_load(config, &settings);
	if (!cli_maildrop_begin(&e.maildrop, &settings))
		return CLI_BAD;
	const int status = run(&e, argc - optind - 1, argv + optind + 1);
	cli_maildrop_end(&e.maildrop);
	return status;
}
