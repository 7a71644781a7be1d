/* auth/user/edit.h - changes one user in the text of the users file.
 *
 * Prefix: edit_. No I/O: a text goes in, and a new text comes out. Comments, order and
 * the lines of other users stay as they are, to the octet.
 */
#pragma once

#include "base/fault.h"

/* Can a user of the file have this name? A name has 1 to 248 octets (what fits on a
 * USER line), no ':', space or control character, and does not begin with '#'. */
bool edit_name_ok(struct span name);

/* Has the file a line of this user? */
bool edit_has(struct span text, struct span name);

enum edit_done { EDIT_DONE, EDIT_NOT_FOUND, EDIT_EXISTS, EDIT_NO_MEMORY };

/* Add a user with this line (without a line end), replace a user's stored password, or
 * delete a user. With EDIT_DONE, *out is the new text, without a NUL, which the
 * caller frees; otherwise *out is untouched. */
MUST_USE enum edit_done edit_add(struct span text, struct span name, struct span line,
				 char **out, size_t *out_len);
MUST_USE enum edit_done edit_password(struct span text, struct span name,
				      struct span stored, char **out, size_t *out_len);
MUST_USE enum edit_done edit_delete(struct span text, struct span name, char **out,
				    size_t *out_len);
