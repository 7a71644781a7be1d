/* tls/ticket.h - makes and accepts session tickets, with keys that all fronts and
 * poplar-lmtp share.
 *
 * Prefix: ticket_. RFC 5077, RFC 8446 section 4.6.1.
 */
#pragma once

#include <openssl/types.h>

#include "base/span.h"

struct tls_server;

enum { TLS_TICKET_KEY_OCTETS = 80 };

/* Make connections of this context use the ticket keys of its server (tls/context.h).
 * False: out of memory. */
MUST_USE bool ticket_configure(SSL_CTX *ctx);

/* Set the keys: new tickets are made with `now`; tickets that were made with `before`
 * are accepted, too. A span of another length than TLS_TICKET_KEY_OCTETS means no key;
 * without the key `now`, tickets are neither made nor accepted. */
void tls_server_tickets(struct tls_server *server, struct span now, struct span before);
