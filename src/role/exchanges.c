/* role/exchanges.c - the SASL exchanges of one front that wait for their client's next
 * response.
 *
 * Floor 4 (role). Prefix: exchanges_.
 */
#include "role/exchanges.h"

#include <stdlib.h>

#include "sys/clock.h"

/* Longer than a client may take to log in (login-timeout): the client gave up, and the
 * word of that was lost. */
enum { LIFE_MS = 3600 * 1000 };

struct exchange {
	struct exchange *next; /* in its slot */
	TAILQ_ENTRY(exchange) age;
	struct exchange_key key;
	uint64_t since; /* ms */
	struct sasl *sasl;
};

void exchanges_init(struct exchanges *e)
{
	*e = (struct exchanges){ .count = 0 };
	pthread_mutex_init(&e->mutex, NULL);
	TAILQ_INIT(&e->by_age);
}

static struct exchange **slot(struct exchanges *e, uint64_t id)
{
	return &e->slots[(id ^ id >> 32) % EXCHANGES_SLOTS];
}

static bool same(struct exchange_key a, struct exchange_key b)
{
	return a.id == b.id && a.exchange == b.exchange;
}

static struct exchange **find(struct exchanges *e, struct exchange_key key)
{
	struct exchange **at = slot(e, key.id);

	while (*at && !same((*at)->key, key))
		at = &(*at)->next;
	return at;
}

/* Take out the exchange that *at points to. */
static struct sasl *unlink_at(struct exchanges *e, struct exchange **at)
{
	struct exchange *x = *at;
	struct sasl *sasl = x->sasl;

	*at = x->next;
	TAILQ_REMOVE(&e->by_age, x, age);
	e->count--;
	free(x);
	return sasl;
}

static void end_oldest(struct exchanges *e)
{
	sasl_free(unlink_at(e, find(e, TAILQ_FIRST(&e->by_age)->key)));
}

static bool has_to_end(const struct exchanges *e, uint64_t now)
{
	const struct exchange *oldest = TAILQ_FIRST(&e->by_age);

	return oldest && (e->count > EXCHANGES_MAX || now - oldest->since > LIFE_MS);
}

bool exchanges_put(struct exchanges *e, struct exchange_key key, struct sasl *sasl)
{
	struct exchange *x = malloc(sizeof *x);
	struct exchange **at = slot(e, key.id);

	if (!x)
		return false;
	pthread_mutex_lock(&e->mutex);
	*x = (struct exchange){
		.next = *at, .key = key, .since = clock_ms(), .sasl = sasl
	};
	*at = x;
	TAILQ_INSERT_TAIL(&e->by_age, x, age);
	e->count++;
	while (has_to_end(e, x->since))
		end_oldest(e);
	pthread_mutex_unlock(&e->mutex);
	return true;
}

struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key)
{
	pthread_mutex_lock(&e->mutex);
	struct exchange **at = find(e, key);
	struct sasl *sasl = *at ? unlink_at(e, at) : NULL;
	pthread_mutex_unlock(&e->mutex);
	return sasl;
}

void exchanges_done(struct exchanges *e)
{
	while (e->count > 0)
		end_oldest(e);
	pthread_mutex_destroy(&e->mutex);
}
