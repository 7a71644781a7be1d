/* mail/phrase.h - writes words, comments and phrases of a header field in ASCII; and
 * the state of a field that is being written.
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

/* Is the next address inside a group? LOST: a member of the group has no form in ASCII,
 * so all of its members are written as one text, in encoded-words. */
enum field_group { FIELD_NO_GROUP, FIELD_GROUP, FIELD_GROUP_LOST };

/* How far the writing of one field has come. */
struct field {
	uint8_t way;       /* enum field_way */
	uint8_t kind;      /* enum kind of field.c: what the value consists of */
	bool encapsulated; /* the field gets the name "Downgraded-..." (RFC 6857
			      section 3.1.10) */
	bool ascii_only;   /* the field ends at the first piece that is not ASCII */
	bool listing; /* an element has been written: a ',' must come before the next */
	uint8_t group;  /* enum field_group */
	size_t checked; /* before a group is begun: octets of its members that have been
			   checked for a form in ASCII */
};

/* Which part of the rest of a field the caller passes. */
enum field_have {
	FIELD_PART, /* the beginning; the caller has room to add more */
	FIELD_FILL, /* the beginning, as much as the caller has room for: it can add
		       more only once some is taken */
	FIELD_ALL,  /* all of it */
};

/* The result of a step. */
enum field_went {
	FIELD_WENT, /* an element has been written; there may be others */
	FIELD_MORE, /* nothing was taken: the next element does not end within the part
		       that was passed */
	FIELD_DONE, /* the field is complete */
	FIELD_CUT,  /* the field ends here; the rest of it is lost */
};

/* Write some unstructured text (RFC 6857 section 3.1.1), and take it off *io: words
 * that are not ASCII become encoded-words (RFC 2047), the others stay as they are. */
enum field_went field_text(struct fold *f, struct span *io, enum field_have have);

/* Write a text as encoded-words; encoded-words of the sender stay as they are. */
void field_encoded(struct fold *f, struct span text);

/* The beginning of s: as many whole characters as fit into `most` octets. */
struct span field_head(struct span s, size_t most);

/* Write ASCII as it is, folded at white space. */
void field_ascii(struct fold *f, struct span text);

/* Can field_ascii write this: ASCII, no control characters, no word too long for a
 * line?
 */
bool field_is_plain(struct span text);

/* Write one comment, given with its parentheses. */
void field_comment(struct fold *f, struct span comment);

/* Write only the comments of a text. */
void field_comments(struct fold *f, struct span text);

/* Write a text with comments: comments that are not ASCII are encoded, other words that
 * are not ASCII are left out. */
void field_commented(struct fold *f, struct span text);

/* Write a display name. If it is not ASCII, all of it is encoded, except comments and
 * encoded-words of the sender (RFC 6857 section 3.1.5). `spaced`: the caller writes an
 * encoded-word next; then the last encoded-word of the name encodes a space at its end,
 * since readers drop white space between two encoded-words. */
void field_phrase(struct fold *f, struct span phrase, bool spaced);
