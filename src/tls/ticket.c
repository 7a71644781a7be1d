/* tls/ticket.c - makes and accepts session tickets, with keys that all fronts and
 * poplar-lmtp share.
 *
 * Prefix: ticket_.
 */
#include "tls/ticket.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "base/own.h"
#include "tls/context.h"

_Static_assert(sizeof(struct ticket_key) == TLS_TICKET_KEY_OCTETS, "no padding");

/* The key that a ticket was made with. NULL: neither of ours. */
static const struct ticket_key *find_key(const struct tls_server *s,
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

/* Results, by SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 use the ticket; 2 use it and
 * send a new one; 0 no ticket; -1 error. A session with a client's certificate gets no
 * ticket: resuming it would not check the certificate, which may have been revoked
 * meanwhile. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
	const struct tls_server *s = server_of(ssl);
	const struct ticket_key *key = making ? &s->now : find_key(s, name);

	if (!key || !s->has_tickets || (making && SSL_get0_peer_certificate(ssl)))
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

bool ticket_configure(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_num_tickets(ctx, 1) &&
	       SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
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
