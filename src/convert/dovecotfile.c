/* convert/dovecotfile.c - reads the configuration files of Dovecot 2.3 and 2.4, and
 * what doveconf prints.
 *
 * Prefix: dovecotfile_.
 */
#include "convert/dovecotfile.h"

#include "convert/value.h"

enum { LEVELS_MAX = 12, INCLUDES_MAX = 16, FLAT = LEVELS_MAX };

/* An open brace. */
struct level {
	unsigned section;
	struct span prefix; /* of the names of items, such as "ssl_server_" */
	struct span list;   /* the setting whose members stand here; empty: none */
	struct source_place place;
};

struct reading {
	struct source *to;
	const struct source_world *world; /* NULL: a file without sections */
	struct level levels[LEVELS_MAX];
	unsigned depth;    /* the innermost open brace; 0: none */
	unsigned includes; /* files that include this one */
	unsigned file, line;
};

/* Types of sections that may stand without a name. */
static const char *const sections[] = {
	"passdb",   "userdb",     "service",       "inet_listener",   "unix_listener",
	"protocol", "plugin",     "fifo_listener", "namespace",       "mailbox",
	"fields",   "dict",       "quota",         "event_exporter",  "metric",
	"remote",   "local",      "local_name",    "override_fields", "default_fields",
	"warning",  "parameters", "execute",
};

/* Settings that are lists, with a member on each line of a section. */
static const char *const lists[] = {
	"mail_plugins",
	"protocols",
	"auth_mechanisms",
	"login_trusted_networks",
	"haproxy_trusted_networks",
	"mechanisms_filter",
	"import_environment",
	"pop3_client_workarounds",
	"listen",
};

static bool is_one_of(struct span name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(name, list[i]))
			return true;
	return false;
}
#define IS_ONE_OF(name, list) is_one_of((name), (list), sizeof(list) / sizeof *(list))

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct source_place here(const struct reading *r)
{
	return (struct source_place){ r->file, r->line };
}

static bool fail(struct reading *r, const char *text, struct span about)
{
	return source_fail(r->to, here(r), text, about);
}

/* ---- lines ---- */

/* The text that was kept since the end of the texts was at `begin`. */
static struct span since(const struct source *s, size_t begin)
{
	return (struct span){ s->text.at + begin, s->text.len - begin };
}

/* The end of the line outside its comment. Quotes protect a '#', and in them a
 * backslash protects the next octet. */
static size_t comment_at(struct span line)
{
	for (size_t i = 0; i < line.len; i++) {
		const char quote = line.at[i];

		if (quote == '#')
			return i;
		if (quote != '"' && quote != '\'')
			continue;
		for (i++; i < line.len && line.at[i] != quote; i++)
			if (line.at[i] == '\\')
				i++;
	}
	return line.len;
}

/* Cut the next line, with those that continue it, off *io_rest. *out_lines counts them.
 * A line of a comment between them is left out. */
static struct span next_line(struct reading *r, struct span *io_rest, bool *out_hidden,
			     unsigned *out_lines)
{
	const size_t begin = r->to->text.len;
	struct span line;
	bool more = true;

	*out_hidden = false;
	for (*out_lines = 0; more && io_rest->len > 0; ++*out_lines) {
		span_cut(io_rest, '\n', &line);
		line = value_trim(line);
		const struct span comment = span_after(line, comment_at(line));
		*out_hidden |= span_starts(comment, "# hidden, use -P");
		line = value_trim((struct span){ line.at, line.len - comment.len });
		more = line.len > 0 ? line.at[line.len - 1] == '\\'
				    : comment.len > 0 && r->to->text.len > begin;
		if (line.len == 0)
			continue;
		if (!more && r->to->text.len == begin) {
			++*out_lines;
			return line; /* one line: no copy */
		}
		line.len -= more;
		source_keep(r->to, value_trim(line));
		if (more)
			buf_char(&r->to->text, ' ');
	}
	return value_trim(since(r->to, begin));
}

/* ---- values ---- */

static struct span unescape(struct source *s, struct span text)
{
	const size_t begin = s->text.len;

	if (!memchr(text.at, '\\', text.len))
		return text;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\\' && i + 1 < text.len)
			i++;
		buf_char(&s->text, text.at[i]);
	}
	return since(s, begin);
}

