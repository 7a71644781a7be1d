/* auth/token/keyring.c - the file of keys for tokens, parsed again whenever it changes.
 *
 * Prefix: keyring_.
 */
#include "auth/token/keyring.h"

#include <pthread.h>
#include <stdlib.h>

#include "auth/token/jwt_keys.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "sys/watched.h"

struct keyring {
	pthread_mutex_t mutex; /* over all below */
	struct watched watched;
	char *text; /* of the file when it was read last, usable or not */
	size_t text_len;
	struct keyset *now;
};

struct keyring *keyring_new(int dir, const char *name)
{
	struct keyring *ring = calloc(1, sizeof *ring);

	if (!ring)
		return NULL;
	pthread_mutex_init(&ring->mutex, NULL);
	ring->watched =
		(struct watched){ .dir = dir, .name = name, .most = KEYSET_OCTETS_MAX };
	return ring;
}

/* The text may hold secret keys. */
static void forget_text(struct keyring *ring)
{
	secret_wipe(ring->text, ring->text_len);
	free(ring->text);
	ring->text = NULL;
}

void keyring_free(struct keyring *ring)
{
	if (!ring)
		return;
	keyset_free(ring->now);
	pthread_mutex_destroy(&ring->mutex);
	forget_text(ring);
	free(ring);
}

static void complain(void *arg, unsigned key, const char *text)
{
	const struct keyring *ring = arg;

	log_event(LOG_WARNING, "token-key", LOG_T("file", ring->watched.name),
		  LOG_N("key", key), LOG_T("what", text));
}

static void complain_whole(const struct keyring *ring)
{
	if (ring->now)
		log_fault(&ring->watched.trouble, "token-keys-kept");
}

/* Owns the text. */
static void take_text(struct keyring *ring, char *text, size_t len)
{
	bool same = ring->text && ring->text_len == len &&
		    secret_same((struct span){ text, len },
				(struct span){ ring->text, len });
	struct keyset *keys;
	struct why why;

	forget_text(ring);
	ring->text = text;
	ring->text_len = len;
	if (same && ring->now)
		return;
	if (jwt_keys_parse((struct span){ text, len }, complain, ring, &keys, &why)) {
		watched_refuse(&ring->watched, &why);
		complain_whole(ring);
		return;
	}
	keyset_free(ring->now);
	ring->now = keys;
}

struct keyset *keyring_acquire(struct keyring *ring, struct why *why)
{
	struct keyset *keys = NULL;
	char *text;
	size_t len;

	pthread_mutex_lock(&ring->mutex);
	switch (watched_look(&ring->watched, &text, &len)) {
	case WATCHED_SAME:
		break;
	case WATCHED_TEXT:
		take_text(ring, text, len);
		break;
	case WATCHED_TROUBLE:
		complain_whole(ring);
		break;
	}
	if (ring->now)
		keys = keyset_keep(ring->now);
	else
		*why = ring->watched.trouble;
	pthread_mutex_unlock(&ring->mutex);
	return keys;
}
