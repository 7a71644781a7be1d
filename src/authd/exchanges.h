/* authd/exchanges.h - the SASL exchanges of one front that wait for their client's next
 * response.
 *
 * Prefix: exchanges_. For many threads.
 */
#pragma once

#include <pthread.h>
#include <sys/queue.h>

#include "auth/sasl/sasl.h"

struct exchange;

/* A front keeps EXCHANGES_MAX at most. One more ends the oldest, whose client is told
 * to try again if it goes on after all: clients that begin and fall silent cannot keep
 * others out. */
enum { EXCHANGES_SLOTS = 256, EXCHANGES_MAX = 2048 };

struct exchanges {
	pthread_mutex_t mutex;
	LIST_HEAD(exchanges_slot, exchange) slots[EXCHANGES_SLOTS];
	TAILQ_HEAD(exchanges_by_age, exchange) by_age; /* oldest first */
	unsigned count;
};

void exchanges_init(struct exchanges *e);
void exchanges_done(struct exchanges *e); /* and all that are kept */

/* Which one: the connection, and which of its exchanges. The second tells a new one
 * from one that was given up, since messages about both may be under way at once. */
struct exchange_key {
	uint64_t id, exchange;
};

/* Keep an exchange until its client goes on with it. False: out of memory; it stays the
 * caller's. */
MUST_USE bool exchanges_put(struct exchanges *e, struct exchange_key key,
			    struct sasl *sasl);

/* The exchange, the caller's now. NULL: there is none. */
struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key);
