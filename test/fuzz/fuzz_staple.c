/* OCSP responses: none counts that the issuer has not signed, whatever is done to one
 * that it has. The first octet chooses: the rest is a response, or pairs of a place and
 * a change within a good one.
 */
#include "fuzz.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "tls/identity.h"

static struct identity us;
static unsigned char *good;
static int good_len;
static int64_t good_from, good_until;

/* A certificate that has signed itself, so that it is its own issuer. */
static void make_certificate(void)
{
	X509_NAME *name;

	us.key = EVP_EC_gen("P-256");
	us.own = X509_new();
	us.chain = sk_X509_new_null();
	PROMISE(us.key && us.own && us.chain);
	X509_set_version(us.own, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(us.own), 1);
	X509_gmtime_adj(X509_getm_notBefore(us.own), 0);
	X509_gmtime_adj(X509_getm_notAfter(us.own), 3600);
	name = X509_get_subject_name(us.own);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const unsigned char *)"us", -1, -1, 0);
	X509_set_issuer_name(us.own, name);
	X509_set_pubkey(us.own, us.key);
	PROMISE(X509_sign(us.own, us.key, EVP_sha256()) > 0);
}

static void make_response(void)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *from = X509_gmtime_adj(NULL, 0),
		  *until = X509_gmtime_adj(NULL, 3600);
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, us.own, us.own);

	PROMISE(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from,
				       until));
	PROMISE(OCSP_basic_sign(basic, us.own, us.key, EVP_sha256(), NULL, 0));
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	good_len = i2d_OCSP_RESPONSE(r, &good);
	PROMISE(good_len > 0);
	OCSP_RESPONSE_free(r);
	OCSP_CERTID_free(id);
	OCSP_BASICRESP_free(basic);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
}

/* False: the response cannot be used. */
static bool give(struct span der)
{
	staple_done(&us.staple);
	staple_init(&us.staple, us.own, us.chain, der);
	PROMISE((us.staple.at != NULL) == (us.staple.wrong == NULL));
	return us.staple.at != NULL;
}

static void set_up(void)
{
	make_certificate();
	make_response();
	PROMISE(give((struct span){ (const char *)good, (size_t)good_len }));
	good_from = us.staple.from;
	good_until = us.staple.until;
	PROMISE(good_until == good_from + 3600);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	unsigned char changed[4096];

	if (!us.own)
		set_up();
	if (fuzz_take(&in) % 2) {
		PROMISE(!give(in));
		return 0;
	}
	PROMISE((size_t)good_len <= sizeof changed);
	memcpy(changed, good, (size_t)good_len);
	while (in.len > 0) {
		const unsigned at = fuzz_take(&in) * 256u + fuzz_take(&in);
		changed[at % (unsigned)good_len] ^= fuzz_take(&in);
	}
	/* The status around what is signed can be changed, and certificates beside it.
	 */
	if (give((struct span){ (const char *)changed, (size_t)good_len }))
		PROMISE(us.staple.from == good_from && us.staple.until == good_until);
	return 0;
}
