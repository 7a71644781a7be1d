/* lmtp/delivery.h - carries out DATA and BDAT, and replies for each recipient.
 *
 * Prefix: delivery_. RFC 2033 sections 4.2 and 4.3, RFC 3030 section 2. A message must
 * get exactly one reply for each recipient, because a client only counts them. If one
 * were missing, the client would take the reply to its next command for it: 221 to QUIT
 * would mean that a message was stored that was not.
 */
#pragma once

#include "lmtp/state.h"

lmtp_command_fn delivery_data, delivery_bdat;

/* The octets of DATA or BDAT have come; `f`: why they could not be kept, or FAULT_NONE.
 * Both return the next ask. */
enum lmtp_ask delivery_message(struct lmtp_session *s, enum fault f, struct buf *out);
enum lmtp_ask delivery_chunk(struct lmtp_session *s, enum fault f, struct buf *out);

/* The message could not be kept: write the reply for the next recipient. Returns the
 * next ask. */
enum lmtp_ask delivery_next(struct lmtp_session *s, struct buf *out);

/* Write the reply for the next recipient. Returns the next ask. */
enum lmtp_ask delivery_result(struct lmtp_session *s, const struct lmtp_event *ev,
			      struct buf *out);
