/* convert/template.c - texts with Dovecot's variables, such as /srv/mail/%d/%n.
 *
 * Prefix: template_.
 */
#include "convert/template.h"

#include "base/ascii.h"
#include "convert/value.h"

static const struct variable {
	char letter;      /* 2.3; 0: the variable has none */
	const char *name; /* 2.3: %{name} */
	enum template_kind kind;
} variables[] = {
	{ 'u', "user", TEMPLATE_USER },       { 'n', "username", TEMPLATE_LOCAL },
	{ 'd', "domain", TEMPLATE_DOMAIN },   { 'h', "home", TEMPLATE_HOME },
	{ 's', "service", TEMPLATE_SERVICE }, { 0, "protocol", TEMPLATE_SERVICE },
};
enum { VARIABLES = sizeof variables / sizeof *variables };

static bool add(struct template *t, struct template_piece piece)
{
	if (t->count == TEMPLATE_PIECES_MAX)
		return false;
	t->at[t->count++] = piece;
	return true;
}

/* Texts beside each other stay apart. */
static bool add_text(struct template *t, const char *at, size_t len)
{
	return len == 0 || add(t, (struct template_piece){ .text = { at, len } });
}

/* The name of a variable of 2.3, with its modifiers in front: "Lu" or "L{user}" would
 * be called with "L" and "u" or "user". */
static bool add_23(struct template *t, struct span whole, struct span modifiers,
		   struct span name)
{
	struct template_piece piece = { .kind = TEMPLATE_OTHER, .text = whole };

	for (unsigned i = 0; i < VARIABLES; i++) {
		const struct variable *v = &variables[i];

		if (name.len == 1 ? v->letter == name.at[0] : span_is(name, v->name))
			piece.kind = v->kind;
	}
	piece.lower = span_is(modifiers, "L");
	if (modifiers.len > 0 && !piece.lower)
		piece.kind = TEMPLATE_OTHER;
	return add(t, piece);
}

/* What stands behind the '%' at text.at[at]. *io_at becomes the end of the variable. */
static bool read_23(struct template *t, struct span text, size_t *io_at)
{
	const size_t begin = *io_at;
	size_t at = begin + 1;

	while (at < text.len &&
	       (ascii_is_digit(text.at[at]) || strchr("LUEXRHMN.-", text.at[at])))
		at++;
	const struct span modifiers = { text.at + begin + 1, at - begin - 1 };
	if (at == text.len)
		return false;
	if (text.at[at] == '%' && modifiers.len == 0) {
		*io_at = at + 1;
		return add_text(t, text.at + at, 1);
	}
	struct span name = { text.at + at, 1 };
	if (text.at[at] == '{') {
		struct span rest = span_after(text, at + 1);

		if (!span_cut(&rest, '}', &name))
			return false;
		at = (size_t)(name.at - text.at) + name.len;
	}
	*io_at = at + 1;
	return add_23(t, (struct span){ text.at + begin, at + 1 - begin }, modifiers,
		      name);
}

static const char *const sources_24[] = { "user", "home", "protocol", "service" };

/* One filter behind a '|'. False: Poplar lacks it. */
static bool apply(struct span filter, struct template_piece *io)
{
	const bool is_user = io->kind == TEMPLATE_USER;

	if (span_is(filter, "lower"))
		io->lower = true;
	else if (is_user && span_is(filter, "username"))
		io->kind = TEMPLATE_LOCAL;
	else if (is_user && span_is(filter, "domain"))
		io->kind = TEMPLATE_DOMAIN;
	else
		return false;
	return true;
}

static bool read_24(struct template *t, struct span text, size_t *io_at)
{
	const size_t begin = *io_at;
	struct span rest = span_after(text, begin + 2), inside, name;
	struct template_piece piece = { .kind = TEMPLATE_OTHER };

	if (!span_cut(&rest, '}', &inside))
		return false;
	*io_at = begin + 3 + inside.len;
	piece.text = (struct span){ text.at + begin, *io_at - begin };
	span_cut(&inside, '|', &name);
	name = value_trim(name);
	for (unsigned i = 0; i < sizeof sources_24 / sizeof *sources_24; i++)
		for (unsigned k = 0; k < VARIABLES; k++)
			if (span_is(name, sources_24[i]) &&
			    span_is(name, variables[k].name))
				piece.kind = variables[k].kind;
	while (inside.len > 0 && piece.kind != TEMPLATE_OTHER) {
		span_cut(&inside, '|', &name);
		if (!apply(value_trim(name), &piece))
			piece.kind = TEMPLATE_OTHER;
	}
	return add(t, piece);
}

