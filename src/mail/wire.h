/* mail/wire.h - encodes a message for the wire, and counts its octets there.
 *
 * Prefix: wire_.
 *
 * The same routine counts octets for LIST and writes them for RETR and TOP, so the two
 * cannot disagree. LF becomes CRLF; every other octet, lone CR and NUL included, goes
 * out as it is stored; a line that starts with a dot gets one more dot, which is not
 * counted (RFC 1939 sections 3 and 11); a missing line end of the last line is added,
 * and counted.
 */
#pragma once

#include "base/span.h"

/* How a message is stored, as far as is known. */
enum wire_form {
	WIRE_FORM_UNKNOWN, /* must be encoded */
	WIRE_FORM_READY,   /* all CRLF, no line starts with a dot: goes out as it is
			      stored */
	WIRE_FORM_COUNT
};

/* State between two pieces of one message. Start with wire_start or wire_start_top. */
struct wire {
	uint64_t octets;     /* so far, as LIST counts them */
	uint64_t lines_left; /* TOP: lines of the body still to send */
	uint8_t line; /* octets in the current line before its LF: 0, 1, or 2 for more
		       */
	bool cr;      /* the last octet was a CR */
	bool top;     /* TOP: only some lines of the body are sent */
	bool in_body;
	bool full; /* TOP: all its lines are written, and the rest of the message is not
		      needed */
	bool cut;  /* TOP: the message is longer than what was written */
	bool changed; /* an octet was added: the message as stored differs from that on
			 the wire */
};

static inline void wire_start(struct wire *w)
{
	*w = (struct wire){ 0 };
}

static inline void wire_start_top(struct wire *w, uint64_t lines)
{
	*w = (struct wire){ .top = true, .lines_left = lines };
}

/* Turn stored octets into octets for the client.
 *
 * io_in  octets are consumed from its front; the caller offers the rest again, before
 *        the octets that follow it.
 * out    has room for `room` octets; if room < 2, nothing is written.
 *
 * Returns the octets written. w->octets grows by as many, minus the added dots. It
 * cannot fail and owns nothing. However the caller cuts the input into pieces, the
 * output is the same. If a read error cuts a message short, do not call wire_end(), but
 * close the connection: otherwise the client takes half a message for a whole one, and
 * may delete it. */
size_t wire_encode(struct wire *w, struct span *io_in, char *out, size_t room);

/* As wire_encode for all of the input, but only count. */
void wire_count(struct wire *w, struct span in);

/* Account for `in`, at least one octet of a message of WIRE_FORM_READY, which the
 * caller has sent as stored. */
static inline void wire_passed(struct wire *w, struct span in)
{
	w->octets += in.len;
	/* A file that has lost its last line end since it was measured gets one. */
	w->line = in.at[in.len - 1] != '\n';
	w->cr = false;
}

/* The message has ended: add a missing line end of the last line and, if `out` is not
 * NULL, the final line with a dot. `out` has room for WIRE_END_MAX octets; NULL: only
 * count. Returns the octets written to `out`. */
enum { WIRE_END_MAX = 5 };
size_t wire_end(struct wire *w, char *out);

/* The form of a message, after wire_count over all of it and wire_end. */
static inline enum wire_form wire_form(const struct wire *w)
{
	return w->changed ? WIRE_FORM_UNKNOWN : WIRE_FORM_READY;
}
