/* cli/copy.h - copies the messages of an origin into a maildrop, so that a copy that
 * was cut off can go on.
 *
 * Prefix: copy_. The copies are made in a folder of their own in the maildrop
 * (COPY_FOLDER) and synced; then the caller pins their unique-ids; then they are
 * renamed into `new` and `cur`. A process that is killed in between leaves that folder,
 * and the next import goes on from there. Another program sees a message as a whole and
 * with its unique-id, or not at all.
 */
#pragma once

#include "cli/origintypes.h"

/* The name has no leading dot: such a name is a folder of mail. */
#define COPY_FOLDER "poplar-import"

struct copy {
	int from, to, stage; /* the origin's Maildir, the maildrop, COPY_FOLDER */
	bool without_hidden; /* leave out the fields of mboxfile_is_hidden */
	uint64_t octets;     /* that were copied */
};

/* Make the folder for copies, and lock it. The caller passes *out to copy_end, also
 * after a fault. FAULT_BUSY: another import is at work. */
MUST_USE enum fault copy_begin(struct copy *out, int from, int to, struct why *why);

/* Has an earlier import copied this message, and not renamed it yet? */
bool copy_is_staged(const struct copy *c, const struct origin_message *m);

/* Copy a message into the folder. A copy that an earlier import has left is compared
 * with the message, and used if it is the same. */
MUST_USE enum fault copy_stage(struct copy *c, const struct origin_message *m,
			       struct why *why);

/* Make all copies durable, before their unique-ids are pinned. */
MUST_USE enum fault copy_sync(const struct copy *c, struct why *why);

/* Rename a copy to the path of the message, durably after copy_finish. */
MUST_USE enum fault copy_publish(struct copy *c, const struct origin_message *m,
				 struct why *why);
MUST_USE enum fault copy_finish(struct copy *c, struct why *why);

void copy_end(struct copy *c);
