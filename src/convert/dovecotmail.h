/* convert/dovecotmail.h - where Dovecot has the mail, and how much of it.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotusers.h"

/* Convert mail_location (2.3), mail_path and mail_driver (2.4), mail_home, mail_uid. */
void dovecot_convert_mail(struct dovecot *d, const struct dovecot_users *users);

/* Convert pop3_uidl_format. */
void dovecot_convert_ids(struct dovecot *d);

/* Convert quotas, and the largest message. */
void dovecot_convert_quota(struct dovecot *d, const struct dovecot_users *users);
