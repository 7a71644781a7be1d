/* convert/sql.c - turns Dovecot's queries into a query of Poplar.
 *
 * Prefix: sql_.
 */
#include "convert/sql.h"

#include "base/ascii.h"

/* The user name several times must have one type for PostgreSQL. */
#define NAME "CAST(%u AS text)"

static const char *const expressions[][TEMPLATE_OTHER] = {
	[SQL_SQLITE] = {
		[TEMPLATE_USER] = NAME,
		[TEMPLATE_LOCAL] = "substr(" NAME ", 1, instr(" NAME " || '@', '@') - 1)",
		[TEMPLATE_DOMAIN] = "substr(" NAME ", instr(" NAME " || '@', '@') + 1)",
		[TEMPLATE_SERVICE] = "'pop3'",
	},
	[SQL_POSTGRESQL] = {
		[TEMPLATE_USER] = NAME,
		[TEMPLATE_LOCAL] = "split_part(" NAME ", '@', 1)",
		[TEMPLATE_DOMAIN] = "split_part(" NAME ", '@', 2)",
		[TEMPLATE_SERVICE] = "'pop3'",
	},
};

/* ---- variables ---- */

/* A query that is being turned. */
struct turning {
	const struct sql_form *form;
	struct buf *out;
	struct span *what;
	bool alone; /* the whole query has one variable, which is the user name */
};

static bool put_variable(struct turning *t, const struct template_piece *piece)
{
	const char *text = NULL;

	if (piece->kind < TEMPLATE_OTHER)
		text = expressions[t->form->dialect][piece->kind];
	if (!text) {
		*t->what = piece->kind == TEMPLATE_HOME ? SPAN("%h") : piece->text;
		return false;
	}
	if (piece->kind == TEMPLATE_USER && t->alone)
		text = "%u";
	const bool lower = piece->lower && !t->form->folded;
	buf_text(t->out, lower ? "lower(" : "");
	buf_text(t->out, text);
	buf_text(t->out, lower ? ")" : "");
	return true;
}

static bool put_literal(struct turning *t, struct span inside)
{
	struct template parts;

	if (!template_parse(inside, t->form->style, &parts) || parts.has_letter) {
		*t->what = inside;
		return false;
	}
	/* "~/" is no home in a query. */
	if (parts.count > 0 && parts.at[0].kind == TEMPLATE_HOME && inside.at[0] == '~')
		parts.at[0] = (struct template_piece){ .text = { inside.at, 1 } };
	if (parts.count > 1)
		buf_char(t->out, '(');
	for (unsigned i = 0; i < parts.count; i++) {
		buf_text(t->out, i > 0 ? " || " : "");
		if (parts.at[i].kind == TEMPLATE_TEXT) {
			buf_char(t->out, '\'');
			buf_put(t->out, parts.at[i].text);
			buf_char(t->out, '\'');
		} else if (!put_variable(t, &parts.at[i])) {
			return false;
		}
	}
	buf_text(t->out, parts.count > 1 ? ")" : parts.count == 0 ? "''" : "");
	return true;
}

/* The end of the literal whose quote is at query.at[at]; a quote in it is doubled. */
static size_t literal_end(struct span query, size_t at)
{
	for (at++; at < query.len; at++) {
		if (query.at[at] != '\'')
			continue;
		if (at + 1 == query.len || query.at[at + 1] != '\'')
			return at;
		at++;
	}
	return at;
}

/* Text outside of literals; a variable there stands for itself. */
static bool put_plain(struct turning *t, struct span text)
{
	struct template parts;

	if (!template_parse(text, t->form->style, &parts) || parts.has_letter) {
		*t->what = text;
		return false;
	}
	for (unsigned i = 0; i < parts.count; i++) {
		if (parts.at[i].kind == TEMPLATE_TEXT)
			buf_put(t->out, parts.at[i].text);
		else if (!put_variable(t, &parts.at[i]))
			return false;
	}
	return true;
}

static bool turn(struct turning *t, struct span query)
{
	for (size_t at = 0, begin = 0; at <= query.len; at++) {
		if (at < query.len && query.at[at] != '\'')
			continue;
		if (!put_plain(t, (struct span){ query.at + begin, at - begin }))
			return false;
		if (at == query.len)
			break;
		const size_t end = literal_end(query, at);
		if (end == query.len) {
			*t->what = span_after(query, at);
			return false;
		}
		if (!put_literal(t, (struct span){ query.at + at + 1, end - at - 1 }))
			return false;
		at = end;
		begin = end + 1;
	}
	return true;
}

static unsigned count_of(struct span text, const char *what)
{
	unsigned n = 0;

	for (; text.len > 0; text = span_after(text, 1))
		n += span_starts(text, what);
	return n;
}

