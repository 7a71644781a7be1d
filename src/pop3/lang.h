/* pop3/lang.h - the command by which a client chooses the language of the replies.
 *
 * Floor 1 (pop3): does no I/O. Prefix: lang_.
 */
#pragma once

#include "pop3/session.h"

void lang_reply(struct session *s, struct buf *out);
