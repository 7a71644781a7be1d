/* cli/origin.h - what another server has of a user: the messages in its order, and the
 * unique-ids that it gave them.
 *
 * Prefix: origin_. An origin is a Maildir, with or without a list of the server beside
 * it, or an mbox. It is read as the owner of the maildrop, and never written.
 */
#pragma once

#include <stdio.h>

#include "cli/origintypes.h"

/* A kind of server. */
struct origin_kind {
	const char *name;
	const char *list; /* the list that it keeps in a Maildir; NULL: none */
	/* NULL: the server has no such origins. */
	enum fault (*maildir)(struct origin *s, const struct origin_place *p,
			      struct why *why);
	enum fault (*mbox)(struct origin *s, const struct origin_place *p,
			   struct why *why);
};

/* NULL: there is no kind of this name. */
const struct origin_kind *origin_kind(const char *name);

/* Print the names of all kinds, with blanks between. */
void origin_print_kinds(FILE *to);

/* Read an origin. The caller passes *out to origin_done, also after a fault.
 * FAULT_SETUP: this kind of server has no such origin, or its list is of no use. */
MUST_USE enum fault origin_read(const struct origin_kind *kind,
				const struct origin_place *p, struct origin *out,
				struct why *why);
void origin_done(struct origin *s);
