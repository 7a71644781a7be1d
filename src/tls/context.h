/* tls/context.h - struct tls_server: what the connections of one server share.
 *
 * Only files of this folder include it; tls/server.h is the interface for others.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/tlspolicy.h"
#include "tls/identity.h"

/* A key that encrypts session tickets (RFC 5077 section 4). poplard makes it. */
struct ticket_key {
	unsigned char name[16], aes[32], hmac[32];
};

struct tls_server {
	unsigned uses; /* references: one for the maker until tls_server_free, and one
			  for each connection */
	SSL_CTX *ctx;
	unsigned count;                            /* identities */
	struct identity identities[TLS_PAIRS_MAX]; /* the first is the default */
	struct names names; /* the host names of the identities, for SNI */
	unsigned char
		protocols[16]; /* the one of struct tls_policy, as ALPN writes it */
	unsigned protocols_len;
	bool refuse_unknown; /* as in struct tls_policy, like the next two */
	enum tls_verify verify;
	enum tls_name client_name;
	bool has_tickets, has_before; /* `now` is set, `before` is set */
	struct ticket_key now;        /* for new tickets */
	struct ticket_key before;     /* for tickets from before the last rotation */
};

/* The server of a connection. */
static inline struct tls_server *server_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}
