/* tls/client.h - checks the certificates of clients.
 *
 * Prefix: client_.
 */
#pragma once

#include <openssl/types.h>

#include "base/tlspolicy.h"
#include "tls/pair.h"

struct tls_server;

/* A user's name in a certificate has at most so many octets. */
enum { TLS_CLIENT_NAME_MAX = 255 };

/* Make the server ask clients for certificates, as server->verify says. Returns what
 * has failed, as a text; NULL: nothing. */
MUST_USE const char *client_configure(struct tls_server *server,
				      const struct tls_files *files);

/* Find the user's name in the field `kind` of the certificate; it ends with a NUL.
 * False, and an empty name: the certificate has no such field, or several, or the value
 * is empty, too long or no text. */
MUST_USE bool client_name_of(const X509 *peer, enum tls_name kind,
			     char out[TLS_CLIENT_NAME_MAX + 1]);
