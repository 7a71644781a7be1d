/* lmtpd/handover.h - the recipients of a transaction, and the sockets of their
 * deliveries.
 *
 * Prefix: handover_. A socket comes from poplar-auth with RCPT_OK; at its other end is
 * the maildrop process of the recipient. Recipients with the same maildrop share one
 * delivery, so a user whom the client names twice gets the message once. A socket that
 * is lost fails the recipients of that maildrop only.
 */
#pragma once

#include "lmtpd/state.h"

/* Use fd, the socket of a delivery to this user's maildrop, which is taken over, for
 * the recipient whom the session asks about. RESULT_WAIT: the maildrop process must
 * accept (LMTP_AWAITS_MAILDROP). RESULT_EVENT: the user is a recipient already, or *ev
 * has the fault. */
MUST_USE enum result handover_begin(struct conn *c, struct span user, int fd,
				    struct lmtp_event *ev);

/* The maildrop process has accepted, or refused with fault f, the recipient that the
 * session asks about. Returns RESULT_EVENT. */
enum result handover_accepted(struct conn *c, struct lmtp_event *ev);
enum result handover_refused(struct conn *c, enum fault f, struct lmtp_event *ev);

/* Ask the maildrop process of a recipient for a spool file (SPOOL). False: none can be
 * asked. */
MUST_USE bool handover_ask_spool(struct conn *c);

/* Hand the message over to all maildrop processes (DELIVER): `octets` in the file fd.
 */
void handover_send(struct conn *c, int fd, uint64_t octets);

/* The message cannot be handed over: each recipient gets the fault f. */
void handover_fail_all(struct conn *c, enum fault f);

/* Close the socket of a delivery; its outcome is f. */
void handover_close(struct delivery *d, enum fault f);

/* Return the next recipient, in the order of RCPT, who has no reply to the message yet,
 * and count it as answered. NULL: the outcome for this recipient is not known yet
 * (LMTP_AWAITS_STORED). */
const struct recipient *handover_next(struct conn *c);

/* Has every maildrop process answered? */
bool handover_is_over(const struct conn *c);

/* Forget the recipients, and close the sockets. */
void handover_release(struct conn *c);
