/* tls/source.h - gives OpenSSL the peer's octets, a bounded number at a time.
 *
 * Prefix: source_. OpenSSL reads until it has octets for its caller or the socket is
 * empty, so a peer could keep it busy for any time with records without octets.
 * Therefore OpenSSL reads through this BIO, which reads the socket once in each turn.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/span.h"

/* Call it once in a process, before source_new. False: out of memory. */
MUST_USE bool source_start(void);

/* A BIO that reads from a socket, which the caller keeps. NULL: out of memory. */
MUST_USE BIO *source_new(int fd);

/* Begin a turn: the next read gets at most `octets` from the socket, and all reads
 * after it get nothing until the next turn. */
void source_turn(const SSL *ssl, size_t octets);

/* source_count: count the records that connections of this context receive.
 * source_records: how many this connection has received since the last source_forget.
 */
void source_count(SSL_CTX *ctx);
unsigned source_records(const SSL *ssl);
void source_forget(const SSL *ssl);