static bool is_quoted(struct span s)
{
	return s.len > 1 && (s.at[0] == '"' || s.at[0] == '\'') &&
	       s.at[s.len - 1] == s.at[0];
}

/* A setting before this one, in this section or outside of all. */
static struct span earlier(struct reading *r, struct span name)
{
	char room[128];
	const struct source_item *item = NULL;

	if (!span_copy(name, room, sizeof room))
		return SPAN("");
	for (unsigned section = r->levels[r->depth].section; !item;
	     section = r->to->sections[section].parent) {
		item = source_find(r->to, section, room);
		if (section == 0)
			break;
	}
	return item ? item->value : SPAN("");
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* "$mail_plugins quota" has the value that mail_plugins had before (Dovecot 2.3). */
static struct span expand(struct reading *r, struct span value)
{
	const size_t begin = r->to->text.len;

	if (!memchr(value.at, '$', value.len))
		return value;
	for (size_t i = 0; i < value.len;) {
		size_t len = 1;

		while (value.at[i] == '$' && i + len < value.len &&
		       is_name(value.at[i + len]))
			len++;
		const struct span part = { value.at + i, len };
		if (len > 1 && (i == 0 || is_blank(value.at[i - 1])))
			buf_put(&r->to->text, earlier(r, span_after(part, 1)));
		else
			buf_put(&r->to->text, part);
		i += len;
	}
	return value_trim(since(r->to, begin));
}

static void set_value(struct reading *r, struct span value, struct source_item *out)
{
	if (is_quoted(value)) {
		out->value = (struct span){ value.at + 1, value.len - 2 };
		if (value.at[0] == '"')
			out->value = unescape(r->to, out->value);
	} else if (span_starts(value, "<")) {
		out->from_file = true;
		out->value = value_trim(span_after(value, 1));
	} else {
		out->value = value.len > 0 ? expand(r, value) : SPAN("");
	}
}

/* ---- statements ---- */

/* The name of an item behind the prefix of its group. */
static struct span full_name(struct reading *r, struct span name)
{
	const struct span prefix = r->levels[r->depth].prefix;
	const size_t begin = r->to->text.len;

