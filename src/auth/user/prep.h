/* auth/user/prep.h - SASLprep (RFC 4013): one form for texts that look the same.
 *
 * Prefix: prep_. GNU SASL's. It changes nothing in ASCII; there RFC
 * 1939 holds, by which a password may have any octet.
 */
#pragma once

#include "base/span.h"

enum prep {
	PREP_QUERY,  /* what is shown: characters that no Unicode knows yet may be in it
		      */
	PREP_STORED, /* what it is compared with */
};

/* A password. *out is what to use instead of `given`, for prep_done; borrowed from it
 * where nothing has to be changed. False, and nothing to be done: it is not UTF-8, or
 * has characters that a password must not have. */
struct prep_text {
	struct span text;
	char *made; /* NULL: borrowed */
};
MUST_USE bool prep_password(struct span given, enum prep how, struct prep_text *out);
void prep_done(struct prep_text *t); /* wipes it */

/* A name, and a NUL; control characters are in none. False also when there is no room.
 */
MUST_USE bool prep_name(struct span given, char *out, size_t room);
