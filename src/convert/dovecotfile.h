/* convert/dovecotfile.h - reads the configuration files of Dovecot 2.3 and 2.4, and
 * what doveconf prints.
 *
 * Prefix: dovecotfile_.
 *
 * "a { b = x }" is "a_b = x", unless Dovecot has sections of the type a; a member
 * "a { b = yes }" of a setting that is a list, such as mail_plugins, is an item "a"
 * with the value b. A second "passdb {" without a name is a section of its own, whereas
 * two sections with one name are one section.
 */
#pragma once

#include "convert/source.h"

/* Read a file with all the files that it includes, and their sections, into *s.
 * "!include" of a file that cannot be read, and a line that Dovecot's grammar does not
 * allow, are mistakes (s->mistake). False: there is a mistake. */
MUST_USE bool dovecotfile_read(struct source *s, const struct source_world *world,
			       struct span path, struct span text);

/* The same for a file without sections and includes, such as dovecot-sql.conf.ext; its
 * items are in `section`. */
MUST_USE bool dovecotfile_read_flat(struct source *s, unsigned section,
				    struct span path, struct span text);
