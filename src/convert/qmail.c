/* convert/qmail.c - turns a run script of qmail-pop3d into a configuration of Poplar.
 *
 * Prefix: qmail_.
 */
#include "convert/qmail.h"

#include "convert/value.h"

enum { WORDS_MAX = 128 };

/* The words of the script, and the lines that they are on. */
struct words {
	struct source *s;
	struct source_place place; /* of the word that is being read */
	unsigned count;
	struct span at[WORDS_MAX];
	unsigned line[WORDS_MAX];
};

/* ---- reading ---- */

static bool add(struct words *w, struct span word)
{
	if (w->count == WORDS_MAX)
		return source_fail(w->s, w->place, "the script has too many words",
				   word);
	w->line[w->count] = w->place.line;
	w->at[w->count++] = word;
	return true;
}

/* One word, without its quotes and backslashes. */
static bool read_word(struct words *w, struct span *io)
{
	const size_t begin = w->s->text.len;
	char quote = 0;

	for (; io->len > 0; *io = span_after(*io, 1)) {
		const char c = io->at[0];

		if (!quote && strchr(" \t\r\n;&|", c))
			break;
		w->place.line += c == '\n';
		if ((c == '"' || c == '\'') && (!quote || quote == c)) {
			quote = quote ? 0 : c;
		} else {
			if (c == '\\' && quote != '\'' && io->len > 1)
				*io = span_after(*io, 1);
			buf_char(&w->s->text, io->at[0]);
		}
	}
	if (quote)
		return source_fail(w->s, w->place, "a quote is not closed", SPAN(""));
	return add(w, (struct span){ w->s->text.at + begin, w->s->text.len - begin });
}

static bool read_words(struct words *w, struct span text)
{
	struct span line;

	w->place.line = 1;
	while (text.len > 0) {
		const char c = text.at[0];

		if (c == '\0')
			return source_fail(w->s, w->place, "the script has a NUL",
					   SPAN(""));
		if (c == '#') {
			span_cut(&text, '\n', &line);
			w->place.line++;
		} else if (c == '\\' && text.len > 1 && text.at[1] == '\n') {
			text = span_after(text, 2);
			w->place.line++;
		} else if (strchr(" \t\r\n;&|", c)) {
			w->place.line += c == '\n';
			text = span_after(text, 1);
		} else if (!read_word(w, &text)) {
			return false;
		}
	}
	return !w->s->text.cut;
}

/* ---- converting ---- */

static struct span name_of(struct span path)
{
	while (path.len > 0 && memchr(path.at, '/', path.len))
		path = span_after(path, 1);
	return path;
}

/* The first word behind `from` that is this program. w->count: there is none. */
static unsigned find(const struct words *w, unsigned from, const char *program)
{
	while (from < w->count && !span_is(name_of(w->at[from]), program))
		from++;
	return from;
}

/* A word as an item, for origins and notes. */
static struct source_item item_of(const struct words *w, unsigned i, const char *name)
{
	return (struct source_item){ .name = span_of(name),
				     .value = w->at[i],
				     .place = { w->place.file, w->line[i] } };
}

static struct span origin(struct result *r, const struct words *w, unsigned i,
			  const char *name)
{
	const struct source_item item = item_of(w, i, name);

	return result_origin(r, &item);
}

static void convert_address(struct result *r, const struct words *w, unsigned host,
			    bool is_tls)
{
	const struct span port = w->at[host + 1];
	const bool any = span_is(w->at[host], "0") || span_is(w->at[host], "::");
	char room[128];
	struct buf b = BUF(room);

	buf_put(&b, any ? SPAN("*") : w->at[host]);
	buf_char(&b, ':');
	buf_put(&b,
		span_starts(port, "pop") ? (is_tls ? SPAN("995") : SPAN("110")) : port);
	result_list(r, RESULT_NO_DATABASE, is_tls ? "listen-tls" : "listen",
		    buf_span(&b), origin(r, w, host, "address and port"));
	result_empty(r, RESULT_NO_DATABASE, is_tls ? "listen" : "listen-tls",
		     SPAN("the script has one port"));
}

