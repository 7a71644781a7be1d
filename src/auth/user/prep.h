/* auth/user/prep.h - SASLprep (RFC 4013): one form for texts that look the same.
 *
 * Prefix: prep_. GNU SASL prepares the texts. A text of ASCII stays as it is: RFC 1939
 * allows any octet in a password.
 */
#pragma once

#include "base/span.h"

enum prep {
	/* A text from a client. Characters that Unicode 3.2 does not assign are allowed
	 * (RFC 3454 section 7). */
	PREP_QUERY,
	/* A text to be stored. Characters that Unicode 3.2 does not assign are refused.
	 */
	PREP_STORED,
};

struct prep_text {
	struct span text; /* the prepared text: in `made`, or the caller's own octets */
	char *made;       /* NULL: the text needed no change, and is the caller's */
};

/* Prepare a password. The caller uses out->text in place of `given`, from which
 * out->text may borrow, and calls prep_done at last. False: the password is not UTF-8
 * or has a character that SASLprep forbids, or memory ran out; then out->text is
 * `given`, and prep_done is not needed. */
MUST_USE bool prep_password(struct span given, enum prep how, struct prep_text *out);
void prep_done(struct prep_text *t); /* wipes and frees t->made */

/* Prepare a user name in the way of PREP_QUERY, and write it to `out` with a NUL.
 * False: the name has control characters, is not UTF-8, has a character that SASLprep
 * forbids, or does not fit into `room` octets; or no memory. Then `out` has no meaning.
 */
MUST_USE bool prep_name(struct span given, char *out, size_t room);
