/* pop3/capa.h - the capabilities: each announced exactly when it works.
 *
 * Prefix: capa_. RFC 2449 sections 5 and 6.
 */
#pragma once

#include "pop3/state.h"

/* The whole multi-line answer to CAPA, for the session as it stands. */
void capa_reply(const struct session *s, struct buf *out);

/* The answer to XTND alone: the commands among them, one a line. */
void capa_extensions(const struct session *s, struct buf *out);
