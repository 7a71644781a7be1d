/* convert/cyrus.h - turns a configuration of Cyrus into one of Poplar.
 *
 * Prefix: cyrus_.
 */
#pragma once

#include "convert/result.h"

/* Read and convert imapd.conf at `path`, and cyrus.conf beside it. False: a mistake
 * (s->mistake). */
MUST_USE bool cyrus_run(struct source *s, struct result *r,
			const struct source_world *world, struct span path);
