/* auth/token/jwt_pem.c - public keys in PEM form, as keys for JSON Web Tokens.
 *
 * Prefix: jwt_pem_.
 */
#include "auth/token/jwt_pem.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "auth/token/keyset_inner.h"

enum { NUMBER_OCTETS_MAX = 2048 };

struct number {
	unsigned char octets[NUMBER_OCTETS_MAX];
	size_t len;
};

/* Get a number of the key, in `len` octets; 0: in as few as possible. */
static bool get_number(const EVP_PKEY *pkey, const char *name, size_t len,
		       struct number *out)
{
	BIGNUM *n = NULL;
	bool good = EVP_PKEY_get_bn_param(pkey, name, &n) == 1;

	if (good && len == 0)
		len = (size_t)BN_num_bytes(n);
	good = good && len <= sizeof out->octets &&
	       BN_bn2binpad(n, out->octets, (int)len) == (int)len;
	out->len = len;
	BN_free(n);
	return good;
}

static cjose_jwk_t *rsa_of(const EVP_PKEY *pkey)
{
	struct number n, e;

	if (!get_number(pkey, OSSL_PKEY_PARAM_RSA_N, 0, &n) ||
	    !get_number(pkey, OSSL_PKEY_PARAM_RSA_E, 0, &e))
		return NULL;
	const cjose_jwk_rsa_keyspec spec = {
		.n = n.octets, .nlen = n.len, .e = e.octets, .elen = e.len
	};
	return cjose_jwk_create_RSA_spec(&spec, NULL);
}

static cjose_jwk_t *ec_of(const EVP_PKEY *pkey)
{
	static const struct {
		const char *name;
		cjose_jwk_ec_curve curve;
		size_t octets;
	} curves[] = { { "prime256v1", CJOSE_JWK_EC_P_256, 32 },
		       { "secp384r1", CJOSE_JWK_EC_P_384, 48 },
		       { "secp521r1", CJOSE_JWK_EC_P_521, 66 } };
	char name[32];
	struct number x, y;
	size_t len;

	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name,
					   sizeof name, &len) != 1)
		return NULL;
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		const size_t octets = curves[i].octets;

		if (strcmp(name, curves[i].name) != 0 ||
		    !get_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, octets, &x) ||
		    !get_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, octets, &y))
			continue;
		const cjose_jwk_ec_keyspec spec = { .crv = curves[i].curve,
						    .x = x.octets,
						    .xlen = x.len,
						    .y = y.octets,
						    .ylen = y.len };
		return cjose_jwk_create_EC_spec(&spec, NULL);
	}
	return NULL;
}

static bool convert(const EVP_PKEY *pkey, struct keyset_key *out)
{
	size_t len = sizeof out->ed25519;

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		out->jwk = rsa_of(pkey);
		return out->jwk != NULL;
	case EVP_PKEY_EC:
		out->jwk = ec_of(pkey);
		return out->jwk != NULL;
	case EVP_PKEY_ED25519:
		return EVP_PKEY_get_raw_public_key(pkey, out->ed25519, &len) == 1;
	default:
		return false;
	}
}

/* Take the next block off the front of *text: the octets from one "-----BEGIN " up to
 * the next. False: there is none. */
static bool next_block(struct span *text, struct span *out)
{
	static const char begin[] = "-----BEGIN ";
	const size_t len = sizeof begin - 1;
	const char *at = memmem(text->at, text->len, begin, len);

	if (!at)
		return false;
	*text = span_after(*text, (size_t)(at - text->at));
	const char *next = memmem(at + len, text->len - len, begin, len);
	*out = (struct span){ at, next ? (size_t)(next - at) : text->len };
	*text = span_after(*text, out->len);
	return true;
}

/* NULL: the block holds no public key. The passphrase is empty, because OpenSSL would
 * ask the terminal for one. */
static EVP_PKEY *read_block(struct span block)
{
	BIO *bio = BIO_new_mem_buf(block.at, (int)block.len);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, (char[]){ "" })
			     : NULL;

	ERR_clear_error();
	BIO_free(bio);
	return pkey;
}

/* Add one key. Returns NULL, or why it was left out. */
static const char *add(struct keyset *keys, const EVP_PKEY *pkey)
{
	struct keyset_key key = { 0 };

	if (!pkey)
		return "cannot be read as a public key";
	if (!convert(pkey, &key))
		return "is of a kind that is not known here";
	return keyset_add(keys, key, (struct span){ 0 }, NULL);
}

bool jwt_pem_parse(struct keyset *keys, struct span text, keyset_say_fn *say, void *arg)
{
	bool found = false;
	struct span block;

	/* Each block is read by itself: OpenSSL reads no further than a damaged one. */
	for (unsigned number = 1; next_block(&text, &block); number++) {
		EVP_PKEY *pkey = read_block(block);
		const char *wrong = add(keys, pkey);

		found = found || pkey;
		if (wrong && say)
			say(arg, number, wrong);
		EVP_PKEY_free(pkey);
	}
	return found;
}
