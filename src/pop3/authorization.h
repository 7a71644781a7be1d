/* pop3/authorization.h - the commands of the AUTHORIZATION state.
 *
 * Prefix: authorization_. Parts of the session machine, see pop3/session.h.
 */
#pragma once

#include "pop3/state.h"

/* Handle STLS, UTF8, USER, PASS, APOP or AUTH in s->command. */
enum session_ask authorization_begin(struct session *s, struct buf *out);

/* Handle the client's next line in an AUTH exchange. */
enum session_ask authorization_respond(struct session *s, struct span line,
				       struct buf *out);
