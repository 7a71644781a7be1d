/* pop3/authorization.h - the commands by which a client proves who it is.
 *
 * Prefix: authorization_. Parts of the session: see
 * pop3/session.h.
 */
#pragma once

#include "pop3/state.h"

/* STLS, UTF8, USER, PASS, APOP or AUTH, as it stands in s->command. */
enum session_ask authorization_begin(struct session *s, struct buf *out);

/* A line in the midst of AUTH's exchange. */
enum session_ask authorization_respond(struct session *s, struct span line,
				       struct buf *out);
