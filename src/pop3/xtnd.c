/* pop3/xtnd.c - the command XTND: what the server can do, and boards.
 *
 * Floor 1 (pop3): does no I/O. Prefix: xtnd_.
 */
#include "pop3/xtnd.h"

#include "pop3/capa.h"
#include "pop3/reply.h"

static enum session_ask refuse(const struct session *s, enum fault f, struct buf *out)
{
	reply_err(out, s->language, f);
	return ASK_READ;
}

static bool is_own(const struct session *s, struct span name)
{
	const struct span own = session_user(s);

	return name.len == own.len && memcmp(name.at, own.at, own.len) == 0;
}

/* A name and, behind a space, the highest number of a message. */
static void put_board(struct buf *out, struct span name, uint32_t highest)
{
	buf_put(out, name);
	buf_char(out, ' ');
	buf_u64(out, highest);
	buf_put(out, SPAN("\r\n"));
}

/* RFC 1082: the maildrop before is closed without UPDATE. What was marked there is
 * forgotten. */
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
	s->next = 0;
	return ASK_BOARD;
}

enum session_ask xtnd_begin(struct session *s, struct buf *out)
{
	const struct span verb = s->command.word;
	const bool archive = span_is_nocase(verb, "ARCHIVE");
	const bool named = s->command.more.at != NULL;

	if (verb.len == 0) {
		capa_extensions(s, out);
		return ASK_READ;
	}
	if (!archive && !span_is_nocase(verb, "BBOARDS"))
		return refuse(s, FAULT_UNKNOWN_COMMAND, out);
	if (s->state != POP3_TRANSACTION)
		return refuse(s, FAULT_STATE, out);
	if (archive)
		return named ? ask_board(s, BOARD_ARCHIVE)
			     : refuse(s, FAULT_SYNTAX, out);
	if (named && !s->away && is_own(s, s->command.more))
		return stay(s, out);
	return ask_board(s, named ? BOARD_NAMED : BOARD_EACH);
}

/* The first line waits until it is known that the first board can be asked about. */
static void put_first_line(const struct session *s, struct buf *out)
{
	if (s->next == 0)
		reply_ok(out, s->language, TEXT_BOARDS);
}

enum session_ask xtnd_board(struct session *s, const struct session_event *ev,
			    struct buf *out)
{
	put_first_line(s, out);
	s->next++;
	if (ev->line.len > 0)
		put_board(out, ev->line, ev->count);
	return ASK_BOARD;
}

enum session_ask xtnd_told(struct session *s, struct buf *out)
{
	put_first_line(s, out);
	reply_dot(out);
	return ASK_READ;
}

bool xtnd_is_half_said(const struct session *s)
{
	return s->ask == ASK_BOARD && s->board == BOARD_EACH && s->next > 0;
}

enum session_ask xtnd_opened(struct session *s, const struct session_event *ev,
			     struct buf *out)
{
	s->bits = NULL;
	forget_marks(s);
	s->away = !is_own(s, ev->line);
	put_board(out, ev->line, s->count);
	reply_dot(out);
	return ASK_READ;
}
