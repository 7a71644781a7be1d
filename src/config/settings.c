/* config/settings.c - every setting, once: values to text, text to values.
 *
 * Floor 3 (config). Prefix: settings_.
 */
#include "config/settings.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mechanism.h"
#include "base/own.h"

/* In the table, names of roles stand for sets of them. */
enum {
	PARENT = ROLE_BIT_PARENT,
	FRONT = ROLE_BIT_FRONT,
	AUTH = ROLE_BIT_AUTH,
	DROP = ROLE_BIT_DROP,
};

enum { NAME_MAX_OCTETS = 32, CHOICES_MAX = 9 };

struct row {
	char name[NAME_MAX_OCTETS];
	enum setting_type type;
	unsigned roles;
	uint64_t least, most;
	const char *standard;
	const char *help;
	const char *choices[CHOICES_MAX + 1];
	size_t at; /* in struct settings */
};

#define CHOICES_TEXT(name)
#define CHOICES_LIST(name)
#define CHOICES_COUNT(name)
#define CHOICES_TIME(name)
#define CHOICES_MILLIS(name)
#define CHOICES_BOOL(name)
#define CHOICES_CHOICE(name) .choices = { SETTING_CHOICES_##name }

static const struct row table[SETTING_ID_COUNT] = {
#define X(c_name, c_type, low, high, value, for_roles, text)                           \
	[SETTING_ID_##c_name] = { .name = #c_name,                                     \
				  .type = SETTING_##c_type,                            \
				  .least = low,                                        \
				  .most = high,                                        \
				  .standard = value,                                   \
				  .roles = for_roles,                                  \
				  .help = text,                                        \
				  .at = offsetof(struct settings, c_name),             \
				  CHOICES_##c_type(c_name) },
	SETTING_TABLE(X)
#undef X
};

/* The file's spelling of each name, made from the table once. */
const char *settings_name(enum setting_id id)
{
	static char names[SETTING_ID_COUNT][NAME_MAX_OCTETS];

	for (size_t i = 0; names[id][0] == '\0' || table[id].name[i]; i++)
		names[id][i] = table[id].name[i] == '_' ? '-' : table[id].name[i];
	return names[id];
}

enum setting_type settings_type(enum setting_id id)
{
	return table[id].type;
}

const char *settings_help(enum setting_id id)
{
	return table[id].help;
}

unsigned settings_roles(enum setting_id id)
{
	return table[id].roles;
}

/* ---- values ---- */

static void *value_at(const struct settings *s, enum setting_id id)
{
	return (char *)unconst(s) + table[id].at;
}

static char **text_at(const struct settings *s, enum setting_id id)
{
	return value_at(s, id);
}

static struct text_list *list_at(const struct settings *s, enum setting_id id)
{
	return value_at(s, id);
}

static uint32_t *number_at(const struct settings *s, enum setting_id id)
{
	return value_at(s, id);
}

static bool *bool_at(const struct settings *s, enum setting_id id)
{
	return value_at(s, id);
}

/* Units, the largest first so that showing a value finds the shortest text. */
struct unit {
	const char *name;
	uint64_t worth;
};
static const struct unit time_units[] = {
	{ "d", 86400 }, { "h", 3600 }, { "m", 60 }, { "s", 1 }, { "", 1 },
};
static const struct unit millis_units[] = {
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ "", 1 },
};
static const struct unit count_units[] = { { "", 1 } };

static const struct unit *units(enum setting_type type)
{
	if (type == SETTING_TIME)
		return time_units;
	return type == SETTING_MILLIS ? millis_units : count_units;
}

static bool parse_number(const struct row *row, struct span text, uint32_t *out)
{
	const struct unit *unit = units(row->type);
	size_t digits = 0;
	uint64_t n;

	while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	if (!span_u64((struct span){ text.at, digits }, &n) || n > UINT32_MAX)
		return false;
	while (*unit->name && !span_is(span_after(text, digits), unit->name))
		unit++;
	if (!span_is(span_after(text, digits), unit->name))
		return false;
	n *= unit->worth;
	if (n < row->least || n > row->most)
		return false;
	*out = (uint32_t)n;
	return true;
}

