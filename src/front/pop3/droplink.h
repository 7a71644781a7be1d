/* front/pop3/droplink.h - the session sockets, and the questions that the front sends
 * over them.
 *
 * Prefix: droplink_. Sending never blocks; FAULT_LIMIT: the socket's queue is full.
 */
#pragma once

#include "front/pop3/state.h"

/* Use fd, a session socket from poplar-auth, which the front takes over. Before a
 * maildrop is open it becomes drop.link, and later drop.next, for the board that XTND
 * opens. poplar-drop must now send READY or FAILED (AWAITS_MAILDROP). False: out of
 * memory; fd has been closed. */
MUST_USE bool droplink_attach(struct conn *c, int fd);

/* Close both session sockets, which ends the sessions in poplar-drop. */
void droplink_detach(struct conn *c);

/* Close drop.next. */
void droplink_detach_next(struct conn *c);

/* The board is open: close drop.link, and put drop.next in its place. */
void droplink_use_next(struct conn *c);

/* Ask for the bodies of `count` messages from message `first` on (BODIES). */
MUST_USE enum fault droplink_ask_bodies(const struct conn *c, uint32_t first,
					uint32_t count);

/* Ask for octets that r cannot read without blocking, from position `at` on (WARM or
 * COPY). RESULT_WAIT: AWAITS_OCTETS. RESULT_EVENT: the question cannot be sent. */
MUST_USE enum result droplink_ask_octets(struct conn *c, struct reader *r, uint64_t at,
					 struct session_event *ev);

/* Send the deletion marks, then ask for the commit (MARKS, COMMIT). If the socket's
 * queue is full, the driver calls this again when the queue takes more. RESULT_WAIT:
 * AWAITS_COMMIT. RESULT_EVENT: the question cannot be sent. */
MUST_USE enum result droplink_ask_commit(struct conn *c, struct session_event *ev);

/* Tell poplar-drop that a record is damaged or a size is not as listed
 * (LISTING_CORRUPT): for the next session poplar-drop measures every message anew. */
void droplink_report_corruption(const struct conn *c);
