/* base/uidformat.c - parses the setting uidl-format.
 *
 * Prefix: uidformat_.
 */
#include "base/uidformat.h"

#include "base/ascii.h"
#include "base/siphash.h"

static const struct {
	const char *name, *format;
} names[] = {
	{ "basename", "%f" },
	{ "courier", "UID%u-%v" },
	{ "cyrus", "%v.%u" },
	{ "tpop3d", "%Mf" },
};

static const struct {
	char letter;
	const char *name;
} variables[UIDFORMAT_VARIABLES] = {
	[UIDFORMAT_UID] = { 'u', "uid" },
	[UIDFORMAT_VALIDITY] = { 'v', "uidvalidity" },
	[UIDFORMAT_FILENAME] = { 'f', "filename" },
	[UIDFORMAT_GUID] = { 'g', "guid" },
	[UIDFORMAT_MD5] = { 'm', "md5" },
};

static const struct {
	char letter;      /* of 2.3 */
	const char *name; /* of 2.4 */
} steps[] = {
	[UIDFORMAT_HEX] = { 'X', "hex" },
	[UIDFORMAT_SUM] = { 'M', "md5" },
	[UIDFORMAT_LOWER] = { 'L', "lower" },
	[UIDFORMAT_UPPER] = { 'U', "upper" },
};

enum { STEPS = sizeof steps / sizeof *steps };

struct parsing {
	struct uidformat *f;
	struct span rest;
	const char *wrong; /* NULL: nothing */
};

static bool refuse(struct parsing *p, const char *wrong)
{
	p->wrong = wrong;
	return false;
}

static char next(struct parsing *p)
{
	if (p->rest.len == 0)
		return '\0';
	const char c = *p->rest.at;
	p->rest = span_after(p->rest, 1);
	return c;
}

static struct uidformat_piece *add_piece(struct parsing *p,
					 enum uidformat_variable what)
{
	struct uidformat *f = p->f;

	if (f->count == UIDFORMAT_PIECES_MAX) {
		refuse(p, "it has too many parts");
		return NULL;
	}
	f->pieces[f->count] = (struct uidformat_piece){ .what = (uint8_t)what };
	f->has[what] = true;
	return &f->pieces[f->count++];
}

static bool add_step(struct parsing *p, struct uidformat_piece *piece,
		     enum uidformat_step step)
{
	if (piece->step_count == UIDFORMAT_STEPS_MAX)
		return refuse(p, "a variable has too many modifiers");
	piece->steps[piece->step_count++] = (uint8_t)step;
	return true;
}

static bool parse_literal(struct parsing *p, char c)
{
	struct uidformat *f = p->f;
	struct uidformat_piece *last = f->count > 0 ? &f->pieces[f->count - 1] : NULL;

	if (c < 0x21 || c > 0x7e)
		return refuse(p, "RFC 1939 does not allow this character");
	if (!last || last->what != UIDFORMAT_LITERAL)
		last = add_piece(p, UIDFORMAT_LITERAL);
	if (!last)
		return false;
	const size_t at = (size_t)(p->rest.at - 1 - f->text);
	if (last->len == 0)
		last->at = (uint8_t)at;
	/* "%%": the second percent sign follows the octets before the first. */
	f->text[last->at + last->len++] = c;
	return true;
}

static size_t find_step(char letter)
{
	size_t i = 0;

	while (i < STEPS && steps[i].letter != letter)
		i++;
	return i;
}

static size_t find_variable(char letter)
{
	size_t i = UIDFORMAT_UID;

	while (i < UIDFORMAT_VARIABLES && variables[i].letter != letter)
		i++;
	return i;
}

static bool parse_width(struct parsing *p, char *io_c, struct uidformat_piece *piece)
{
	uint32_t width = 0;

	piece->pads = *io_c == '0';
	for (; ascii_is_digit(*io_c) && width < UIDFORMAT_WIDTH_MAX; *io_c = next(p))
		width = width * 10 + (uint32_t)(*io_c - '0');
	piece->width = (uint8_t)width;
	return width < UIDFORMAT_WIDTH_MAX || refuse(p, "a width is too large");
}

/* 2.3, behind the percent sign: width, modifiers, variable. */
static bool parse_short(struct parsing *p, char c)
{
	struct uidformat_piece piece = { 0 };
	size_t step;

	if (!parse_width(p, &c, &piece))
		return false;
	for (; (step = find_step(c)) < STEPS; c = next(p))
		if (!add_step(p, &piece, (enum uidformat_step)step))
			return false;
	const size_t what = find_variable(c);
	if (what == UIDFORMAT_VARIABLES)
		return refuse(p, "a variable or modifier is not known: use %u, %v, "
				 "%f, %g, %m with X, M, L, U");
	piece.what = (uint8_t)what;
	struct uidformat_piece *own = add_piece(p, (enum uidformat_variable)what);
	if (own)
		*own = piece;
	return own != NULL;
}

