/* mail/wire.h - the form in which a message crosses the wire, and its size there.
 *
 * Prefix: wire_.
 *
 * One routine both counts for LIST and writes for RETR and TOP, so that the two cannot
 * disagree. LF becomes CRLF; every other octet, lone CR and NUL included, goes out as
 * it is stored; a line that starts with a dot gets one more, which is not counted (RFC
 * 1939 sections 3 and 11); a missing last line end is added, and counted.
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
	uint64_t lines_left; /* of the body, when top */
	uint8_t line; /* octets in the current line before its LF: 0, 1, or 2 for more
		       */
	bool cr;      /* the last octet was a CR */
	bool top;     /* a limited number of body lines */
	bool in_body;
	bool full;    /* TOP has its lines: the rest of the message is of no interest */
	bool cut;     /* ... and there was more: octets were offered that did not go out
		       */
	bool changed; /* something was added, so that stored form and wire form differ
		       */
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
 * io_in  consumed from the front; what is left over did not fit and is to be offered
 *        again in front of what follows it.
 * out    room for `room` octets; nothing is written when room < 2.
 *
 * Returns the octets written. w->octets grows by as many less the stuffed dots. Cannot
 * fail, owns nothing; how the input is cut never changes the output. A message cut
 * short by a read error must not be ended with wire_end(): drop the connection, or the
 * client keeps half a message and may delete the whole one. */
size_t wire_encode(struct wire *w, struct span *io_in, char *out, size_t room);

/* The same, counting only: takes all of the input. */
void wire_count(struct wire *w, struct span in);

/* `in`, at least one octet of a message in WIRE_FORM_READY, was sent as it is stored.
 */
static inline void wire_passed(struct wire *w, struct span in)
{
	w->octets += in.len;
	/* A file that has lost its last line end since it was measured gets one. */
	w->line = in.at[in.len - 1] != '\n';
	w->cr = false;
}

/* The end of the message: adds a missing last line end, and the final dot line when out
 * is not NULL (room: WIRE_END_MAX). Returns the octets written. */
enum { WIRE_END_MAX = 5 };
size_t wire_end(struct wire *w, char *out);

/* After wire_count over all of a message and wire_end: how it is stored. */
static inline enum wire_form wire_form(const struct wire *w)
{
	return w->changed ? WIRE_FORM_UNKNOWN : WIRE_FORM_READY;
}
