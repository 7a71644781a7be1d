/* config/file/database.h - reads the sections of poplar.conf that describe databases.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/loading.h"

/* libconfuse has read a section: add its database to the settings, and check its
 * values. */
void config_take_database(struct loading *l, cfg_t *section);

/* After the last section: check all databases together. If none is a database of users,
 * add the users file of the setting `users`. */
void config_check_databases(struct loading *l);
