/* mail/token.h - splits a structured header field into tokens.
 *
 * Prefix: token_. RFC 5322 section 3.2, with UTF-8 in every kind of text (RFC 6532). A
 * field has no malformed tokens: a comment, quoted string or literal that is not closed
 * goes to the end of the field, and any other octets are an atom.
 */
#pragma once

#include "base/span.h"

enum token {
	TOKEN_END,
	TOKEN_WHITE,   /* spaces and tabs */
	TOKEN_COMMENT, /* with its parentheses, nested ones included */
	TOKEN_QUOTED,  /* with its quotes */
	TOKEN_LITERAL, /* with its brackets */
	TOKEN_SPECIAL, /* one of < > , : ; @ */
	TOKEN_ATOM,    /* everything else, dots included */
};

/* Move the next token from the front of *io to *out. TOKEN_END: *io is empty. */
enum token token_next(struct span *io, struct span *out);

/* Are all comments, quoted strings and literals in s closed? */
bool token_is_closed(struct span s);

/* Move the tokens before the first special of `ends` (a C string) that is outside < >
 * from *io to *out_head, and skip that special. Returns the special; NUL: *io has no
 * such special, and *out_head gets all of it. */
char token_cut(struct span *io, const char *ends, struct span *out_head);

/* s without white space at both ends. */
struct span token_trim(struct span s);

/* Is s ASCII, apart from its comments? */
bool token_is_ascii(struct span s);

/* Copy a quoted string, or the inside of a comment, without its quotes and without the
 * backslashes of quoted pairs. Returns the octets written to out, s.len at most. */
size_t token_unquote(struct span s, char *out);

/* Copy s without white space and comments between its tokens. Returns the octets
 * written to out, s.len at most. */
size_t token_squeeze(struct span s, char *out);
