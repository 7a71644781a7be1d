/* man/settings.c - put the table of settings into the manual page poplar.conf(5).
 *
 * Build tool: copies its argument to standard output, with an item for each setting in
 * the place of the line "@SETTINGS@".
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

static void put_default(enum setting_id id)
{
	char room[1024];
	struct buf b = BUF(room);
	struct settings s;

	if (settings_init(&s))
		return;
	settings_show(&s, id, &b);
	printf("Default: ");
	put_text(buf_cstr(&b));
	printf(".\n");
	settings_done(&s);
}

static void put_settings(void)
{
	char expected[256];

	printf(".Bl -tag -width Ds\n");
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		settings_expected(id, expected, sizeof expected);
		printf(".It Ic %s No = %s\n", settings_name(id), expected);
		put_sentences(settings_help(id));
		put_default(id);
	}
	printf(".El\n");
}

int main(int argc, char **argv)
{
	char line[1024];
	FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;

	if (!in) {
		fprintf(stderr, "usage: settings-man TEMPLATE\n");
		return 1;
	}
	while (fgets(line, sizeof line, in)) {
		if (strcmp(line, "@SETTINGS@\n") == 0)
			put_settings();
		else
			fputs(line, stdout);
	}
	fclose(in);
	return 0;
}
