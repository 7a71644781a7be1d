/* pop3/capa.h - list the capabilities of the server.
 *
 * Prefix: capa_. RFC 2449 sections 5 and 6. A capability is listed exactly when it
 * works in the present state of the session.
 */
#pragma once

#include "pop3/state.h"

/* Write the multi-line reply to CAPA. */
void capa_reply(const struct session *s, struct buf *out);

/* Write the reply to XTND without arguments: those capabilities that are commands, one
 * on each line. */
void capa_extensions(const struct session *s, struct buf *out);
