/* cli/config.c - poplar config: prints all settings with their values.
 */
#include <stdio.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/commands.h"

static const char usage[] = "usage: poplar [-c FILE] config\n"
			    "\n"
			    "Prints all settings with their values, as a configuration "
			    "file.\n";

/* False: the value is longer than any configuration file may be. */
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

/* Only settings that the driver has, so that the output can be read back. */
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
	int status;

	if (!cli_takes_nothing(argc, argv, usage, &status))
		return status;
	cli_load(config, &s);
	for (unsigned i = 0; i < rows.count; i++)
		whole = print_value("", &rows.at[i], &s) && whole;
	for (unsigned i = 0; i < s.databases.count; i++)
		whole = print_database(&s.databases.at[i]) && whole;
	for (unsigned i = 0; i < s.boards.count; i++)
		whole = print_board(&s.boards.at[i]) && whole;
	if (!whole)
		cli_say("a value is too long, and printed only in part", NULL);
	return whole ? CLI_OK : CLI_BAD;
}
