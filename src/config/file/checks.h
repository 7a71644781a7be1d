/* config/file/checks.h - checks of settings that their table cannot express.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* Check each setting by itself. If the file had no mistake before this call, also check
 * the settings that must agree with each other, and all sections. */
void config_check(struct loading *l);
