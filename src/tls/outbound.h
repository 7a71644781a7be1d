/* tls/outbound.h - TLS connections to other servers, on which we are the client.
 *
 * Prefix: outbound_. The calls block. A call that fails gives the reason as a text that
 * stays valid.
 */
#pragma once

#include <openssl/types.h>
#include <sys/types.h>

#include "base/span.h"

/* Make the settings that connections share, also those of several threads. Servers must
 * have a certificate that is valid for their name and signed by a root in the PEM file
 * `roots`, or by one of this system's if that is NULL; with `verify` false, any
 * certificate is good. NULL: *out_trouble says why. The caller passes the result to
 * outbound_free. */
SSL_CTX *outbound_new(const char *roots, bool verify, const char **out_trouble);
void outbound_free(SSL_CTX *shared);

/* Make the handshake on a connected socket, which the caller keeps. `host` is the
 * server's name, or its address. NULL: *out_trouble says why. The caller passes the
 * result to outbound_close. */
SSL *outbound_open(SSL_CTX *shared, int fd, const char *host, const char **out_trouble);
void outbound_close(SSL *ssl);

/* As read(2) and write(2): the number of octets; 0: the server has closed the
 * connection; -1: it failed, as errno says. */
ssize_t outbound_read(SSL *ssl, char *at, size_t len);
ssize_t outbound_write(SSL *ssl, const char *at, size_t len);
