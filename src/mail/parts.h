/* mail/parts.h - finds the headers of a message and of its parts (RFC 2046).
 *
 * Prefix: parts_.
 */
#pragma once

#include "base/span.h"

enum {
	PARTS_DEPTH_MAX = 32,    /* parts within parts; deeper headers are not found */
	PARTS_BOUNDARY_MAX = 70, /* RFC 2046 section 5.1.1 */
	PARTS_LINE_MAX = 128, /* longer than any boundary line, with some white space */
	PARTS_TYPE_MAX = 8192, /* octets of a Content-Type that are parsed */
};

/* Where in the message the next line is. */
enum parts_place {
	PARTS_HEADER,
	PARTS_STATUS, /* in a body that consists of groups of fields (RFC 3464
			 section 2.1) */
	PARTS_BODY,   /* in a body in which a line may be the boundary of a part */
	PARTS_REST,   /* in a body that no header can follow */
};

/* The kind of body that a header announces. */
enum parts_content {
	PARTS_CONTENT_OTHER,
	PARTS_CONTENT_PARTS,
	PARTS_CONTENT_MESSAGE,
	PARTS_CONTENT_STATUS,
};

struct parts_boundary {
	uint8_t len;
	bool digest; /* multipart/digest: a part is a message by default */
	char text[PARTS_BOUNDARY_MAX];
};

struct parts {
	enum parts_place place;
	enum parts_content content;
	bool typed; /* the Content-Type of this header has been read */
	uint32_t depth;
	struct parts_boundary next; /* the boundary that this header announces */
	struct parts_boundary boundaries[PARTS_DEPTH_MAX];
};

void parts_start(struct parts *p);

static inline bool parts_in_header(const struct parts *p)
{
	return p->place == PARTS_HEADER || p->place == PARTS_STATUS;
}

/* Read a field of a header, with its line ends. Only a Content-Type has an effect: it
 * says what kind of body follows. */
void parts_read_field(struct parts *p, struct span field);

/* Call this at the empty line behind a header. */
void parts_end_header(struct parts *p);

/* Take a line of a body. True: it is a boundary, which begins or ends a part. */
bool parts_read_line(struct parts *p, struct span line);
