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

/* Keep an exchange until its connection `id` of the front `link` goes on with it; an
 * older one of the same connection ends. False: out of memory; it stays the caller's.
 */
MUST_USE bool exchanges_put(struct exchanges *e, const void *link, uint64_t id,
			    struct sasl *sasl);

/* The exchange, the caller's now. NULL: there is none. */
struct sasl *exchanges_take(struct exchanges *e, const void *link, uint64_t id);

/* The front has gone, and all its connections with it. */
void exchanges_forget(struct exchanges *e, const void *link);
