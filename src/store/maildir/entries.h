/* store/maildir/entries.h - reads the entries of a folder.
 *
 * Prefix: maildir_.
 */
#pragma once

#include <dirent.h>

#include "base/span.h"

/* `folder` is the open folder that has the entry. */
typedef void maildir_entry_fn(void *arg, int folder, const struct dirent64 *entry);

/* Call `act` for each entry of the folder `name` in the open folder `dir`, but not for
 * those that begin with a dot, unless `hidden`; "." and ".." never count. False: the
 * folder cannot be read. */
MUST_USE bool maildir_each_entry(int dir, const char *name, bool hidden,
				 maildir_entry_fn *act, void *arg);
