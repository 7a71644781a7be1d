/* front/pop3/body.h - sends one message to the client.
 *
 * Prefix: body_. The front reads the octets from the descriptor that poplar-drop has
 * sent. The loop must not wait for a disk, so the front asks poplar-drop for octets
 * that are not in memory (front/reader.h).
 */
#pragma once

#include "front/pop3/state.h"

/* Begin to send the message of session.command. Takes over source->fd. Returns
 * RESULT_EVENT: EVENT_BODY, or EVENT_FAILED if this client cannot get the message. */
enum result body_begin(struct conn *c, const struct body_source *source,
		       struct session_event *ev);

/* ASK_SEND: collect the next octets in front->out, or send them straight from the file.
 * RESULT_DONE: some octets were collected or sent. RESULT_WAIT: the socket is full, or
 * poplar-drop was asked for octets (AWAITS_OCTETS). RESULT_EVENT: EVENT_DONE, the
 * message is complete; or EVENT_FAILED, it breaks off without the final dot, so that
 * the client notices. */
MUST_USE enum result body_send(struct conn *c, struct session_event *ev);

/* poplar-drop cannot read the octets that it was asked for. Returns RESULT_EVENT. */
enum result body_fail(const struct conn *c, enum fault f, struct session_event *ev);

void body_close(struct conn *c);
