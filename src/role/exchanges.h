/* role/exchanges.h - the SASL exchanges that wait for their client's next response.
 *
 * Floor 4 (role). Prefix: exchanges_. For many threads.
 */
#pragma once

#include <pthread.h>

#include "auth/sasl.h"

struct exchange;

enum { EXCHANGES_SLOTS = 256 };

struct exchanges {
	pthread_mutex_t mutex;
	struct exchange *slots[EXCHANGES_SLOTS];
};

void exchanges_init(struct exchanges *e);

/* Which one: the front's link, the connection, and which of its exchanges. That tells a
 * new one from one that is given up, since the words of both travel side by side. */
struct exchange_key {
	const void *link;
	uint64_t id, exchange;
};

/* Keep an exchange until its client goes on with it. False: out of memory; it stays the
 * caller's. */
MUST_USE bool exchanges_put(struct exchanges *e, struct exchange_key key,
			    struct sasl *sasl);

/* The exchange, the caller's now. NULL: there is none. */
struct sasl *exchanges_take(struct exchanges *e, struct exchange_key key);

/* The front has gone, and all its connections with it. */
void exchanges_forget(struct exchanges *e, const void *link);
