/* cli/place.h - makes the folders of a new user's mail, and checks their owner.
 *
 * Prefix: cli_.
 */
#pragma once

#include "config/settings.h"
#include "sys/ids.h"

struct user;

/* Why poplard would start no maildrop process with the uid and gid of this user, as a
 * text. `mail`: the ids of mail-user. NULL: poplard would. */
const char *cli_owner_wrong(const struct settings *s, const struct user *user,
			    struct ids mail);

/* Make a new user's home and Maildir, which belong to the user (mode 0700), and the
 * missing folders above them, which belong to mail-user (0711). False: that has failed,
 * and was reported. */
MUST_USE bool cli_make_place(const struct settings *s, const struct user *user);
