/* config/file/say.h - how mistakes in poplar.conf are reported.
 *
 * Prefix: config_.
 */
#pragma once

/* Called once for each mistake, with a text like "poplar.conf:12: idle-timeout: ...".
 */
typedef void config_say_fn(void *arg, const char *text);
