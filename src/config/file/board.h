/* config/file/board.h - sections of poplar.conf: boards.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* A section has ended: read its values and check them. */
void config_take_board(struct loading *l, cfg_t *section);

/* Check all boards together, and against the settings, after the last. */
void config_check_boards(struct loading *l);
