/* tls/context.h - what the connections of one server share.
 *
 * The struct behind tls/server.h, for the files of this folder.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/tlspolicy.h"
#include "tls/identity.h"

struct ticket_key {
	unsigned char name[16], aes[32], hmac[32];
};

struct tls_server {
	unsigned uses; /* by whoever made it, and by each connection */
	SSL_CTX *ctx;
	unsigned count;
	struct identity identities[TLS_PAIRS_MAX];
	struct names names;
	bool refuse_unknown;
	enum tls_verify verify;
	enum tls_name client_name;
	bool has_tickets, has_before;
	struct ticket_key now, before;
};

static inline struct tls_server *server_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}
