/* tls/pair.h - the contents of the files that TLS needs: certificates, keys, staples.
 *
 * Prefix: tls_files_, tls_pair_. The spans are borrowed from the caller that has read
 * the files.
 */
#pragma once

#include "base/fault.h"

enum { TLS_PAIRS_MAX = 32 };

/* A certificate and its key. */
struct tls_pair {
	struct span certificate; /* PEM: the server's own, then the chain */
	struct span key;         /* PEM; empty: the key is in `certificate` */
	struct span staple;      /* DER: an OCSP response; empty: none */
};

struct tls_files {
	unsigned count;
	struct tls_pair pairs[TLS_PAIRS_MAX]; /* the first is the default */
	struct span client_ca, client_crl;    /* PEM; empty: none */
};

/* Pack all files into one run of octets, for another process. *out is malloc'ed and
 * holds private keys. FAULT_NOMEM. */
MUST_USE enum fault tls_files_pack(const struct tls_files *files, char **out,
				   size_t *out_len);

/* Unpack the files; the spans of *out are borrowed from `packed`. FAULT_PEER: `packed`
 * is malformed. */
MUST_USE enum fault tls_files_unpack(struct span packed, struct tls_files *out);

/* What tls_pair_check has found out about a pair. Times are seconds since 1970. */
struct tls_pair_times {
	int64_t from, until;  /* validity of the certificate */
	int64_t staple_until; /* when the staple goes stale; 0: no staple can be used
				 now */
	const char *staple_wrong; /* why it cannot be used; NULL: it can, or none was
				     given */
	bool alone; /* the certificate is not self-signed, its issuer does not follow
		     * it, and no root of this system has signed it */
};

/* Check that the pair is complete and consistent. FAULT_SETUP, with why->doing and
 * why->what saying what is wrong: a file cannot be parsed, the key does not match, or a
 * certificate of the chain is not signed by the next. A staple that cannot be used is
 * no fault. */
MUST_USE enum fault tls_pair_check(const struct tls_pair *pair, int64_t now,
				   struct tls_pair_times *out, struct why *why);

/* Is there a private key without a passphrase in the text? */
MUST_USE bool tls_is_key(struct span pem);
