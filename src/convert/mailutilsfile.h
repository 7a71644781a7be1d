/* convert/mailutilsfile.h - reads configuration files of GNU Mailutils.
 *
 * Prefix: mailutilsfile_.
 */
#pragma once

#include "convert/source.h"

/* Read a file: "name value;" is an item, "name title { ... }" a section. A value of
 * several words, or a list in parentheses, has blanks between its words. Comments are
 * those of a shell and of C. "include FILE;" reads another file. False: a mistake
 * (s->mistake). */
MUST_USE bool mailutilsfile_read(struct source *s, const struct source_world *world,
				 struct span path, struct span text);
