/* lmtpd/dropanswer.h - handles the answers of maildrop processes.
 *
 * Prefix: dropanswer_. A maildrop process runs as the owner of the mail, who may
 * control it. So an answer that fits no question closes its socket, and fails the
 * recipients of that maildrop only.
 */
#pragma once

#include "lmtpd/state.h"

/* Handle the answer in the inbox, and take over its descriptors. RESULT_EVENT: *ev is
 * for the session. RESULT_DONE: the connection can go on. RESULT_WAIT: the answer was
 * not the one that the connection waits for. RESULT_ILLEGAL: it answers no question. */
MUST_USE enum result dropanswer_take(struct delivery_link *link,
				     struct channel_inbox *in, struct lmtp_event *ev);

/* The maildrop process has closed its end or sent an illegal message: close the socket.
 * Results are those of dropanswer_take. */
MUST_USE enum result dropanswer_lost(const struct delivery_link *link,
				     struct lmtp_event *ev);
