/* pop3/capa.h - lists the capabilities of the server.
 *
 * Prefix: capa_. RFC 2449 sections 5 and 6. Before login, a capability is listed
 * exactly if it works on this connection. After login, the list is the same without
 * STLS, and LOGIN-DELAY and EXPIRE are the user's own.
 */
#pragma once

#include "pop3/state.h"

/* CAPA: write the multi-line reply. */
session_command_fn capa_reply;

/* Write the reply to XTND without arguments: the optional commands that work on this
 * connection, and AUTH with each mechanism, one on each line. */
void capa_extensions(const struct session *s, struct buf *out);
