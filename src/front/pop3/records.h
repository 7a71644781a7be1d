/* front/pop3/records.h - records of the listing, for LIST, UIDL and DELE.
 *
 * Prefix: records_. The listing is a file that poplar-drop has made. Its owner may
 * spoil it, so each record is checked as it is read (mail/listing.h).
 */
#pragma once

#include "front/state.h"
#include "ipc/message.h"

/* The listing that came with READY; the descriptor is ours now. False: the gaps in it
 * cannot be right, or no memory; the descriptor is closed. */
MUST_USE bool records_open(struct conn *c, const struct message_READY *m, int fd);
void records_close(struct conn *c);

/* Records that stand one behind the other, read at once. Numbers are those of the
 * listing, 0-based. */
struct records_batch {
	uint32_t first, count;
	uint32_t next;                /* the record of message session.next */
	struct listing_record record; /* of the last event, which borrows from it */
	char at[LISTING_GROUP][LISTING_RECORD_OCTETS];
};

/* Read records from message session.next on, as many as the session wants and as stand
 * together. RESULT_DONE: *out may hold fewer than wanted, or none where the file is too
 * short. RESULT_WAIT: their octets are asked for. RESULT_EVENT: that failed. */
MUST_USE enum result records_read(struct conn *c, struct records_batch *out,
				  struct session_event *ev);

/* EVENT_RECORD for message session.next; EVENT_FAILED where its record is not in the
 * batch or not good, and then poplar-drop is told. */
void records_event(const struct conn *c, struct records_batch *b,
		   struct session_event *ev);

/* Go on to the record of message session.next. False: it is not in this batch. */
MUST_USE bool records_next(const struct conn *c, struct records_batch *b);
