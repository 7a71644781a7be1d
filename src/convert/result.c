/* convert/result.c - what a conversion leads to: lines of poplar.conf, and notes about
 * what they cannot say.
 *
 * Prefix: result_.
 */
#include "convert/result.h"

void result_begin(struct result *r, struct source *s, char *room, size_t size)
{
	r->source = s;
	r->line_count = r->note_count = r->database_count = r->secret_count = 0;
	r->text = (struct buf){ .at = room, .room = size };
	r->full = false;
}

struct span result_keep(struct result *r, struct span text)
{
	const size_t at = r->text.len;

	buf_put(&r->text, text);
	r->full |= r->text.cut;
	return r->text.cut ? SPAN("") : (struct span){ r->text.at + at, text.len };
}

static bool is_same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* ---- lines ---- */

static bool is_line(const struct result_line *line, int database, const char *name)
{
	return line->database == database && strcmp(line->name, name) == 0;
}

bool result_has(const struct result *r, int database, const char *name)
{
	for (unsigned i = 0; i < r->line_count; i++)
		if (is_line(&r->lines[i], database, name))
			return true;
	return false;
}

static void drop_lines(struct result *r, int database, const char *name)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < r->line_count; i++)
		if (!is_line(&r->lines[i], database, name))
			r->lines[kept++] = r->lines[i];
	r->line_count = kept;
}

/* In quotes, as row_quote (config/row.h) writes it: a '$' would begin a variable. */
static struct span quote(struct result *r, struct span text)
{
	const size_t at = r->text.len;

	buf_char(&r->text, '"');
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.at[i];

		if ((unsigned char)c < ' ' || c == 0x7f) {
			buf_text(&r->text, "\\x");
			buf_hex(&r->text, &c, 1);
			continue;
		}
		if (strchr("\"\\$", c))
			buf_char(&r->text, '\\');
		buf_char(&r->text, c);
	}
	buf_char(&r->text, '"');
	r->full |= r->text.cut;
	return (struct span){ r->text.at + at, r->text.len - at };
}

static void add_line(struct result *r, struct result_line line)
{
	if (r->line_count == RESULT_LINES_MAX) {
		r->full = true;
		return;
	}
	r->lines[r->line_count++] = line;
}

void result_word(struct result *r, int database, const char *name, struct span value,
		 struct span origin)
{
	drop_lines(r, database, name);
	add_line(r, (struct result_line){ database, name, false, result_keep(r, value),
					  origin });
}

void result_text(struct result *r, int database, const char *name, struct span value,
		 struct span origin)
{
	drop_lines(r, database, name);
	add_line(r, (struct result_line){ database, name, false, quote(r, value),
					  origin });
}

void result_number(struct result *r, int database, const char *name, uint64_t number,
		   const char *unit, struct span origin)
{
	char room[40];
	struct buf b = BUF(room);

	buf_u64(&b, number);
	buf_text(&b, unit);
	result_word(r, database, name, buf_span(&b), origin);
}

void result_list(struct result *r, int database, const char *name, struct span value,
		 struct span origin)
{
	const struct span quoted = quote(r, value);

	for (unsigned i = 0; i < r->line_count; i++)
		if (is_line(&r->lines[i], database, name) &&
		    is_same(r->lines[i].value, quoted))
			return;
	add_line(r, (struct result_line){ database, name, true, quoted, origin });
}

void result_empty(struct result *r, int database, const char *name, struct span origin)
{
	result_word(r, database, name, SPAN("{}"), origin);
}

/* ---- databases ---- */

static bool has_database(const struct result *r, const char *name)
{
	for (unsigned i = 0; i < r->database_count; i++)
		if (strcmp(r->databases[i], name) == 0)
			return true;
	return false;
}

int result_add_database(struct result *r, const char *name, const char *driver,
			struct span origin)
{
	if (r->database_count == RESULT_DATABASES_MAX) {
		r->full = true;
		return RESULT_DATABASES_MAX - 1;
	}
	char *const to = r->databases[r->database_count];
	uint64_t number = 2;

	to[0] = '\0';
	for (bool first = true; to[0] == '\0' || has_database(r, to); first = false) {
		struct buf b = { .at = to, .room = sizeof r->databases[0] };

		buf_text(&b, name);
		if (!first)
			buf_u64(&b, number++);
		buf_cstr(&b);
	}
	const int database = (int)r->database_count++;
	result_word(r, database, "driver", span_of(driver), origin);
	return database;
}

void result_secret(struct result *r, int database, struct span text)
{
	if (r->secret_count == RESULT_DATABASES_MAX)
		return;
	r->secrets[r->secret_count++] =
		(struct result_secret){ database, result_keep(r, text) };
}

/* ---- notes ---- */

static void put_section(const struct source *s, unsigned number, struct buf *out)
{
	const struct source_section *section = &s->sections[number];

	if (number == 0 || span_is(section->type, "file"))
		return;
	put_section(s, section->parent, out);
	buf_put(out, section->type);
	if (section->title.len > 0) {
		buf_char(out, ' ');
		buf_put(out, section->title);
	}
	buf_text(out, ": ");
}

static struct span full_name(struct result *r, const struct source_item *item)
{
	const size_t at = r->text.len;

	put_section(r->source, item->section, &r->text);
	buf_put(&r->text, item->name);
	if (item->name.len == 0 && r->text.len >= at + 2)
		r->text.len -= 2; /* the section itself */
	r->full |= r->text.cut;
	return (struct span){ r->text.at + at, r->text.len - at };
}

struct span result_origin(struct result *r, const struct source_item *item)
{
	const size_t at = r->text.len;

	source_show(r->source, item->place, &r->text);
	buf_char(&r->text, ' ');
	full_name(r, item);
	return (struct span){ r->text.at + at, r->text.len - at };
}

void result_note(struct result *r, enum result_kind kind,
		 const struct source_item *item, struct span setting, struct span text)
{
	if (r->note_count == RESULT_NOTES_MAX) {
		r->full = true;
		return;
	}
	r->notes[r->note_count++] = (struct result_note){
		.kind = kind,
		.place = item ? item->place : (struct source_place){ 0 },
		.setting = item ? full_name(r, item) : setting,
		.text = text,
	};
}

void result_say(struct result *r, enum result_kind kind, const struct source_item *item,
		const char *before, struct span what, const char *behind)
{
	const size_t at = r->text.len;

	if (what.len > 100)
		what.len = 100;
	buf_text(&r->text, before);
	buf_put(&r->text, what);
	buf_text(&r->text, behind);
	r->full |= r->text.cut;
	result_note(r, kind, item, SPAN(""),
		    (struct span){ r->text.at + at, r->text.len - at });
}

void result_count(struct result *r, int database, const char *name, struct span text,
		  const struct source_item *item)
{
	uint32_t n;

	if (span_u32(text, &n))
		result_number(r, database, name, n, "", result_origin(r, item));
	else
		result_about(r, RESULT_NONE, item, "The value is no number.");
}
