/* dropd/lockowners.c - which sessions of this process have the lock of which maildrop.
 *
 * Prefix: lockowners_.
 */
#include "dropd/lockowners.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool lockowners_init(struct lockowners *all)
{
	pthread_mutex_init(&all->mutex, NULL);
	return getrandom(all->key, sizeof all->key, 0) == (ssize_t)sizeof all->key;
}

static struct lockowner **chain_of(struct lockowners *all, const char *path)
{
	return &all->chains[siphash(all->key, span_of(path)) % LOCKOWNERS_CHAINS];
}

/* If memory runs out, the log cannot name this owner; nothing else depends on it. */
void lockowners_add(struct lockowners *all, struct lockowner *h, const char *path)
{
	h->path = strdup(path);
	h->since = time(NULL);
	if (!h->path)
		return;
	h->at = chain_of(all, path);
	pthread_mutex_lock(&all->mutex);
	h->next = *h->at;
	if (h->next)
		h->next->at = &h->next;
	*h->at = h;
	pthread_mutex_unlock(&all->mutex);
}

void lockowners_remove(struct lockowners *all, struct lockowner *h)
{
	if (!h->path)
		return;
	pthread_mutex_lock(&all->mutex);
	*h->at = h->next;
	if (h->next)
		h->next->at = h->at;
	pthread_mutex_unlock(&all->mutex);
	free(h->path);
	h->path = NULL;
}

bool lockowners_find(struct lockowners *all, const char *path,
		     char since[LOCKOWNER_SINCE_MAX], char peer[LOCKOWNER_PEER_MAX])
{
	const struct lockowner *h;
	struct tm tm;

	pthread_mutex_lock(&all->mutex);
	for (h = *chain_of(all, path); h && strcmp(h->path, path) != 0;)
		h = h->next;
	if (h) {
		gmtime_r(&h->since, &tm);
		strftime(since, LOCKOWNER_SINCE_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
		memcpy(peer, h->peer, LOCKOWNER_PEER_MAX);
	}
	pthread_mutex_unlock(&all->mutex);
	return h;
}
