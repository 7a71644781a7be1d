/* config/file/board.h - reads the sections of poplar.conf that describe boards.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* libconfuse has read a section: add its board to the settings, and check its values.
 */
void config_take_board(struct loading *l, cfg_t *section);

/* After the last section: check all boards together, and against the other settings. */
void config_check_boards(struct loading *l);
