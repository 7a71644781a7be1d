/* tls/tls.h - TLS for a server of POP3.
 *
 * Prefix: tls_. OpenSSL behind a door: TLS 1.2 and 1.3, certificates by
 * name, ALPN "pop3" (RFC 8314, RFC 7301), certificates of clients, resumption by
 * tickets whose keys all front processes share.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"

struct tls_server; /* certificates, keys, policy: shared by connections */
struct tls;        /* one connection */

/* Once per process, before its sandbox: what OpenSSL would otherwise do at first use.
 * Private keys will lie in memory that is never swapped out, as far as that may be
 * locked. */
MUST_USE bool tls_start(void);

enum { TLS_TICKET_KEY_OCTETS = 80, TLS_PAIRS_MAX = 32 };

/* ---- what comes from files ---- */

struct tls_pair {
	struct span certificate; /* PEM: the server's own, then the chain */
	struct span key;         /* PEM; empty: it stands with the certificate */
	struct span staple;      /* DER: an OCSP response; empty: none */
};

struct tls_files {
	unsigned count;
	struct tls_pair pairs[TLS_PAIRS_MAX]; /* the first is the default */
	struct span client_ca, client_crl;    /* PEM; empty: none */
};

/* All of them as one run of octets, for another process. *out is malloc'ed and holds
 * keys. FAULT_NOMEM. */
MUST_USE enum fault tls_files_pack(const struct tls_files *files, char **out,
				   size_t *out_len);
/* And back: the spans are borrowed from `packed`. FAULT_PEER: it is none. */
MUST_USE enum fault tls_files_unpack(struct span packed, struct tls_files *out);

/* What time makes of a pair. Times are seconds since 1970. */
struct tls_pair_times {
	int64_t from, until;  /* the certificate is good */
	int64_t staple_until; /* 0: it has none that can be used now */
	const char *
		staple_wrong; /* why it has none; NULL: none was given, or it is good */
	bool alone; /* neither self-signed, nor followed by the certificate that signed
		     * it, nor signed by one that this system trusts */
};

/* Is the pair whole? FAULT_SETUP with why->doing and why->what telling what is wrong:
 * what cannot be read, a key that does not match, a chain in which a certificate is not
 * signed by the next. A staple that cannot be used is none. */
MUST_USE enum fault tls_pair_check(const struct tls_pair *pair, int64_t now,
				   struct tls_pair_times *out, struct why *why);

/* Is there a private key without passphrase in it? */
MUST_USE bool tls_is_key(struct span pem);

/* ---- the server ---- */

enum tls_verify { TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };

/* Where a client's certificate names its user. */
enum tls_name { TLS_NAME_CN, TLS_NAME_EMAIL, TLS_NAME_DNS, TLS_NAME_UPN };

struct tls_policy {
	bool only_tls13;
	bool refuse_unknown;       /* a name in SNI that no certificate has is fatal */
	const char *ciphers;       /* TLS 1.2, as OpenSSL names them */
	const char *ciphersuites;  /* TLS 1.3 */
	const char *groups;        /* for key exchange */
	enum tls_verify verify;    /* certificates of clients */
	enum tls_name client_name; /* the field that names the user */
};

/* FAULT_SETUP with why->doing and why->what telling what is wrong. Nothing of the
 * arguments is kept. */
MUST_USE enum fault tls_server_new(const struct tls_files *files,
				   const struct tls_policy *policy,
				   struct tls_server **out, struct why *why);
/* It goes when the last of its connections has gone. */
void tls_server_free(struct tls_server *server);

static inline void tls_server_done_p(struct tls_server **p)
{
	tls_server_free(*p);
}

/* The keys of session tickets: new ones are made with `now`; those of `before` are
 * still taken. Both TLS_TICKET_KEY_OCTETS long, otherwise ignored. */
void tls_server_tickets(struct tls_server *server, struct span now, struct span before);

/* ---- a connection ---- */

/* A connection over the socket fd, which stays the caller's. Its records are read from
 * there; those for the peer, of any of the calls below, are put behind what is in *out
 * (which many connections may share), for the caller to send. NULL: out of memory. */
MUST_USE struct tls *tls_new(struct tls_server *server, int fd, struct buf *out);
void tls_free(struct tls *tls);

enum tls_got {
	TLS_DONE,
	TLS_WANT_READ,  /* call again when the socket can be read */
	TLS_WANT_WRITE, /* call again when what is in *out has been sent */
	TLS_AGAIN,   /* something has been read, and no octets: call again, when others
			have had their turn */
	TLS_CLOSED,  /* the peer has ended the connection */
	TLS_FLOODED, /* more than TLS_EMPTY_MAX records in a row had no octets: close
			the socket */
	TLS_FAILED,  /* see tls_error(); close the socket */
};

/* No client has need of so many in a row. */
enum { TLS_EMPTY_MAX = 8 };

/* Both read a bounded number of octets, and give what came of them. */
enum tls_got tls_accept(struct tls *tls);
enum tls_got tls_read(struct tls *tls, char *out, size_t room, size_t *out_len);

/* Make records of `in`; *out_done: octets of it that they hold. */
enum tls_got tls_write(struct tls *tls, struct span in, size_t *out_done);

/* Are there octets that the socket will not announce, since they are in here already?
 */
bool tls_has_pending(const struct tls *tls);

/* Tell the peer, once, that nothing more will come. */
void tls_shutdown(struct tls *tls);

const char *tls_version(const struct tls *tls); /* "TLSv1.3" */
const char *tls_cipher(const struct tls *tls);
bool tls_resumed(const struct tls *tls);

/* Why the last call on this thread failed. */
const char *tls_error(void);

/* ---- who is at the other end ---- */

enum { TLS_CLIENT_NAME_MAX = 255, TLS_EXPORTER_OCTETS = 32, TLS_UNIQUE_MAX = 64 };

/* The user whom the client's certificate names, in UTF-8 and ended with a NUL. False,
 * and an empty text: there is no certificate that was asked for and is good, or the
 * field is missing, empty, there more than once, too long or has a NUL inside. */
MUST_USE bool tls_client_name(const struct tls *tls, char out[TLS_CLIENT_NAME_MAX + 1]);

/* What was wrong with the client's certificate; NULL: nothing, or there was none. */
const char *tls_client_error(const struct tls *tls);

/* Is there any of the channel bindings below? */
MUST_USE bool tls_binds(const struct tls *tls);

/* Channel bindings, which tie an authentication to this connection. tls-exporter (RFC
 * 9266): TLS 1.3, or TLS 1.2 with the extended master secret. False: it has none. */
MUST_USE bool tls_exporter(const struct tls *tls, char out[TLS_EXPORTER_OCTETS]);

/* tls-unique (RFC 5929 section 3): TLS 1.2 only, and not where a resumed session has no
 * extended master secret (RFC 7627 section 1). Returns its octets, 0: it has none. */
MUST_USE size_t tls_unique(const struct tls *tls, char out[TLS_UNIQUE_MAX]);