	if (prefix.len == 0)
		return name;
	buf_put(&r->to->text, prefix);
	buf_put(&r->to->text, name);
	return since(r->to, begin);
}

static bool add_item(struct reading *r, struct span name, struct span value,
		     bool hidden)
{
	const struct level *level = &r->levels[r->depth];
	struct source_item item = { .section = level->section,
				    .place = here(r),
				    .hidden = hidden };

	if (name.len == 0)
		return fail(r, "a name is missing before '='", value);
	set_value(r, value, &item);
	item.name = full_name(r, name);
	if (level->list.len > 0) {
		if (!span_is_nocase(item.value, "yes"))
			return true; /* no member of the list */
		item.name = level->list;
		item.value = name;
	}
	if (r->to->text.cut)
		return fail(r, "the configuration is too long", SPAN(""));
	return source_add(r->to, &item);
}

static bool open_section(struct reading *r, struct span type, struct span title)
{
	const struct level *outer = &r->levels[r->depth];
	struct level inner = { .section = outer->section, .place = here(r) };
	const struct source_section section = { type, title, outer->section, here(r) };
	const bool has_sections = IS_ONE_OF(type, sections);

	if (!r->world)
		return fail(r, "this file has no sections", type);
	if (r->depth + 1 == LEVELS_MAX)
		return fail(r, "sections are nested too deeply", type);
	if (title.len > 0 || has_sections) {
		const bool alone = title.len == 0 &&
				   (span_is(type, "passdb") || span_is(type, "userdb"));

		if (!source_add_section(r->to, &section, !alone, &inner.section))
			return false;
	} else if (IS_ONE_OF(type, lists)) {
		inner.list = type;
	} else {
		const struct span name = full_name(r, type);
		const size_t begin = r->to->text.len;

		buf_put(&r->to->text, name);
		buf_char(&r->to->text, '_');
		inner.prefix = since(r->to, begin);
	}
	r->levels[++r->depth] = inner;
	return true;
}

/* "TYPE {", "TYPE TITLE {" or "TYPE "TITLE" {", where *rest is behind the type. */
static bool read_section(struct reading *r, struct span type, struct span rest)
{
	struct span title = SPAN("");

	if (rest.len > 0 && rest.at[0] == '"') {
		rest = span_after(rest, 1);
		if (!span_cut(&rest, '"', &title))
			return fail(r, "a quote is not closed", title);
	} else if (!span_starts(rest, "{")) {
		span_cut(&rest, ' ', &title);
	}
	if (!span_is(value_trim(rest), "{"))
		return fail(r, "expected NAME = VALUE or NAME {", type);
	return open_section(r, type, title);
}

static bool read_text(struct reading *r, struct span text);

static bool include_file(struct reading *r, struct span path, bool must)
{
	const struct reading before = *r;
	struct span text;

	if (!r->world->read(r->world->arg, path, &text))
		return must ? fail(r, "cannot include", path) : true;
	if (r->includes == INCLUDES_MAX)
		return fail(r, "files include each other too deeply", path);
	if (!source_add_file(r->to, path, &r->file))
		return false;
	r->includes++;
	const bool ok = read_text(r, text);
	r->file = before.file;
	r->line = before.line;
	r->includes = before.includes;
	return ok;
}

/* A pattern without a '/' in front is relative to the folder of this file. */
static bool include(struct reading *r, struct span pattern, bool must)
{
	const size_t begin = r->to->text.len;
	struct span path = r->to->files[r->file];
	unsigned n = 0;

	if (!r->world)
		return fail(r, "this file has no includes", pattern);
	while (path.len > 0 && path.at[path.len - 1] != '/')
		path.len--;
	if (pattern.len == 0)
		return fail(r, "a file is missing behind !include", SPAN(""));
	if (pattern.at[0] != '/') {
		buf_put(&r->to->text, path);
		buf_put(&r->to->text, pattern);
		pattern = since(r->to, begin);
	}
	for (; r->world->match(r->world->arg, pattern, n, &path); n++)
		if (!include_file(r, path, must))
			return false;
	const bool is_pattern = span_has_any(pattern, "*?[");
	return n > 0 || !must || is_pattern ||
	       fail(r, "cannot include, since there is no such file", pattern);
}

static bool close_section(struct reading *r)
{
	if (r->depth == 0 || r->levels[r->depth].place.file != r->file)
		return fail(r, "'}' without '{' in this file", SPAN(""));
	r->depth--;
	return true;
}

static bool read_line(struct reading *r, struct span line, bool hidden)
{
	size_t len = 0;

	while (len < line.len && !is_blank(line.at[len]) && line.at[len] != '=')
		len++;
	const struct span name = { line.at, len };
	const struct span rest = value_trim(span_after(line, len));

	if (span_is(name, "!include") || span_is(name, "!include_try"))
		return include(r, rest, span_is(name, "!include"));
	if (span_is(line, "}"))
		return close_section(r);
	if (span_starts(rest, "="))
		return add_item(r, name, value_trim(span_after(rest, 1)), hidden);
	return read_section(r, name, rest);
}

static bool read_text(struct reading *r, struct span text)
{
	const unsigned depth = r->depth;
	unsigned lines;
	bool hidden;

	r->line = 1;
	while (text.len > 0) {
		const struct span line = next_line(r, &text, &hidden, &lines);

		if (span_has_any(line, ""))
			return fail(r, "a line has a NUL", SPAN(""));
		if (line.len > 0 && !read_line(r, line, hidden))
			return false;
		r->line += lines;
	}
	if (r->depth > depth) {
		r->line = r->levels[r->depth].place.line;
		return fail(r, "a section is not closed", SPAN(""));
	}
	return !r->to->text.cut || fail(r, "the configuration is too long", SPAN(""));
}

bool dovecotfile_read(struct source *s, const struct source_world *world,
		      struct span path, struct span text)
{
	struct reading r = { .to = s, .world = world };

	return source_add_file(s, path, &r.file) && read_text(&r, text);
}

bool dovecotfile_read_flat(struct source *s, unsigned section, struct span path,
			   struct span text)
{
	struct reading r = { .to = s, .levels = { { .section = section } } };

	return source_add_file(s, path, &r.file) && read_text(&r, text);
}
