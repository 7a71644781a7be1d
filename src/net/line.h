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

/* Keeps the beginning of an unfinished line. The owner embeds it, and calls line_init.
 */
struct line_reader {
	char *text;      /* memory for `most` octets, which the owner provides */
	uint16_t most;   /* the longest line of the protocol */
	uint16_t len;    /* octets kept of an unfinished line */
	bool dropping;   /* the current line is too long: skip to its LF */
	bool crlf;       /* the owner sets it: only CRLF ends a line, and an LF alone is
			    data */
	bool cr;         /* the last octet of an unfinished line was a CR */
	bool auth_grows; /* line_feed may return LINE_GROWS for a line that begins with
			    AUTH */
	char *room; /* memory for LINE_LONG_MAX octets, used instead of `text`; NULL:
		       none */
};

/* Initialize an empty reader. A line has at most `most` octets, line end included;
 * `text` has room for one. */
static inline void line_init(struct line_reader *r, char *text, uint16_t most)
{
	*r = (struct line_reader){ .text = text, .most = most };
}

enum line_got {
	LINE_MORE,     /* the line has not ended: feed more */
	LINE_FULL,     /* *out is one line, its CRLF or LF removed */
	LINE_OVERLONG, /* a line over the limit has ended; *out is its beginning */
	LINE_GROWS, /* the line needs more room, and nothing was taken: call line_widen,
		       or clear auth_grows, then feed again */
};

/* Take octets from the front of *io_in until one line is complete or *io_in is empty.
 * *out borrows from r or from the input, and is valid until the next call. A line ends
 * with LF or, if r->crlf is set, with CRLF; one CR right before the LF belongs to the
 * line end, and any other CR is data. A line that is too long is dropped up to its LF
 * and reported once, so that its tail is never read as a second command. */
enum line_got line_feed(struct line_reader *r, struct span *io_in, struct span *out);

/* Does the unfinished line begin with "AUTH "? */
bool line_is_auth(const struct line_reader *r);

/* Use `room`, memory of the caller for LINE_LONG_MAX octets, so that lines may have
 * that length; NULL: use r->text again. The unfinished line moves along; if it does not
 * fit, it becomes too long. Returns the `room` used before, which the caller may free,
 * or NULL. */
char *line_widen(struct line_reader *r, char *room);

/* Is this the first line of an HTTP request? */
bool line_is_web(struct span line);

/* Does this first line of a client belong to another protocol: an HTTP request, an SMTP
 * greeting, a TLS record outside TLS? Then somebody has redirected a browser or a mail
 * server to this port (the ALPACA attack), and the server must not reply. */
bool line_is_alien(struct span first_line);
