/* lmtp/content.h - turns the octets of a message on the wire into those that a Maildir
 * stores.
 *
 * Prefix: content_. CRLF becomes LF; a CR or an LF alone stays as it is. Return-Path
 * fields are taken off the header, with the lines that continue them: the server adds
 * the one that is right (RFC 5321 section 4.4). After DATA, the dot that the client put
 * in front of a line is taken off, and only CRLF "." CRLF, or "." CRLF at the
 * beginning, ends the message (RFC 5321 sections 4.1.1.4 and 4.5.2): a line begins
 * behind a CRLF, never behind a CR or an LF alone. However the caller cuts the input
 * into pieces, the output is the same.
 */
#pragma once

#include "base/buf.h"

/* The most octets that are held back between two calls, and so the most by which the
 * output of a call can be longer than its input. */
enum { CONTENT_HELD_MAX = 34 };

enum content_form {
	CONTENT_DOTTED, /* of DATA: ends with a dot on a line of its own */
	CONTENT_COUNTED /* of BDAT: the caller knows how long it is */
};

struct content {
	uint64_t octets; /* as SIZE counts them (RFC 1870 section 5), of what was taken:
			    without the dots that the client added, with the fields that
			    were taken off */
	uint8_t form;    /* enum content_form */
	uint8_t at;      /* where in a line end or dot: see content.c */
	bool ended;      /* the line with the dot has come */
	bool in_body;    /* the empty line behind the header has come */
	bool dropping;   /* inside a Return-Path field */
	uint8_t part;    /* of a header line: see content.c */
	uint8_t held;    /* octets of `start` */
	char start[32];  /* the beginning of a header line that may be Return-Path */
};

void content_init(struct content *c, enum content_form form);

/* Take octets from the front of *io_in, as many as `out` has room for the result of:
 * all of them if room >= io_in->len + CONTENT_HELD_MAX. Stops behind the line with the
 * dot, and sets c->ended; what follows it, pipelined commands, stays in *io_in. Returns
 * the octets written to `out`. */
size_t content_take(struct content *c, struct span *io_in, char *out, size_t room);

/* The last chunk of CONTENT_COUNTED has been taken: write the octets that were held
 * back. `out` has room for CONTENT_HELD_MAX octets. Returns the octets written. After
 * CONTENT_DOTTED has ended nothing is held. */
size_t content_end(struct content *c, char *out);
