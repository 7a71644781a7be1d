/* config/file/scan.c - checks poplar.conf before libconfuse reads it.
 *
 * Prefix: config_.
 */
#include "config/file/scan.h"

#include <stdlib.h>
#include <string.h>

#include "config/file/guess.h"

enum { OUTSIDE = -1, NO_SECTION = -2 };

/* The text and the place in it that the scan has reached. */
struct scan {
	struct loading *loading;
	char *text; /* ends with a NUL */
	size_t len;
	int line;
	struct span word, before; /* the last word, and the one before it */
	bool valued;              /* '=' came last: a value follows */
	int section;              /* its kind, or OUTSIDE or NO_SECTION */
	int section_line;         /* line where it begins */
	int list_line;            /* line where the list begins; 0: in no list */
	int quote_line; /* line of the first quoted text of several lines; 0: none */
	int lists[2]
		 [CONFIG_ROWS_MAX]; /* lines of lists: outside sections, in this one */
	bool readable;              /* libconfuse may find more */
	bool ended;                 /* what follows cannot be understood */
};

/* Give up: from here on the text would be misread. */
static void end(struct scan *s)
{
	s->readable = false;
	s->ended = true;
}

/* Blank the comment that begins at text[i], except its line ends. Returns the number of
 * its last octet. */
static size_t blank_comment(struct scan *s, size_t i)
{
	char *text = s->text;
	bool block = text[i] == '/' && text[i + 1] == '*';
	size_t last = i;

	if (block) {
		const char *close = memmem(text + i + 2, s->len - i - 2, "*/", 2);

		last = close ? (size_t)(close - text) + 1 : s->len - 1;
	} else {
		while (last + 1 < s->len && text[last + 1] != '\n')
			last++;
	}
	for (; i <= last; i++) {
		s->line += text[i] == '\n';
		if (text[i] != '\n')
			text[i] = ' ';
	}
	return last;
}

static void push(struct scan *s, struct span word)
{
	s->before = s->word;
	s->word = word;
	s->valued = false;
}

/* ---- variables ---- */

/* "${NAME}" is replaced by a variable of the environment, "${NAME:-text}" by the text
 * if there is no such variable. `at` points behind the "${". */
static void check_variable(struct scan *s, const char *at)
{
	const char *close = strchr(at, '}');
	const char *standard = strstr(at, ":-");
	char name[128];
	struct span given = { at, close ? (size_t)(close - at) : 0 };

	if (!close || (standard && standard < close))
		return;
	if (!span_copy(given, name, sizeof name) || !getenv(name))
		config_complain(s->loading, s->line,
				"${%.*s}: there is no such variable in the "
				"environment",
				(int)(given.len < 100 ? given.len : 100), given.at);
}

/* ---- quoted texts ---- */

/* A quoted text is followed by a space or a sign. If it is not, the quote at text[i]
 * begins another text, and this one lacks its closing quote. */
static bool is_closed(const struct scan *s, size_t i)
{
	return i < s->len && strchr(" \t\r\n,}{=+#/", s->text[i + 1]);
}

static void complain_quote(struct scan *s, int line)
{
	config_complain(s->loading, line,
			"a quoted text is opened in this line and not closed");
	end(s);
}

/* Returns the number of the last octet of the quoted text that begins at text[i]. */
static size_t take_quoted(struct scan *s, size_t i)
{
	const char quote = s->text[i++];
	const size_t start = i;
	const int line = s->line;

	for (; i < s->len && s->text[i] != quote; i++) {
		if (quote == '"' && s->text[i] == '$' && s->text[i + 1] == '{')
			check_variable(s, s->text + i + 2);
		if (s->text[i] == '\\' && s->text[i + 1] != '\n')
			i++;
		s->line += s->text[i] == '\n';
	}
	if (i >= s->len)
		complain_quote(s, s->quote_line > 0 ? s->quote_line : line);
	else if (!is_closed(s, i))
		complain_quote(s, line);
	else if (s->line > line && s->quote_line == 0)
		s->quote_line = line;
	push(s, (struct span){ s->text + start, i - start });
	return i;
}

/* ---- names ---- */

static bool is_section(struct span word, int *out)
{
	for (*out = 0; *out < CONFIG_SECTIONS; ++*out)
		if (span_is(word, config_sections[*out].name))
			return true;
	*out = NO_SECTION;
	return false;
}

/* Report a name that is no setting, and keep it: libconfuse is told to skip it. */
static void refuse_name(struct scan *s, struct rows rows)
{
	struct loading *l = s->loading;
	char meant[ROW_NAME_MAX];
	bool known = config_guess(s->word, rows, meant);
	struct unknown *u = &l->unknown[l->unknowns];

	config_complain(l, s->line, "no such option '%.*s'%s%s%s",
			(int)(s->word.len < 60 ? s->word.len : 60), s->word.at,
			known ? "; did you mean " : "", known ? meant : "",
			known ? "?" : "");
	for (unsigned i = 0; i < l->unknowns; i++)
		if (l->unknown[i].section == s->section &&
		    span_is(s->word, l->unknown[i].name))
			return;
	if (l->unknowns == CONFIG_UNKNOWN_MAX ||
	    !span_copy(s->word, u->name, sizeof u->name)) {
		s->readable = false;
		return;
	}
	u->section = s->section;
	l->unknowns++;
}

