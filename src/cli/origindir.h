/* cli/origindir.h - reads the folders of another server's Maildir.
 *
 * Prefix: origin_.
 */
#pragma once

#include "cli/origintypes.h"

/* What to find out about each file, beside its name. */
enum origin_wanted { ORIGIN_NAMES, ORIGIN_TIMES };

/* Add all messages in `new` and `cur`, in no order. If the folders change meanwhile,
 * they are read again. */
MUST_USE enum fault origin_read_folders(struct origin *s, const struct origin_place *p,
					enum origin_wanted wanted, struct why *why);

/* Read a list of the server, `name` in p->list, into the memory of the origin. Sets
 * s->has_list; *out is empty if there is none. */
MUST_USE enum fault origin_read_list(struct origin *s, const struct origin_place *p,
				     const char *name, struct span *out,
				     struct why *why);

/* Report a line of the list that is no record, and count it. */
void origin_report_line(struct origin *s, const struct origin_place *p,
			const char *name, uint32_t line);

/* Find a message of this base name in an origin that is sorted by base name (by
 * origin_sort and origin_by_base). NULL: there is none. */
struct origin_message *origin_match(struct origin *s, struct span base);
