/* pop3/lang.h - carries out LANG, which chooses the language of the replies.
 *
 * Prefix: lang_.
 */
#pragma once

#include "pop3/state.h"

/* LANG (RFC 6856 section 3): list the languages, or change s->language. */
session_command_fn lang_reply;
