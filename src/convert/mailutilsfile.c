/* convert/mailutilsfile.c - reads configuration files of GNU Mailutils.
 *
 * Prefix: mailutilsfile_.
 */
#include "convert/mailutilsfile.h"

#include "convert/value.h"

enum { LEVELS_MAX = 12, INCLUDES_MAX = 8 };

struct reading {
	struct source *to;
	const struct source_world *world;
	struct span rest; /* of the file */
	struct source_place place;
	unsigned sections[LEVELS_MAX], depth, includes;
};

static bool fail(struct reading *r, const char *text, struct span about)
{
	return source_fail(r->to, r->place, text, about);
}

static void skip(struct reading *r, size_t n)
{
	for (; n > 0 && r->rest.len > 0; n--) {
		r->place.line += r->rest.at[0] == '\n';
		r->rest = span_after(r->rest, 1);
	}
}

/* Blanks and comments. False: a comment does not end. */
static bool skip_blanks(struct reading *r)
{
	while (r->rest.len > 0) {
		if (strchr(" \t\r\n,()", r->rest.at[0]) && r->rest.at[0]) {
			skip(r, 1);
		} else if (span_starts(r->rest, "#") || span_starts(r->rest, "//")) {
			while (r->rest.len > 0 && r->rest.at[0] != '\n')
				skip(r, 1);
		} else if (span_starts(r->rest, "/*")) {
			skip(r, 2);
			while (r->rest.len > 0 && !span_starts(r->rest, "*/"))
				skip(r, 1);
			if (r->rest.len == 0)
				return fail(r, "a comment is not closed", SPAN(""));
			skip(r, 2);
		} else {
			break;
		}
	}
	return true;
}

/* Append a word, or what stands in quotes. False: the quote does not end. */
static bool put_word(struct reading *r)
{
	struct buf *out = &r->to->text;
	const bool quoted = r->rest.at[0] == '"';

	skip(r, quoted);
	while (r->rest.len > 0) {
		const char c = r->rest.at[0];

		if (quoted ? c == '"' : c == '\0' || strchr(" \t\r\n,();{}\"", c))
			break;
		if (quoted && c == '\\' && r->rest.len > 1)
			skip(r, 1);
		buf_char(out, r->rest.at[0]);
		skip(r, 1);
	}
	if (quoted && r->rest.len == 0)
		return fail(r, "a quote is not closed", SPAN(""));
	skip(r, quoted);
	return true;
}

/* Words up to ';', '{' or '}', which becomes *out_end; 0: the file ends. */
static bool read_words(struct reading *r, struct span *out, char *out_end)
{
	const size_t begin = r->to->text.len;

	*out = SPAN("");
	*out_end = 0;
	while (skip_blanks(r) && r->rest.len > 0 && !strchr(";{}", r->rest.at[0])) {
		if (r->rest.at[0] == '\0')
			return fail(r, "the file has a NUL", SPAN(""));
		if (r->to->text.len > begin)
			buf_char(&r->to->text, ' ');
		if (!put_word(r))
			return false;
	}
	if (r->rest.len > 0)
		*out_end = r->rest.at[0];
	skip(r, 1);
	*out = (struct span){ r->to->text.at + begin, r->to->text.len - begin };
	return !r->to->mistake[0];
}

static bool read_text(struct reading *r);

static bool include(struct reading *r, struct span path)
{
	const struct reading before = *r;

	if (r->includes == INCLUDES_MAX)
		return fail(r, "files include each other too deeply", path);
	if (!r->world->read(r->world->arg, path, &r->rest))
		return fail(r, "cannot include", path);
	if (!source_add_file(r->to, path, &r->place.file))
		return false;
	r->includes++;
	const bool ok = read_text(r);
	*r = before;
	return ok;
}

static bool open_section(struct reading *r, struct span name, struct span title)
{
	const struct source_section new = { name, title, r->sections[r->depth],
					    r->place };

	if (r->depth + 1 == LEVELS_MAX)
		return fail(r, "sections are nested too deeply", name);
	r->depth++;
	return source_add_section(r->to, &new, true, &r->sections[r->depth]);
}

static bool read_statement(struct reading *r, struct span words, char end)
{
	struct source_item item = { .section = r->sections[r->depth],
				    .place = r->place };
	struct span name, rest = words;

	span_cut(&rest, ' ', &name);
	if (words.len == 0)
		return fail(r, "expected NAME VALUE; or NAME {", SPAN(""));
	if (end == '{')
		return open_section(r, name, rest);
	if (end != ';')
		return fail(r, "';' is missing behind", words);
	if (span_is(name, "include"))
		return include(r, rest);
	item.name = name;
	item.value = rest;
	return source_add(r->to, &item);
}

static bool read_text(struct reading *r)
{
	const unsigned depth = r->depth;
	struct span words;
	char end;

	for (r->place.line = 1; skip_blanks(r) && r->rest.len > 0;) {
		if (!read_words(r, &words, &end))
			return false;
		if (words.len == 0 && end == ';')
			continue; /* "};" */
		if (words.len > 0 || end != '}') {
			if (!read_statement(r, words, end))
				return false;
		} else if (r->depth == depth) {
			return fail(r, "'}' without '{' in this file", SPAN(""));
		} else {
			r->depth--;
		}
	}
	if (r->depth > depth)
		return fail(r, "a section is not closed", SPAN(""));
	return !r->to->mistake[0] && !r->to->text.cut;
}

bool mailutilsfile_read(struct source *s, const struct source_world *world,
			struct span path, struct span text)
{
	struct reading r = { .to = s, .world = world, .rest = text };

	return source_add_file(s, path, &r.place.file) && read_text(&r);
}
