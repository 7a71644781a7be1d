/* mail/fold.h - folds a header field in ASCII into lines.
 *
 * Prefix: fold_. The caller writes a field element by element into `out`, the window.
 * If an element does not fit, the caller writes the same element once more from its
 * start, and `skip` leaves out the octets that were written before. So within an
 * element the caller keeps only that number, and between two elements a struct
 * fold_place.
 */
#pragma once

#include "base/buf.h"
#include "mail/domain.h"

enum {
	FOLD_LINE_MAX = 76,  /* octets of a line, if it can be folded there (RFC 2047
				section 2) */
	FOLD_WORD_MAX = 900, /* octets of a word, which is not split: no line may have
				more than 998 octets (RFC 5322 section 2.1.1) */
	FOLD_GAP_MAX = 32,   /* octets of white space that is kept; longer white space
				becomes one space */
	FOLD_FIELD_MAX = 16384, /* octets of a field that one step examines */
};

/* What was written last: other text, an encoded-word of ours, or one of the sender. It
 * matters because readers drop white space between two encoded-words. */
enum fold_last { FOLD_PLAIN, FOLD_OURS, FOLD_THEIRS };

/* The state between two elements. */
struct fold_place {
	unsigned column;
	uint8_t last; /* enum fold_last */
	uint8_t gap_len;
	bool soft; /* no white space is due, but a new line may begin here */
	char gap[FOLD_GAP_MAX]; /* white space that is due before the next word */
};

/* The caller sets out, scratch and domains (and, to repeat an element, skip and at),
 * and leaves the rest zero. */
struct fold {
	struct buf out; /* the window */
	uint64_t skip;  /* octets of the element that were written before */
	uint64_t made;  /* octets of the element so far, including those skipped and
			   those that did not fit */
	struct fold_place at;
	bool lost;               /* a part of the field was left out */
	char *scratch;           /* FOLD_FIELD_MAX octets and one more */
	struct domains *domains; /* a cache of domain names in ASCII */
};

/* White space is due before the next word; there a new line may begin. At the end of
 * the field the white space is dropped. */
void fold_gap(struct fold *f, struct span white);

/* A new line, which then begins with a space, may begin before the next word; otherwise
 * no white space stands before that word. */
void fold_soft(struct fold *f);

/* Write the white space that is due. If a new line may begin here, and the white space
 * and `octets` more octets do not fit into this line, begin a new one first. */
void fold_reserve(struct fold *f, size_t octets);

/* Append ASCII, without the white space that is due. */
void fold_glue(struct fold *f, struct span s);

/* Write the white space that is due and a word of ASCII: fold_reserve, then fold_glue.
 */
void fold_word(struct fold *f, struct span word);

/* Write a special character of RFC 5322, such as ',', behind a phrase. If the phrase
 * ends with an encoded-word, a space comes between (RFC 2047 section 5). */
void fold_special(struct fold *f, struct span special);

/* Write the white space that is due, then the text as encoded-words (RFC 2047). They
 * are split between two characters only, and may stand in texts, comments and phrases.
 * A text that is not UTF-8 gets the charset UNKNOWN-8BIT (RFC 1428). */
void fold_encoded(struct fold *f, struct span text);
void fold_line_end(struct fold *f);
