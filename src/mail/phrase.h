/* mail/phrase.h - words, comments and phrases of a header field in ASCII, and how far
 * the writing of a field has come.
 *
 * Prefix: field_. The files that write parts of fields (address.c, parameter.c,
 * trace.c) and field.c above them share this.
 */
#pragma once

#include "mail/fold.h"

/* How to turn a message into ASCII. */
enum field_way {
	FIELD_FULL,   /* RFC 6857: keep everything, encoded */
	FIELD_SIMPLE, /* RFC 6858: keep only the fields that a reader needs */
};

/* Is an address inside a group, and can the group be written? */
enum field_group { FIELD_NO_GROUP, FIELD_GROUP, FIELD_GROUP_LOST };

/* How far the writing of one field has come. */
struct field {
	uint8_t way;       /* enum field_way */
	uint8_t kind;      /* enum kind of field.c: what the value consists of */
	bool encapsulated; /* the field gets the name "Downgraded-..." (RFC 6857
			      section 3.1.10) */
	bool ascii_only;   /* the field ends at the first piece that is not ASCII */
	bool listing;      /* an element has been written: the next needs a ',' */
	uint8_t group;     /* enum field_group */
	size_t checked;    /* octets of the group's members that have been checked */
};

/* What the caller holds of the rest of a field. */
enum field_have {
	FIELD_PART, /* its beginning; the caller can add more */
	FIELD_FILL, /* its beginning; the caller can add more once some is taken */
	FIELD_ALL,  /* all of it */
};

/* The result of a step. */
enum field_went {
	FIELD_WENT, /* an element has been written; there may be others */
	FIELD_MORE, /* nothing was taken: the next element does not end in what is held
		     */
	FIELD_DONE, /* the field is complete */
	FIELD_CUT,  /* the field ends here, and lacks what would follow */
};

/* Take some unstructured text (RFC 6857 section 3.1.1): words that are not ASCII become
 * encoded-words (RFC 2047), the others stay as they are. */
enum field_went field_text(struct fold *f, struct span *io, enum field_have have);

/* Write a text as encoded-words; encoded-words of the sender stay as they are. */
void field_encoded(struct fold *f, struct span text);

/* The beginning of s, at most `most` octets, never ending inside a character. */
struct span field_head(struct span s, size_t most);

/* Write ASCII as it is, folded at white space. */
void field_ascii(struct fold *f, struct span text);

/* Can field_ascii write this: ASCII, no control characters, no word too long for a
 * line?
 */
bool field_is_plain(struct span text);

/* Write one comment, given with its parentheses. */
void field_comment(struct fold *f, struct span comment);

/* Write the comments of a text and leave out the rest. */
void field_comments(struct fold *f, struct span text);

/* Write a text with comments: comments that are not ASCII are encoded, other words that
 * are not ASCII are left out. */
void field_commented(struct fold *f, struct span text);

/* Write a display name: one that is not ASCII is encoded as a whole, except comments
 * and encoded-words of the sender (RFC 6857 section 3.1.5). `spaced`: the
 * caller writes an encoded-word next. Readers drop white space between two
 * encoded-words, so the last one of the name then ends with a space of its own. */
void field_phrase(struct fold *f, struct span phrase, bool spaced);
