/* front/pop3/body.h - one message to the client.
 *
 * Prefix: body_. The front reads the octets from the descriptor that poplar-drop has
 * sent; no message of another process carries them. The loop must not wait for a disk:
 * octets that are not in memory are asked for (front/reader.h).
 */
#pragma once

#include "front/state.h"

/* Begin to send the message of session.command; its descriptor is the body's now.
 * RESULT_EVENT: EVENT_BODY, or EVENT_FAILED where this client cannot have it. */
enum result body_begin(struct conn *c, const struct body_source *source,
		       struct session_event *ev);

/* ASK_SEND: collect the next octets in front->out, or send them straight from the file.
 * RESULT_DONE: some went. RESULT_WAIT: the socket is full, or octets are asked for
 * (AWAITS_OCTETS). RESULT_EVENT: EVENT_DONE, the message is sent; or EVENT_FAILED, it
 * ends in its midst, without the final dot, so that the client notices. */
MUST_USE enum result body_send(struct conn *c, struct session_event *ev);

/* The octets that were asked for cannot be read: RESULT_EVENT. */
enum result body_fail(const struct conn *c, enum fault f, struct session_event *ev);

void body_close(struct conn *c);
