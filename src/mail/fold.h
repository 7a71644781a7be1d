/* mail/fold.h - writes a header field in ASCII, folded into lines.
 *
 * Prefix: fold_. The caller writes a field element by element, through a window. If an
 * element is longer than the window, the caller writes it again and skips the octets
 * that are already out. So the caller keeps only a number of octets within an element,
 * and a struct fold_place between two elements.
 */
#pragma once

#include "base/buf.h"
#include "mail/domain.h"

enum {
	FOLD_LINE_MAX = 76,  /* RFC 2047 section 2: of a line with an encoded-word */
	FOLD_WORD_MAX = 900, /* of a word that is not split: no line has more than 998
				octets (RFC 5322 section 2.1.1) */
	FOLD_GAP_MAX = 32,   /* of white space that is kept as it is */
	FOLD_FIELD_MAX = 16384, /* octets of a field that one step examines */
};

/* The last thing in the line: readers drop white space between two encoded-words. */
enum fold_last { FOLD_PLAIN, FOLD_OURS, FOLD_THEIRS };

/* The state between two elements. */
struct fold_place {
	unsigned column;
	uint8_t last; /* enum fold_last */
	uint8_t gap_len;
	bool soft;              /* no gap, but a line that is full may end here */
	char gap[FOLD_GAP_MAX]; /* white space before what comes next */
};

/* Set out, scratch and domains; begin with all else zero. */
struct fold {
	struct buf out; /* the window */
	uint64_t skip;  /* octets of the element to skip before the window */
	uint64_t
		made; /* octets so far, with those skipped and those that did not fit */
	struct fold_place at;
	bool lost;               /* a part of the field was left out */
	char *scratch;           /* FOLD_FIELD_MAX octets and one more */
	struct domains *domains; /* a cache of domain names in ASCII */
};

/* Put white space before the next word, where the line may end. At the end of the field
 * it is dropped. */
void fold_gap(struct fold *f, struct span white);

/* Allow a new line, which begins with a space, before the next word; put no white space
 * otherwise. */
void fold_soft(struct fold *f);

/* Write the gap, and begin a new line first if `octets` more do not fit into this one.
 */
void fold_reserve(struct fold *f, size_t octets);

/* Append ASCII, without the gap. */
void fold_glue(struct fold *f, struct span s);

/* Write the gap and a word of ASCII: fold_reserve, then fold_glue. */
void fold_word(struct fold *f, struct span word);

/* Write a special of RFC 5322 behind a phrase; after an encoded-word with a space
 * before it (RFC 2047 section 5). */
void fold_special(struct fold *f, struct span special);

/* Write the gap and the text as encoded-words (RFC 2047) that are split between two
 * characters and may stand in texts, comments and phrases. Octets that are not UTF-8
 * get the charset UNKNOWN-8BIT (RFC 1428). */
void fold_encoded(struct fold *f, struct span text);
void fold_line_end(struct fold *f);
