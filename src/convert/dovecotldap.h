/* convert/dovecotldap.h - Dovecot's databases in LDAP.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotusers.h"

/* Convert a passdb of the driver ldap, with the userdb of this driver (0: there is
 * none). False: dovecot-ldap.conf.ext has a mistake, or cannot be read. */
MUST_USE bool dovecot_convert_ldap(struct dovecot *d, unsigned passdb, unsigned userdb,
				   struct dovecot_users *out);
