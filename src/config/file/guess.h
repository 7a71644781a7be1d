/* config/file/guess.h - finds settings by their names in the file, and by mistyped
 * ones.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/row.h"

/* The row with this name, as the file spells it (with '-'). NULL: none has. */
const struct row *config_find(struct rows rows, struct span name);

/* The name that is nearest to a mistyped one. False: no name is near enough. */
bool config_guess(struct span given, struct rows rows, char out[ROW_NAME_MAX]);
