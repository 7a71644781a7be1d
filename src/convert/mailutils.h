/* convert/mailutils.h - turns configurations of GNU Mailutils' pop3d, and of popa3d,
 * into one of Poplar.
 *
 * Prefix: mailutils_, popa3d_.
 */
#pragma once

#include "convert/result.h"

/* Read and convert mailutils.conf at `path`. False: a mistake (s->mistake). */
MUST_USE bool mailutils_run(struct source *s, struct result *r,
			    const struct source_world *world, struct span path);

/* Read and convert /etc/default/popa3d at `path`: popa3d has no other configuration,
 * for its settings are compiled in. False: a mistake (s->mistake). */
MUST_USE bool popa3d_run(struct source *s, struct result *r,
			 const struct source_world *world, struct span path);
