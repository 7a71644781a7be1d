/* convert/courier.h - turns a configuration of Courier into one of Poplar.
 *
 * Prefix: courier_.
 */
#pragma once

#include "convert/result.h"

/* Read and convert the files in a folder such as /etc/courier: pop3d, pop3d-ssl,
 * authdaemonrc, and those of the modules that it names. False: a mistake
 * (s->mistake). */
MUST_USE bool courier_run(struct source *s, struct result *r,
			  const struct source_world *world, struct span folder);
