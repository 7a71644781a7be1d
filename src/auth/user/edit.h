/* auth/user/edit.h - changing the users file without touching what is not to be
 * changed.
 *
 * Prefix: edit_. Text in, text out: comments, order and the other
 * users' lines stay as they are, to the octet.
 */
#pragma once

#include "base/fault.h"

/* May this be a user's name in the file? 1 to 248 octets (what fits on a USER line), no
 * ':', no space, no control character, no '#' at the beginning. */
bool edit_name_ok(struct span name);

/* Has the file a line of this user? */
bool edit_has(struct span text, struct span name);

enum edit_done { EDIT_DONE, EDIT_NOT_FOUND, EDIT_EXISTS, EDIT_NO_MEMORY };

/* *out is malloc'ed, the caller's, written on EDIT_DONE only. `line` comes without a
 * line end. */
MUST_USE enum edit_done edit_add(struct span text, struct span name, struct span line,
				 char **out, size_t *out_len);
MUST_USE enum edit_done edit_password(struct span text, struct span name,
				      struct span stored, char **out, size_t *out_len);
MUST_USE enum edit_done edit_delete(struct span text, struct span name, char **out,
				    size_t *out_len);
