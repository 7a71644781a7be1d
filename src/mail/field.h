/* mail/field.h - a header field in ASCII, for those who know no other (RFC 6857,
 * RFC 6858).
 *
 * Floor 1 (mail): does no I/O. Prefix: field_.
 */
#pragma once

#include "mail/fold.h"

/* How a message is brought into ASCII. */
enum field_way {
	FIELD_FULL,   /* RFC 6857: everything is kept, encoded */
	FIELD_SIMPLE, /* RFC 6858: what is beyond ASCII is kept where a reader needs it
		       */
};

/* Is it "name:value"? A name is ASCII, whatever the value is. */
bool field_cut(struct span field, struct span *out_name, struct span *out_value);

/* Take the line ends out of a field; the white space behind them stays. Returns its
 * octets from then on. */
size_t field_unfold(char *at, size_t len);

/* Write a field, unfolded and with field_cut true, as it is in ASCII. Writes nothing
 * for one that has to go. */
void field_write(struct fold *f, enum field_way way, struct span field);

/* ---- parts of it, for the files that write fields ---- */

/* One comment, with its parentheses. */
void field_comment(struct fold *f, struct span comment);

/* The comments of a text, and nothing else of it. */
void field_comments(struct fold *f, struct span text);

/* Text with comments: those are encoded as such. */
void field_commented(struct fold *f, struct span text);

/* A display name: encoded as a whole, but for comments (RFC 6857 section 3.1.5). True:
 * its end is an encoded-word. `spaced`: one more follows, which is none of it. */
void field_phrase(struct fold *f, struct span phrase, bool spaced);

/* Addresses and groups, separated by commas (RFC 6857 section 3.2.1). */
void field_addresses(struct fold *f, struct span list, enum field_way way);

/* A domain of IDNA in ASCII (RFC 5891). 0: it is none that has such a form. */
enum { FIELD_DOMAIN_MAX = 255 };
size_t field_domain(struct span domain, char out[FIELD_DOMAIN_MAX]);

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
