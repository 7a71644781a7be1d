/* store/home.h - creates the folders above a maildrop.
 *
 * Prefix: store_.
 */
#pragma once

#include "base/span.h"

/* Create the folder `home` beneath the folder `root`, and the missing folders above it;
 * folders that exist stay as they are. The new ones belong to the user of this process.
 * Only the owner may enter the home (mode 0700); everybody may pass through the folders
 * above it (0711). Returns a descriptor of the home (O_PATH), which the caller owns, or
 * -1 and errno. */
MUST_USE int store_make_home(int root, struct span home);
