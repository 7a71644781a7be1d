/* net/line.h - cut a stream of octets into command lines.
 *
 * Prefix: line_.
 */
#pragma once

#include "base/span.h"

/* Line end included. */
enum {
	LINE_OCTETS_MAX = 255, /* RFC 2449 section 4 */
	LINE_LONG_MAX =
		12288, /* of SASL: RFC 4954 section 4, as RFC 5034 has no figure */
};

/* Embedded in its owner; all zero is the empty reader. */
struct line_reader {
	uint16_t len;    /* octets of an unfinished line kept */
	bool dropping;   /* the current line is over the limit; skip to its LF */
	bool auth_grows; /* a line that opens with AUTH may be longer, if it gets room
			  */
	char *room;      /* LINE_LONG_MAX octets to keep a line in; NULL: text */
	char text[LINE_OCTETS_MAX];
};

enum line_got {
	LINE_MORE,     /* no full line yet: feed more */
	LINE_FULL,     /* *out is one line, its CRLF or LF removed */
	LINE_OVERLONG, /* a line over the limit has ended; *out is its beginning */
	LINE_GROWS,    /* this line needs room: line_widen, or auth_grows = false */
};

/* Take octets from the front of *io_in until one line is complete or *io_in is
 * empty. *out is borrowed, from r or from the octets fed, and valid until the next
 * call. A line ends with LF; one CR right before it belongs to the line end; any
 * other CR is data. An over-long line is dropped up to and including its LF and
 * reported once, so that its tail can never be read as a second command. */
enum line_got line_feed(struct line_reader *r, struct span *io_in, struct span *out);

/* Does the unfinished line open with AUTH? */
bool line_is_auth(const struct line_reader *r);

/* Let lines be up to LINE_LONG_MAX octets long, in this memory; NULL: no longer. What
 * is kept of an unfinished line moves along, as far as it fits. Returns the memory used
 * so far, the caller's again; NULL: there was none. */
char *line_widen(struct line_reader *r, char *room);

/* Is this the beginning of another protocol, when it is the first thing that a client
 * says: an HTTP request, an SMTP greeting, a TLS record outside TLS? Then a browser or
 * a mail server was led here (ALPACA), and nothing may be echoed to it. */
bool line_is_alien(struct span first_line);
