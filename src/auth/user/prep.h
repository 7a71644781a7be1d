/* auth/user/prep.h - SASLprep (RFC 4013): one form for texts that look the same.
 *
 * Prefix: prep_. GNU SASL prepares the texts. A text of ASCII stays as it is: by RFC
 * 1939 a password may have any octet.
 */
#pragma once

#include "base/span.h"

enum prep {
	/* What a client shows. It may have characters that Unicode 3.2 does not assign.
	 */
	PREP_QUERY,
	/* What is stored, to be compared with what a client shows. It must not. */
	PREP_STORED,
};

/* Prepare a password. out->text is what to use in place of `given`, and borrows it
 * where nothing changes; the caller ends it with prep_done. False: the password is not
 * UTF-8, or has characters that are not allowed; then prep_done is not needed. */
struct prep_text {
	struct span text;
	char *made; /* prep.c's; NULL: text is borrowed */
};
MUST_USE bool prep_password(struct span given, enum prep how, struct prep_text *out);
void prep_done(struct prep_text *t); /* wipes what was made */

/* Prepare a name, and append a NUL. False: it has control characters, is malformed as a
 * password can be, or does not fit. */
MUST_USE bool prep_name(struct span given, char *out, size_t room);
