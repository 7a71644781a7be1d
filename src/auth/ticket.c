/* auth/ticket.c - board tickets: what a front shows to ask for another maildrop.
 *
 * Prefix: ticket_. XChaCha20-Poly1305. The key is used by this process alone, so that a
 * counter is a safe nonce. The holder is the additional data. A ticket is the nonce and
 * libsodium's output.
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
	struct tickets *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->key = sodium_malloc(KEY);
	if (!t->key) {
		tickets_free(t);
		return NULL;
	}
	randombytes_buf(t->key, KEY);
	return t;
}

void tickets_free(struct tickets *t)
{
	if (t)
		sodium_free(t->key);
	free(t);
}

void ticket_seal(struct tickets *t, struct ticket_holder holder, struct span text,
		 struct buf *out)
{
	unsigned char octets[TICKET_OCTETS_MAX] = { 0 };
	const unsigned long long count = atomic_fetch_add(&t->count, 1);

	if (text.len > TICKET_TEXT_MAX) {
		out->cut = true;
		return;
	}
	memcpy(octets, &count, sizeof count);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		octets + NONCE, NULL, (const unsigned char *)text.at, text.len,
		(const unsigned char *)&holder, sizeof holder, NULL, octets, t->key);
	buf_put(out, (struct span){ (const char *)octets,
				    text.len + TICKET_OCTETS_MAX - TICKET_TEXT_MAX });
}

bool ticket_open(const struct tickets *t, struct ticket_holder holder,
		 struct span ticket, struct buf *out)
{
	unsigned char text[TICKET_TEXT_MAX];
	const unsigned char *octets = (const unsigned char *)ticket.at;
	unsigned long long len;

	if (ticket.len < NONCE + SEAL || ticket.len > TICKET_OCTETS_MAX ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(
		    text, &len, NULL, octets + NONCE, ticket.len - NONCE,
		    (const unsigned char *)&holder, sizeof holder, octets, t->key) < 0)
		return false;
	buf_put(out, (struct span){ (const char *)text, (size_t)len });
	return !out->cut;
}
