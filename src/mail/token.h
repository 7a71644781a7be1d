/* mail/token.h - what a structured header field is made of.
 *
 * Prefix: token_. RFC 5322 section 3.2, with characters
 * beyond ASCII wherever text may be (RFC 6532). Whatever is malformed is a token too.
 */
#pragma once

#include "base/span.h"

enum token {
	TOKEN_END,
	TOKEN_WHITE,
	TOKEN_COMMENT, /* with its parentheses, nested ones included */
	TOKEN_QUOTED,  /* with its quotes */
	TOKEN_LITERAL, /* with its brackets */
	TOKEN_SPECIAL, /* one of < > , : ; @ */
	TOKEN_ATOM,    /* anything else, dots included */
};

/* Cut the next token off the front of *io. */
enum token token_next(struct span *io, struct span *out);

/* Does everything end that is opened: comments, quoted strings, literals? */
bool token_is_closed(struct span s);

/* As token_next, but up to a special that is one of `ends` (a C string) and not within
 * < and >. Returns it, and NUL at the end; *out_head is what stands before. */
char token_cut(struct span *io, const char *ends, struct span *out_head);

/* Without white space at both ends. */
struct span token_trim(struct span s);

/* Is everything but its comments ASCII? */
bool token_is_ascii(struct span s);

/* What a quoted string, or the inside of a comment, means: without quotes and
 * backslashes. Returns the octets written to out, s.len at most. */
size_t token_unquote(struct span s, char *out);

/* All tokens of s but white space and comments, one behind the other. */
size_t token_squeeze(struct span s, char *out);