/* Is n shortest, and exact, in this unit? */
static bool suits(const struct unit *unit, uint64_t n)
{
	return unit->worth <= 1 || (n >= unit->worth && n % unit->worth == 0);
}

static void show_number(enum setting_type type, uint64_t n, struct buf *out)
{
	const struct unit *unit = units(type);

	while (!suits(unit, n))
		unit++;
	buf_u64(out, unit->worth > 1 ? n / unit->worth : n);
	buf_text(out, unit->name);
}

static bool parse_choice(const struct row *row, struct span text, uint32_t *out)
{
	for (uint32_t i = 0; row->choices[i]; i++) {
		if (span_is(text, row->choices[i])) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool parse_bool(struct span text, bool *out)
{
	if (!span_is(text, "yes") && !span_is(text, "no"))
		return false;
	*out = span_is(text, "yes");
	return true;
}

static char *copy(struct span text)
{
	char *c = malloc(text.len + 1);

	if (c && !span_copy(text, c, text.len + 1)) {
		free(c);
		return NULL;
	}
	return c;
}

bool settings_set(struct settings *s, enum setting_id id, struct span text)
{
	const struct row *row = &table[id];
	struct text_list *list = list_at(s, id);
	char *c;

	switch (row->type) {
	case SETTING_COUNT:
	case SETTING_TIME:
	case SETTING_MILLIS:
		return parse_number(row, text, number_at(s, id));
	case SETTING_CHOICE:
		return parse_choice(row, text, number_at(s, id));
	case SETTING_BOOL:
		return parse_bool(text, bool_at(s, id));
	case SETTING_TEXT:
		if (text.len < row->least || text.len > row->most || !(c = copy(text)))
			return false;
		free(*text_at(s, id));
		*text_at(s, id) = c;
		return true;
	case SETTING_LIST:
		if (list->count == row->most || !(c = copy(text)))
			return false;
		list->at[list->count++] = c;
		return true;
	}
	return false;
}

void settings_clear_list(struct settings *s, enum setting_id id)
{
	struct text_list *list = list_at(s, id);

	for (unsigned i = 0; i < list->count; i++)
		free(list->at[i]);
	list->count = 0;
}

static bool set_default(struct settings *s, enum setting_id id)
{
	struct span rest = span_of(table[id].standard), one;

	if (table[id].type != SETTING_LIST)
		return settings_set(s, id, rest);
	while (rest.len > 0) {
		span_cut(&rest, ',', &one);
		if (!settings_set(s, id, one))
			return false;
		while (span_starts(rest, " "))
			rest = span_after(rest, 1);
	}
	return true;
}

enum fault settings_init(struct settings *s)
{
	*s = (struct settings){ 0 };
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++)
		if (!set_default(s, id))
			return FAULT_NOMEM;
	return FAULT_NONE;
}

bool settings_mechanisms(const struct text_list *list, unsigned *out)
{
	enum mechanism m;
	unsigned set = 0;

	for (unsigned i = 0; i < list->count; i++) {
		if (!mechanism_find(span_of(list->at[i]), &m)) {
			*out = i;
			return false;
		}
		set |= 1u << m;
	}
	*out = set;
	return true;
}

void settings_done(struct settings *s)
{
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		if (table[id].type == SETTING_LIST)
			settings_clear_list(s, id);
		if (table[id].type == SETTING_TEXT)
			free(*text_at(s, id));
	}
	*s = (struct settings){ 0 };
}

/* ---- text ---- */

