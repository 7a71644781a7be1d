/* config/file/file.c - reads poplar.conf.
 *
 * Prefix: config_. libconfuse parses the syntax; the table of settings parses the
 * values.
 */
#include "config/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/own.h"
#include "config/file/board.h"
#include "config/file/checks.h"
#include "config/file/database.h"
#include "config/file/scan.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 256 * 1024 };

/* libconfuse passes no argument of its caller to callbacks, so the file that is being
 * read stands here. One thread reads, at start and on reload. */
static struct loading *loading;

static void __attribute__((format(printf, 2, 0)))
say_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof text, format, args);
	config_complain(loading, cfg->line, "%s", text);
}

/* The kind of a section, by its name in the file. */
static int kind_of(const char *name)
{
	int kind = 0;

	while (kind < CONFIG_SECTIONS - 1 &&
	       strcmp(name, config_sections[kind].name) != 0)
		kind++;
	return kind;
}

/* Called by libconfuse for each value that it has read. Lists, and values in sections,
 * are taken as a whole later; here only the line of the first value is kept. The result
 * is always 0 (good), so that libconfuse goes on and further mistakes are found. */
static int take_value(cfg_t *cfg, cfg_opt_t *opt)
{
	bool section = cfg_title(cfg) != NULL;
	struct rows rows = section ? config_sections[kind_of(cfg_name(cfg))].rows()
				   : settings_rows();
	const struct row *row = rows_find(rows, span_of(opt->name));
	unsigned count = cfg_opt_size(opt);

	if (!row || count == 0)
		return 0;
	int *line = (section ? loading->in_section : loading->lines) + (row - rows.at);
	if (row->type == SETTING_LIST) {
		if (count == 1 || *line == 0)
			*line = cfg->line;
		return 0;
	}
	if (*line > 0) {
		config_complain(loading, cfg->line, "%s was given already, in line %d",
				opt->name, *line);
		return 0;
	}
	*line = cfg->line;
	const char *value = cfg_opt_getnstr(opt, count - 1);
	if (!section && !row_set(row, loading->out, span_of(value)))
		config_refuse(loading, row, cfg->line, value);
	return 0;
}

static int take_section(cfg_t *cfg, cfg_opt_t *opt)
{
	static void (*const takes[CONFIG_SECTIONS])(struct loading *, cfg_t *) = {
		[CONFIG_DATABASE] = config_take_database,
		[CONFIG_BOARD] = config_take_board,
	};

	(void)cfg;
	takes[kind_of(cfg_opt_name(opt))](loading,
					  cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
	memset(loading->in_section, 0, sizeof loading->in_section);
	return 0;
}

/* A table of settings, as libconfuse wants it. */
struct options {
	char names[CONFIG_ROWS_MAX][ROW_NAME_MAX];
	char standard[CONFIG_ROWS_MAX][256]; /* the defaults of lists */
	cfg_opt_t at[CONFIG_ROWS_MAX + CONFIG_UNKNOWN_MAX + CONFIG_SECTIONS + 1];
	unsigned count;
};

/* Names that are no setting have been reported. Declared as lists they take any value,
 * so libconfuse does not stop there. */
static void add_unknown(struct options *o, int section)
{
	static char none[] = "{}";

	for (unsigned i = 0; i < loading->unknowns; i++)
		if (loading->unknown[i].section == section)
			o->at[o->count++] = (cfg_opt_t)CFG_STR_LIST(
				loading->unknown[i].name, none, CFGF_NONE);
}

static void set_options(struct options *o, struct rows rows, int section)
{
	for (unsigned i = 0; i < rows.count; i++) {
		struct buf b = BUF(o->standard[i]);

		row_name(&rows.at[i], o->names[i]);
		row_show_default(&rows.at[i], &b);
		buf_cstr(&b);
		o->at[i] =
			rows.at[i].type == SETTING_LIST
				? (cfg_opt_t)CFG_STR_LIST(o->names[i], o->standard[i],
							  CFGF_NONE)
				: (cfg_opt_t)CFG_STR(o->names[i], NULL, CFGF_NODEFAULT);
	}
	o->count = rows.count;
	add_unknown(o, section);
	o->at[o->count] = (cfg_opt_t)CFG_END();
}

/* Add the kinds of sections behind the settings. */
static void add_sections(struct options *whole)
{
	static struct options sections[CONFIG_SECTIONS];

	for (int i = 0; i < CONFIG_SECTIONS; i++) {
		set_options(&sections[i], config_sections[i].rows(), i);
		whole->at[whole->count++] = (cfg_opt_t)CFG_SEC(
			config_sections[i].name, sections[i].at,
			CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	}
	whole->at[whole->count] = (cfg_opt_t)CFG_END();
}

static void watch_section(cfg_t *cfg, const struct config_section *section)
{
	const struct rows rows = section->rows();
	char name[ROW_NAME_MAX], path[ROW_NAME_MAX + 16];

	for (unsigned i = 0; i < rows.count; i++) {
		row_name(&rows.at[i], name);
		snprintf(path, sizeof path, "%s|%s", section->name, name);
		cfg_set_validate_func(cfg, path, take_value);
	}
	cfg_set_validate_func(cfg, section->name, take_section);
}

/* False: libconfuse stopped before the end. */
static bool parse(char *text)
{
	static struct options whole;

	set_options(&whole, settings_rows(), -1);
	add_sections(&whole);
	cfg_t *cfg = cfg_init(whole.at, CFGF_NONE);
	if (!cfg) {
		config_complain(loading, 0, "out of memory");
		return false;
	}
	cfg_set_error_function(cfg, say_error);
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++)
		cfg_set_validate_func(cfg, settings_name(id), take_value);
	for (unsigned i = 0; i < CONFIG_SECTIONS; i++)
		watch_section(cfg, &config_sections[i]);
	const unsigned before = loading->wrong;
	const bool whole_text = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
	if (!whole_text && loading->wrong == before)
		config_complain(loading, 0, "cannot be read");
	for (unsigned i = 0; i < SETTING_ID_COUNT; i++)
		if (settings_type(i) == SETTING_LIST)
			config_take_list(loading, cfg, &settings_rows().at[i],
					 loading->out, loading->lines[i]);
	cfg_free(cfg);
	return whole_text;
}

enum fault config_load(const char *path, struct settings *out, config_say_fn *say,
		       void *arg)
{
	struct loading state = { .path = path, .out = out, .say = say, .arg = arg };
	struct why why = { 0 };
	OWN_TEXT text = NULL;
	size_t len;

	loading = &state;
	if (settings_init(out) != FAULT_NONE) {
		config_complain(&state, 0, "out of memory");
		return FAULT_NOMEM;
	}
	OWN_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		config_complain(&state, 0, "%s", strerrordesc_np(errno));
	else if (file_read_all(fd, FILE_OCTETS_MAX, &text, &len, path, &why))
		config_complain(&state, 0, "%s: %s", why.doing,
				why.sys ? strerrordesc_np(why.sys) : "out of memory");
	else if (config_prepare(&state, text, len) && parse(text))
		config_check(&state);
	memcpy(out->lines, state.lines, sizeof out->lines);
	return state.wrong ? FAULT_SETUP : FAULT_NONE;
}
