/* po/tables.c - make a table in C from a catalogue of gettext's.
 *
 * Build tool: "tables de de.mo" prints catalogue_de, as pop3/text.h has it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pop3/text.h"

enum { MO_MAGIC = 0x950412de, MO_OCTETS_MAX = 1 << 20 };

/* What is to be translated. Forms of a plural are found by the first. */
static const struct {
	const char *id, *english;
} rows[] = {
#define X(id, code, priority, retry, text) { "FAULT_" #id, text },
	FAULT_TABLE(X)
#undef X
#define X(id, text) { #id, text },
		TEXT_TABLE(X)
#undef X
#define P(id, one, many) { #id, one },
			TEXT_COUNTED_TABLE(P)
#undef P
};

/* As msgfmt writes it: a header, a table of texts, one of translations, each entry a
 * length and an offset. */
static struct {
	uint32_t magic, version, count, texts, translations;
	char rest[MO_OCTETS_MAX];
} mo;

static struct span entry(uint32_t table, uint32_t i)
{
	const char *at = (const char *)&mo;
	uint32_t pair[2];

	memcpy(pair, at + table + i * sizeof pair, sizeof pair);
	return (struct span){ at + pair[1], pair[0] };
}

/* Its length is 0 when there is none. */
static struct span translate(const char *english)
{
	for (uint32_t i = 0; i < mo.count; i++)
		if (strcmp(entry(mo.texts, i).at, english) == 0)
			return entry(mo.translations, i);
	return (struct span){ 0 };
}

static void put_literal(struct span s)
{
	putchar('"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\0' || s.at[i] == '"' || s.at[i] == '\\')
			printf("\\%03o", (unsigned)s.at[i]);
		else
			putchar(s.at[i]);
	}
	putchar('"');
}

/* gettext writes the rule of plural forms in C. */
static bool put_form(void)
{
	const char *header = translate("").at;
	const char *rule = header ? strstr(header, "plural=") : NULL;
	const char *end = rule ? strchr(rule, ';') : NULL;

	if (!end)
		return false;
	rule += strlen("plural=");
	printf("static unsigned form(uint64_t n)\n{\n\t(void)n;\n\treturn %.*s;\n}\n\n",
	       (int)(end - rule), rule);
	return true;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;

	if (!file || fread(&mo, 1, sizeof mo - 1, file) == 0 || mo.magic != MO_MAGIC)
		return EXIT_FAILURE;
	printf("#include \"pop3/text.h\"\n\n");
	if (!put_form())
		return EXIT_FAILURE;
	printf("const struct catalogue catalogue_%s = {\n\t.form = form,\n\t.texts = "
	       "{\n",
	       argv[1]);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span text = translate(rows[i].english);

		if (text.len == 0)
			continue;
		printf("\t\t[TEXT_%s] = ", rows[i].id);
		put_literal(text);
		printf(",\n");
	}
	printf("\t},\n};\n");
	return fclose(file) == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