static void put_quoted(struct buf *out, const char *text)
{
	buf_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

void settings_show(const struct settings *s, enum setting_id id, struct buf *out)
{
	const struct row *row = &table[id];

	switch (row->type) {
	case SETTING_COUNT:
	case SETTING_TIME:
	case SETTING_MILLIS:
		show_number(row->type, *number_at(s, id), out);
		break;
	case SETTING_CHOICE:
		buf_text(out, row->choices[*number_at(s, id)]);
		break;
	case SETTING_BOOL:
		buf_text(out, *bool_at(s, id) ? "yes" : "no");
		break;
	case SETTING_TEXT:
		put_quoted(out, *text_at(s, id));
		break;
	case SETTING_LIST:
		buf_char(out, '{');
		for (unsigned i = 0; i < list_at(s, id)->count; i++) {
			buf_text(out, i > 0 ? ", " : "");
			put_quoted(out, list_at(s, id)->at[i]);
		}
		buf_char(out, '}');
		break;
	}
}

static void put_range(const struct row *row, struct buf *out)
{
	buf_text(out, " from ");
	show_number(row->type, row->least, out);
	buf_text(out, " to ");
	show_number(row->type, row->most, out);
}

void settings_expected(enum setting_id id, char *out, size_t room)
{
	const struct row *row = &table[id];
	struct buf b = { .at = out, .room = room };

	switch (row->type) {
	case SETTING_COUNT:
		buf_text(&b, "a number");
		put_range(row, &b);
		break;
	case SETTING_TIME:
	case SETTING_MILLIS:
		buf_text(&b, "a time");
		put_range(row, &b);
		break;
	case SETTING_CHOICE:
		for (unsigned i = 0; row->choices[i]; i++) {
			if (i > 0)
				buf_text(&b, row->choices[i + 1] ? ", " : " or ");
			buf_text(&b, row->choices[i]);
		}
		break;
	case SETTING_BOOL:
		buf_text(&b, "yes or no");
		break;
	case SETTING_TEXT:
		buf_text(&b, "a text of");
		put_range(&(struct row){ .type = SETTING_COUNT,
					 .least = row->least,
					 .most = row->most },
			  &b);
		buf_text(&b, " octets");
		break;
	case SETTING_LIST:
		buf_text(&b, "a list of at most ");
		buf_u64(&b, row->most);
		buf_text(&b, " values");
		break;
	}
	buf_cstr(&b);
}

/* ---- transfer ---- */

/* "name=value" and a NUL for each value. A list opens with its bare name, which empties
 * it, so that a child's default does not stay. */
void settings_pack(const struct settings *s, enum role role, struct buf *out)
{
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		const struct row *row = &table[id];
		const struct text_list *list = list_at(s, id);

		if (!(row->roles & 1u << role))
			continue;
		if (row->type == SETTING_LIST) {
			buf_put(out, (struct span){ row->name, strlen(row->name) + 1 });
			for (unsigned i = 0; i < list->count; i++) {
				buf_text(out, row->name);
				buf_char(out, '=');
				buf_put(out, (struct span){ list->at[i],
							    strlen(list->at[i]) + 1 });
			}
			continue;
		}
		buf_text(out, row->name);
		buf_char(out, '=');
		if (row->type == SETTING_TEXT)
			buf_text(out, *text_at(s, id));
		else
			settings_show(s, id, out);
		buf_char(out, '\0');
	}
}

static bool find(struct span name, enum setting_id *out)
{
	for (enum setting_id id = 0; id < SETTING_ID_COUNT; id++) {
		if (span_is(name, table[id].name)) {
			*out = id;
			return true;
		}
	}
	return false;
}

enum fault settings_unpack(struct settings *s, enum role role, struct span packed)
{
	while (packed.len > 0) {
		struct span line, name;
		enum setting_id id;

		if (!span_cut(&packed, '\0', &line))
			return FAULT_PEER;
		bool value = span_cut(&line, '=', &name);
		if (!find(name, &id) || !(table[id].roles & 1u << role))
			return FAULT_PEER;
		if (!value && table[id].type == SETTING_LIST)
			settings_clear_list(s, id);
		else if (!value || !settings_set(s, id, line))
			return FAULT_PEER;
	}
	return FAULT_NONE;
}