static struct span trimmed(struct span s)
{
	while (s.len > 0 && *s.at == ' ')
		s = span_after(s, 1);
	while (s.len > 0 && s.at[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* hex(N): pad with zeros and keep the last N digits. */
static bool parse_hex_width(struct parsing *p, struct span step,
			    struct uidformat_piece *piece)
{
	struct span digits;
	uint32_t width;

	step = span_after(step, strlen("hex("));
	if (!span_cut(&step, ')', &digits) || step.len > 0 ||
	    !span_u32(trimmed(digits), &width) || width >= UIDFORMAT_WIDTH_MAX)
		return refuse(p, "hex has no such width");
	piece->width = (uint8_t)width;
	piece->pads = true;
	return add_step(p, piece, UIDFORMAT_HEX) &&
	       (width == 0 || add_step(p, piece, UIDFORMAT_LAST));
}

static bool parse_filter(struct parsing *p, struct span step,
			 struct uidformat_piece *piece)
{
	size_t i = 0;

	if (span_starts(step, "hex("))
		return parse_hex_width(p, step, piece);
	while (i < STEPS && !span_is(step, steps[i].name))
		i++;
	return i < STEPS ? add_step(p, piece, (enum uidformat_step)i)
			 : refuse(p, "a function is not known: use hex, md5, lower, "
				     "upper");
}

/* 2.4, behind "%{": variable, and functions with a bar before each. */
static bool parse_long(struct parsing *p)
{
	struct span inner, part;
	size_t what = UIDFORMAT_UID;

	if (!span_cut(&p->rest, '}', &inner))
		return refuse(p, "a brace is not closed");
	bool more = span_cut(&inner, '|', &part);
	while (what < UIDFORMAT_VARIABLES &&
	       !span_is(trimmed(part), variables[what].name))
		what++;
	if (what == UIDFORMAT_VARIABLES)
		return refuse(p, "a variable is not known: use uid, uidvalidity, "
				 "filename, guid, md5");
	struct uidformat_piece *piece = add_piece(p, (enum uidformat_variable)what);
	while (piece && more) {
		more = span_cut(&inner, '|', &part);
		if (!parse_filter(p, trimmed(part), piece))
			return false;
	}
	return piece != NULL;
}

static bool parse_next(struct parsing *p)
{
	char c = next(p);

	if (c != '%')
		return parse_literal(p, c);
	c = next(p);
	if (c == '%')
		return parse_literal(p, c);
	return c == '{' ? parse_long(p) : parse_short(p, c);
}

/* Is it nothing but the base name? */
static bool is_basename(const struct uidformat *f)
{
	const struct uidformat_piece *first = &f->pieces[0];

	return f->count == 1 && first->step_count == 0 && first->width == 0 &&
	       (first->what == UIDFORMAT_FILENAME || first->what == UIDFORMAT_GUID);
}

static uint64_t sum_of(struct span text)
{
	static const unsigned char key[SIPHASH_KEY_OCTETS] = "uidl-format";

	return siphash(key, text) | 1;
}

static struct span resolve(struct span text)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (span_is(text, names[i].name))
			return span_of(names[i].format);
	return text;
}

bool uidformat_parse(struct span text, struct uidformat *out, const char **out_wrong)
{
	struct parsing p = { .f = out };

	text = resolve(text);
	*out = (struct uidformat){ 0 };
	if (!span_copy(text, out->text, sizeof out->text)) {
		*out_wrong = "it is too long";
		return false;
	}
	const uint64_t sum = sum_of(text);
	p.rest = (struct span){ out->text, text.len };
	while (p.rest.len > 0 && !p.wrong)
		parse_next(&p);
	if (!p.wrong && !out->has[UIDFORMAT_UID] && !out->has[UIDFORMAT_FILENAME] &&
	    !out->has[UIDFORMAT_GUID] && !out->has[UIDFORMAT_MD5])
		p.wrong = "it has no variable that differs between messages";
	out->sum = is_basename(out) ? 0 : sum;
	*out_wrong = p.wrong;
	return !p.wrong;
}

bool uidformat_take(struct span text, struct uidformat *out)
{
	const char *wrong;

	*out = (struct uidformat){ 0 };
	return text.len == 0 || uidformat_parse(text, out, &wrong);
}
