/* cli/originkinds.h - the readers of the kinds of servers, for the table in origin.c.
 *
 * Prefix: origin_. Each is a function of struct origin_kind.
 */
#pragma once

#include "cli/origintypes.h"

typedef enum fault origin_read_fn(struct origin *s, const struct origin_place *p,
				  struct why *why);

origin_read_fn origin_dovecot, origin_courier;
origin_read_fn origin_qmail, origin_solid, origin_mailfront, origin_mailutils;
origin_read_fn origin_dovecot_mbox, origin_uw_mbox, origin_popa3d_mbox,
	origin_solid_mbox, origin_mailutils_mbox;
