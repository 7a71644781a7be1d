/* tls/client.c - checks the certificates of clients.
 *
 * Prefix: client_.
 */
#include "tls/client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/context.h"

/* Microsoft's user principal name, an otherName of the subject. */
#define UPN_OID "1.3.6.1.4.1.311.20.2.3"

/* ---- asking ---- */

static bool read_authorities(SSL_CTX *ctx, X509_STORE *trust, struct span pem)
{
	BIO *bio = identity_bio(pem);
	X509 *ca;
	int count = 0;
	bool ok = bio != NULL;

	for (; ok && (ca = PEM_read_bio_X509(bio, NULL, identity_no_password, NULL));
	     count++) {
		ok = X509_STORE_add_cert(trust, ca) == 1 &&
		     SSL_CTX_add_client_CA(ctx, ca) == 1;
		X509_free(ca);
	}
	BIO_free(bio);
	return ok && count > 0 && identity_at_end();
}

static bool read_revoked(X509_STORE *trust, struct span pem)
{
	BIO *bio = identity_bio(pem);
	X509_CRL *crl;
	int count = 0;
	bool ok = bio != NULL;

	for (;
	     ok && (crl = PEM_read_bio_X509_CRL(bio, NULL, identity_no_password, NULL));
	     count++) {
		ok = X509_STORE_add_crl(trust, crl) == 1;
		X509_CRL_free(crl);
	}
	BIO_free(bio);
	return ok && count > 0 && identity_at_end() &&
	       X509_STORE_set_flags(trust, X509_V_FLAG_CRL_CHECK |
						   X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

const char *client_configure(struct tls_server *s, const struct tls_files *files)
{
	const int mode = s->verify == TLS_VERIFY_REQUIRED
				 ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
				 : SSL_VERIFY_PEER;
	/* A session is resumed only under the same demand for certificates. */
	const unsigned char context[] = { 'p', 'o', 'p', (unsigned char)s->verify };

	if (SSL_CTX_set_session_id_context(s->ctx, context, sizeof context) != 1)
		return "configure TLS";
	if (s->verify == TLS_VERIFY_NONE)
		return NULL;
	X509_STORE *trust = X509_STORE_new();
	if (!trust || SSL_CTX_set0_verify_cert_store(s->ctx, trust) != 1)
		return "configure TLS";
	SSL_CTX_set_verify(s->ctx, mode, NULL);
	if (!read_authorities(s->ctx, trust, files->client_ca))
		return "read the PEM certificates of tls-client-ca";
	if (files->client_crl.len > 0 && !read_revoked(trust, files->client_crl))
		return "read the PEM lists of tls-client-crl";
	return NULL;
}

/* ---- the name ---- */

/* The field of the certificate, as far as it was found. */
struct field {
	unsigned count;   /* how many there are */
	struct span text; /* of the last one; borrowed from the certificate */
	bool odd;         /* its encoding is no subset of UTF-8 */
};

static void add(struct field *f, const ASN1_STRING *s)
{
	int type = ASN1_STRING_type(s);

	f->count++;
	f->odd = type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING &&
		 type != V_ASN1_IA5STRING;
	f->text = (struct span){ (const char *)ASN1_STRING_get0_data(s),
				 (size_t)ASN1_STRING_length(s) };
}

static void find_common_name(const X509 *peer, struct field *f)
{
	const X509_NAME *subject = X509_get_subject_name(peer);

	for (int i = -1;
	     (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
		add(f, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
}

static bool is_upn(const GENERAL_NAME *name)
{
	char oid[sizeof UPN_OID + 1] = "";

	return name->type == GEN_OTHERNAME &&
	       OBJ_obj2txt(oid, sizeof oid, name->d.otherName->type_id, 1) > 0 &&
	       strcmp(oid, UPN_OID) == 0 &&
	       name->d.otherName->value->type == V_ASN1_UTF8STRING;
}

static void find_alternative(const GENERAL_NAMES *alt, enum tls_name kind,
			     struct field *f)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(alt); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(alt, i);

		if (kind == TLS_NAME_EMAIL && name->type == GEN_EMAIL)
			add(f, name->d.rfc822Name);
		else if (kind == TLS_NAME_DNS && name->type == GEN_DNS)
			add(f, name->d.dNSName);
		else if (kind == TLS_NAME_UPN && is_upn(name))
			add(f, name->d.otherName->value->value.utf8string);
	}
}

bool client_name_of(const X509 *peer, enum tls_name kind,
		    char out[TLS_CLIENT_NAME_MAX + 1])
{
	struct field f = { 0 };
	GENERAL_NAMES *alt = X509_get_ext_d2i(peer, NID_subject_alt_name, NULL, NULL);

	out[0] = '\0';
	if (kind == TLS_NAME_CN)
		find_common_name(peer, &f);
	else
		find_alternative(alt, kind, &f);
	bool ok = f.count == 1 && !f.odd && f.text.len > 0 &&
		  span_copy(f.text, out, TLS_CLIENT_NAME_MAX + 1);
	GENERAL_NAMES_free(alt);
	ERR_clear_error();
	return ok;
}
