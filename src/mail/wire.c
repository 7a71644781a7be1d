/* mail/wire.c - the form in which a message crosses the wire, and its size there.
 *
 * Floor 1 (mail): does no I/O. Prefix: wire_.
 */
#include "mail/wire.h"

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

/* Both public routines are this one, compiled with and without the writing. */
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
	*io_in = in;
	return n;
}

size_t wire_encode(struct wire *w, struct span *io_in, char *out, size_t room)
{
	return convert(w, io_in, out, room, true);
}

void wire_count(struct wire *w, struct span in)
{
	convert(w, &in, NULL, SIZE_MAX, false);
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
