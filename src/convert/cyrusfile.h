/* convert/cyrusfile.h - reads cyrus.conf.
 *
 * Prefix: cyrusfile_.
 */
#pragma once

#include "convert/source.h"

/* Read a file. Each line such as
 *
 *	SERVICES {
 *		pop3  cmd="pop3d -U 30" listen="pop3" prefork=0
 *	}
 *
 * becomes a section of type SERVICES and title pop3, with items cmd, listen and
 *prefork. False: a mistake (s->mistake). */
MUST_USE bool cyrusfile_read(struct source *s, struct span path, struct span text);
