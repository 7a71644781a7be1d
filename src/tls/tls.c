/* tls/tls.c - TLS for a server of POP3.
 *
 * Floor 2 (tls). Prefix: tls_.
 */
#include "tls/tls.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <time.h>

#include "base/own.h"
#include "base/secret.h"

/* As RFC 9325 recommends for TLS 1.2; TLS 1.3 has only good ones. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS  "X25519:P-256:P-384"

struct ticket_key {
	unsigned char name[16], aes[32], hmac[32];
};
_Static_assert(sizeof(struct ticket_key) == TLS_TICKET_KEY_OCTETS, "no padding");

struct tls_server {
	SSL_CTX *ctx;
	bool has_tickets, has_before;
	struct ticket_key now, before;
};

bool tls_start(void)
{
	unsigned char first; /* the random generator asks the kernel for its seed */

	return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
					OPENSSL_INIT_LOAD_SSL_STRINGS,
				NULL) == 1 &&
	       RAND_bytes(&first, 1) == 1;
}

const char *tls_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "connection broken";
}

/* ---- the server ---- */

static int refuse_password(char *out, int room, int writing, void *arg)
{
	(void)out, (void)room, (void)writing, (void)arg;
	return 0; /* a key with a passphrase: nobody is there to type it */
}

static BIO *over(struct span pem)
{
	return pem.len > INT32_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
}

static bool use_certificate(SSL_CTX *ctx, struct span pem)
{
	BIO *bio = over(pem);
	X509 *own = bio ? PEM_read_bio_X509(bio, NULL, refuse_password, NULL) : NULL;
	bool ok = own && SSL_CTX_use_certificate(ctx, own) == 1;
	X509 *issuer;

	while (ok && (issuer = PEM_read_bio_X509(bio, NULL, refuse_password, NULL))) {
		ok = SSL_CTX_add0_chain_cert(ctx, issuer) == 1;
		if (!ok)
			X509_free(issuer);
	}
	X509_free(own);
	BIO_free(bio);
	if (ok)
		ERR_clear_error(); /* the end of the chain is an error to OpenSSL */
	return ok;
}

static EVP_PKEY *read_key(struct span pem)
{
	BIO *bio = over(pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_password, NULL)
			    : NULL;

	BIO_free(bio);
	return key;
}

/* RFC 7301 section 3.2: a client that speaks ALPN but not pop3 came to the wrong door
 * (ALPACA): a fatal alert. One without ALPN is served. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		       const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char pop3[] = "\4pop3";

	(void)ssl, (void)arg;
	if (SSL_select_next_proto(unconst(out), out_len, pop3, sizeof pop3 - 1, in,
				  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

/* The key that a ticket was made with; NULL: none of ours. */
static const struct ticket_key *find_ticket_key(const struct tls_server *s,
						const unsigned char name[16])
{
	if (s->has_tickets && memcmp(name, s->now.name, sizeof s->now.name) == 0)
		return &s->now;
	if (s->has_before && memcmp(name, s->before.name, sizeof s->before.name) == 0)
		return &s->before;
	return NULL;
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
	char digest[] = "sha256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
						  unconst(key->hmac), sizeof key->hmac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 use it, 2 use it and send a new one, 0 no
 * ticket, -1 trouble. */
static int ticket(SSL *ssl, unsigned char name[16], unsigned char *iv,
		  EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
	const struct tls_server *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct ticket_key *key = making ? &s->now : find_ticket_key(s, name);

	if (!key || !s->has_tickets)
		return 0;
	if (making) {
		memcpy(name, key->name, sizeof key->name);
		if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
			return -1;
	}
	if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv, making) !=
		    1 ||
	    !set_mac(mac, key))
		return -1;
	return making || key == &s->now ? 1 : 2;
}

static bool configure(SSL_CTX *ctx, bool only_tls13)
{
	static const unsigned char context[] = "poplar";
	char groups[] = GROUPS; /* OpenSSL's macro wants it writable */

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1); /* header and body of a record in one call */
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ctx, only_tls13 ? TLS1_3_VERSION
							     : TLS1_2_VERSION) &&
	       SSL_CTX_set_cipher_list(ctx, CIPHERS) &&
	       SSL_CTX_set1_groups_list(ctx, groups) &&
	       SSL_CTX_set_session_id_context(ctx, context, sizeof context - 1) &&
	       SSL_CTX_set_num_tickets(ctx, 1) &&
	       SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket);
}

