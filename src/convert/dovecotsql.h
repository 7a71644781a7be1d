/* convert/dovecotsql.h - Dovecot's databases that are asked by SQL.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/dovecotusers.h"

/* Convert a passdb of the driver sql, with the userdb of this driver (0: there is
 * none). False: dovecot-sql.conf.ext has a mistake, or cannot be read. */
MUST_USE bool dovecot_convert_sql(struct dovecot *d, unsigned passdb, unsigned userdb,
				  struct dovecot_users *out);
