/* lmtp/delivery.h - carries out DATA and BDAT, and replies for each recipient.
 *
 * Prefix: delivery_. RFC 2033 sections 4.2 and 4.3, RFC 3030 section 2. A client counts
 * the replies to a message, and takes the reply to its next command for one that is
 * missing: 221 for a message that was not stored.
 */
#pragma once

#include "lmtp/state.h"

lmtp_command_fn delivery_data, delivery_bdat;

/* The octets of DATA or BDAT have come; `f`: why they could not be kept, or FAULT_NONE.
 * Both return the next ask. */
enum lmtp_ask delivery_message(struct lmtp_session *s, enum fault f, struct buf *out);
enum lmtp_ask delivery_chunk(struct lmtp_session *s, enum fault f, struct buf *out);

/* Write the reply of a message that could not be kept for the next recipient. Returns
 * the next ask. */
enum lmtp_ask delivery_next(struct lmtp_session *s, struct buf *out);

/* Write the reply for the next recipient. Returns the next ask. */
enum lmtp_ask delivery_result(struct lmtp_session *s, const struct lmtp_event *ev,
			      struct buf *out);
