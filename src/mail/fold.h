/* mail/fold.h - a header field being written, folded, in ASCII whatever it says.
 *
 * Prefix: fold_. A field is written element by element,
 * and each element as often as it takes to get all of it through the window that the
 * caller has for it: so nothing has to be kept within an element but a number of
 * octets, and between two elements nothing but a struct fold_place.
 */
#pragma once

#include "base/buf.h"
#include "mail/domain.h"

enum {
	FOLD_LINE_MAX = 76,  /* RFC 2047 section 2: of a line with an encoded-word */
	FOLD_WORD_MAX = 900, /* of a word that is not split: no line has more than 998
				octets (RFC 5322 section 2.1.1) */
	FOLD_GAP_MAX = 32,   /* of white space that is kept as it is */
	FOLD_FIELD_MAX = 16384, /* octets of a field that are looked at together */
};

/* What stands last in the line: white space between two encoded-words is not shown. */
enum fold_last { FOLD_PLAIN, FOLD_OURS, FOLD_THEIRS };

/* How far the writing of a field has come. */
struct fold_place {
	unsigned column;
	uint8_t last; /* enum fold_last: THEIRS is an encoded-word of the sender's */
	uint8_t gap_len;
	bool soft; /* there is no gap, but white space may be added where a line is full
		    */
	char gap[FOLD_GAP_MAX]; /* white space before what comes next */
};

/* Start with the window, the scratch and the domains; all else zero. */
struct fold {
	struct buf out; /* the window */
	uint64_t skip;  /* octets that come before it */
	uint64_t made;  /* octets so far, in the window and out of it */
	struct fold_place at;
	bool lost;               /* something could not be said and was left out */
	char *scratch;           /* FOLD_FIELD_MAX octets and one more */
	struct domains *domains; /* those that have been looked at */
};

/* White space, which counts when something follows: a line may end there. */
void fold_gap(struct fold *f, struct span white);

/* No white space, but some may be added. */
void fold_soft(struct fold *f);

/* The gap, with a new line if `octets` more do not fit into this one. */
void fold_reserve(struct fold *f, size_t octets);

/* ASCII, right behind what stands there. */
void fold_glue(struct fold *f, struct span s);

/* Both: a word of ASCII. */
void fold_word(struct fold *f, struct span word);

/* A special of RFC 5322 behind a phrase, from which white space separates an
 * encoded-word (RFC 2047 section 5). */
void fold_special(struct fold *f, struct span special);

/* The gap and the text as encoded-words (RFC 2047): between two characters a new one
 * may begin. Good in texts, comments and phrases alike. What is not UTF-8 is
 * UNKNOWN-8BIT (RFC 1428). */
void fold_encoded(struct fold *f, struct span text);
void fold_line_end(struct fold *f);
