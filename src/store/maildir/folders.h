/* store/maildir/folders.h - finds and creates the folders of a Maildir.
 *
 * Prefix: maildir_.
 */
#pragma once

#include "store/maildrop.h"

/* An open Maildir. */
struct maildir_folder {
	int fd;            /* of the folder that holds new, cur and tmp */
	bool has_new_home; /* the home above that folder was created */
};

/* Open the Maildir; unless o->use.as_is, create it if it is missing, and its home if
 * o->use.makes_home. The caller owns out->fd, which is -1 after a fault. FAULT_SETUP:
 * it is missing and may not be created, or is not ours to use. */
MUST_USE enum fault maildir_open_folder(const struct store_opening *o,
					struct maildir_folder *out, struct why *why);

/* Open the Maildir, and create nothing. If it is missing, but maildir_open_folder would
 * create it, *out becomes -1, and FAULT_NONE is returned. */
MUST_USE enum fault maildir_find_folder(const struct store_opening *o, int *out,
					struct why *why);

/* Create the missing ones of new, cur and tmp in the open Maildir `dir`. */
MUST_USE enum fault maildir_make_folders(int dir, const char *path, struct why *why);

/* Sync the Maildir, so that its folders survive a crash of the machine, and every
 * folder above it up to the root of the maildrops. Folders that this process may not
 * read are left out. new, cur and tmp themselves are not synced. */
MUST_USE enum fault maildir_sync_folders(const struct store_opening *o,
					 struct why *why);
