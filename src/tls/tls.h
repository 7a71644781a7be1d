/* tls/tls.h - TLS for a server of POP3.
 *
 * Floor 2 (tls). Prefix: tls_. OpenSSL behind a door: TLS 1.2 and 1.3, ALPN "pop3"
 * (RFC 8314, RFC 7301), resumption by tickets whose keys all front processes share.
 */
#pragma once

#include "base/fault.h"

struct tls_server; /* certificate, key, policy: shared by connections */
struct tls;        /* one connection */

/* Once per process, before its sandbox: what OpenSSL would otherwise do at first use.
 */
MUST_USE bool tls_start(void);

enum { TLS_TICKET_KEY_OCTETS = 80 };

struct tls_options {
	struct span certificate; /* PEM: the server's own, then the chain */
	struct span key;         /* PEM */
	bool only_tls13;
};

/* FAULT_SETUP with why->doing telling what is wrong: unreadable certificate or key, or
 * two that do not match. The spans are not kept. */
MUST_USE enum fault tls_server_new(const struct tls_options *options,
				   struct tls_server **out, struct why *why);
void tls_server_free(struct tls_server *server);

static inline void tls_server_done_p(struct tls_server **p)
{
	tls_server_free(*p);
}

/* The keys of session tickets: new ones are made with `now`; those of `before` are
 * still taken. Both TLS_TICKET_KEY_OCTETS long, otherwise ignored. */
void tls_server_tickets(struct tls_server *server, struct span now, struct span before);

/* Seconds until the server's certificate expires; negative when it has. */
int64_t tls_server_expires_in(const struct tls_server *server);

/* A connection over the socket fd, which stays the caller's. NULL: out of memory. */
MUST_USE struct tls *tls_new(struct tls_server *server, int fd);
void tls_free(struct tls *tls);

enum tls_got {
	TLS_DONE,
	TLS_WANT_READ,  /* call again when the socket can be read */
	TLS_WANT_WRITE, /* call again when the socket can be written */
	TLS_CLOSED,     /* the peer has ended the connection */
	TLS_FAILED,     /* see tls_error(); close the socket */
};

enum tls_got tls_accept(struct tls *tls);
enum tls_got tls_read(struct tls *tls, char *out, size_t room, size_t *out_len);
enum tls_got tls_write(struct tls *tls, struct span in, size_t *out_len);

/* Are there octets that the socket will not announce, since they are in here already?
 */
bool tls_has_pending(const struct tls *tls);

/* Tell the peer that nothing more will come; does not wait. */
void tls_shutdown(struct tls *tls);

const char *tls_version(const struct tls *tls); /* "TLSv1.3" */
const char *tls_cipher(const struct tls *tls);
bool tls_resumed(const struct tls *tls);

/* Why the last call on this thread failed. */
const char *tls_error(void);
