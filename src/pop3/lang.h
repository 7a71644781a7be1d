/* pop3/lang.h - carries out LANG, which chooses the language of the replies.
 *
 * Prefix: lang_.
 */
#pragma once

#include "pop3/state.h"

/* Carry out the LANG in s->command, and write its reply: list the languages, or change
 * s->language (RFC 6856 section 3). */
void lang_reply(struct session *s, struct buf *out);
