/* cli/place.h - the folders of a new user's mail, and their owner.
 *
 * Prefix: cli_.
 */
#pragma once

#include "config/settings.h"
#include "sys/ids.h"

struct user;

/* Why no maildrop process may have the uid and gid of this user; `mail` are the ids of
 * mail-user. NULL: one may. */
const char *cli_owner_wrong(const struct settings *s, const struct user *user,
			    struct ids mail);

/* Make a new user's Maildir and home, which belong to the user (mode 0700), and missing
 * folders above, which belong to mail-user (0711). False: that failed, which has been
 * reported. */
MUST_USE bool cli_make_place(const struct settings *s, const struct user *user);
