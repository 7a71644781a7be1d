/* convert/dovecotpasswd.h - Dovecot's passwd-files.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotusers.h"

/* Convert a passdb of the driver passwd-file, with the userdb of this driver (0: there
 * is none). True always: a file that cannot be read is a note. */
bool dovecot_convert_passwd(struct dovecot *d, unsigned passdb, unsigned userdb,
			    struct dovecot_users *out);
