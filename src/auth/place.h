/* auth/place.h - finds the path of a user's maildrop.
 *
 * Prefix: place_.
 */
#pragma once

#include "auth/user/user.h"

enum { PLACE_PATH_MAX = 4096 };

/* Write the path of the user's maildrop, relative to mail_root, ended by a NUL:
 *
 * - the user's `maildrop` field, where a "~/" or "%h/" at its beginning is the home;
 * - otherwise `maildir` in the user's home;
 * - without a home, `maildir` in a folder of mail_root that is named after the user.
 *
 * A `maildir` that begins with '/' is a pattern for the whole path, whatever the home:
 * %u is the name, %n its part before the first '@' or all of it, %d the part behind it,
 * and %% a '%'. In these parts '/', '%', control characters and a '.' at the beginning
 * become %XX. In the name of a folder of mail_root, every octet but letters, digits and
 * "-_.@+", and a '.' at the beginning, becomes %XX: no name leads out of mail_root, and
 * no two names share a folder there.
 *
 * FAULT_SETUP, with the story in *why: the path does not lie below mail_root (or is
 * mail_root), has a ".." component, or is too long; or the pattern has a part that the
 * name lacks. Then `out` has no meaning. */
MUST_USE enum fault place_maildrop(const struct user *user, const char *mail_root,
				   const char *maildir, char out[PLACE_PATH_MAX],
				   struct why *why);
