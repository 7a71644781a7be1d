/* authd/exchanges.c - keeps the SASL exchanges of one front while their clients have
 * yet to respond.
 *
 * Prefix: exchanges_.
 */
#include "authd/exchanges.h"

#include <stdlib.h>

#include "sys/clock.h"

/* Longer than any login-timeout. The client of an older exchange is gone, and the
 * front's message about that was lost. */
enum { LIFE_MS = 3600 * 1000 };

struct exchange {
	LIST_ENTRY(exchange) in_slot;
	TAILQ_ENTRY(exchange) by_age;
	struct exchange_key key;
	uint64_t since; /* clock_ms() */
	struct sasl *sasl;
};

void exchanges_init(struct exchanges *e)
{
	*e = (struct exchanges){ .count = 0 };
	pthread_mutex_init(&e->mutex, NULL);
	TAILQ_INIT(&e->by_age);
}

static struct exchanges_slot *slot(struct exchanges *e, uint64_t id)
{
	return &e->slots[(id ^ id >> 32) % EXCHANGES_SLOTS];
}

static struct exchange *find(struct exchanges *e, struct exchange_key key)
{
	struct exchange *x;

	LIST_FOREACH(x, slot(e, key.id), in_slot)
	if (x->key.id == key.id && x->key.exchange == key.exchange)
		break;
	return x;
}

static struct sasl *take_out(struct exchanges *e, struct exchange *x)
{
	struct sasl *sasl = x->sasl;

	LIST_REMOVE(x, in_slot);
	TAILQ_REMOVE(&e->by_age, x, by_age);
	e->count--;
	free(x);
	return sasl;
}

/* The oldest exchange, if it is too old or if there are too many; otherwise NULL. */
static struct exchange *find_overdue(const struct exchanges *e, uint64_t now)
{
	struct exchange *oldest = TAILQ_FIRST(&e->by_age);
	const bool is_overdue = e->count > EXCHANGES_MAX ||
				(oldest && now - oldest->since > LIFE_MS);

	return is_overdue ? oldest : NULL;
}

bool exchanges_put(struct exchanges *e, struct exchange_key key, struct sasl *sasl)
{
	struct exchange *x = malloc(sizeof *x), *old;

	if (!x)
		return false;
	pthread_mutex_lock(&e->mutex);
	*x = (struct exchange){ .key = key, .since = clock_ms(), .sasl = sasl };
	LIST_INSERT_HEAD(slot(e, key.id), x, in_slot);
	TAILQ_INSERT_TAIL(&e->by_age, x, by_age);
	e->count++;
	while ((old = find_overdue(e, clock_ms())))
		sasl_free(take_out(e, old));
	pthread_mutex_unlock(&e->mutex);
	return true;
}

struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key)
{
	pthread_mutex_lock(&e->mutex);
	struct exchange *x = find(e, key);
	struct sasl *sasl = x ? take_out(e, x) : NULL;
	pthread_mutex_unlock(&e->mutex);
	return sasl;
}

void exchanges_done(struct exchanges *e)
{
	struct exchange *x;

	while ((x = TAILQ_FIRST(&e->by_age)))
		sasl_free(take_out(e, x));
	pthread_mutex_destroy(&e->mutex);
}