bool template_parse(struct span text, enum template_style style, struct template *out)
{
	*out = (struct template){ 0 };
	if (span_starts(text, "~/") || span_is(text, "~")) {
		text = span_after(text, 1);
		if (!add(out, (struct template_piece){ .kind = TEMPLATE_HOME }))
			return false;
	}
	for (size_t at = 0, begin = 0; at < text.len || begin < text.len;) {
		const bool is_24 = style == TEMPLATE_DOVECOT_24;
		const bool begins =
			at < text.len && text.at[at] == '%' &&
			(!is_24 || (at + 1 < text.len && text.at[at + 1] == '{'));

		if (!begins && at < text.len) {
			out->has_letter |= text.at[at] == '%' && at + 1 < text.len &&
					   ascii_is_letter(text.at[at + 1]);
			at++;
			continue;
		}
		if (!add_text(out, text.at + begin, at - begin))
			return false;
		if (at < text.len &&
		    !(is_24 ? read_24(out, text, &at) : read_23(out, text, &at)))
			return false;
		begin = at;
	}
	return true;
}

bool template_has(const struct template *t, enum template_kind kind)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->at[i].kind == kind)
			return true;
	return false;
}

struct span template_other(const struct template *t)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->at[i].kind == TEMPLATE_OTHER)
			return t->at[i].text;
	return SPAN("");
}

bool template_set_home(struct template *io, const struct template *home)
{
	struct template out = { .has_letter = io->has_letter || home->has_letter };

	for (unsigned i = 0; i < io->count; i++) {
		const bool is_home = io->at[i].kind == TEMPLATE_HOME;

		for (unsigned k = 0; k < (is_home ? home->count : 1); k++)
			if (!add(&out, is_home ? home->at[k] : io->at[i]))
				return false;
	}
	*io = out;
	return true;
}

/* A variable as Poplar has it. 0: Poplar lacks it. */
static char letter(const struct template_piece *piece, bool folded)
{
	if (piece->lower && !folded)
		return 0;
	switch (piece->kind) {
	case TEMPLATE_USER:
		return 'u';
	case TEMPLATE_LOCAL:
		return 'n';
	case TEMPLATE_DOMAIN:
		return 'd';
	case TEMPLATE_TEXT:
	case TEMPLATE_HOME:
	case TEMPLATE_SERVICE:
	case TEMPLATE_OTHER:
		break;
	}
	return 0;
}

bool template_path(const struct template *t, bool folded, struct buf *out)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct template_piece *piece = &t->at[i];
		const char c = letter(piece, folded);

		if (piece->kind == TEMPLATE_SERVICE) {
			buf_text(out, "pop3");
		} else if (piece->kind == TEMPLATE_TEXT) {
			for (size_t k = 0; k < piece->text.len; k++) {
				if (piece->text.at[k] == '%')
					buf_char(out, '%');
				buf_char(out, piece->text.at[k]);
			}
		} else if (c) {
			buf_char(out, '%');
			buf_char(out, c);
		} else {
			return false;
		}
	}
	return !out->cut;
}

bool template_root(const struct template *t, struct buf *out)
{
	struct span path = t->count > 0 ? t->at[0].text : SPAN("");

	if (t->count == 0 || t->at[0].kind != TEMPLATE_TEXT || path.at[0] != '/')
		return false;
	if (t->count == 1)
		while (path.len > 1 && path.at[path.len - 1] == '/')
			path.len--;
	while (path.len > 0 && path.at[path.len - 1] != '/')
		path.len--;
	while (path.len > 0 && path.at[path.len - 1] == '/')
		path.len--;
	buf_put(out, path);
	return path.len > 0;
}

bool template_filter(const struct template *t, bool folded, struct buf *out)
{
	for (unsigned i = 0; i < t->count; i++) {
		const struct template_piece *piece = &t->at[i];

		if (piece->kind == TEMPLATE_TEXT)
			buf_put(out, piece->text);
		else if (piece->kind == TEMPLATE_SERVICE)
			buf_text(out, "pop3");
		else if (letter(piece, folded) == 'u')
			buf_text(out, "%u");
		else
			return false;
	}
	return !out->cut;
}
