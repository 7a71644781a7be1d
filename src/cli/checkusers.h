/* cli/checkusers.h - poplar check: the users files, and who in them cannot log in.
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/checking.h"

/* Check the users files and the files of token keys. Databases that lookup processes
 * ask are skipped. */
void check_users(struct checking *c);
