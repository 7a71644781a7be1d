/* front/pop3/records.h - reads records of the listing, for LIST, UIDL and DELE.
 *
 * Prefix: records_. The listing is a file that poplar-drop has made. The mail's owner
 * may damage the file, so each record is checked when it is read (mail/listing.h).
 */
#pragma once

#include "front/pop3/state.h"
#include "ipc/message.h"

/* Use fd, the listing that came with READY, which is taken over. False: the gaps in
 * READY are malformed, or out of memory; fd has been closed. */
MUST_USE bool records_open(struct conn *c, const struct message_READY *m, int fd);
void records_close(struct conn *c);

/* Records that lie next to each other in the listing, and are read in one call. `first`
 * and `next` are numbers of records, from 0 on. */
struct records_batch {
	uint32_t first, count;
	uint32_t next; /* the record of message session.next */
	struct listing_record
		record; /* that the last event was made from, and borrows from */
	char at[LISTING_GROUP][LISTING_RECORD_OCTETS];
};

/* Read the records from message session.next on: as many as the session wants, up to
 * the end of their group. RESULT_DONE: *out holds fewer, or none, if the file is too
 * short. RESULT_WAIT: poplar-drop was asked for the octets (AWAITS_OCTETS).
 * RESULT_EVENT: it could not be asked. */
MUST_USE enum result records_read(struct conn *c, struct records_batch *out,
				  struct session_event *ev);

/* Fill *ev with EVENT_RECORD for message session.next. If its record is missing in the
 * batch or damaged, report corruption to poplar-drop, and fill *ev with EVENT_FAILED.
 */
void records_event(const struct conn *c, struct records_batch *b,
		   struct session_event *ev);

/* Move on to the record of message session.next. False: it is not in this batch. */
MUST_USE bool records_next(const struct conn *c, struct records_batch *b);
