/* dropd/delivery.h - one delivery: poplar-lmtp adds one message to one maildrop.
 *
 * Prefix: dropd_delivery_. The process at the other end of the socket can add that
 * message and do nothing else: it gets no file of the maildrop, and learns no more than
 * whether the maildrop takes the message.
 */
#pragma once

#include "dropd/life.h"

/* Answer ACCEPTS or FAILED over the socket fd for the maildrop that m, a
 * GRANT_DELIVERY, names, and then serve poplar-lmtp at the other end until the message
 * is stored or either side closes. The delivery takes over fd, and counts itself as a
 * session. Blocks while the mail is counted for the quota. */
void dropd_delivery_begin(struct dropd *d, const struct message *m, int fd);
