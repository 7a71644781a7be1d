/* pop3/lang.h - the command LANG, which chooses the language of the replies.
 *
 * Prefix: lang_.
 */
#pragma once

#include "pop3/state.h"

/* Handle the LANG command in s->command: list the languages, or change s->language.
 * RFC 6856 section 3. */
void lang_reply(struct session *s, struct buf *out);
