/* convert/cyrusfile.c - reads cyrus.conf.
 *
 * Prefix: cyrusfile_.
 */
#include "convert/cyrusfile.h"

#include "base/ascii.h"
#include "convert/value.h"

struct reading {
	struct source *to;
	struct source_place place;
	struct span part; /* START, SERVICES and so on; empty: outside */
};

static bool fail(struct reading *r, const char *text, struct span about)
{
	return source_fail(r->to, r->place, text, about);
}

/* Cut name=value, where the value may stand in quotes. */
static bool cut_pair(struct reading *r, struct span *io, struct span *out_name,
		     struct span *out_value)
{
	const struct span all = *io;
	size_t len = 0;

	while (len < all.len && ascii_is_plain(all.at[len], "_-"))
		len++;
	*out_name = (struct span){ all.at, len };
	if (len == 0 || len == all.len || all.at[len] != '=')
		return fail(r, "expected NAME=VALUE", all);
	*io = span_after(all, len + 1);
	if (span_starts(*io, "\"")) {
		*io = span_after(*io, 1);
		if (!span_cut(io, '"', out_value))
			return fail(r, "a quote is not closed", *out_value);
	} else {
		for (len = 0; len < io->len && !strchr(" \t", io->at[len]);)
			len++;
		*out_value = (struct span){ io->at, len };
		*io = span_after(*io, len);
	}
	*io = value_trim(*io);
	return true;
}

static bool read_entry(struct reading *r, struct span line)
{
	struct source_section section = { .type = r->part, .place = r->place };
	struct source_item item = { .place = r->place };
	size_t len = 0;

	while (len < line.len && !strchr(" \t=", line.at[len]))
		len++;
	section.title = (struct span){ line.at, len };
	struct span rest = value_trim(span_after(line, len));
	if (!source_add_section(r->to, &section, false, &item.section))
		return false;
	while (rest.len > 0)
		if (!cut_pair(r, &rest, &item.name, &item.value) ||
		    !source_add(r->to, &item))
			return false;
	return true;
}

static bool read_line(struct reading *r, struct span line)
{
	if (span_is(line, "}")) {
		if (r->part.len == 0)
			return fail(r, "'}' without '{'", SPAN(""));
		r->part = SPAN("");
		return true;
	}
	if (r->part.len > 0)
		return read_entry(r, line);
	if (line.at[line.len - 1] != '{')
		return fail(r, "expected NAME {", line);
	r->part = value_trim((struct span){ line.at, line.len - 1 });
	return r->part.len > 0 || fail(r, "expected NAME {", line);
}

bool cyrusfile_read(struct source *s, struct span path, struct span text)
{
	struct reading r = { .to = s };
	struct span line;

	if (!source_add_file(s, path, &r.place.file))
		return false;
	while (text.len > 0) {
		r.place.line++;
		span_cut(&text, '\n', &line);
		line = value_trim(line);
		if (span_has_any(line, ""))
			return fail(&r, "a line has a NUL", SPAN(""));
		if (line.len > 0 && line.at[0] != '#' && !read_line(&r, line))
			return false;
	}
	return r.part.len == 0 || fail(&r, "a section is not closed", r.part);
}
