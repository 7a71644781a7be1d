/* cli/intake.c - takes a message from standard input.
 *
 * Prefix: intake_.
 */
#include "cli/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/own.h"
#include "mail/wire.h"
#include "sys/file.h"

enum { PIECE = 65536 };

/* State between two pieces. */
struct taking {
	struct intake *out;
	struct wire wire;
	bool cr;               /* a CR is held back: an LF may follow */
	bool in_body;          /* the empty line behind the header has come */
	char last;             /* octet written; LF before the first */
	char piece[PIECE + 1]; /* read, with room for a CR that was held back */
};

int intake_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder && *folder ? folder : P_tmpdir,
		      O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("message", MFD_CLOEXEC);
}

/* Read until the piece is full or the input ends. -1 and errno. */
static ssize_t fill(int from, char *at, size_t room)
{
	size_t len = 0;

	while (len < room) {
		const ssize_t n = read(from, at + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* ---- the beginning ---- */

static void note_sender(struct intake *out, struct span sender)
{
	if (!span_copy(sender, out->sender, sizeof out->sender))
		out->sender[0] = '\0';
}

/* "From alice@example.org  Fri Nov 20 12:00:00 2026". Mail programs write a name
 * without a domain, such as MAILER-DAEMON, for the null sender. */
static void take_from_line(struct intake *out, struct span *io_text)
{
	struct span line, word;
	struct span rest = *io_text;

	if (!span_starts(rest, "From ") || !span_cut(&rest, '\n', &line))
		return;
	line = span_after(line, strlen("From "));
	(void)span_cut(&line, ' ', &word);
	if (word.len > 0 && word.at[word.len - 1] == '\r')
		word.len--;
	if (memchr(word.at, '@', word.len))
		note_sender(out, word);
	*io_text = rest;
}

/* "Return-Path: <alice@example.org>" as the first field. */
static void look_at_return_path(struct intake *out, struct span text)
{
	struct span line, before, path;

	if (!span_starts_nocase(text, "Return-Path:"))
		return;
	(void)span_cut(&text, '\n', &line);
	if (span_cut(&line, '<', &before) && span_cut(&line, '>', &path))
		note_sender(out, path);
}

static struct span begin(struct intake *out, struct span text)
{
	take_from_line(out, &text);
	if (out->sender[0] == '\0')
		look_at_return_path(out, text);
	return text;
}

/* ---- the message ---- */

static void look_at(struct taking *t, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		const bool is_8bit = (unsigned char)text.at[i] >= 0x80;

		t->out->is_8bit |= is_8bit;
		t->out->has_utf8 |= is_8bit && !t->in_body;
		t->in_body |= text.at[i] == '\n' && t->last == '\n';
		t->last = text.at[i];
	}
}

static enum fault write_down(struct taking *t, struct span text, struct why *why)
{
	look_at(t, text);
	wire_count(&t->wire, text);
	t->out->octets += text.len;
	if (file_write_all(t->out->fd, text.at, text.len) == 0)
		return FAULT_NONE;
	return fault_set(why,
			 errno == ENOSPC || errno == EDQUOT ? FAULT_FULL : FAULT_IO,
			 errno, "write", "a temporary file");
}

/* Turn CRLF into LF, in place. A CR at the end is held back, and stands in front of the
 * next piece. */
static struct span join_line_ends(struct taking *t, char *at, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++)
		if (at[i] != '\r' || i + 1 == len || at[i + 1] != '\n')
			at[to++] = at[i];
	t->cr = to > 0 && at[to - 1] == '\r';
	return (struct span){ at, to - t->cr };
}

static enum fault take_piece(struct taking *t, struct span piece, struct why *why)
{
	char *at = t->piece + (piece.at - t->piece);

	if (t->cr) {
		*--at = '\r';
		piece.len++;
	}
	return write_down(t, join_line_ends(t, at, piece.len), why);
}

static enum fault finish(struct taking *t, struct why *why)
{
	char end[WIRE_END_MAX];
	enum fault f = FAULT_NONE;

	if (t->cr)
		f = write_down(t, SPAN("\r"), why);
	if (!f && t->out->octets == 0)
		return fault_set(why, FAULT_SYNTAX, 0, NULL, NULL);
	if (!f && t->last != '\n')
		f = write_down(t, SPAN("\n"), why);
	wire_end(&t->wire, end);
	t->out->wire_octets = t->wire.octets;
	return f;
}

enum fault intake_read(int from, struct intake *out, struct why *why)
{
	static struct taking t;
	bool first = true;
	enum fault f = FAULT_NONE;
	ssize_t n;

	*out = (struct intake){ .fd = intake_file() };
	t.out = out;
	t.cr = t.in_body = false;
	t.last = '\n';
	wire_start(&t.wire);
	if (out->fd < 0)
		return fault_set(why, FAULT_IO, errno, "make", "a temporary file");
	while (!f && (n = fill(from, t.piece + 1, PIECE)) > 0) {
		struct span piece = { t.piece + 1, (size_t)n };

		if (first)
			piece = begin(out, piece);
		first = false;
		f = take_piece(&t, piece, why);
	}
	if (f)
		return f;
	return n < 0 ? fault_set(why, FAULT_IO, errno, "read", "standard input")
		     : finish(&t, why);
}

void intake_end(struct intake *m)
{
	own_fd_close(&m->fd);
}
