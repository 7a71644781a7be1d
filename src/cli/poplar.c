/* cli/poplar.c - poplar: the command line of the tool, and the table of its commands.
 */
#include <getopt.h>
#include <stdio.h>

#include "base/version.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "config/file/file.h"
#include "setup/options.h"

/* clang-format off */
#define CLI_TABLE(X) \
	X("check",  cli_check,  "",      "check the configuration without starting anything") \
	X("reload", cli_reload, "",      "make the running server read its configuration again, and report the outcome") \
	X("config", cli_config, "",      "print all settings with their values") \
	X("user",   cli_user,   "add|passwd|del|list|test [NAME]", "edit the users file, or test a login or a recipient") \
	X("deliver", cli_deliver, "[-f SENDER] [-a] ADDRESS...", "deliver a message from standard input") \
	X("expire", cli_expire, "[--dry-run] [USER...]", "remove messages that are due to expire") \
	X("quota",  cli_quota,  "[--json] [--all | USER...] | recalc USER", "print how much mail users have, or count it anew") \
	X("import", cli_import, "KIND [--from PATH] USER... | --all", "take over maildrops from another POP3 server") \
	X("export", cli_export, "dovecot|courier USER... | --all", "write the list from which that server takes unique-ids") \
	X("index",  cli_index,  "show|verify|rebuild USER", "print, check or rebuild the index of a maildrop") \
	X("convert", cli_convert, "KIND PATH", "turn the configuration of another server into poplar.conf") \
	X("verify-move", cli_verify_move, "--old SERVER --new SERVER ... [USER...]", "compare the maildrops that two servers show") \
	X("audit",  cli_audit,  "",      "compare the running processes with the table of sandboxes")
/* clang-format on */

static const struct {
	const char *name;
	int (*run)(const char *config, int argc, char **argv);
	const char *args, *text;
} commands[] = {
#define X(name, run, args, text) { name, run, args, text },
	CLI_TABLE(X)
#undef X
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *to)
{
	fputs("usage: poplar [-c FILE] COMMAND\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-7s %-32s %s\n", commands[i].name, commands[i].args,
			commands[i].text);
	fputs("\n"
	      "  -c, --config FILE    configuration (" CONFIG_FILE_DEFAULT ")\n"
	      "      --help           print this text\n"
	      "      --version        print the version\n"
	      "\n"
	      "See poplar(8). The server is poplard(8).\n",
	      to);
}

static void print_version(void)
{
	printf("poplar %s\ndatabases:", POPLAR_VERSION);
	for (enum database_driver_id id = 0; id < DRIVER_COUNT; id++)
		if (database_driver_is_built(id))
			printf(" %s", database_driver_name(id));
	printf("\n");
}

static int run(const char *config, int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS && argc > 0; i++) {
		if (strcmp(argv[0], commands[i].name) == 0) {
			optind = 0; /* the command has options of its own */
			return commands[i].run(config, argc, argv);
		}
	}
	if (argc > 0)
		cli_say("there is no such command", argv[0]);
	usage(stderr);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	const char *config = CONFIG_FILE_DEFAULT;

	switch (options_read(argc, argv, true, &config)) {
	case OPTIONS_GIVEN:
		return run(config, argc - optind, argv + optind);
	case OPTIONS_HELP:
		usage(stdout);
		return CLI_OK;
	case OPTIONS_VERSION:
		print_version();
		return CLI_OK;
	case OPTIONS_WRONG:
		break;
	}
	usage(stderr);
	return CLI_USAGE;
}