/* Options of tcpserver and sslserver. Returns the number of the word behind them. */
static unsigned convert_options(struct result *r, const struct words *w, unsigned i)
{
	for (; i < w->count && span_starts(w->at[i], "-"); i++) {
		const struct source_item option = item_of(w, i, "option of tcpserver");
		const char letter = w->at[i].len > 1 ? w->at[i].at[w->at[i].len - 1]
						     : 0;
		const bool has_value = letter && strchr("cxugbltkBCd", letter);

		if (letter == 'c' && i + 1 < w->count)
			result_count(r, RESULT_NO_DATABASE, "max-connections",
				     w->at[i + 1], &option);
		else if (letter == 'x')
			result_about(r, RESULT_NONE, &option,
				     "Poplar has no file of rules for addresses: let a "
				     "packet "
				     "filter refuse them, or give users allow_nets.");
		else
			result_say(r, RESULT_NEEDLESS, &option, "Poplar needs no ",
				   w->at[i], " here.");
		i += has_value;
	}
	return i;
}

static void convert_program(struct result *r, const struct words *w, unsigned from,
			    unsigned to)
{
	const int db =
		result_add_database(r, "checkpassword", "checkpassword",
				    origin(r, w, from, "program behind qmail-popup"));

	for (unsigned i = from; i < to; i++) {
		const struct source_item item = item_of(w, i, "program");
		char room[512];
		struct buf b = BUF(room);

		if (i == from && w->at[i].at[0] != '/') {
			buf_text(&b, "/bin/");
			result_about(
				r, RESULT_DIFFERS, &item,
				"Poplar needs the path of the program: the result has "
				"/bin.");
		}
		buf_put(&b, w->at[i]);
		result_list(r, db, "program", buf_span(&b), result_origin(r, &item));
	}
}

static void convert_rest(struct result *r, const struct words *w, unsigned maildir)
{
	struct span name = w->at[maildir];

	while (span_starts(name, "./"))
		name = span_after(name, 2);
	while (name.len > 1 && name.at[name.len - 1] == '/')
		name.len--;
	result_text(r, RESULT_NO_DATABASE, "maildir", name,
		    origin(r, w, maildir, "folder behind qmail-pop3d"));
	result_text(r, RESULT_NO_DATABASE, "mail-root", SPAN("/home"),
		    SPAN("the folder of all homes of users of the system"));
	result_list(r, RESULT_NO_DATABASE, "mechanisms", SPAN("USER"),
		    SPAN("qmail-popup has USER and PASS"));
	result_word(r, RESULT_NO_DATABASE, "plaintext-auth", SPAN("yes"),
		    SPAN("qmail-popup knows no TLS"));
	result_note(r, RESULT_DIFFERS, NULL, SPAN("mail-root"),
		    SPAN("Homes elsewhere need another folder: the one above all of "
			 "them."));
	result_note(r, RESULT_NONE, NULL, SPAN("unique-ids"),
		    SPAN("Import the order of the messages with poplar import: "
			 "qmail-pop3d has "
			 "them by time."));
}

static bool convert(struct result *r, struct words *w)
{
	const unsigned ssl = find(w, 0, "sslserver");
	const unsigned server = ssl < w->count ? ssl : find(w, 0, "tcpserver");
	const unsigned popup = find(w, server, "qmail-popup");
	const unsigned pop3d = find(w, popup, "qmail-pop3d");
	const bool is_tls = ssl < w->count;

	w->place.line = 1;
	if (pop3d + 1 >= w->count || popup + 2 >= pop3d)
		return source_fail(w->s, w->place,
				   "expected tcpserver ... qmail-popup NAME PROGRAM "
				   "qmail-pop3d MAILDIR",
				   SPAN(""));
	const unsigned host = convert_options(r, w, server + 1);
	if (host + 2 > popup)
		return source_fail(w->s, w->place, "tcpserver has no address and port",
				   SPAN(""));
	convert_address(r, w, host, is_tls);
	convert_program(r, w, popup + 2, pop3d);
	convert_rest(r, w, pop3d + 1);
	if (is_tls)
		result_note(r, RESULT_NONE, NULL, SPAN("certificate"),
			    SPAN("The script does not say where sslserver has its "
				 "certificate: "
				 "add tls-certificate."));
	return true;
}

bool qmail_run(struct source *s, struct result *r, const struct source_world *world,
	       struct span path)
{
	struct words w = { .s = s };
	struct span text;

	if (!world->read(world->arg, path, &text))
		return source_fail(s, (struct source_place){ 0 }, "cannot read", path);
	return source_add_file(s, path, &w.place.file) && read_words(&w, text) &&
	       convert(r, &w);
}
