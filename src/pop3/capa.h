/* pop3/capa.h - lists the capabilities of the server.
 *
 * Prefix: capa_. RFC 2449 sections 5 and 6. Before login, a capability is listed
 * exactly if it works on this connection; after login, the list stays the same, but for
 * STLS.
 */
#pragma once

#include "pop3/state.h"

/* CAPA: write the multi-line reply. */
session_command_fn capa_reply;

/* Write the reply to XTND without arguments: the commands that belong to listed
 * capabilities, one on each line. */
void capa_extensions(const struct session *s, struct buf *out);
