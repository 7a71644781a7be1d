/* cli/convertprint.c - prints what a conversion has led to.
 *
 * Prefix: convert_print_.
 */
#include "cli/convertprint.h"

#include "cli/cli.h"
#include "cli/json.h"

/* ---- poplar.conf ---- */

static bool is_line(const struct result_line *line, int database, const char *name)
{
	return line->database == database && strcmp(line->name, name) == 0;
}

/* The texts of a list, and the places that they came from, are on one line. */
static void print_line(const struct result *r, int database, const char *name,
		       int width, FILE *to)
{
	const char *before = "";
	bool is_list = false;

	fprintf(to, "%s%-*s = ", database < 0 ? "" : "\t", width, name);
	for (unsigned i = 0; i < r->line_count; i++) {
		const struct result_line *line = &r->lines[i];

		if (!is_line(line, database, name))
			continue;
		fputs(*before ? before : line->is_list ? "{" : "", to);
		fwrite(line->value.at, 1, line->value.len, to);
		is_list = line->is_list;
		before = ", ";
	}
	fputs(is_list ? "}  # " : "  # ", to);
	struct span origin = SPAN("");
	for (unsigned i = 0; i < r->line_count; i++) {
		const struct result_line *line = &r->lines[i];

		if (!is_line(line, database, name) ||
		    (origin.len == line->origin.len && origin.len > 0 &&
		     memcmp(origin.at, line->origin.at, origin.len) == 0))
			continue;
		fputs(origin.len > 0 ? "; " : "", to);
		cli_show(to, line->origin);
		origin = line->origin;
	}
	fputc('\n', to);
}

static bool has(const struct result *r, int database, const char *name)
{
	return result_has(r, database, name);
}

/* In the order of the table of settings. */
static void print_rows(const struct result *r, int database, struct rows rows, FILE *to)
{
	int width = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < rows.count; i++) {
			char name[ROW_NAME_MAX];

			row_name(&rows.at[i], name);
			if (!has(r, database, name))
				continue;
			if (pass > 0)
				print_line(r, database, name, width, to);
			else if ((int)strlen(name) > width)
				width = (int)strlen(name);
		}
	}
}

void convert_print_conf(const struct result *r, const char *kind, const char *path,
			FILE *to)
{
	fprintf(to, "# Made by poplar convert %s from ", kind);
	cli_show(to, span_of(path));
	fputs(".\n", to);
	print_rows(r, RESULT_NO_DATABASE, settings_rows(), to);
	for (int i = 0; i < (int)r->database_count; i++) {
		fprintf(to, "database \"%s\" {\n", r->databases[i]);
		print_rows(r, i, database_rows(), to);
		fputs("}\n", to);
	}
}

/* ---- notes ---- */

static const char *const titles[RESULT_KINDS] = {
	[RESULT_NONE] = "Without a counterpart:",
	[RESULT_DIFFERS] = "Not quite the same:",
	[RESULT_NEEDLESS] = "Nothing to be done:",
};

static const char *const words[RESULT_KINDS] = {
	[RESULT_NONE] = "none",
	[RESULT_DIFFERS] = "differs",
	[RESULT_NEEDLESS] = "needless",
};

static struct span place_of(const struct result *r, const struct result_note *note,
			    char room[512])
{
	struct buf b = { .at = room, .room = 512 };

	if (note->place.line > 0)
		source_show(r->source, note->place, &b);
	return buf_span(&b);
}

static void print_note(const struct result *r, const struct result_note *note, FILE *to)
{
	char room[512];
	const struct span place = place_of(r, note, room);

	fputs("  ", to);
	cli_show(to, place);
	fputs(place.len > 0 ? " " : "", to);
	cli_show(to, note->setting);
	fputs(": ", to);
	cli_show(to, note->text);
	fputc('\n', to);
}

void convert_print_notes(const struct result *r, FILE *to)
{
	for (enum result_kind kind = 0; kind < RESULT_KINDS; kind++) {
		bool first = true;

		for (unsigned i = 0; i < r->note_count; i++) {
			if (r->notes[i].kind != kind)
				continue;
			if (first)
				fprintf(to, "%s\n", titles[kind]);
			first = false;
			print_note(r, &r->notes[i], to);
		}
	}
}

/* ---- JSON ---- */

/* "value" is what poplar.conf has, quotes included; each text of a list is an object.
 */
static void print_setting(const struct result *r, const struct result_line *line)
{
	fputs("{\"database\": ", stdout);
	if (line->database >= 0)
		json_text(span_of(r->databases[line->database]));
	else
		fputs("null", stdout);
	fputs(", \"name\": ", stdout);
	json_text(span_of(line->name));
	fputs(", \"value\": ", stdout);
	json_text(line->value);
	printf(", \"list\": %s, \"from\": ", line->is_list ? "true" : "false");
	json_text(line->origin);
	putchar('}');
}

static void print_json_note(const struct result *r, const struct result_note *note)
{
	fputs("{\"kind\": ", stdout);
	json_text(span_of(words[note->kind]));
	fputs(", \"file\": ", stdout);
	if (note->place.line > 0)
		json_text(r->source->files[note->place.file]);
	else
		fputs("null", stdout);
	printf(", \"line\": %u, \"setting\": ", note->place.line);
	json_text(note->setting);
	fputs(", \"text\": ", stdout);
	json_text(note->text);
	putchar('}');
}

void convert_print_json(const struct result *r)
{
	fputs("{\"settings\": [", stdout);
	for (unsigned i = 0; i < r->line_count; i++) {
		fputs(i > 0 ? ",\n" : "\n", stdout);
		print_setting(r, &r->lines[i]);
	}
	fputs("],\n\"notes\": [", stdout);
	for (unsigned i = 0; i < r->note_count; i++) {
		fputs(i > 0 ? ",\n" : "\n", stdout);
		print_json_note(r, &r->notes[i]);
	}
	puts("]}");
}
