/* auth/ticket.c - what a front shows when it asks again for a user that was let in.
 *
 * Prefix: ticket_. XChaCha20-Poly1305, whose key is of the process, so
 * that a count will do as the nonce; the holder is the additional data. A ticket is the
 * nonce and what libsodium makes.
 */
#include "auth/ticket.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	SEAL = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};
_Static_assert(TICKET_OCTETS_MAX - TICKET_TEXT_MAX == NONCE + SEAL,
	       "room for the seal");

struct tickets {
	unsigned char *key; /* locked into memory */
	atomic_ullong count;
};

struct tickets *tickets_new(void)
{
	struct tickets *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->key = sodium_malloc(KEY);
	if (!b->key) {
		tickets_free(b);
		return NULL;
	}
	randombytes_buf(b->key, KEY);
	return b;
}

void tickets_free(struct tickets *b)
{
	if (b)
		sodium_free(b->key);
	free(b);
}

void ticket_seal(struct tickets *b, struct ticket_holder holder, struct span text,
		 struct buf *out)
{
	unsigned char octets[TICKET_OCTETS_MAX] = { 0 };
	const unsigned long long count = atomic_fetch_add(&b->count, 1);

	if (text.len > TICKET_TEXT_MAX) {
		out->cut = true;
		return;
	}
	memcpy(octets, &count, sizeof count);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		octets + NONCE, NULL, (const unsigned char *)text.at, text.len,
		(const unsigned char *)&holder, sizeof holder, NULL, octets, b->key);
	buf_put(out, (struct span){ (const char *)octets,
				    text.len + TICKET_OCTETS_MAX - TICKET_TEXT_MAX });
}

bool ticket_open(const struct tickets *b, struct ticket_holder holder,
		 struct span ticket, struct buf *out)
{
	unsigned char text[TICKET_TEXT_MAX];
	const unsigned char *octets = (const unsigned char *)ticket.at;
	unsigned long long len;

	if (ticket.len < NONCE + SEAL || ticket.len > TICKET_OCTETS_MAX ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(
		    text, &len, NULL, octets + NONCE, ticket.len - NONCE,
		    (const unsigned char *)&holder, sizeof holder, octets, b->key) < 0)
		return false;
	buf_put(out, (struct span){ (const char *)text, (size_t)len });
	return !out->cut;
}
