/* config/file/file.c - reading poplar.conf.
 *
 * Prefix: config_. The syntax is libconfuse's; values are read by the
 * table of settings.
 */
#include "config/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/own.h"
#include "config/file/loading.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 256 * 1024 };

/* libconfuse has no place for its caller's own in what it hands to its callbacks. A
 * file is read by one thread, at start and on reload. */
static struct loading *loading;

void config_complain(struct loading *l, int line, const char *format, ...)
{
	char text[512], where[64] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *c = text; *c; c++) /* it is one line, for a terminal or a log */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (line > 0)
		snprintf(where, sizeof where, ":%d", line);
	char whole[sizeof text + sizeof where + 256];
	snprintf(whole, sizeof whole, "%.250s%s: %s", l->path, where, text);
	l->say(l->arg, whole);
	l->wrong++;
}

static void __attribute__((format(printf, 2, 0)))
say_error(cfg_t *cfg, const char *format, va_list args)
{
	char text[256];

	vsnprintf(text, sizeof text, format, args);
	config_complain(loading, cfg->line, "%s", text);
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

static const struct config_section *section_of(const char *name)
{
	const struct config_section *s = config_sections;

	while (s < config_sections + CONFIG_SECTIONS && strcmp(name, s->name) != 0)
		s++;
	return s;
}

/* Called by libconfuse for each value as it is read. A list, and what stands in a
 * section, is taken as a whole later; its first value tells its line. It is never told
 * that a value is wrong, so that it goes on and more can be found. */
static int take_value(cfg_t *cfg, cfg_opt_t *opt)
{
	bool section = cfg_title(cfg) != NULL;
	struct rows rows = section ? section_of(cfg_name(cfg))->rows()
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
	(void)cfg;
	section_of(cfg_opt_name(opt))
		->take(loading, cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
	memset(loading->in_section, 0, sizeof loading->in_section);
	return 0;
}

void config_take_list(struct loading *l, cfg_t *cfg, const struct row *row,
		      void *values, int line)
{
	char name[ROW_NAME_MAX];

	row_name(row, name);
	row_clear_list(row, values);
	if (cfg_size(cfg, name) == 1 && !*cfg_getnstr(cfg, name, 0))
		return; /* one empty text is no list */
	for (unsigned i = 0; i < cfg_size(cfg, name); i++) {
		const char *value = cfg_getnstr(cfg, name, i);

		if (!row_set(row, values, span_of(value))) {
			config_refuse(l, row, line, value);
			return;
		}
	}
}

/* What libconfuse is to know of a table. */
struct options {
	char names[CONFIG_ROWS_MAX][ROW_NAME_MAX];
	char standard[CONFIG_ROWS_MAX][256]; /* the defaults of lists */
	cfg_opt_t at[CONFIG_ROWS_MAX + CONFIG_UNKNOWN_MAX + CONFIG_SECTIONS + 1];
	unsigned count;
};

/* A name that nobody knows has been complained of: as a list it takes any value, so
 * that libconfuse goes on. */
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

/* Sections that may stand in the file, behind the settings. */
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

/* False: not to the end. */
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
