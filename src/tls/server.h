/* tls/server.h - what connections share.
 *
 * Prefix: server_.
 */
#pragma once

#include <openssl/ssl.h>

#include "tls/identity.h"

struct ticket_key {
	unsigned char name[16], aes[32], hmac[32];
};
_Static_assert(sizeof(struct ticket_key) == TLS_TICKET_KEY_OCTETS, "no padding");

struct tls_server {
	unsigned uses; /* whoever made it, and each connection */
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

/* ---- tls/ticket.c ---- */

MUST_USE bool ticket_configure(SSL_CTX *ctx);

/* ---- tls/client.c ---- */

/* Ask clients for certificates, as server->verify says. Returns what is wrong, or NULL.
 */
MUST_USE const char *client_configure(struct tls_server *server,
				      const struct tls_files *files);

/* The name in a client's certificate, NUL-terminated. False, and an empty one: it has
 * none of that kind, or several, or one that is no text. */
MUST_USE bool client_name_of(const X509 *peer, enum tls_name kind,
			     char out[TLS_CLIENT_NAME_MAX + 1]);
