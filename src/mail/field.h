/* mail/field.h - a header field in ASCII, for those who know no other (RFC 6857,
 * RFC 6858).
 *
 * Prefix: field_. A field is written in steps, each of
 * which takes one element of it: a run of words, a mailbox, a parameter. So a field may
 * be longer than what is held of it.
 */
#pragma once

#include "mail/fold.h"

/* How a message is brought into ASCII. */
enum field_way {
	FIELD_FULL,   /* RFC 6857: everything is kept, encoded */
	FIELD_SIMPLE, /* RFC 6858: what is beyond ASCII is kept where a reader needs it
		       */
};

/* Octets of a field's name, more are none. */
enum { FIELD_NAME_MAX = 512 };

/* How far the writing of one field has come. */
struct field {
	uint8_t way;       /* enum field_way */
	uint8_t kind;      /* what it is made of: field.c */
	bool encapsulated; /* it becomes a field of another name (RFC 6857
			      section 3.1.10) */
	bool ascii_only;   /* what lies beyond ASCII is left out, and all behind it */
	bool listing;   /* an element has been written: a ',' comes before the next */
	uint8_t group;  /* enum field_group */
	size_t checked; /* octets of the members of a group that have been looked at */
};

/* How much of a field there is to write from. */
enum field_have {
	FIELD_PART, /* more of it can be had */
	FIELD_FILL, /* more can be had once some of this is taken */
	FIELD_ALL,  /* it ends here */
};

enum field_went {
	FIELD_WENT, /* the step is done */
	FIELD_MORE, /* nothing is done: the next element does not end here */
	FIELD_DONE, /* the field is written */
	FIELD_CUT,  /* ... and not all that would follow */
};

/* Is it "name:value"? A name is ASCII, whatever the value is. */
bool field_cut(struct span field, struct span *out_name, struct span *out_value);

/* Take the line ends out of a field; the white space behind them stays. Returns its
 * octets from then on. */
size_t field_unfold(char *at, size_t len);

/* Begin with a field, unfolded; `status`: of a group of fields (RFC 3464). Takes its
 * name off the front of *io, and writes what it is called. False: it is left out;
 * f->lost tells whether it should not have been. What has no name becomes a comment. */
bool field_begin(struct fold *f, struct field *s, struct span *io, enum field_have have,
		 bool status);

/* The next step: takes some of *io. With FIELD_FILL and FIELD_ALL it is never
 * FIELD_MORE. */
enum field_went field_step(struct fold *f, struct field *s, struct span *io,
			   enum field_have have);

/* ---- parts of it, for the files that write fields ---- */

/* Some unstructured text (RFC 6857 section 3.1.1): words that are not ASCII become
 * encoded-words, all others stay as they are. */
enum field_went field_text(struct fold *f, struct span *io, enum field_have have);

/* All of a text as encoded-words, but for those that the sender has made already. */
void field_encoded(struct fold *f, struct span text);

/* What fits into `most` octets, without a character cut in two. */
struct span field_head(struct span s, size_t most);

/* ASCII as it stands, folded where it has white space. */
void field_ascii(struct fold *f, struct span text);

/* Is it ASCII that can be folded: without controls, and words that are too long? */
bool field_is_plain(struct span text);

/* One comment, with its parentheses. */
void field_comment(struct fold *f, struct span comment);

/* The comments of a text, and nothing else of it. */
void field_comments(struct fold *f, struct span text);

/* Text with comments: those are encoded as such. Other words beyond ASCII are left out.
 */
void field_commented(struct fold *f, struct span text);

/* A display name: encoded as a whole, but for comments and for encoded-words of the
 * sender's (RFC 6857 section 3.1.5). `spaced`: an encoded-word follows, which is none
 * of it. */
void field_phrase(struct fold *f, struct span phrase, bool spaced);

/* The next of the addresses and groups, separated by commas (RFC 6857 section 3.2.1).
 */
enum field_group { FIELD_NO_GROUP, FIELD_GROUP, FIELD_GROUP_LOST };
enum field_went field_address(struct fold *f, struct field *s, struct span *io,
			      enum field_have have);

/* The next clause of Received (RFC 6857 section 3.2.4). */
enum field_went field_clause(struct fold *f, struct span *io, enum field_have have);

/* An address with its type (RFC 6857 section 3.1.9): has it a form in ASCII, so that it
 * can be written? */
bool field_has_typed(struct span value);
void field_typed(struct fold *f, struct span value);

/* The name of a host with its type (RFC 3464 section 2.2.2). */
void field_host(struct fold *f, struct span value);

/* The value of Content-Type and its like (RFC 2045 section 5.1, RFC 2231). */
void field_parameters(struct fold *f, struct span value, enum field_way way);

/* The next "name=value" of one; *io begins behind the first ';'. False: there is none.
 */
struct field_parameter {
	struct span whole, name, value; /* as they stand there */
};
bool field_next_parameter(struct span *io, struct field_parameter *out);

/* What a value means: without quotes, comments and white space. Returns the octets
 * written to out, value.len at most. */
size_t field_value(struct span value, char *out);
