/* cli/cli.c - poplar: the operator's tool.
 */
#include "cli/cli.h"

#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/version.h"
#include "config/file/file.h"
#include "sys/proc.h"

/* What a task in a child may take: the largest maildrop takes a minute. */
enum { TASK_MS = 10 * 60 * 1000 };

/* clang-format off */
#define CLI_TABLE(X) \
	X("check",  cli_check,  "",      "tell what is wrong with the configuration, starting nothing") \
	X("reload", cli_reload, "",      "have the running server read its configuration anew, and tell what came of it") \
	X("config", cli_config, "",      "print the settings in force") \
	X("user",   cli_user,   "add|passwd|del|list|test [NAME]", "edit the users file; ask the server about a user") \
	X("expire", cli_expire, "[--dry-run] [USER...]", "remove what users have kept for too long") \
	X("index",  cli_index,  "show|verify|rebuild USER", "the index of a maildrop: print, compare, make anew") \
	X("audit",  cli_audit,  "",      "hold the running processes against the table of sandboxes")
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
		fprintf(to, "  %-6s %-32s %s\n", commands[i].name, commands[i].args,
			commands[i].text);
	fputs("\n"
	      "  -c, --config FILE    configuration (" CONFIG_FILE_DEFAULT ")\n"
	      "      --help           this text\n"
	      "      --version        the version\n"
	      "\n"
	      "See poplar(8). The server itself is poplard(8).\n",
	      to);
}

static void say(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "poplar: %s\n", text);
}

void cli_load(const char *config, struct settings *out)
{
	if (config_load(config, out, say, NULL))
		exit(CLI_CONFIG);
}

void cli_say(const char *text, const char *about)
{
	fprintf(stderr, "poplar: %s%s%s\n", text, about ? ": " : "",
		about ? about : "");
}

void cli_show(FILE *to, struct span text)
{
	while (text.len > 0) {
		const size_t len = utf8_first(text);
		const uint32_t code = len > 0 ? utf8_code(text) : 0;

		const bool shown = code >= ' ' && (code < 0x7f || code >= 0xa0);

		if (shown)
			fwrite(text.at, 1, len, to);
		else
			fprintf(to, "\\x%02x", (unsigned char)text.at[0]);
		text = span_after(text, shown ? len : 1);
	}
}

void cli_complain(const struct why *why)
{
	const char *error = why->sys ? strerrordesc_np(why->sys) : NULL;

	fprintf(stderr, "poplar: %s%s%s%s%s%s\n", why->doing ? "cannot " : "",
		why->doing ? why->doing : fault_text(why->fault),
		why->what[0] ? " " : "", why->what, error ? ": " : "",
		error ? error : "");
}

bool cli_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

bool cli_find_ids(const char *user, struct ids *out)
{
	*out = (struct ids){ 0 };
	const enum ids_found found = ids_find(user, "", out);
	if (found == IDS_ROOT)
		cli_say("no process of Poplar runs as root; name another user instead "
			"of",
			user);
	else if (found != IDS_FOUND)
		cli_say("there is no such user", user);
	return found == IDS_FOUND;
}

bool cli_become(struct ids ids)
{
	return geteuid() != 0 ||
	       (setgroups(0, NULL) == 0 && setresgid(ids.gid, ids.gid, ids.gid) == 0 &&
		setresuid(ids.uid, ids.uid, ids.uid) == 0);
}

bool cli_run_as(struct ids ids, cli_task_fn *task, void *arg)
{
	sigset_t set, before;
	int status = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &before);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGTSTP, SIG_IGN); /* the terminal stops us alone */
		_exit(cli_become(ids) && task(arg) ? CLI_OK : CLI_BAD);
	}
	const char *trouble = pid > 0 ? proc_wait(pid, TASK_MS, &status)
				      : "could not be started";
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!trouble && WIFSIGNALED(status))
		trouble = "was killed";
	if (trouble)
		fprintf(stderr, "poplar: the process that worked as uid %u %s\n",
			(unsigned)ids.uid, trouble);
	return !trouble && WEXITSTATUS(status) == CLI_OK;
}

/* False: it is longer than any file that we read. */
static bool print_value(const char *before, const struct row *row, const void *values)
{
	static char room[1 << 20];
	struct buf b = BUF(room);
	char name[ROW_NAME_MAX];

	row_name(row, name);
	row_show(row, values, &b);
	printf("%s%s = %s\n", before, name, buf_cstr(&b));
	return !b.cut;
}

/* What suits the driver of a section, so that it can be read back. */
static bool print_database(const struct database_settings *db)
{
	const struct rows rows = database_rows();
	char quoted[4 * DATABASE_NAME_MAX + 3];
	struct buf title = BUF(quoted);
	bool whole = true;

	row_quote(db->name, &title);
	printf("database %s {\n", buf_cstr(&title));
	for (unsigned i = 0; i < rows.count; i++)
		if (database_has(db, &rows.at[i]))
			whole = print_value("\t", &rows.at[i], db) && whole;
	printf("}\n");
	return whole;
}

static bool print_board(const struct board_settings *board)
{
	const struct rows rows = board_rows();
	char quoted[4 * BOARD_NAME_MAX + 3];
	struct buf title = BUF(quoted);
	bool whole = true;

	row_quote(board->name, &title);
	printf("board %s {\n", buf_cstr(&title));
	for (unsigned i = 0; i < rows.count; i++)
		whole = print_value("\t", &rows.at[i], board) && whole;
	printf("}\n");
	return whole;
}

int cli_config(const char *config, int argc, char **argv)
{
	OWN_SETTINGS s = { 0 };
	const struct rows rows = settings_rows();
	bool whole = true;

	if (argc > 1) {
		fputs("usage: poplar [-c FILE] config\n\nPrints the settings in "
		      "force.\n",
		      cli_wants_help(argc, argv) ? stdout : stderr);
		return cli_wants_help(argc, argv) ? CLI_OK : CLI_USAGE;
	}
	cli_load(config, &s);
	for (unsigned i = 0; i < rows.count; i++)
		whole = print_value("", &rows.at[i], &s) && whole;
	for (unsigned i = 0; i < s.databases.count; i++)
		whole = print_database(&s.databases.at[i]) && whole;
	for (unsigned i = 0; i < s.boards.count; i++)
		whole = print_board(&s.boards.at[i]) && whole;
	if (!whole)
		cli_say("a value is too long to be shown whole", NULL);
	return whole ? CLI_OK : CLI_BAD;
}

static void print_version(void)
{
	printf("poplar %s\ndatabases:", POPLAR_VERSION);
	for (enum database_driver_id id = 0; id < DRIVER_COUNT; id++)
		if (database_driver_is_built(id))
			printf(" %s", database_driver_name(id));
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *config = CONFIG_FILE_DEFAULT;
	int option;

	while ((option = getopt_long(argc, argv, "+c:hv", options, NULL)) >= 0) {
		if (option == 'c') {
			config = optarg;
			continue;
		}
		if (option == 'v')
			print_version();
		else
			usage(option == 'h' ? stdout : stderr);
		return option == '?' ? CLI_USAGE : CLI_OK;
	}
	argc -= optind;
	argv += optind;
	for (size_t i = 0; i < COMMANDS && argc > 0; i++) {
		if (strcmp(argv[0], commands[i].name) == 0) {
			optind = 0; /* the command reads options of its own */
			return commands[i].run(config, argc, argv);
		}
	}
	if (argc > 0)
		cli_say("there is no such command", argv[0]);
	usage(stderr);
	return CLI_USAGE;
}
