/* config/file/checks.h - checks of settings that their table cannot express.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* Check the values of the settings, each one alone; then, if nothing was wrong in the
 * file before, those that must agree with each other, and all sections. */
void config_check(struct loading *l);
