/* convert/dovecotusers.h - what Dovecot's databases say about all users.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotview.h"

/* What is known about users when all databases are converted. NULL: nothing. */
struct dovecot_users {
	const struct source_item *home; /* a home for all users, with variables */
	struct span home_value;
	const struct source_item *mail; /* the same for where the mail is */
	struct span mail_value;
	const struct source_item *quota; /* "*:storage=100M" or a size, for all */
	struct span quota_value;
	const struct source_item *uid; /* of all users */
	struct span uid_value;
	bool have_homes;  /* the databases have a home for each user */
	struct span root; /* a folder that has all those homes, or empty */
};
