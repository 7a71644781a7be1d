/* man/settings.c - put the table of settings into the manual page poplar.conf(5).
 *
 * Build tool: copies its argument to standard output, with an item for each setting in
 * the place of the line "@SETTINGS@", and the like for those of databases and boards.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "config/settings.h"

/* mdoc(7) takes a '.' or "'" at the beginning of a line, and a backslash anywhere. */
static void put_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			printf("\\e");
		else
			putchar(*text);
	}
}

static void put_sentences(const char *text)
{
	for (const char *c; (c = strstr(text, ". ")) || *text; text = c + 2) {
		if (!c) {
			put_text(text);
			putchar('\n');
			return;
		}
		printf("%.*s.\n", (int)(c - text), text);
	}
}

static void put_default(const struct row *row, const void *values)
{
	char room[1024];
	struct buf b = BUF(room);

	row_show(row, values, &b);
	printf("Default: ");
	put_text(buf_cstr(&b));
	printf(".\n");
}

/* "For sqlite and postgresql." Nothing where every driver has it. */
static void put_drivers(const struct row *row)
{
	struct database_settings db = { .driver = 0 };
	const char *before = "For ";
	unsigned count = 0;

	for (db.driver = 0; db.driver < DRIVER_COUNT; db.driver++)
		count += database_has(&db, row);
	if (count == DRIVER_COUNT)
		return;
	for (db.driver = 0; db.driver < DRIVER_COUNT; db.driver++) {
		if (!database_has(&db, row))
			continue;
		printf("%s%s%s", before, database_driver_name(db.driver),
		       database_needs(&db, row) ? " (which needs it)" : "");
		before = ", ";
	}
	printf(".\n");
}

static void put_rows(struct rows rows, const void *values)
{
	char expected[256], name[ROW_NAME_MAX];

	printf(".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < rows.count; i++) {
		row_expected(&rows.at[i], expected, sizeof expected);
		row_name(&rows.at[i], name);
		printf(".It Ic %s No = %s\n", name, expected);
		put_sentences(rows.at[i].help);
		if (rows.at[i].drivers)
			put_drivers(&rows.at[i]);
		put_default(&rows.at[i], values);
	}
	printf(".El\n");
}

static void put_settings(void)
{
	struct settings s;

	if (settings_init(&s))
		return;
	put_rows(settings_rows(), &s);
	settings_done(&s);
}

static void put_databases(void)
{
	struct databases all = { 0 };
	const struct database_settings *db = databases_add(&all, SPAN("any"));

	if (db)
		put_rows(database_rows(), db);
	databases_done(&all);
}

static void put_boards(void)
{
	struct boards all = { 0 };
	const struct board_settings *board = boards_add(&all, SPAN("any"));

	if (board)
		put_rows(board_rows(), board);
	boards_done(&all);
}

static void put_driver_list(void)
{
	printf(".Bl -tag -width Ds -compact\n");
	for (enum database_driver_id id = 0; id < DRIVER_COUNT; id++)
		printf(".It Cm %s\n%s.\n", database_driver_name(id),
		       database_driver_text(id));
	printf(".El\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *line;
		void (*put)(void);
	} places[] = { { "@SETTINGS@\n", put_settings },
		       { "@DATABASES@\n", put_databases },
		       { "@BOARDS@\n", put_boards },
		       { "@DRIVERS@\n", put_driver_list } };
	enum { PLACES = sizeof places / sizeof *places };
	char line[1024];
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!in) {
		fprintf(stderr, "usage: settings-man TEMPLATE\n");
		return 1;
	}
	while (fgets(line, sizeof line, in)) {
		int i = 0;

		while (i < PLACES && strcmp(line, places[i].line) != 0)
			i++;
		if (i < PLACES)
			places[i].put();
		else
			fputs(line, stdout);
	}
	fclose(in);
	return 0;
}
