/* auth/user/userfile.h - the users file, parsed again whenever it changes.
 *
 * Prefix: userfile_. Several threads may call userfile_acquire at the same time.
 */
#pragma once

#include "auth/user/users.h"

struct userfile;

/* Watch the file `name` (one component, copied) in the folder `dir`, which the
 * caller keeps open. The file need not exist yet. NULL: out of memory. */
MUST_USE struct userfile *userfile_new(int dir, const char *name);

/* NULL is allowed. No thread may be in userfile_acquire. Users that a caller has
 * acquired stay valid. */
void userfile_free(struct userfile *file);

/* Return the users of the file as it is at this moment; the caller passes them to
 * users_free. If the file cannot be read, *why has the reason, which is logged once for
 * each change of the file, and the users are those of its last readable state; NULL:
 * the file has never been readable. Otherwise *why is unchanged. */
struct users *userfile_acquire(struct userfile *file, struct why *why);
