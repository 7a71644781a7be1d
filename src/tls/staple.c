/* tls/staple.c - checks OCSP responses for the server's own certificates.
 *
 * Prefix: staple_.
 */
#include "tls/staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <time.h>

#include "base/own.h"

/* The certificate that a response is for, and its chain. */
struct subject {
	X509 *own;
	STACK_OF(X509) * chain;
};

int64_t staple_seconds(const ASN1_TIME *time)
{
	struct tm tm;

	return time && ASN1_TIME_to_tm(time, &tm) == 1 ? timegm(&tm) : 0;
}

/* The certificate that signed ours; NULL: it is not in the chain. */
static X509 *issuer_of(const struct subject *id)
{
	if (sk_X509_num(id->chain) > 0)
		return sk_X509_value(id->chain, 0);
	return X509_self_signed(id->own, 1) == 1 ? id->own : NULL;
}

/* Is the response signed by the issuer, or by a responder that the issuer has
 * certified? */
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

static bool is_about(OCSP_SINGLERESP *single, const struct subject *id, X509 *issuer)
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

/* Returns what is wrong with the response; NULL: nothing, and its times are in *out. */
static const char *judge(struct staple *out, const struct subject *id,
			 OCSP_BASICRESP *basic)
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
	out->from = staple_seconds(from);
	out->until = staple_seconds(until);
	return until ? NULL : "it does not say when the next one comes";
}

void staple_init(struct staple *out, X509 *own, STACK_OF(X509) * chain, struct span der)
{
	const struct subject id = { own, chain };
	const unsigned char *at = (const unsigned char *)der.at;
	OCSP_RESPONSE *response = der.len > INT32_MAX
					  ? NULL
					  : d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;

	*out = (struct staple){ .wrong = "it is no OCSP response in DER form" };
	if (basic)
		out->wrong = judge(out, &id, basic);
	if (!out->wrong && (out->at = malloc(der.len))) {
		memcpy(out->at, der.at, der.len);
		out->len = der.len;
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	ERR_clear_error();
}

void staple_done(struct staple *s)
{
	free(s->at);
	*s = (struct staple){ 0 };
}
