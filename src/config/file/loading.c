/* config/file/loading.c - what all files that read poplar.conf share: reports of
 * mistakes, and copying values from libconfuse into a struct of settings.
 *
 * Prefix: config_.
 */
#include "config/file/loading.h"

#include <stdio.h>
#include <string.h>

const struct config_section config_sections[CONFIG_SECTIONS] = {
	[CONFIG_DATABASE] = { "database", database_rows },
	[CONFIG_BOARD] = { "board", board_rows },
};

/* ---- complaints ---- */

void config_complain(struct loading *l, int line, const char *format, ...)
{
	char text[512], where[64] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *c = text; *c; c++) /* one line, fit for a terminal or a log */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (line > 0)
		snprintf(where, sizeof where, ":%d", line);
	char whole[sizeof text + sizeof where + 256];
	snprintf(whole, sizeof whole, "%.250s%s: %s", l->path, where, text);
	l->say(l->arg, whole);
	l->wrong++;
}

void config_refuse(struct loading *l, const struct row *row, int line,
		   const char *value)
{
	char expected[256], name[ROW_NAME_MAX];

	row_expected(row, expected, sizeof expected);
	row_name(row, name);
	config_complain(
		l, line, "%s: expected %s, found \"%.100s\"%s", name, expected, value,
		row_lacks_unit(row, span_of(value)) ? ", which has no unit" : "");
}

void config_check_path(struct loading *l, int line, const char *name, const char *path)
{
	if (*path && *path != '/')
		config_complain(l, line,
				"%s: expected a path from the root, found \"%.100s\"",
				name, path);
}

void config_check_fit(struct loading *l, int line, const char *kind, const char *name,
		      struct rows rows, const void *values)
{
	if (!rows_fit(rows, values))
		config_complain(l, line,
				"%s %s: is longer than a process can be told, which "
				"is %d octets",
				kind, name, ROWS_PACKED_MAX);
}

/* ---- values ---- */

void config_take_list(struct loading *l, cfg_t *cfg, const struct row *row,
		      void *values, int line)
{
	char name[ROW_NAME_MAX];

	row_name(row, name);
	row_clear_list(row, values);
	if (cfg_size(cfg, name) == 1 && !*cfg_getnstr(cfg, name, 0))
		return; /* `name = ""` empties a list, too */
	for (unsigned i = 0; i < cfg_size(cfg, name); i++) {
		const char *value = cfg_getnstr(cfg, name, i);

		if (!row_set(row, values, span_of(value))) {
			config_refuse(l, row, line, value);
			return;
		}
	}
}

void config_take_values(struct loading *l, cfg_t *section, struct rows rows,
			void *values)
{
	for (unsigned i = 0; i < rows.count; i++) {
		const struct row *row = &rows.at[i];
		char name[ROW_NAME_MAX];

		row_name(row, name);
		if (l->in_section[i] == 0)
			continue;
		if (row->type == SETTING_LIST) {
			config_take_list(l, section, row, values, l->in_section[i]);
			continue;
		}
		const char *value = cfg_getstr(section, name);
		if (!row_set(row, values, span_of(value)))
			config_refuse(l, row, l->in_section[i], value);
	}
}
