/* mail/wire.c - encodes a message for the wire, and counts its octets there.
 *
 * Prefix: wire_.
 */
#include "mail/wire.h"

#include "base/buf.h"
#include "mail/lineend.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* A line has ended. The first empty one ends the header (RFC 5322 section 2.1). */
static ALWAYS_INLINE void end_line(struct wire *w)
{
	bool empty = w->line == 0 || (w->line == 1 && w->cr);

	if (w->top && w->in_body)
		w->lines_left--;
	if (empty)
		w->in_body = true;
	w->full = w->top && w->in_body && w->lines_left == 0;
	w->line = 0;
	w->cr = false;
}

/* Part of a line, without an LF in it. */
static ALWAYS_INLINE void run(struct wire *w, const char *at, size_t len)
{
	if (len == 0)
		return;
	w->cr = at[len - 1] == '\r';
	w->line = w->line + len > 1 ? 2 : 1;
	w->octets += len;
}

/* Line by line, with an eye on the room and on where a TOP ends. */
static ALWAYS_INLINE size_t convert(struct wire *w, struct span *io_in, char *out,
				    size_t room, bool put)
{
	struct span in = *io_in;
	size_t n = 0;

	while (in.len > 0 && room - n >= 2 && !w->full) {
		if (w->line == 0 && in.at[0] == '.') {
			w->changed = true;
			if (put)
				out[n++] = '.';
		}
		size_t most = in.len < room - n ? in.len : room - n;
		const char *lf = memchr(in.at, '\n', most);
		size_t len = lf ? (size_t)(lf - in.at) : most;

		run(w, in.at, len);
		if (put) {
			memcpy(out + n, in.at, len);
			n += len;
		}
		in = span_after(in, len);
		if (!lf)
			continue;
		if (room - n < 2)
			break; /* the LF waits for more room */
		w->octets += w->cr ? 1 : 2;
		w->changed |= !w->cr;
		if (put && !w->cr)
			out[n++] = '\r';
		if (put)
			out[n++] = '\n';
		end_line(w);
		in = span_after(in, 1);
	}
	w->cut |= w->full && in.len > 0;
	*io_in = in;
	return n;
}

/* ---- all of a piece at once ---- */

/* Most lines are no longer than this (RFC 5322 section 2.1.1), and copied as if all had
 * this length: a copy of a known length takes no decision. A piece can become twice as
 * long; fewer octets than PIECE_FEW are not worth the effort. */
enum { COPY_OCTETS = 80, PIECE_FEW = 128 };

/* At least COPY_OCTETS may be written to; `left` octets may be read. */
static ALWAYS_INLINE void copy_line(char *out, const char *in, size_t len, size_t left)
{
	if (len <= COPY_OCTETS && left >= COPY_OCTETS)
		memcpy(out, in, COPY_OCTETS);
	else
		memcpy(out, in, len);
}

/* The whole lines of a piece that has room. Returns the octets that they are; *out_n
 * those written. */
static ALWAYS_INLINE size_t convert_lines(struct wire *w, struct span in, size_t len,
					  char *out, size_t *out_n, bool put)
{
	ROOM struct lineends ends;
	const size_t count =
		lineend_find(lineend_best(), (struct span){ in.at, len }, &ends);
	bool fresh = w->line == 0, changed = w->changed;
	size_t start = 0, n = 0, added = 0;

	for (size_t i = 0; i < count; i++) {
		const size_t end = ends.at[i];
		const bool dot = fresh && in.at[start] == '.';
		const bool bare = !(end > 0 ? in.at[end - 1] == '\r' : w->cr);

		if (put) {
			out[n] = '.';
			n += dot;
			copy_line(out + n, in.at + start, end - start, in.len - start);
			n += end - start;
			out[n] = '\r';
			n += bare;
			out[n++] = '\n';
		}
		added += bare;
		changed |= dot | bare;
		fresh = true;
		start = end + 1;
	}
	if (count > 0) {
		w->line = 0;
		w->cr = false;
		w->octets += start + added;
		w->changed = changed;
	}
	*out_n = n;
	return start;
}

/* How much to take at once. 0: the careful way is as good. */
static ALWAYS_INLINE size_t piece(size_t len, size_t room, bool put)
{
	size_t most = len < LINEEND_PIECE_MAX ? len : LINEEND_PIECE_MAX;

	if (put && room < 2 * most + COPY_OCTETS)
		most = room < COPY_OCTETS ? 0 : (room - COPY_OCTETS) / 2;
	return most < PIECE_FEW ? 0 : most;
}

/* wire_encode and wire_count are this function, compiled with and without writing. It
 * leaves parts of lines, TOP, and the end of the room to convert(). */
static ALWAYS_INLINE size_t convert_all(struct wire *w, struct span *io_in, char *out,
					size_t room, bool put)
{
	size_t n = 0, len;

	while (!w->top && (len = piece(io_in->len, room - n, put)) > 0) {
		size_t written;
		size_t done = convert_lines(w, *io_in, len, put ? out + n : NULL,
					    &written, put);

		if (done == 0) { /* all of it is within one line */
			struct span part = { io_in->at, len };

			written =
				convert(w, &part, put ? out + n : NULL, room - n, put);
			done = len - part.len;
		}
		*io_in = span_after(*io_in, done);
		n += written;
	}
	return n + convert(w, io_in, put ? out + n : NULL, room - n, put);
}

size_t wire_encode(struct wire *w, struct span *io_in, char *out, size_t room)
{
	return convert_all(w, io_in, out, room, true);
}

void wire_count(struct wire *w, struct span in)
{
	convert_all(w, &in, NULL, SIZE_MAX, false);
}

size_t wire_end(struct wire *w, char *out)
{
	size_t n = 0;

	if (w->line > 0) {
		w->octets += 2;
		w->changed = true;
		if (out)
			memcpy(out, "\r\n", 2);
		n = 2;
		end_line(w);
	}
	if (out)
		memcpy(out + n, ".\r\n", 3);
	return out ? n + 3 : 0;
}
