/* lmtp/parameter.c - the table of parameters of MAIL, and their parser.
 *
 * Prefix: parameter_.
 */
#include "lmtp/parameter.h"

#include "base/ascii.h"

/* A parameter as it was written. */
struct given {
	struct span keyword, value;
	bool has_value;
};

/* ---- the values ---- */

static enum lmtp_reply take_size(const struct given *g, struct parameters *out)
{
	for (size_t i = 0; i < g->value.len; i++)
		if (!ascii_is_digit(g->value.at[i]))
			return LMTP_REPLY_ARGUMENTS;
	if (!g->has_value)
		return LMTP_REPLY_ARGUMENTS;
	if (!span_u64(g->value, &out->octets))
		out->octets = UINT64_MAX;
	return LMTP_REPLY_NONE;
}

/* The stored form is the same for both. BINARYMIME is not offered. */
static enum lmtp_reply take_body(const struct given *g, struct parameters *out)
{
	(void)out;
	if (!g->has_value)
		return LMTP_REPLY_ARGUMENTS;
	return span_is_nocase(g->value, "7BIT") || span_is_nocase(g->value, "8BITMIME")
		       ? LMTP_REPLY_NONE
		       : LMTP_REPLY_PARAMETER;
}

static enum lmtp_reply take_utf8(const struct given *g, struct parameters *out)
{
	out->utf8 = true;
	return g->has_value ? LMTP_REPLY_ARGUMENTS : LMTP_REPLY_NONE;
}

static const struct {
	const char *keyword;
	enum lmtp_reply (*take)(const struct given *g, struct parameters *out);
} table[] = {
#define X(keyword, take, source) { #keyword, take },
	PARAMETER_TABLE(X)
#undef X
};

enum { COUNT = sizeof table / sizeof *table };

/* ---- the text ---- */

static bool is_keyword(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_plain(s.at[i], i > 0 ? "-" : ""))
			return false;
	return s.len > 0;
}

/* esmtp-value of RFC 5321 section 4.1.2, and what RFC 6531 section 3.3 adds. */
static bool is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] <= ' ' || s.at[i] == '=' || s.at[i] == 0x7f)
			return false;
	return s.len > 0;
}

/* Cut the next parameter off *io_text. False: it is malformed. */
static bool cut_given(struct span *io_text, struct given *out)
{
	struct span text;

	(void)span_cut(io_text, ' ', &text);
	out->value = text;
	out->has_value = span_cut(&out->value, '=', &out->keyword);
	return is_keyword(out->keyword) && (!out->has_value || is_value(out->value));
}

/* Take one parameter; *io_seen has a bit for each row of the table. */
static enum lmtp_reply take(const struct given *g, unsigned *io_seen,
			    struct parameters *out)
{
	unsigned i = 0;

	while (i < COUNT && !span_is_nocase(g->keyword, table[i].keyword))
		i++;
	if (i == COUNT)
		return LMTP_REPLY_PARAMETER;
	if (*io_seen >> i & 1)
		return LMTP_REPLY_ARGUMENTS;
	*io_seen |= 1u << i;
	return table[i].take(g, out);
}

/* More than one space before a parameter does no harm. */
static void skip_spaces(struct span *io)
{
	while (span_starts(*io, " "))
		*io = span_after(*io, 1);
}

enum lmtp_reply parameter_parse(struct span text, struct parameters *out)
{
	struct given g;
	unsigned seen = 0;

	if (text.len > 0 && text.at[0] != ' ')
		return LMTP_REPLY_ARGUMENTS;
	*out = (struct parameters){ 0 };
	for (skip_spaces(&text); text.len > 0; skip_spaces(&text)) {
		if (!cut_given(&text, &g))
			return LMTP_REPLY_ARGUMENTS;
		const enum lmtp_reply r = take(&g, &seen, out);
		if (r)
			return r;
	}
	return LMTP_REPLY_NONE;
}

enum lmtp_reply parameter_parse_none(struct span text)
{
	struct given g;

	if (text.len == 0)
		return LMTP_REPLY_NONE;
	if (text.at[0] != ' ')
		return LMTP_REPLY_ARGUMENTS;
	skip_spaces(&text);
	return cut_given(&text, &g) ? LMTP_REPLY_PARAMETER : LMTP_REPLY_ARGUMENTS;
}
