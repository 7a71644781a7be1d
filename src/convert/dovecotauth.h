/* convert/dovecotauth.h - Dovecot's databases of passwords and users.
 *
 * Prefix: dovecot_.
 *
 * Dovecot asks passdbs for the password and userdbs for uid, home and mail; a database
 * of Poplar has both. Each passdb becomes a database, with what the userdbs add to it.
 */
#pragma once

#include "convert/dovecotusers.h"

/* Convert passdb and userdb sections. False: a file that they name has a mistake. */
MUST_USE bool dovecot_convert_databases(struct dovecot *d, struct dovecot_users *out);
