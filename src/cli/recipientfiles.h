/* cli/recipientfiles.h - finds the user who gets the mail of an address, in the users
 * files.
 *
 * Prefix: recipient_files_. The rules are those of poplar-auth.
 */
#pragma once

#include "auth/recipient.h"
#include "config/settings.h"

struct recipient_files {
	struct recipient_rules rules; /* for recipient_find */
	struct login_rules login;
	struct database *databases;
	int dirs[DATABASES_MAX];
	unsigned count;
};

/* Open the folders of all users files. The settings must outlive *files, which stays
 * where it is; the caller passes it to recipient_files_end, also after a fault.
 * FAULT_SETUP: users are also in databases that only the server asks, or there is no
 * users file. */
MUST_USE enum fault recipient_files_begin(struct recipient_files *files,
					  const struct settings *s, struct why *why);
void recipient_files_end(struct recipient_files *files);
