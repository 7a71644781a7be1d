/* authd/exchanges.h - keeps the SASL exchanges of one front while their clients have
 * yet to respond.
 *
 * Prefix: exchanges_. Several threads may call exchanges_put and exchanges_take at the
 * same time.
 */
#pragma once

#include <pthread.h>
#include <sys/queue.h>

#include "auth/sasl/sasl.h"

struct exchange;

/* At most EXCHANGES_MAX exchanges are kept for a front. One more ends the oldest, whose
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

/* Names an exchange in messages between front and poplar-auth. `exchange` distinguishes
 * a connection's new exchange from one that the client has cancelled: messages about
 * both may be under way at the same time. */
struct exchange_key {
	uint64_t id;       /* of the connection */
	uint64_t exchange; /* the front counts a connection's exchanges */
};

/* Keep an exchange under this key, and own it until exchanges_take. Exchanges that are
 * older than an hour end. False: out of memory; the caller still owns the exchange. */
MUST_USE bool exchanges_put(struct exchanges *e, struct exchange_key key,
			    struct sasl *sasl);

/* Remove the exchange with this key; the caller then owns it. NULL: no exchange has
 * this key. */
struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key);
