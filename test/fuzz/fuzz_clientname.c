/* Certificates of clients: a name is one that stands in the certificate, whole, and
 * once. The input is a certificate in DER.
 */
#include "fuzz.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/client.h"

/* How often an octet string occurs, in whatever it lies. */
static unsigned count(struct span in, const char *text)
{
	const size_t len = strlen(text);
	const char *at;
	unsigned n = 0;

	while ((at = memmem(in.at, in.len, text, len))) {
		n++;
		in = span_after(in, (size_t)(at - in.at) + 1);
	}
	return n;
}

/* A NUL ends no name: what is found is as long as what was signed says. */
static bool is_whole(struct span in, const char *text)
{
	const size_t len = strlen(text);
	char string[TLS_CLIENT_NAME_MAX + 3];
	static const unsigned char kinds[] = { V_ASN1_UTF8STRING,
					       V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING,
					       0x81, 0x82 };

	for (size_t i = 0; i < sizeof kinds && len < 128; i++) {
		string[0] = (char)kinds[i];
		string[1] = (char)len;
		memcpy(string + 2, text, len);
		if (memmem(in.at, in.len, string, len + 2))
			return true;
	}
	return len >= 128;
}

/* How many names of a kind it has, where that is told by a type alone. */
static int names(const X509 *peer, enum tls_name kind)
{
	GENERAL_NAMES *alt = X509_get_ext_d2i(peer, NID_subject_alt_name, NULL, NULL);
	const X509_NAME *subject = X509_get_subject_name(peer);
	const int type = kind == TLS_NAME_EMAIL ? GEN_EMAIL
			 : kind == TLS_NAME_DNS ? GEN_DNS
						: GEN_OTHERNAME;
	int n = 0;

	for (int i = -1;
	     kind == TLS_NAME_CN &&
	     (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
		n++;
	for (int i = 0; kind != TLS_NAME_CN && i < sk_GENERAL_NAME_num(alt); i++)
		n += sk_GENERAL_NAME_value(alt, i)->type == type;
	GENERAL_NAMES_free(alt);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum tls_name kinds[] = { TLS_NAME_CN, TLS_NAME_EMAIL,
					       TLS_NAME_DNS, TLS_NAME_UPN };
	const struct span in = { (const char *)data, size };
	const unsigned char *at = data;
	char name[TLS_CLIENT_NAME_MAX + 1];
	X509 *peer = d2i_X509(NULL, &at, (long)size);

	/* OpenSSL keeps the text of its last errors. libFuzzer sees more calls of
	 * malloc() than of free(), and looks for a leak after each input, which takes 4
	 * ms. */
	ERR_clear_error();
	if (!peer)
		return 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		memset(name, 'x', sizeof name);
		const bool found = client_name_of(peer, kinds[i], name);
		PROMISE(memchr(name, '\0', sizeof name));
		PROMISE(found == (name[0] != '\0'));
		const int n = names(peer, kinds[i]);
		PROMISE(!found || n == 1 || (n > 1 && kinds[i] == TLS_NAME_UPN));
		PROMISE(!found || (count(in, name) > 0 && is_whole(in, name)));
	}
	X509_free(peer);
	return 0;
}
