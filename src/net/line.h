/* net/line.h - cuts a stream of octets into lines.
 *
 * Prefix: line_.
 */
#pragma once

#include "base/span.h"

/* The longest lines, line end included. */
enum {
	LINE_POP3_MAX = 255,   /* RFC 2449 section 4 */
	LINE_LONG_MAX = 12288, /* SASL: RFC 4954 section 4; RFC 5034 has no figure */
};

/* Keeps the beginning of an unfinished line. Embedded in its owner. */
struct line_reader {
	char *text;      /* `most` octets of the owner's */
	uint16_t most;   /* the longest line of the protocol */
	uint16_t len;    /* octets kept of an unfinished line */
	bool dropping;   /* the current line is over the limit; skip to its LF */
	bool auth_grows; /* a line that begins with AUTH may ask for more room */
	char *room;      /* LINE_LONG_MAX octets to keep a line in; NULL: use text */
};

/* An empty reader of lines with at most `most` octets, line end included, which it
 * keeps in `text`. */
static inline void line_init(struct line_reader *r, char *text, uint16_t most)
{
	*r = (struct line_reader){ .text = text, .most = most };
}

enum line_got {
	LINE_MORE,     /* the line has not ended: feed more */
	LINE_FULL,     /* *out is one line, its CRLF or LF removed */
	LINE_OVERLONG, /* a line over the limit has ended; *out is its beginning */
	LINE_GROWS,    /* nothing was taken: call line_widen, or clear auth_grows */
};

/* Take octets from the front of *io_in until one line is complete or *io_in is
 * empty. *out is borrowed, from r or from the octets fed, and valid until the next
 * call. A line ends with LF; one CR right before it belongs to the line end; any
 * other CR is data. An over-long line is dropped up to and including its LF and
 * reported once, so that its tail can never be read as a second command. */
enum line_got line_feed(struct line_reader *r, struct span *io_in, struct span *out);

/* Does the unfinished line begin with "AUTH "? */
bool line_is_auth(const struct line_reader *r);

/* Keep lines in `room`, so that they may have up to LINE_LONG_MAX octets; NULL: keep
 * them in r->text again. What was kept moves along; a line that does not fit becomes
 * over-long. Returns the room used so far, which is the caller's again, or NULL. */
char *line_widen(struct line_reader *r, char *room);

/* Is the first line of a client one of another protocol: an HTTP request, an SMTP
 * greeting, a TLS record outside TLS? Then somebody has redirected a browser or a mail
 * server to this port (ALPACA), and nothing may be echoed to it. */
bool line_is_alien(struct span first_line);
