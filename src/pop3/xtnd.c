/* pop3/xtnd.c - carries out XTND: extensions and boards.
 *
 * Prefix: xtnd_.
 */
#include "pop3/xtnd.h"

#include "pop3/capa.h"
#include "pop3/reply.h"

static bool is_own(const struct session *s, struct span name)
{
	return span_same_nocase(name, session_user(s));
}

/* A name and, behind a space, the maxima. */
static void put_board(struct buf *out, struct span name, uint32_t highest)
{
	buf_put(out, name);
	buf_char(out, ' ');
	buf_u64(out, highest);
	buf_put(out, SPAN("\r\n"));
}

/* RFC 1082 has the messages removed that were marked in the maildrop before. RFC 1939,
 * which is younger and the standard, removes messages at QUIT alone (section 6), and so
 * do we: when the client returns to that maildrop, they are no longer marked. */
static void forget_marks(struct session *s)
{
	s->marked = s->retrieved = 0;
	s->marked_octets = 0;
}

/* The user's own name, in the user's own maildrop, which its own lock would keep from
 * being opened. */
static enum session_ask stay(struct session *s, struct buf *out)
{
	if (s->bits)
		memset(s->bits, 0, session_marks_octets(s));
	forget_marks(s);
	reply_count(out, s->language, TEXT_HOLDS, s->count, s->octets);
	put_board(out, session_user(s), s->count);
	reply_dot(out);
	return ASK_READ;
}

static enum session_ask ask_board(struct session *s, enum board_wish board)
{
	s->board = board;
	s->wanted = s->command.more;
	s->number = 0;
	return ASK_BOARD;
}

static const struct {
	const char *name;
	enum board_wish wish; /* with the name of a board */
	bool lists;           /* without one: all of them */
} verbs[] = {
	{ "BBOARDS", BOARD_NAMED, true },
	{ "ARCHIVE", BOARD_ARCHIVE, false },
	{ "X-BBOARDS", BOARD_ABOUT, false },
};
enum { VERBS = sizeof verbs / sizeof *verbs };

enum session_ask xtnd_begin(struct session *s, struct buf *out)
{
	const struct span verb = s->command.word;
	const bool named = s->command.more.at != NULL;
	unsigned i = 0;

	if (verb.len == 0) {
		capa_extensions(s, out);
		return ASK_READ;
	}
	while (i < VERBS && !span_is_nocase(verb, verbs[i].name))
		i++;
	if (i == VERBS)
		return session_refuse(s, FAULT_UNKNOWN_COMMAND, out);
	if (s->state != POP3_TRANSACTION)
		return session_refuse(s, FAULT_STATE, out);
	if (!named)
		return verbs[i].lists ? ask_board(s, BOARD_EACH)
				      : session_refuse(s, FAULT_SYNTAX, out);
	if (verbs[i].wish == BOARD_NAMED && !s->away && is_own(s, s->command.more))
		return stay(s, out);
	return ask_board(s, verbs[i].wish);
}

/* The first line waits until it is known that the first board can be asked about. */
static void put_first_line(const struct session *s, struct buf *out)
{
	if (s->number == 0)
		reply_ok(out, s->language, TEXT_BOARDS);
}

/* RFC 1082's 14 lines on a board: its name, its flags and its maxima. All others are
 * empty, as it allows: they are of places on the server and of people. */
static enum session_ask tell_about(const struct session *s,
				   const struct session_event *ev, struct buf *out)
{
	reply_ok(out, s->language, TEXT_BOARDS);
	buf_put(out, ev->line);
	for (int line = 1; line < 13; line++)
		buf_put(out, SPAN("\r\n"));
	put_board(out, SPAN("0"), ev->maxima);
	buf_put(out, SPAN("\r\n"));
	reply_dot(out);
	return ASK_READ;
}

enum session_ask xtnd_board(struct session *s, const struct session_event *ev,
			    struct buf *out)
{
	if (s->board == BOARD_ABOUT)
		return tell_about(s, ev, out);
	put_first_line(s, out);
	s->number++;
	if (ev->line.len > 0)
		put_board(out, ev->line, ev->maxima);
	return ASK_BOARD;
}

enum session_ask xtnd_told(struct session *s, struct buf *out)
{
	put_first_line(s, out);
	reply_dot(out);
	return ASK_READ;
}

enum fault xtnd_fault(enum fault f)
{
	return f == FAULT_BUSY ? FAULT_BOARD_BUSY : f;
}

bool xtnd_is_half_said(const struct session *s)
{
	return s->ask == ASK_BOARD && s->board == BOARD_EACH && s->number > 0;
}

enum session_ask xtnd_opened(struct session *s, const struct session_event *ev,
			     struct buf *out)
{
	s->bits = NULL;
	forget_marks(s);
	s->away = !is_own(s, ev->line);
	s->maxima = s->away ? ev->maxima : 0;
	put_board(out, ev->line, s->away ? s->maxima : s->count);
	reply_dot(out);
	return ASK_READ;
}