static const char *wrong(SSL_CTX *ctx, const struct tls_options *options)
{
	if (!configure(ctx, options->only_tls13))
		return "configure TLS";
	if (!use_certificate(ctx, options->certificate))
		return "read a PEM certificate";
	EVP_PKEY *key = read_key(options->key);
	if (!key)
		return "read a PEM private key without passphrase";
	bool fits = SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
		    SSL_CTX_check_private_key(ctx) == 1;
	EVP_PKEY_free(key);
	return fits ? NULL : "match private key and certificate";
}

enum fault tls_server_new(const struct tls_options *options, struct tls_server **out,
			  struct why *why)
{
	OWN(tls_server) s = calloc(1, sizeof *s);

	ERR_clear_error();
	if (!s || !(s->ctx = SSL_CTX_new(TLS_server_method())))
		return fault_set(why, FAULT_NOMEM, 0, "configure TLS", NULL);
	SSL_CTX_set_app_data(s->ctx, s);
	const char *what = wrong(s->ctx, options);
	if (what)
		return fault_set(why, FAULT_SETUP, 0, what, tls_error());
	*out = TAKE(s);
	return FAULT_NONE;
}

void tls_server_free(struct tls_server *s)
{
	if (!s)
		return;
	SSL_CTX_free(s->ctx);
	secret_wipe(s, sizeof *s);
	free(s);
}

void tls_server_tickets(struct tls_server *s, struct span now, struct span before)
{
	s->has_tickets = now.len == sizeof s->now;
	if (s->has_tickets)
		memcpy(&s->now, now.at, sizeof s->now);
	s->has_before = before.len == sizeof s->before;
	if (s->has_before)
		memcpy(&s->before, before.at, sizeof s->before);
}

int64_t tls_server_expires_in(const struct tls_server *s)
{
	int days = 0, seconds = 0;
	X509 *own = SSL_CTX_get0_certificate(s->ctx);

	if (!own || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(own)) != 1)
		return -1;
	return (int64_t)days * 86400 + seconds;
}

/* ---- a connection ---- */

static SSL *ssl_of(const struct tls *tls)
{
	return unconst(tls); /* struct tls is never defined: it is OpenSSL's */
}

struct tls *tls_new(struct tls_server *server, int fd)
{
	SSL *ssl = SSL_new(server->ctx);

	if (ssl && SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	if (ssl)
		SSL_set_accept_state(ssl);
	return (struct tls *)ssl;
}

void tls_free(struct tls *tls)
{
	SSL_free(ssl_of(tls));
}

static enum tls_got result(SSL *ssl, int r)
{
	switch (SSL_get_error(ssl, r)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_CLOSED;
	default:
		return TLS_FAILED;
	}
}

enum tls_got tls_accept(struct tls *tls)
{
	ERR_clear_error();
	return result(ssl_of(tls), SSL_accept(ssl_of(tls)));
}

enum tls_got tls_read(struct tls *tls, char *out, size_t room, size_t *out_len)
{
	*out_len = 0;
	ERR_clear_error();
	return result(ssl_of(tls), SSL_read_ex(ssl_of(tls), out, room, out_len));
}

enum tls_got tls_write(struct tls *tls, struct span in, size_t *out_len)
{
	*out_len = 0;
	ERR_clear_error();
	return result(ssl_of(tls), SSL_write_ex(ssl_of(tls), in.at, in.len, out_len));
}

bool tls_has_pending(const struct tls *tls)
{
	return SSL_has_pending(ssl_of(tls)) == 1;
}

void tls_shutdown(struct tls *tls)
{
	ERR_clear_error();
	if (SSL_is_init_finished(ssl_of(tls)))
		SSL_shutdown(ssl_of(tls));
	ERR_clear_error();
}

const char *tls_version(const struct tls *tls)
{
	return SSL_get_version(ssl_of(tls));
}

const char *tls_cipher(const struct tls *tls)
{
	return SSL_get_cipher_name(ssl_of(tls));
}

bool tls_resumed(const struct tls *tls)
{
	return SSL_session_reused(ssl_of(tls)) == 1;
}
