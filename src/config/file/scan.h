/* config/file/scan.h - checks poplar.conf before libconfuse reads it.
 *
 * Prefix: config_. libconfuse stops at its first error, reports a missing quote or
 * brace where it notices it, many lines later, and has four faults of its own: it
 * counts the lines of comments wrongly, drops a '*' outside quotes, lets a second list
 * replace the first, and reads a missing environment variable as an empty text.
 */
#pragma once

#include "config/file/loading.h"

/* Report whatever libconfuse would get wrong, names that are no setting, and quotes and
 * braces that are not closed, each with the line where it begins. Comments and a byte
 * order mark are blanked in `text`, which ends with a NUL at text[len]. False: what
 * libconfuse would report after this is not worth reading. */
MUST_USE bool config_prepare(struct loading *l, char *text, size_t len);
