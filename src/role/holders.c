/* role/holders.c - which sessions of this process have which maildrops.
 *
 * Floor 4 (role). Prefix: holders_.
 */
#include "role/holders.h"

#include <stdlib.h>
#include <string.h>

/* Without memory it is not known, which harms nobody. */
void holders_add(struct holders *all, struct holder *h, const char *path)
{
	h->path = strdup(path);
	h->since = time(NULL);
	if (!h->path)
		return;
	pthread_mutex_lock(&all->mutex);
	h->next = all->first;
	all->first = h;
	pthread_mutex_unlock(&all->mutex);
}

void holders_remove(struct holders *all, struct holder *h)
{
	struct holder **at = &all->first;

	if (!h->path)
		return;
	pthread_mutex_lock(&all->mutex);
	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	pthread_mutex_unlock(&all->mutex);
	free(h->path);
	h->path = NULL;
}

bool holders_find(struct holders *all, const char *path, char since[HOLDER_SINCE_MAX],
		  char peer[HOLDER_PEER_MAX])
{
	const struct holder *h;
	struct tm tm;

	pthread_mutex_lock(&all->mutex);
	for (h = all->first; h && strcmp(h->path, path) != 0;)
		h = h->next;
	if (h) {
		gmtime_r(&h->since, &tm);
		strftime(since, HOLDER_SINCE_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
		memcpy(peer, h->peer, HOLDER_PEER_MAX);
	}
	pthread_mutex_unlock(&all->mutex);
	return h;
}
