/* config/row.c - one row of a table of settings: converts the setting's value to text
 * and back.
 *
 * Prefix: row_, rows_.
 */
#include "config/row.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/own.h"
#include "base/quota.h"

/* ---- values ---- */

static void *value_at(const struct row *row, const void *values)
{
	return (char *)unconst(values) + row->at;
}

static char **text_at(const struct row *row, const void *values)
{
	return value_at(row, values);
}

static struct text_list *list_at(const struct row *row, const void *values)
{
	return value_at(row, values);
}

static uint32_t *number_at(const struct row *row, const void *values)
{
	return value_at(row, values);
}

static uint64_t *octets_at(const struct row *row, const void *values)
{
	return value_at(row, values);
}

static bool *bool_at(const struct row *row, const void *values)
{
	return value_at(row, values);
}

/* The largest unit comes first, so that row_show finds the shortest text. */
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

	while (digits < text.len && ascii_is_digit(text.at[digits]))
		digits++;
	if (!span_u64((struct span){ text.at, digits }, &n) || n > UINT32_MAX)
		return false;
	while (*unit->name && !span_is(span_after(text, digits), unit->name))
		unit++;
	if (!span_is(span_after(text, digits), unit->name))
		return false;
	if (!*unit->name && row->type != SETTING_COUNT && n > 0)
		return false; /* the unit is missing */
	n *= unit->worth;
	if (n < row->least || n > row->most)
		return false;
	*out = (uint32_t)n;
	return true;
}

/* Is n a whole number of this unit? */
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

static bool parse_octets(const struct row *row, struct span text, uint64_t *out)
{
	uint64_t n;

	if (!quota_parse_octets(text, &n) || n < row->least || n > row->most)
		return false;
	*out = n;
	return true;
}

