/* config/scan.c - poplar.conf, before libconfuse sees it.
 *
 * Floor 3 (config). Prefix: config_.
 */
#include <string.h>

#include "config/loading.h"

/* The text, as it is looked through before libconfuse sees it. */
struct scan {
	char *text; /* ends with a NUL */
	size_t len;
	int line;
	unsigned depth;                /* of braces */
	int lists[2][CONFIG_ROWS_MAX]; /* where they are given: outside, in a section */
};

/* Blank a comment that opens at text[i], but for its line ends. Returns its last octet.
 */
static size_t blank_comment(struct scan *s, size_t i)
{
	char *text = s->text;
	bool block = text[i] == '/' && text[i + 1] == '*';
	size_t end = i;

	if (block) {
		const char *close = memmem(text + i + 2, s->len - i - 2, "*/", 2);

		end = close ? (size_t)(close - text) + 1 : s->len - 1;
	} else {
		while (end + 1 < s->len && text[end + 1] != '\n')
			end++;
	}
	for (; i <= end; i++) {
		s->line += text[i] == '\n';
		if (text[i] != '\n')
			text[i] = ' ';
	}
	return end;
}

/* The last octet of the quoted text that opens at text[i]. */
static size_t skip_quoted(struct scan *s, size_t i)
{
	const char quote = s->text[i++];

	for (; i < s->len && s->text[i] && s->text[i] != quote; i++) {
		if (s->text[i] == '\\' && s->text[i + 1] != '\n')
			i++;
		s->line += s->text[i] == '\n';
	}
	return i;
}

/* The name before the '=' or "+=" at text[end]. */
static struct span name_before(const struct scan *s, size_t end)
{
	while (end > 0 && strchr(" \t\r\n\"'", s->text[end - 1]))
		end--;
	size_t start = end;
	while (start > 0 && !strchr(" \t\r\n\"'{}=", s->text[start - 1]))
		start--;
	return (struct span){ s->text + start, end - start };
}

/* What stands before the '=' at text[i] is given: a list for the first time? */
static bool is_given_once(struct loading *l, struct scan *s, size_t i)
{
	const struct rows rows = s->depth > 0 ? database_rows() : settings_rows();
	const bool more = i > 0 && s->text[i - 1] == '+';
	const struct span name = name_before(s, more ? i - 1 : i);
	const struct row *row = rows_find(rows, name);

	if (!row || row->type != SETTING_LIST || s->depth > 1)
		return true;
	int *line = &s->lists[s->depth][row - rows.at];
	if (*line > 0 && !more) {
		config_complain(l, s->line, "%.*s was given already, in line %d",
				(int)name.len, name.at, *line);
		return false;
	}
	if (*line == 0)
		*line = s->line;
	return true;
}

static void see_brace(struct scan *s, char c)
{
	if (c == '{' && s->depth++ == 0)
		memset(s->lists[1], 0, sizeof s->lists[1]);
	if (c == '}' && s->depth > 0)
		s->depth--;
}

static bool refuse_nul(struct loading *l, const char *text)
{
	int line = 1;

	for (; *text; text++)
		line += *text == '\n';
	config_complain(l, line, "NUL octet");
	return false;
}

bool config_prepare(struct loading *l, char *text, size_t len)
{
	struct scan s = { .text = text, .len = len, .line = 1 };

	if (memchr(text, '\0', len))
		return refuse_nul(l, text);
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		s.line += c == '\n';
		if (c == '"' || c == '\'')
			i = skip_quoted(&s, i);
		else if (c == '#' ||
			 (c == '/' && (text[i + 1] == '/' || text[i + 1] == '*')))
			i = blank_comment(&s, i);
		else if (c == '{' || c == '}')
			see_brace(&s, c);
		else if (c == '=' && !is_given_once(l, &s, i))
			return false;
		if (c == '*') {
			config_complain(l, s.line,
					"a value with * must stand in quotes");
			return false;
		}
	}
	return true;
}
