/* role/exchanges.c - the SASL exchanges that wait for their client's next response.
 *
 * Floor 4 (role). Prefix: exchanges_.
 */
#include "role/exchanges.h"

#include <stdlib.h>
#include <time.h>

/* Longer than a client may take to log in (login-timeout): it was given up, and the
 * word of that was lost. */
enum { SECONDS_MAX = 3600 };

struct exchange {
	struct exchange *next;
	struct exchange_key key;
	time_t since;
	struct sasl *sasl;
};

void exchanges_init(struct exchanges *e)
{
	pthread_mutex_init(&e->mutex, NULL);
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static struct exchange **slot(struct exchanges *e, uint64_t id)
{
	return &e->slots[(id ^ id >> 32) % EXCHANGES_SLOTS];
}

/* Take out of *at the exchange that it points to. */
static struct sasl *unlink_at(struct exchange **at)
{
	struct exchange *x = *at;
	struct sasl *sasl = x->sasl;

	*at = x->next;
	free(x);
	return sasl;
}

static bool same(struct exchange_key a, struct exchange_key b)
{
	return a.link == b.link && a.id == b.id && a.exchange == b.exchange;
}

bool exchanges_put(struct exchanges *e, struct exchange_key key, struct sasl *sasl)
{
	struct exchange *x = malloc(sizeof *x);
	struct exchange **at = slot(e, key.id);

	if (!x)
		return false;
	*x = (struct exchange){ NULL, key, now(), sasl };
	pthread_mutex_lock(&e->mutex);
	for (struct exchange **i = at; *i;) {
		if ((*i)->since < x->since - SECONDS_MAX)
			sasl_free(unlink_at(i));
		else
			i = &(*i)->next;
	}
	x->next = *at;
	*at = x;
	pthread_mutex_unlock(&e->mutex);
	return true;
}

struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key)
{
	struct sasl *sasl = NULL;

	pthread_mutex_lock(&e->mutex);
	for (struct exchange **i = slot(e, key.id); *i && !sasl;) {
		if (same((*i)->key, key))
			sasl = unlink_at(i);
		else
			i = &(*i)->next;
	}
	pthread_mutex_unlock(&e->mutex);
	return sasl;
}

void exchanges_forget(struct exchanges *e, const void *link)
{
	pthread_mutex_lock(&e->mutex);
	for (size_t s = 0; s < EXCHANGES_SLOTS; s++) {
		for (struct exchange **i = &e->slots[s]; *i;) {
			if ((*i)->key.link == link)
				sasl_free(unlink_at(i));
			else
				i = &(*i)->next;
		}
	}
	pthread_mutex_unlock(&e->mutex);
}
