/* authd/exchanges.h - the SASL exchanges of one front whose clients have yet to
 * respond.
 *
 * Prefix: exchanges_. For many threads.
 */
#pragma once

#include <pthread.h>
#include <sys/queue.h>

#include "auth/sasl/sasl.h"

struct exchange;

/* At most EXCHANGES_MAX are kept for a front. One more ends the oldest one, whose
 * client must begin again. So clients that begin an exchange and fall silent cannot
 * lock out other clients. */
enum { EXCHANGES_SLOTS = 256, EXCHANGES_MAX = 2048 };

struct exchanges {
	pthread_mutex_t mutex;
	LIST_HEAD(exchanges_slot, exchange) slots[EXCHANGES_SLOTS];
	TAILQ_HEAD(exchanges_by_age, exchange) by_age; /* oldest first */
	unsigned count;
};

void exchanges_init(struct exchanges *e);
void exchanges_done(struct exchanges *e); /* frees the kept exchanges, too */

/* The front's name for an exchange. `exchange` distinguishes a new exchange of a
 * connection from one that the client has given up: messages about both may be under
 * way at the same time. */
struct exchange_key {
	uint64_t id;       /* of the connection */
	uint64_t exchange; /* counts the connection's exchanges */
};

/* Keep an exchange, and own it until exchanges_take. False: out of memory; the caller
 * still owns the exchange. */
MUST_USE bool exchanges_put(struct exchanges *e, struct exchange_key key,
			    struct sasl *sasl);

/* Hand the exchange over to the caller. NULL: none has this key. */
struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key);
