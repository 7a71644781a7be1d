/* pop3/lang.h - the command by which a client chooses the language of the replies.
 *
 * Prefix: lang_.
 */
#pragma once

#include "pop3/state.h"

void lang_reply(struct session *s, struct buf *out);
