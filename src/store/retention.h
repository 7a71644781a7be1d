/* store/retention.h - applies the rules for a maildrop's user: how often to log in, and
 * how long to keep messages.
 *
 * Prefix: retention_. It works for every kind of store: it uses the listing, the ledger
 * and the calls of store/kind.h.
 */
#pragma once

#include "store/kind.h"

/* May the user log in now? FAULT_TOO_SOON: the login delay is not over. If the ledger
 * cannot be used, the user may log in, and m->ledger_trouble has the story. */
MUST_USE enum fault retention_admit(struct maildrop *m, struct why *why);

/* Find the messages that are due to be removed: marks (bit i: message i + 1), which the
 * caller frees. NULL: no message is due, or the ledger cannot be used, and
 * m->ledger_trouble has the story. */
MUST_USE uint64_t *retention_due(struct maildrop *m);

/* Note in the ledger the retrieved messages that are not marked, and, if the rules say
 * so, have the kind of store mark them as seen. `marks` may be NULL. If the ledger
 * cannot be written, m->trouble has the story. */
void retention_note(struct maildrop *m, const uint64_t *marks,
		    const uint64_t *retrieved);
