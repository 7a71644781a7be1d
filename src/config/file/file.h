/* config/file/file.h - reads poplar.conf.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/file/say.h"
#include "config/settings.h"

#define CONFIG_FILE_DEFAULT POPLAR_SYSCONFDIR "/poplar.conf"

/* Read the file into *out, which this function initializes. The caller passes *out to
 * settings_done, also after a fault. FAULT_SETUP: the file has mistakes, or cannot be
 * read; `say`, which may not be NULL, was called for each. FAULT_NOMEM. */
MUST_USE enum fault config_load(const char *path, struct settings *out,
				config_say_fn *say, void *arg);
