/* tls/source.h - feeds OpenSSL with the peer's octets, a bounded number at a time.
 *
 * Prefix: source_. OpenSSL reads until it has octets for its caller or the socket is
 * empty; a peer that sends records without octets would keep it busy as long as the
 * peer likes. So OpenSSL reads from here, and gets one read of the socket in each turn.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/span.h"

/* Once per process. */
MUST_USE bool source_start(void);

/* A BIO that reads from a socket, which the caller keeps. NULL: out of memory. */
MUST_USE BIO *source_new(int fd);

/* Begin a turn: the next read gets at most `octets` from the socket, and all reads
 * after it get nothing until the next turn. */
void source_turn(const SSL *ssl, size_t octets);

/* Count the records that connections of this context receive; how many one connection
 * has received since source_forget. */
void source_count(SSL_CTX *ctx);
unsigned source_records(const SSL *ssl);
void source_forget(const SSL *ssl);
