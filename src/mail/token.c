/* mail/token.c - splits a structured header field into tokens.
 *
 * Prefix: token_.
 */
#include "mail/token.h"

#include "base/utf8.h"

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* The octets from s.at[0], which opens, up to and with the character that closes.
 * Backslashes quote, `opens` nests. 0: nothing closes. */
static size_t enclosed(struct span s, char opens, char closes)
{
	unsigned depth = 1;

	for (size_t i = 1; i < s.len; i++) {
		if (s.at[i] == '\\' && i + 1 < s.len)
			i++;
		else if (s.at[i] == closes && --depth == 0)
			return i + 1;
		else if (s.at[i] == opens)
			depth++;
	}
	return 0;
}

static size_t enclosed_by(struct span s, char first)
{
	switch (first) {
	case '(':
		return enclosed(s, '(', ')');
	case '"':
		return enclosed(s, '\0', '"');
	default:
		return enclosed(s, '\0', ']');
	}
}

static size_t run(struct span s, bool white)
{
	size_t n = 1;

	while (n < s.len && (white ? is_one_of(s.at[n], " \t")
				   : !is_one_of(s.at[n], " \t()<>[:;@,\"")))
		n++;
	return n;
}

enum token token_next(struct span *io, struct span *out)
{
	const char first = io->len > 0 ? io->at[0] : '\0';
	enum token token = TOKEN_ATOM;
	size_t len = 0;

	if (io->len == 0) {
		token = TOKEN_END;
	} else if (is_one_of(first, " \t")) {
		token = TOKEN_WHITE;
		len = run(*io, true);
	} else if (is_one_of(first, "(\"[")) {
		token = first == '('   ? TOKEN_COMMENT
			: first == '"' ? TOKEN_QUOTED
				       : TOKEN_LITERAL;
		len = enclosed_by(*io, first);
		len = len > 0 ? len : io->len;
	} else if (is_one_of(first, "<>,:;@")) {
		token = TOKEN_SPECIAL;
		len = 1;
	} else {
		len = run(*io, false);
	}
	*out = (struct span){ io->at, len };
	*io = span_after(*io, len);
	return token;
}

bool token_is_closed(struct span s)
{
	enum token token;
	struct span part;

	while ((token = token_next(&s, &part)) != TOKEN_END)
		if ((token == TOKEN_COMMENT || token == TOKEN_QUOTED ||
		     token == TOKEN_LITERAL) &&
		    enclosed_by(part, part.at[0]) == 0)
			return false;
	return true;
}

char token_cut(struct span *io, const char *ends, struct span *out_head)
{
	const char *start = io->at;
	bool in_angle = false;
	struct span s;

	for (;;) {
		const enum token token = token_next(io, &s);

		if (token == TOKEN_END ||
		    (token == TOKEN_SPECIAL && !in_angle && is_one_of(s.at[0], ends))) {
			*out_head = (struct span){ start, (size_t)(s.at - start) };
			return token == TOKEN_END ? '\0' : s.at[0];
		}
		if (token == TOKEN_SPECIAL && (s.at[0] == '<' || s.at[0] == '>'))
			in_angle = s.at[0] == '<';
	}
}

struct span token_trim(struct span s)
{
	while (s.len > 0 && is_one_of(s.at[0], " \t"))
		s = span_after(s, 1);
	while (s.len > 0 && is_one_of(s.at[s.len - 1], " \t"))
		s.len--;
	return s;
}

bool token_is_ascii(struct span s)
{
	enum token token;
	struct span part;

	while ((token = token_next(&s, &part)) != TOKEN_END)
		if (token != TOKEN_COMMENT && !utf8_is_ascii(part))
			return false;
	return true;
}

size_t token_unquote(struct span s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '"')
			continue;
		if (s.at[i] == '\\' && i + 1 < s.len)
			i++;
		out[n++] = s.at[i];
	}
	return n;
}

size_t token_squeeze(struct span s, char *out)
{
	enum token token;
	struct span part;
	size_t n = 0;

	while ((token = token_next(&s, &part)) != TOKEN_END) {
		if (token == TOKEN_WHITE || token == TOKEN_COMMENT)
			continue;
		memcpy(out + n, part.at, part.len);
		n += part.len;
	}
	return n;
}
