/* auth/user/userfile.h - the users file, parsed again whenever it changes.
 *
 * Prefix: userfile_. For many threads.
 */
#pragma once

#include "auth/user/users.h"

struct userfile;

/* The file `name` (one component, copied) in the directory `dir`, which the caller
 * keeps open. The file need not exist yet. NULL: out of memory. */
MUST_USE struct userfile *userfile_new(int dir, const char *name);

/* NULL is allowed. No thread may be in userfile_acquire; acquired users stay valid. */
void userfile_free(struct userfile *file);

/* The users of the file as it is at this moment; the caller gives them back with
 * users_free. If the file cannot be read, the users of its last readable state stay in
 * force, and the trouble is logged once for each change of the file. NULL, with the
 * story in *why: the file has never been readable. */
struct users *userfile_acquire(struct userfile *file, struct why *why);
