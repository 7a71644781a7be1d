/* config/file/file.h - reading poplar.conf.
 *
 * Prefix: config_.
 */
#pragma once

#include "config/settings.h"

#define CONFIG_FILE_DEFAULT POPLAR_SYSCONFDIR "/poplar.conf"

/* Told once for each thing that is wrong: "poplar.conf:12: idle-timeout: ...". */
typedef void config_say_fn(void *arg, const char *text);

/* Read the file into *out (settings_init is done here; call settings_done also after a
 * fault). FAULT_SETUP when anything was wrong and has been said. */
MUST_USE enum fault config_load(const char *path, struct settings *out,
				config_say_fn *say, void *arg);
