/* cli/exportlist.h - makes the list in which another server keeps unique-ids, from an
 * open maildrop.
 *
 * Prefix: exportlist_.
 */
#pragma once

#include "store/store.h"

struct exportlist {
	char *text;
	size_t len, room;
	uint64_t count; /* of messages */
	uint64_t
		strange; /* messages with unique-ids that the server cannot give them */
	uint64_t moved;  /* messages that the server lists in another place */
};

struct exportlist_kind {
	const char *name; /* of the server */
	const char *file;
	enum fault (*make)(const struct maildrop *m, uint32_t now, struct exportlist *l,
			   struct why *why);
};

/* NULL: no list can be made for a server of this name. */
const struct exportlist_kind *exportlist_kind(const char *name);

/* Make the list. `now`, in seconds since 1970, becomes the UIDVALIDITY. The caller
 * passes *out to exportlist_done, also after a fault. FAULT_SETUP: a record of the
 * listing is damaged. */
MUST_USE enum fault exportlist_make(const struct exportlist_kind *kind,
				    const struct maildrop *m, uint32_t now,
				    struct exportlist *out, struct why *why);
void exportlist_done(struct exportlist *l);