static void show_octets(uint64_t n, struct buf *out)
{
	if (n > 0)
		quota_print(&(struct quota){ .octets = n }, out);
	else
		buf_char(out, '0');
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

bool row_set(const struct row *row, void *values, struct span text)
{
	struct text_list *list = list_at(row, values);
	char *c;

	switch (row->type) {
	case SETTING_COUNT:
	case SETTING_TIME:
	case SETTING_MILLIS:
		return parse_number(row, text, number_at(row, values));
	case SETTING_OCTETS:
		return parse_octets(row, text, octets_at(row, values));
	case SETTING_CHOICE:
		return parse_choice(row, text, number_at(row, values));
	case SETTING_BOOL:
		return parse_bool(text, bool_at(row, values));
	case SETTING_TEXT:
		if (text.len < row->least || text.len > row->most || !(c = copy(text)))
			return false;
		free(*text_at(row, values));
		*text_at(row, values) = c;
		return true;
	case SETTING_LIST:
		if (list->count == row->most || !(c = copy(text)))
			return false;
		list->at[list->count++] = c;
		return true;
	}
	return false;
}

void row_clear_list(const struct row *row, void *values)
{
	struct text_list *list = list_at(row, values);

	for (unsigned i = 0; i < list->count; i++)
		free(list->at[i]);
	list->count = 0;
}

bool row_is_empty(const struct row *row, const void *values)
{
	if (row->type == SETTING_LIST)
		return list_at(row, values)->count == 0;
	return row->type == SETTING_TEXT && !**text_at(row, values);
}

/* Cut the next text off a list's default. False: it was the last. */
static bool cut_default(struct span *io_rest, struct span *out_one)
{
	bool more = io_rest->len > 0;

	span_cut(io_rest, ',', out_one);
	if (span_starts(*io_rest, " "))
		*io_rest = span_after(*io_rest, 1);
	return more;
}

static bool set_default(const struct row *row, void *values)
{
	struct span rest = span_of(row->standard), one;

	if (row->type != SETTING_LIST)
		return row_set(row, values, rest);
	while (cut_default(&rest, &one))
		if (!row_set(row, values, one))
			return false;
	return true;
}

void row_show_default(const struct row *row, struct buf *out)
{
	struct span rest = span_of(row->standard), one;
	const char *before = "{\"";

	while (cut_default(&rest, &one)) {
		buf_text(out, before);
		buf_put(out, one);
		before = "\", \"";
	}
	buf_text(out, *row->standard ? "\"}" : "{}");
}

enum fault rows_init(struct rows rows, void *values)
{
	for (unsigned i = 0; i < rows.count; i++) {
		const struct row *row = &rows.at[i];

		if (!set_default(row, values))
			return FAULT_NOMEM;
	}
	return FAULT_NONE;
}

bool rows_begin(struct rows rows, void *values, char **out_title, struct span title)
{
	*out_title = strndup(title.at, title.len);
	if (*out_title && rows_init(rows, values) == FAULT_NONE)
		return true;
	rows_done(rows, values);
	free(*out_title);
	*out_title = NULL;
	return false;
}

void rows_done(struct rows rows, void *values)
{
	for (unsigned i = 0; i < rows.count; i++) {
		if (rows.at[i].type == SETTING_LIST)
			row_clear_list(&rows.at[i], values);
		if (rows.at[i].type == SETTING_TEXT) {
			free(*text_at(&rows.at[i], values));
			*text_at(&rows.at[i], values) = NULL;
		}
	}
}

/* ---- text ---- */

/* '$' is escaped, since the file replaces "${NAME}" even in quotes. */
void row_quote(const char *text, struct buf *out)
{
	buf_char(out, '"');
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f) {
			buf_text(out, "\\x");
			buf_hex(out, text, 1);
			continue;
		}
		if (strchr("\"\\$", *text))
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

void row_show(const struct row *row, const void *values, struct buf *out)
{
	switch (row->type) {
	case SETTING_COUNT:
	case SETTING_TIME:
	case SETTING_MILLIS:
		show_number(row->type, *number_at(row, values), out);
		break;
	case SETTING_OCTETS:
		show_octets(*octets_at(row, values), out);
		break;
	case SETTING_CHOICE:
		buf_text(out, row->choices[*number_at(row, values)]);
		break;
	case SETTING_BOOL:
		buf_text(out, *bool_at(row, values) ? "yes" : "no");
		break;
	case SETTING_TEXT:
		row_quote(*text_at(row, values), out);
		break;
	case SETTING_LIST:
		buf_char(out, '{');
		for (unsigned i = 0; i < list_at(row, values)->count; i++) {
			buf_text(out, i > 0 ? ", " : "");
			row_quote(list_at(row, values)->at[i], out);
		}
		buf_char(out, '}');
		break;
	}
}

static void put_range(const struct row *row, struct buf *out)
{
	const bool is_octets = row->type == SETTING_OCTETS;

	buf_text(out, " from ");
	if (is_octets)
		show_octets(row->least, out);
	else
		show_number(row->type, row->least, out);
	buf_text(out, " to ");
	if (is_octets)
		show_octets(row->most, out);
	else
		show_number(row->type, row->most, out);
}

bool row_lacks_unit(const struct row *row, struct span text)
{
	uint64_t n;

	return (row->type == SETTING_TIME || row->type == SETTING_MILLIS) &&
	       span_u64(text, &n);
}

void row_expected(const struct row *row, char *out, size_t room)
{
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
	case SETTING_OCTETS:
		buf_text(&b, "a size");
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

/* ---- names ---- */

void row_name(const struct row *row, char out[ROW_NAME_MAX])
{
	for (size_t i = 0; i < ROW_NAME_MAX; i++)
		out[i] = row->name[i] == '_' ? '-' : row->name[i];
}

const struct row *rows_find(struct rows rows, struct span name)
{
	char dashed[ROW_NAME_MAX];

	for (unsigned i = 0; i < rows.count; i++) {
		row_name(&rows.at[i], dashed);
		if (span_is(name, rows.at[i].name) || span_is(name, dashed))
			return &rows.at[i];
	}
	return NULL;
}

/* ---- transfer ---- */

static void put_pair(struct buf *out, const char *name, const char *value)
{
	buf_text(out, name);
	buf_char(out, '=');
	buf_text(out, value);
	buf_char(out, '\0');
}

static void pack(const struct row *row, const void *values, struct buf *out)
{
	const struct text_list *list = list_at(row, values);

	if (row->type == SETTING_LIST) {
		buf_text(out, row->name);
		buf_char(out, '\0');
		for (unsigned i = 0; i < list->count; i++)
			put_pair(out, row->name, list->at[i]);
	} else if (row->type == SETTING_TEXT) {
		put_pair(out, row->name, *text_at(row, values));
	} else {
		buf_text(out, row->name);
		buf_char(out, '=');
		row_show(row, values, out);
		buf_char(out, '\0');
	}
}

/* Each value is "name=value" and a NUL. A list begins with its bare name, which empties
 * the list: the child's default must not stay in it. */
void rows_pack(struct rows rows, const void *values, enum role role, struct buf *out)
{
	for (unsigned i = 0; i < rows.count; i++)
		if (rows.at[i].roles & 1u << role)
			pack(&rows.at[i], values, out);
}

bool rows_fit(struct rows rows, const void *values)
{
	char room[ROWS_PACKED_MAX];

	for (enum role role = 0; role < ROLE_COUNT; role++) {
		struct buf packed = BUF(room);

		rows_pack(rows, values, role, &packed);
		if (role != ROLE_PARENT && packed.cut)
			return false;
	}
	return true;
}

enum fault rows_unpack(struct rows rows, void *values, enum role role,
		       struct span packed)
{
	while (packed.len > 0) {
		struct span line, name;

		if (!span_cut(&packed, '\0', &line))
			return FAULT_PEER;
		bool value = span_cut(&line, '=', &name);
		const struct row *row = rows_find(rows, name);
		if (!row || !(row->roles & 1u << role))
			return FAULT_PEER;
		if (!value && row->type == SETTING_LIST)
			row_clear_list(row, values);
		else if (!value || !row_set(row, values, line))
			return FAULT_PEER;
	}
	return FAULT_NONE;
}
