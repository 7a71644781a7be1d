/* config/file/scan.h - checks poplar.conf before libconfuse reads it.
 *
 * Prefix: config_. libconfuse stops at the first mistake, reports a missing quote or
 * brace many lines too late, and has four bugs: it counts lines of comments wrongly,
 * drops a '*' outside quotes, lets a second list of the same name replace the first,
 * and reads a missing environment variable as an empty text.
 */
#pragma once

#include "config/file/loading.h"

/* Report what libconfuse would read wrongly, names that are no setting, and quotes and
 * braces that are not closed, each with the line where it begins. Overwrite comments
 * and a byte order mark in `text`, which ends with a NUL at text[len], with spaces.
 * False: do not call libconfuse, whose reports would only confuse. */
MUST_USE bool config_prepare(struct loading *l, char *text, size_t len);
