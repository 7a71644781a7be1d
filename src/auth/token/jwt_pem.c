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

bool jwt_pem_parse(struct keyset *keys, struct span text, keyset_say_fn *say, void *arg)
{
	BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
	EVP_PKEY *pkey;
	unsigned number = 0;

	while (bio && (pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL))) {
		struct keyset_key key = { 0 };
		const char *wrong =
			convert(pkey, &key)
				? keyset_add(keys, key, (struct span){ 0 }, NULL)
				: "is of a kind that is not known here";

		number++;
		if (wrong && say)
			say(arg, number, wrong);
		EVP_PKEY_free(pkey);
	}
	ERR_clear_error(); /* the end of the text has left an error */
	BIO_free(bio);
	return number > 0;
}
