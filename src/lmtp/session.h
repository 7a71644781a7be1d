/* lmtp/session.h - one LMTP session as a state machine: an event goes in, a reply and
 * an ask come out.
 *
 * The machine does no I/O, reads no clock and allocates nothing. Prefix: lmtp_.
 * lmtp/state.h has the asks, the events that may answer each of them, and the session
 * itself.
 */
#pragma once

#include "lmtp/state.h"

/* A step writes at most LMTP_STEP_MAX octets; the caller keeps that much room free. The
 * longest reply is that to LHLO. */
enum { LMTP_STEP_MAX = 1024 };

/* `tls`: the connection began with TLS. `trusted`: the client may deliver mail. */
void lmtp_init(struct lmtp_session *s, const struct lmtp_policy *policy, bool tls,
	       bool trusted);

/* Write the greeting. A server that must refuse the client greets it by
 * lmtp_reply_greet, with 421. To end a session that is idle, or because the server
 * stops, call lmtp_say with LMTP_REPLY_IDLE or LMTP_REPLY_STOPPING, and close. Do so
 * only while the session waits for the client (READ, DATA, CHUNK): between the replies
 * to a message, the client would take this reply for one of them. */
void lmtp_greet(const struct lmtp_session *s, struct buf *out);

/* Take one event; write a reply, which may be empty, and return the next ask, which is
 * also in s->ask. If the event is no answer to the open ask, the driver has made a
 * mistake: the next ask is LMTP_ASK_CLOSE, and s->broken is set. */
enum lmtp_ask lmtp_step(struct lmtp_session *s, const struct lmtp_event *ev,
			struct buf *out);
