/* tls/peer.h - what a TLS connection tells about its client: certificate and channel
 * bindings.
 *
 * Prefix: tls_.
 */
#pragma once

#include <stddef.h>

#include "tls/client.h"

struct tls; /* tls/tls.h */

enum { TLS_EXPORTER_OCTETS = 32, TLS_UNIQUE_MAX = 64 };

/* The user that the client's certificate names, in UTF-8, ended by a NUL. False, and an
 * empty name: the client has given no valid certificate, or client_name_of finds no
 * name in it. */
MUST_USE bool tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1]);

/* What is wrong with the client's certificate, as a text. NULL: nothing, or the client
 * has given none. */
const char *tls_client_error(const struct tls *tls);

/* Has the connection one of the channel bindings below? A channel binding ties an
 * authentication to one TLS connection. */
MUST_USE bool tls_binds(const struct tls *tls);

/* tls-exporter (RFC 9266): for TLS 1.3, and for TLS 1.2 with the extended master
 * secret. False: the connection has none. */
MUST_USE bool tls_exporter(const struct tls *tls, char out[TLS_EXPORTER_OCTETS]);

/* tls-unique (RFC 5929 section 3): for TLS 1.2, but not for a resumed session without
 * the extended master secret (RFC 7627 section 1). Returns its length; 0: the
 * connection has none. */
MUST_USE size_t tls_unique(const struct tls *tls, char out[TLS_UNIQUE_MAX]);
