/* test/unit/made.h - certificates and keys that tests make. */
#pragma once

#include "check.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define DAY 86400L

struct made {
	X509 *cert;
	EVP_PKEY *key;
	char pem[8192]; /* certificate and key */
};

static inline void add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	CHECK(X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static inline void write_pem(struct made *m)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, m->cert);
	PEM_write_bio_PrivateKey(bio, m->key, NULL, NULL, 0, NULL, NULL);
	int n = BIO_read(bio, m->pem, sizeof m->pem - 1);
	CHECK(n > 0);
	m->pem[n] = '\0';
	BIO_free(bio);
}

/* cn may be NULL, with `cn_len` it may hold anything; san NULL: none. */
static inline struct made *make(const char *cn, int cn_len, const char *san,
				const struct made *signer, bool rsa)
{
	static long serial = 1;
	struct made *m = calloc(1, sizeof *m);

	m->key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	m->cert = X509_new();
	X509_set_version(m->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(m->cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(m->cert), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(m->cert), 30 * DAY);
	X509_NAME *subject = X509_NAME_new();
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
				   (const unsigned char *)"Test", -1, -1, 0);
	if (cn)
		X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					   (const unsigned char *)cn, cn_len, -1, 0);
	X509_set_subject_name(m->cert, subject);
	X509_set_issuer_name(m->cert,
			     signer ? X509_get_subject_name(signer->cert) : subject);
	X509_NAME_free(subject);
	X509_set_pubkey(m->cert, m->key);
	if (!signer)
		add_ext(m->cert, m->cert, NID_basic_constraints, "critical,CA:TRUE");
	if (san)
		add_ext(m->cert, m->cert, NID_subject_alt_name, san);
	CHECK(X509_sign(m->cert, signer ? signer->key : m->key, EVP_sha256()) > 0);
	write_pem(m);
	return m;
}

static inline void unmake(struct made *m)
{
	X509_free(m->cert);
	EVP_PKEY_free(m->key);
	free(m);
}
