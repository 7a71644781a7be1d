/* mail/fold.h - a header field being written, folded, in ASCII whatever it says.
 *
 * Floor 1 (mail): does no I/O. Prefix: fold_. A field is written as a whole, and as
 * often as it takes to get all of it through the window that the caller has for it: so
 * nothing has to be kept of how far the writing came but a number of octets.
 */
#pragma once

#include "base/buf.h"

enum {
	FOLD_LINE_MAX = 76,     /* RFC 2047 section 2: of a line with an encoded-word */
	FOLD_DOMAINS_MAX = 64,  /* looks at domains for one field: they are slow */
	FOLD_FIELD_MAX = 65536, /* octets of a field, as stored, that can be written */
};

/* Start with the window and what the scratch is; all else zero. */
struct fold {
	struct buf out; /* the window */
	uint64_t skip;  /* octets that come before it */
	uint64_t made;  /* octets so far, in the window and out of it */
	unsigned column;
	struct span gap;  /* white space before what comes next: a line may end there */
	char *scratch;    /* FOLD_FIELD_MAX octets */
	unsigned domains; /* of IDNA that were looked at */
};

/* White space, which counts when something follows. */
static inline void fold_gap(struct fold *f, struct span white)
{
	f->gap = white;
}

/* The gap, with a new line if `octets` more do not fit into this one. */
void fold_reserve(struct fold *f, size_t octets);

/* ASCII, right behind what stands there. */
void fold_glue(struct fold *f, struct span s);

/* Both: a word of ASCII. */
void fold_word(struct fold *f, struct span word);

/* The gap and the text as encoded-words (RFC 2047): between two characters a new one
 * may begin. Good in texts, comments and phrases alike. */
void fold_encoded(struct fold *f, struct span text);

/* Any text, as unstructured text (RFC 6857 section 3.1.1): words that are not ASCII
 * become encoded-words, all others stay as they are. */
void fold_text(struct fold *f, struct span text);
void fold_line_end(struct fold *f);
