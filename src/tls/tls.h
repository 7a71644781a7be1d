/* tls/tls.h - TLS connections, as their server.
 *
 * Prefix: tls_. A narrow interface to OpenSSL: TLS 1.2 and 1.3, a certificate by the
 * client's SNI, ALPN "pop3" (RFC 8314, RFC 7301), client certificates, and resumption
 * by tickets whose keys all fronts and poplar-lmtp share.
 */
#pragma once

#include "base/buf.h"
#include "tls/error.h"
#include "tls/pair.h"
#include "tls/peer.h"
#include "tls/server.h"
#include "tls/ticket.h"

struct tls; /* one connection */

/* Initialize OpenSSL, unless that was done already. Call it before the process enters
 * its sandbox, which would forbid what OpenSSL otherwise does at first use. Private
 * keys are kept in memory that is not swapped out, as far as the process may lock
 * memory. */
MUST_USE bool tls_start(void);

/* Make a connection over the socket fd, which the caller keeps. The calls below read
 * the peer's records from the socket, but append records for the peer to *out, which
 * many connections may share: after each call, before one for another connection,
 * the caller sends them or moves them elsewhere. NULL: out of memory. */
MUST_USE struct tls *tls_new(struct tls_server *server, int fd, struct buf *out);
void tls_free(struct tls *tls); /* NULL is not allowed */

enum tls_got {
	TLS_DONE,
	TLS_WANT_READ,  /* call again when the socket can be read */
	TLS_WANT_WRITE, /* call again when the contents of *out have been sent */
	TLS_AGAIN,      /* tls_read only: records without octets came; call again when
			   other connections have had their turn */
	TLS_CLOSED,  /* the peer has ended the connection, with close_notify or without
		      */
	TLS_FLOODED, /* tls_read only: more than TLS_EMPTY_MAX records in a row had no
			octets; close the socket */
	TLS_FAILED,  /* see tls_error(); close the socket */
};

/* Records without octets in a row that are allowed: no client needs so many. */
enum { TLS_EMPTY_MAX = 8 };

/* Continue the handshake (tls_accept), or read octets (tls_read). Each call reads a
 * bounded number of octets from the socket. */
enum tls_got tls_accept(struct tls *tls);
enum tls_got tls_read(struct tls *tls, char *out, size_t room, size_t *out_len);

/* Append records with octets of `in`, after the handshake; *out_done becomes the number
 * of octets that they hold, which may be less than in.len. Returns TLS_DONE,
 * TLS_WANT_WRITE (then call again with the same octets, which may have moved) or
 * TLS_FAILED. */
enum tls_got tls_write(struct tls *tls, struct span in, size_t *out_done);

/* Has the connection octets that it has read from the socket already, so that poll(2)
 * will not announce them? */
bool tls_has_pending(const struct tls *tls);

/* Tell the peer that this is the end (close_notify). A second call does nothing, nor
 * does a call before the handshake has ended; a call after TLS_FAILED does no harm. */
void tls_shutdown(struct tls *tls);

const char *tls_version(const struct tls *tls); /* "TLSv1.3" */
const char *tls_cipher(const struct tls *tls);
bool tls_resumed(const struct tls *tls);
