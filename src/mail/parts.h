/* mail/parts.h - where in a message its headers are, and those of its parts (RFC 2046).
 *
 * Prefix: parts_.
 */
#pragma once

#include "base/span.h"

enum {
	PARTS_DEPTH_MAX = 32,    /* of parts within parts; what lies deeper stays */
	PARTS_BOUNDARY_MAX = 70, /* RFC 2046 section 5.1.1 */
	PARTS_LINE_MAX = 128,    /* more than any boundary, with some white space */
	PARTS_TYPE_MAX = 8192,   /* octets of a Content-Type that are parsed */
};

/* Where in a message. */
enum parts_place {
	PARTS_HEADER,
	PARTS_STATUS, /* groups of fields (RFC 3464 section 2.1) */
	PARTS_BODY,   /* a line may be the boundary of a part */
	PARTS_REST,   /* no header can follow */
};

/* What a header leads to. */
enum parts_content {
	PARTS_CONTENT_OTHER,
	PARTS_CONTENT_PARTS,
	PARTS_CONTENT_MESSAGE,
	PARTS_CONTENT_STATUS,
};

struct parts_boundary {
	uint8_t len;
	bool digest; /* its parts are messages, unless they say otherwise */
	char text[PARTS_BOUNDARY_MAX];
};

struct parts {
	enum parts_place place;
	enum parts_content content;
	bool typed; /* this header has had its Content-Type */
	uint32_t depth;
	struct parts_boundary next; /* of the parts that this header announces */
	struct parts_boundary boundaries[PARTS_DEPTH_MAX];
};

void parts_start(struct parts *p);

static inline bool parts_in_header(const struct parts *p)
{
	return p->place == PARTS_HEADER || p->place == PARTS_STATUS;
}

/* A field of the header, as it is stored: if it is the Content-Type, it says what
 * follows the header. */
void parts_read_field(struct parts *p, struct span field);

/* The empty line behind a header. */
void parts_end_header(struct parts *p);

/* Take a line of a body. True: it is a boundary, which begins or ends a part. */
bool parts_read_line(struct parts *p, struct span line);
