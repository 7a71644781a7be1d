/* convert/dovecot.h - turns a configuration of Dovecot into one of Poplar.
 *
 * Prefix: dovecot_.
 */
#pragma once

#include "convert/result.h"

/* Convert what dovecotfile_read has read. Files that the configuration names, such as
 * dovecot-sql.conf.ext, are read, too. False: such a file has a mistake
 * (s->mistake). */
MUST_USE bool dovecot_convert(struct source *s, struct result *r,
			      const struct source_world *world);