bool sql_turn(struct span query, const struct sql_form *form, struct buf *out,
	      struct span *out_what)
{
	struct turning t = { form, out, out_what, false };
	const size_t begin = out->len;

	while (query.len > 0 && strchr("; \t", query.at[query.len - 1]))
		query.len--;
	if (!span_starts_nocase(query, "select")) {
		*out_what = query;
		return false;
	}
	if (!turn(&t, query))
		return false;
	const struct span first = { out->at + begin, out->len - begin };
	if (count_of(first, NAME) != 1)
		return !out->cut;
	out->len = begin;
	t.alone = true;
	return turn(&t, query) && !out->cut;
}

/* ---- columns ---- */

static bool is_word(char c)
{
	return ascii_is_plain(c, "_");
}

/* The end of the name of the column in an item of the select list. */
static struct span column_of(struct span item)
{
	while (item.len > 0 && strchr(" \t\n\"`", item.at[item.len - 1]))
		item.len--;
	size_t begin = item.len;
	while (begin > 0 && is_word(item.at[begin - 1]))
		begin--;
	return span_after(item, begin);
}

static void add_column(struct sql_columns *c, struct span item)
{
	const struct span name = column_of(item);

	if (name.len == 0 || c->count == SQL_COLUMNS_MAX)
		c->unknown = true;
	else
		c->at[c->count++] = name;
}

struct sql_columns sql_columns_of(struct span query)
{
	struct sql_columns c = { 0 };
	const size_t select = strlen("select ");
	unsigned depth = 0;

	if (query.len < select) {
		c.unknown = true;
		return c;
	}
	struct span rest = span_after(query, select), item = { rest.at, 0 };
	for (; rest.len > 0; rest = span_after(rest, 1)) {
		const char o = rest.at[0];

		if (o == '\'')
			rest = span_after(rest, literal_end(rest, 0) < rest.len
							? literal_end(rest, 0)
							: rest.len - 1);
		depth += o == '(';
		depth -= o == ')' && depth > 0;
		const bool from = depth == 0 && item.len > 0 && !is_word(rest.at[-1]) &&
				  span_starts_nocase(rest, "from") &&
				  (rest.len == 4 || !is_word(rest.at[4]));
		if (from)
			break;
		if (depth == 0 && o == ',') {
			add_column(&c, item);
			item = (struct span){ rest.at + 1, 0 };
		} else {
			item.len = (size_t)(rest.at - item.at) + 1;
		}
	}
	add_column(&c, item);
	return c;
}

bool sql_has_column(const struct sql_columns *columns, const char *name)
{
	for (unsigned i = 0; i < columns->count; i++)
		if (span_is_nocase(columns->at[i], name))
			return true;
	return false;
}

static bool has(const struct sql_columns *columns, struct span name)
{
	for (unsigned i = 0; i < columns->count; i++)
		if (span_same_nocase(columns->at[i], name))
			return true;
	return false;
}

/* ---- both queries ---- */

static void put_password(struct span scheme, struct buf *out)
{
	if (scheme.len == 0) {
		buf_text(out, "p.password");
		return;
	}
	buf_text(out,
		 "CASE WHEN substr(p.password, 1, 1) = '{' THEN p.password ELSE '{");
	buf_put(out, scheme);
	buf_text(out, "}' || p.password END AS password");
}

static void put_column(const char *before, struct span name, struct buf *out)
{
	buf_text(out, ", ");
	buf_text(out, before);
	buf_put(out, name);
}

bool sql_join(struct span password, struct span user, struct span scheme,
	      struct buf *out)
{
	const struct sql_columns p = sql_columns_of(password);
	const struct sql_columns u = sql_columns_of(user);

	if (user.len == 0 && scheme.len == 0) {
		buf_put(out, password);
		return !out->cut;
	}
	if (p.unknown || !sql_has_column(&p, "password") || (user.len > 0 && u.unknown))
		return false;
	buf_text(out, "SELECT ");
	put_password(scheme, out);
	for (unsigned i = 0; i < p.count; i++)
		if (!span_is_nocase(p.at[i], "password"))
			put_column("p.", p.at[i], out);
	for (unsigned i = 0; i < u.count && user.len > 0; i++)
		if (!has(&p, u.at[i]))
			put_column("u.", u.at[i], out);
	buf_text(out, " FROM (");
	buf_put(out, password);
	buf_text(out, ") AS p");
	if (user.len > 0) {
		buf_text(out, " JOIN (");
		buf_put(out, user);
		buf_text(out, ") AS u ON 1 = 1");
	}
	return !out->cut;
}
