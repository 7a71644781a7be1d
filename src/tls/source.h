/* tls/source.h - the octets that the peer sends, few at a time.
 *
 * Prefix: source_. OpenSSL reads on until it has octets for its caller
 * or the socket is empty; a peer that sends records without any keeps it busy for as
 * long as it likes. So it reads from here: one read of the socket in each turn.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/span.h"

/* Once per process. */
MUST_USE bool source_start(void);

/* A BIO that reads from a socket, which stays the caller's. NULL: out of memory. */
MUST_USE BIO *source_new(int fd);

/* A turn begins: the next read of the socket takes at most `octets`, and those behind
 * it find nothing. */
void source_turn(const SSL *ssl, size_t octets);

/* How many records have come since source_forget, for connections of this context. */
void source_count(SSL_CTX *ctx);
unsigned source_records(const SSL *ssl);
void source_forget(const SSL *ssl);