/* A list may be given once; `+=` then adds to it. */
static void take_list_name(struct scan *s, const struct row *row, size_t number,
			   bool more)
{
	int *line = &s->lists[s->section == OUTSIDE ? 0 : 1][number];

	if (row->type != SETTING_LIST)
		return;
	if (*line > 0 && !more)
		config_complain(s->loading, s->line,
				"%.*s was given already, in line %d", (int)s->word.len,
				s->word.at, *line);
	if (*line == 0)
		*line = s->line;
	if (s->section == OUTSIDE) /* libconfuse does not report an empty list */
		s->loading->lines[number] = *line;
}

static void refuse_section_name(struct scan *s)
{
	config_complain(s->loading, s->line,
			"%.*s is a section: expected %.*s NAME { ... }",
			(int)s->word.len, s->word.at, (int)s->word.len, s->word.at);
	s->readable = false;
}

/* The name before the '=' at text[i]. */
static void take_name(struct scan *s, size_t i)
{
	const bool more = i > 0 && s->text[i - 1] == '+';

	s->valued = true;
	if (s->list_line > 0) {
		config_complain(s->loading, s->list_line,
				"a list is opened in this line and not closed, or a "
				"value with = is not in quotes");
		end(s);
		return;
	}
	if (s->section == NO_SECTION)
		return;
	const struct rows rows = s->section == OUTSIDE
					 ? settings_rows()
					 : config_sections[s->section].rows();
	const struct row *row = config_find(rows, s->word);
	int kind;
	if (is_section(s->word, &kind))
		refuse_section_name(s);
	else if (row)
		take_list_name(s, row, (size_t)(row - rows.at), more);
	else
		refuse_name(s, rows);
}

/* ---- braces ---- */

static void open_section(struct scan *s)
{
	if (s->section != OUTSIDE) {
		config_complain(s->loading, s->section_line,
				"a section is opened in this line and not closed "
				"before line %d opens another",
				s->line);
		end(s);
		return;
	}
	s->section_line = s->line;
	memset(s->lists[1], 0, sizeof s->lists[1]);
	if (is_section(s->before, &s->section))
		return;
	config_complain(s->loading, s->line,
			"expected database NAME { ... } or board NAME { ... }, found "
			"'%.*s %.*s {'",
			(int)(s->before.len < 60 ? s->before.len : 60),
			s->before.len ? s->before.at : "",
			(int)(s->word.len < 60 ? s->word.len : 60),
			s->word.len ? s->word.at : "");
	s->readable = false;
}

static void take_brace(struct scan *s, char c)
{
	if (c == '{' && s->valued)
		s->list_line = s->line;
	else if (c == '{')
		open_section(s);
	else if (s->list_line > 0)
		s->list_line = 0;
	else
		s->section = OUTSIDE;
	s->valued = false;
}

static void check_end(struct scan *s)
{
	if (s->ended || (s->list_line == 0 && s->section == OUTSIDE))
		return;
	config_complain(s->loading, s->list_line > 0 ? s->list_line : s->section_line,
			"a %s is opened in this line and not closed",
			s->list_line > 0 ? "list" : "section");
	s->readable = false;
}

/* ---- all of it ---- */

/* Returns the number of the last octet of the bare word that begins at text[i]. */
static size_t take_word(struct scan *s, size_t i)
{
	size_t stop = i;

	while (stop < s->len && !strchr(" \t\r\n\"'{}(),=#", s->text[stop]) &&
	       !(s->text[stop] == '+' && s->text[stop + 1] == '=')) {
		if (s->text[stop] == '$' && s->text[stop + 1] == '{') {
			const char *close = strchr(s->text + stop, '}');

			check_variable(s, s->text + stop + 2);
			stop = close ? (size_t)(close - s->text) : stop;
		}
		stop++;
	}
	const struct span word = { s->text + i, stop - i };
	if (word.len > 0 && memchr(word.at, '*', word.len)) {
		config_complain(s->loading, s->line,
				"a value with * must stand in quotes");
		s->readable = false;
	}
	if (word.len > 0 && s->text[stop] == '#') /* libconfuse drops what follows */
		config_complain(s->loading, s->line,
				"a value with # must stand in quotes, and a comment "
				"behind a space");
	push(s, word);
	return stop > i ? stop - 1 : i;
}

/* Returns the number of the last octet of the token that begins at text[i]. */
static size_t take(struct scan *s, size_t i)
{
	const char c = s->text[i];

	if (c == '"' || c == '\'')
		return take_quoted(s, i);
	if (c == '#' || (c == '/' && (s->text[i + 1] == '/' || s->text[i + 1] == '*')))
		return blank_comment(s, i);
	if (c == '{' || c == '}')
		take_brace(s, c);
	else if (c == '=')
		take_name(s, i);
	else if (!strchr(" \t\r\n(),+", c))
		return take_word(s, i);
	s->line += c == '\n';
	return i;
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
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order, in UTF-8 */
	struct scan s = { .loading = l,
			  .text = text,
			  .len = len,
			  .line = 1,
			  .section = OUTSIDE,
			  .readable = true };

	if (memchr(text, '\0', len))
		return refuse_nul(l, text);
	if (len >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0)
		memset(text, ' ', sizeof mark - 1);
	for (size_t i = 0; i < len && !s.ended; i++)
		i = take(&s, i);
	check_end(&s);
	return s.readable;
}
