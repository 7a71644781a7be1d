/* tls/staple.c - OCSP responses for our own certificates.
 *
 * Prefix: staple_. RFC 6960; RFC 6066 section 8.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <time.h>

#include "base/own.h"
#include "tls/identity.h"

int64_t staple_seconds(const ASN1_TIME *time)
{
	struct tm tm;

	return time && ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

/* Whoever signed our certificate; a self-signed one did so itself. */
static X509 *issuer_of(const struct identity *id)
{
	if (sk_X509_num(id->chain) > 0)
		return sk_X509_value(id->chain, 0);
	return X509_self_signed(id->own, 1) == 1 ? id->own : NULL;
}

/* Signed by the issuer, or by whom the issuer has charged with that? */
static bool is_signed(OCSP_BASICRESP *basic, X509 *issuer)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	X509_STORE *trust = X509_STORE_new();
	bool ok = others && trust && sk_X509_push(others, issuer) > 0 &&
		  X509_STORE_add_cert(trust, issuer) == 1 &&
		  X509_STORE_set_flags(trust, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
		  OCSP_basic_verify(basic, others, trust, 0) == 1;

	sk_X509_free(others);
	X509_STORE_free(trust);
	return ok;
}

static bool is_about(OCSP_SINGLERESP *single, const struct identity *id, X509 *issuer)
{
	const OCSP_CERTID *theirs = OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT *digest = NULL;

	OCSP_id_get0_info(NULL, &digest, NULL, NULL, unconst(theirs));
	const EVP_MD *md = digest ? EVP_get_digestbyobj(digest) : NULL;
	OCSP_CERTID *ours = md ? OCSP_cert_to_id(md, id->own, issuer) : NULL;
	bool same = ours && OCSP_id_cmp(ours, theirs) == 0;
	OCSP_CERTID_free(ours);
	return same;
}

/* What is wrong with it, or NULL; the times of what it says go into *id. */
static const char *judge(struct identity *id, OCSP_BASICRESP *basic)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	X509 *issuer = issuer_of(id);
	OCSP_SINGLERESP *single = NULL;

	if (!issuer)
		return "the issuer's certificate is not in the chain";
	for (int i = 0; i < OCSP_resp_count(basic) && !single; i++)
		if (is_about(OCSP_resp_get0(basic, i), id, issuer))
			single = OCSP_resp_get0(basic, i);
	if (!single)
		return "it is not about this certificate";
	if (!is_signed(basic, issuer))
		return "its signature is not the issuer's";
	if (OCSP_single_get0_status(single, NULL, NULL, &from, &until) !=
	    V_OCSP_CERTSTATUS_GOOD)
		return "it does not call the certificate good";
	id->staple_from = staple_seconds(from);
	id->staple_until = staple_seconds(until);
	return until ? NULL : "it does not say when the next one comes";
}

void staple_init(struct identity *id, struct span der)
{
	const unsigned char *at = (const unsigned char *)der.at;
	OCSP_RESPONSE *response = der.len > INT32_MAX
					  ? NULL
					  : d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;

	id->staple_wrong = basic ? judge(id, basic)
				 : "it is no OCSP response in DER form";
	if (!id->staple_wrong && (id->staple = malloc(der.len))) {
		memcpy(id->staple, der.at, der.len);
		id->staple_len = der.len;
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}
