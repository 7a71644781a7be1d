/* config/file/database.h - sections of poplar.conf: databases.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* A section has ended: read its values and check them. */
void config_take_database(struct loading *l, cfg_t *section);

/* Check all databases together, after the last. If none has users, add the users file
 * of the setting `users`. */
void config_check_databases(struct loading *l);
