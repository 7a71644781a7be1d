/* dropd/session.h - one session of poplar-drop with one maildrop.
 *
 * Prefix: dropd_session_.
 */
#pragma once

#include "dropd/life.h"

/* Open the maildrop that m, a GRANT, names, send READY or FAILED over the session
 * socket fd, and serve the front at its other end until either side closes. The session
 * takes over fd, and counts itself by dropd_session_more and dropd_session_less. Blocks
 * while the maildrop is opened. */
void dropd_session_begin(struct dropd *d, const struct message *m, int fd);
