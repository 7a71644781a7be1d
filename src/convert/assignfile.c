/* convert/assignfile.c - reads files that are a list of names and values.
 *
 * Prefix: assignfile_.
 */
#include "convert/assignfile.h"

#include "base/ascii.h"
#include "convert/value.h"

struct reading {
	struct source *to;
	enum assign_style style;
	unsigned section;
	struct source_place place;
};

/* The text that was kept since the end of the texts was at `begin`. */
static struct span since(const struct source *s, size_t begin)
{
	return (struct span){ s->text.at + begin, s->text.len - begin };
}

static bool is_name(char c)
{
	return ascii_is_plain(c, "_");
}

/* $NAME or ${NAME}, whose length becomes *out_len. 0: it is none. */
static struct span variable(struct reading *r, struct span text, size_t *out_len)
{
	const bool braces = text.len > 1 && text.at[1] == '{';
	const size_t begin = 1 + braces;
	size_t end = begin;
	char name[64];

	while (end < text.len && is_name(text.at[end]))
		end++;
	*out_len = end == begin ? 0 : end + braces;
	if (*out_len == 0 || *out_len > text.len ||
	    !span_copy((struct span){ text.at + begin, end - begin }, name,
		       sizeof name)) {
		*out_len = 0;
		return SPAN("");
	}
	const struct source_item *item = source_find(r->to, r->section, name);
	return item ? item->value : SPAN("");
}

/* A word as a shell reads it, until a blank, or a comment behind one. */
static bool shell_value(struct reading *r, struct span text, struct span *out)
{
	const size_t begin = r->to->text.len;
	char quote = 0;

	for (size_t len; text.len > 0; text = span_after(text, len)) {
		const char c = text.at[0];
		const bool is_quote = (c == '"' || c == '\'') && (!quote || quote == c);

		len = 1;
		if (!quote && strchr(" \t;", c))
			break;
		if (is_quote) {
			quote = quote ? 0 : c;
		} else if (c == '$' && quote != '\'') {
			const struct span value = variable(r, text, &len);

			buf_put(&r->to->text, len > 0 ? value : SPAN("$"));
			len = len > 0 ? len : 1;
		} else {
			if (c == '\\' && quote != '\'' && text.len > 1)
				len = 2;
			buf_char(&r->to->text, text.at[len - 1]);
		}
	}
	*out = since(r->to, begin);
	text = value_trim(text);
	if (quote)
		return source_fail(r->to, r->place, "a quote is not closed", *out);
	return text.len == 0 || text.at[0] == '#' || text.at[0] == ';' ||
	       source_fail(r->to, r->place, "expected NAME=VALUE, found more behind it",
			   text);
}

static bool split(struct reading *r, struct span line, struct source_item *out)
{
	size_t len = 0;

	while (len < line.len &&
	       (is_name(line.at[len]) ||
		(r->style != ASSIGN_SHELL && strchr("-@", line.at[len]))))
		len++;
	out->name = (struct span){ line.at, len };
	struct span rest = span_after(line, len);
	const char separator = rest.len > 0 ? rest.at[0] : 0;
	const char expected = r->style == ASSIGN_SHELL ? '=' : ':';
	const bool blank = r->style == ASSIGN_BLANK &&
			   (rest.len == 0 || separator == ' ' || separator == '\t');
	if (len == 0 || (r->style == ASSIGN_BLANK ? !blank : separator != expected))
		return source_fail(r->to, r->place,
				   r->style == ASSIGN_SHELL   ? "expected NAME=VALUE"
				   : r->style == ASSIGN_BLANK ? "expected NAME VALUE"
							      : "expected NAME: VALUE",
				   line);
	rest = rest.len > 0 ? span_after(rest, 1) : rest;
	if (r->style == ASSIGN_SHELL)
		return shell_value(r, rest, &out->value);
	out->value = value_trim(rest);
	return true;
}

static bool read_line(struct reading *r, struct span line)
{
	struct source_item item = { .section = r->section, .place = r->place };

	if (r->style == ASSIGN_SHELL && span_starts(line, "export "))
		line = value_trim(span_after(line, strlen("export ")));
	if (span_has_any(line, ""))
		return source_fail(r->to, r->place, "a line has a NUL", SPAN(""));
	return split(r, line, &item) && source_add(r->to, &item);
}

/* Cut a line with those that continue it, and count them. */
static struct span next_line(struct reading *r, struct span *io_rest,
			     unsigned *out_lines)
{
	const size_t begin = r->to->text.len;
	struct span line = SPAN("");
	bool more = true;

	for (*out_lines = 0; more && io_rest->len > 0; ++*out_lines) {
		span_cut(io_rest, '\n', &line);
		line = value_trim(line);
		more = line.len > 0 && line.at[0] != '#' &&
		       line.at[line.len - 1] == '\\';
		if (!more && r->to->text.len == begin) {
			++*out_lines;
			return line;
		}
		line.len -= more;
		buf_put(&r->to->text, line);
	}
	return value_trim(since(r->to, begin));
}

bool assignfile_read(struct source *s, enum assign_style style, struct span path,
		     struct span text, unsigned *out_section)
{
	struct reading r = { .to = s, .style = style, .place.line = 1 };
	unsigned lines;

	if (!source_add_file(s, path, &r.place.file))
		return false;
	const struct source_section new = { SPAN("file"), s->files[r.place.file], 0,
					    r.place };
	if (!source_add_section(s, &new, false, &r.section))
		return false;
	*out_section = r.section;
	while (text.len > 0) {
		const struct span line = next_line(&r, &text, &lines);

		if (line.len > 0 && line.at[0] != '#' && !read_line(&r, line))
			return false;
		r.place.line += lines;
	}
	return !s->text.cut ||
	       source_fail(s, r.place, "the configuration is too long", SPAN(""));
}
