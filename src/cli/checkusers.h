/* cli/checkusers.h - poplar check: the users files, and who in them cannot log in.
 *
 * Prefix: check_.
 */
#pragma once

#include "cli/checking.h"

/* Check the users files and files of token keys; databases that are asked are skipped.
 */
void check_users(struct checking *c);
