/* front/pop3/droplink.h - session sockets, and what the front asks over them.
 *
 * Prefix: droplink_. Sending never waits; FAULT_LIMIT: the socket's queue is full.
 */
#pragma once

#include "front/state.h"

/* poplar-auth has sent a session socket, which the front now owns: that of the login,
 * or of the board that XTND opens. READY or FAILED must follow (AWAITS_MAILDROP).
 * False: out of memory; the socket is closed. */
MUST_USE bool droplink_attach(struct conn *c, int fd);

/* Close both session sockets: that ends the session in poplar-drop. */
void droplink_detach(struct conn *c);

/* Close the one of the board that XTND opens. */
void droplink_detach_next(struct conn *c);

/* The board is open: its session socket takes the place of the other, which is closed.
 */
void droplink_use_next(struct conn *c);

/* Ask for the bodies of `count` messages from `first` on. */
MUST_USE enum fault droplink_ask_bodies(const struct conn *c, uint32_t first,
					uint32_t count);

/* Ask for octets that r cannot read without waiting, from position `at` on.
 * RESULT_WAIT: AWAITS_OCTETS. RESULT_EVENT: they cannot be asked for. */
MUST_USE enum result droplink_ask_octets(struct conn *c, struct reader *r, uint64_t at,
					 struct session_event *ev);

/* Send the deletion marks, then ask for the commit. Called again when the socket's
 * queue, which was full, takes more. RESULT_WAIT: AWAITS_COMMIT. RESULT_EVENT: it
 * cannot be asked for. */
MUST_USE enum result droplink_ask_commit(struct conn *c, struct session_event *ev);

/* Tell poplar-drop that a record or a size is not as listed. It makes the index anew
 * for the next session. */
void droplink_report_corruption(const struct conn *c);
