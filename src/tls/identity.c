/* tls/identity.c - a certificate with its chain, key and staple, parsed.
 *
 * Prefix: identity_.
 */
#include "tls/identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls/error.h"

int identity_no_password(char *out, int room, int writing, void *arg)
{
	(void)out, (void)room, (void)writing, (void)arg;
	return 0; /* no passphrase: nobody could type it */
}

BIO *identity_bio(struct span pem)
{
	return pem.len > INT32_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
}

bool identity_at_end(void)
{
	bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	if (end)
		ERR_clear_error(); /* OpenSSL treats the end as an error */
	return end;
}

static bool read_certificates(struct identity *id, struct span pem)
{
	BIO *bio = identity_bio(pem);
	X509 *issuer;

	id->chain = sk_X509_new_null();
	id->own = bio ? PEM_read_bio_X509(bio, NULL, identity_no_password, NULL) : NULL;
	bool ok = id->chain && id->own;
	while (ok &&
	       (issuer = PEM_read_bio_X509(bio, NULL, identity_no_password, NULL))) {
		ok = sk_X509_push(id->chain, issuer) > 0;
		if (!ok)
			X509_free(issuer);
	}
	BIO_free(bio);
	return ok && identity_at_end();
}

static EVP_PKEY *read_key(struct span pem)
{
	BIO *bio = identity_bio(pem);
	EVP_PKEY *key =
		bio ? PEM_read_bio_PrivateKey(bio, NULL, identity_no_password, NULL)
		    : NULL;

	BIO_free(bio);
	return key;
}

/* RFC 8446 section 4.4.2: each certificate certifies the one before it. Clients need
 * not cope with another order. */
static bool is_chained(const struct identity *id, char *out_where, size_t room)
{
	X509 *subject = id->own;

	for (int i = 0; i < sk_X509_num(id->chain); i++) {
		X509 *issuer = sk_X509_value(id->chain, i);

		if (X509_check_issued(issuer, subject) != X509_V_OK ||
		    X509_verify(subject, X509_get0_pubkey(issuer)) != 1) {
			snprintf(out_where, room, "certificate %d", i + 2);
			return false;
		}
		subject = issuer;
	}
	return true;
}

enum fault identity_init(struct identity *out, const struct tls_pair *pair,
			 struct why *why)
{
	struct identity id = { 0 };
	const char *wrong = NULL;
	char where[32] = "";

	ERR_clear_error();
	if (!read_certificates(&id, pair->certificate))
		wrong = "read a PEM certificate";
	else if (!(id.key = read_key(pair->key.len ? pair->key : pair->certificate)))
		wrong = "read a PEM private key without passphrase";
	else if (X509_check_private_key(id.own, id.key) != 1)
		wrong = "match private key and certificate";
	else if (!is_chained(&id, where, sizeof where))
		wrong = "follow the chain, whose certificates must each be signed by "
			"the "
			"next,";
	else if (pair->staple.len > 0)
		staple_init(&id.staple, id.own, id.chain, pair->staple);
	*out = id;
	if (!wrong)
		return FAULT_NONE;
	fault_set(why, FAULT_SETUP, 0, wrong, *where ? where : tls_error());
	ERR_clear_error();
	return FAULT_SETUP;
}

void identity_done(struct identity *id)
{
	X509_free(id->own);
	sk_X509_pop_free(id->chain, X509_free);
	EVP_PKEY_free(id->key);
	staple_done(&id->staple);
	*id = (struct identity){ 0 };
}

static struct span text_of(const ASN1_STRING *s)
{
	return (struct span){ (const char *)ASN1_STRING_get0_data(s),
			      (size_t)ASN1_STRING_length(s) };
}

/* The last common name, which is the most specific one. */
static struct span common_name(const X509 *own)
{
	const X509_NAME *subject = X509_get_subject_name(own);
	struct span found = { 0 };

	for (int i = -1;
	     (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
		found = text_of(
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
	return found;
}

bool identity_names(const struct identity *id, unsigned owner, struct names *names)
{
	GENERAL_NAMES *alt =
		X509_get_ext_d2i(id->own, NID_subject_alt_name, NULL, NULL);
	bool ok = true;

	if (!alt)
		return names_add(names, common_name(id->own), owner);
	for (int i = 0; ok && i < sk_GENERAL_NAME_num(alt); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(alt, i);

		if (name->type == GEN_DNS)
			ok = names_add(names, text_of(name->d.dNSName), owner);
	}
	GENERAL_NAMES_free(alt);
	return ok;
}

bool tls_is_key(struct span pem)
{
	EVP_PKEY *key = read_key(pem);

	EVP_PKEY_free(key);
	ERR_clear_error();
	return key != NULL;
}

/* Was it signed by a root certificate of this system? */
static bool is_signed_by_root(X509 *own)
{
	X509_STORE *roots = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *issuer = NULL;
	bool known = roots && ctx && X509_STORE_set_default_paths(roots) == 1 &&
		     X509_STORE_CTX_init(ctx, roots, own, NULL) == 1 &&
		     X509_STORE_CTX_get1_issuer(&issuer, ctx, own) == 1;

	X509_free(issuer);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(roots);
	ERR_clear_error();
	return known;
}

static bool is_alone(const struct identity *id)
{
	return sk_X509_num(id->chain) == 0 &&
	       X509_check_issued(id->own, id->own) != X509_V_OK &&
	       !is_signed_by_root(id->own);
}

enum fault tls_pair_check(const struct tls_pair *pair, int64_t now,
			  struct tls_pair_times *out, struct why *why)
{
	struct identity id;
	enum fault f = identity_init(&id, pair, why);

	if (f == FAULT_NONE) {
		bool good = staple_is_good(&id.staple, now);

		*out = (struct tls_pair_times){
			.from = staple_seconds(X509_get0_notBefore(id.own)),
			.until = staple_seconds(X509_get0_notAfter(id.own)),
			.staple_until = good ? id.staple.until : 0,
			.staple_wrong = id.staple.at && !good ? "it is stale"
							      : id.staple.wrong,
			.alone = is_alone(&id),
		};
	}
	identity_done(&id);
	return f;
}
