/* auth/place.h - where a user's maildrop is.
 *
 * Prefix: place_.
 */
#pragma once

#include "auth/user/user.h"

enum { PLACE_PATH_MAX = 4096 };

/* Write the path of the user's maildrop, relative to mail_root and ended by a NUL:
 *
 * - the user's `maildrop` field (or userdb_mail), where "~/" and "%h/" stand for the
 * home;
 * - otherwise `maildir` in the user's home;
 * - without a home, `maildir` in a folder of mail_root with the user's name, in which
 * every octet but letters, digits and "-_.@+" (and a '.' at the beginning) stands as
 * %XX, so that no name can lead elsewhere and no two names meet.
 *
 * FAULT_SETUP, with the story in *why, for a path that does not lie under mail_root,
 * has a
 * ".." in it, or is too long. */
MUST_USE enum fault place_maildrop(const struct user *user, const char *mail_root,
				   const char *maildir, char out[PLACE_PATH_MAX],
				   struct why *why);
