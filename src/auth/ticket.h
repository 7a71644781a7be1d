/* auth/ticket.h - board tickets: what a front shows to ask for another maildrop.
 *
 * Prefix: ticket_. Several threads may call these functions at the same time. A ticket
 * is a text, encrypted and authenticated with a key that only this process has: a front
 * can neither read nor forge nor change it. A ticket is valid for one holder, until
 * this process ends.
 */
#pragma once

#include "base/buf.h"

struct tickets;

/* Who may use a ticket: one connection of one front. */
struct ticket_holder {
	uint64_t link; /* a number that no other link of this process ever had */
	uint64_t id;   /* the front's number for the connection */
};

/* Octets of the text in a ticket, and of a ticket. */
enum { TICKET_TEXT_MAX = 4696, TICKET_OCTETS_MAX = TICKET_TEXT_MAX + 40 };

/* Make a new key. NULL: out of memory. Call it after scheme_start, and before the
 * process enters its sandbox. */
MUST_USE struct tickets *tickets_new(void);
void tickets_free(struct tickets *t); /* NULL is allowed */

/* Append a ticket that holds this text to *out. out->cut is set if the text is longer
 * than TICKET_TEXT_MAX or the ticket does not fit. */
void ticket_seal(struct tickets *t, struct ticket_holder holder, struct span text,
		 struct buf *out);

/* Decrypt a ticket, and append its text to *out. False: this process has not made the
 * ticket for this holder, or the text does not fit (then out->cut is set). */
MUST_USE bool ticket_open(const struct tickets *t, struct ticket_holder holder,
			  struct span ticket, struct buf *out);
