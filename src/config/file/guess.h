/* config/file/guess.h - finds settings by their names in the file, and by mistyped
 * names.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/row.h"

/* The row with this name, as the file spells it (with '-'). NULL: no row has it. */
const struct row *config_find(struct rows rows, struct span name);

/* The name of the row that is most like a mistyped one. False: no name is similar
 * enough. */
bool config_guess(struct span given, struct rows rows, char out[ROW_NAME_MAX]);
