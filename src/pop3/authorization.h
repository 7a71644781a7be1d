/* pop3/authorization.h - carries out the commands of the AUTHORIZATION state.
 *
 * Prefix: authorization_. Parts of the session machine, see pop3/session.h.
 */
#pragma once

#include "pop3/state.h"

/* Carry out the command in s->command: STLS, UTF8, USER, PASS, APOP or AUTH. Returns
 * the next ask. */
enum session_ask authorization_begin(struct session *s, struct buf *out);

/* Take the client's next line in an AUTH exchange. Returns the next ask. */
enum session_ask authorization_respond(struct session *s, struct span line,
				       struct buf *out);
