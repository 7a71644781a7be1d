/* auth/user/userfile.h - the users file, always as it is now.
 *
 * Prefix: userfile_. For many threads.
 */
#pragma once

#include "auth/user/users.h"

struct userfile;

/* The file `name` (one component) in the open directory `dir`, which stays the caller's
 * and must stay open. It need not exist yet. NULL: out of memory. */
MUST_USE struct userfile *userfile_new(int dir, const char *name);

/* NULL is allowed. Nobody may be in userfile_acquire; readings given out stay good. */
void userfile_free(struct userfile *file);

/* The users as the file says now; the caller's, to be given back with users_free. A
 * changed file is read anew; one that can't be read any more leaves the last good
 * reading in force. Either way a file that can't be read is logged once for each
 * change. NULL, with the story in *why: there never was a good one. */
struct users *userfile_acquire(struct userfile *file, struct why *why);
