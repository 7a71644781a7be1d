/* pop3/authorization.h - carries out the commands of the AUTHORIZATION state.
 *
 * Prefix: authorization_. Parts of the session machine, see pop3/session.h.
 */
#pragma once

#include "pop3/state.h"

session_command_fn authorization_stls, authorization_utf8, authorization_user,
	authorization_pass, authorization_apop, authorization_auth;

/* Take the client's next line in an AUTH exchange. Returns the next ask. */
enum session_ask authorization_respond(struct session *s, struct span line,
				       struct buf *out);
