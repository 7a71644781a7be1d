/* dropd/owners.h - which sessions of this process have which maildrops.
 *
 * Prefix: holders_. For the log alone: what keeps others out is the
 * kernel's lock, which also processes of another generation may hold. Any thread may
 * call.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/siphash.h"

enum { HOLDER_PEER_MAX = 65, HOLDER_SINCE_MAX = 24, HOLDERS_CHAINS = 2048 };

struct holder {
	struct holder *next, **at; /* `at` is what points to this one */
	char *path;                /* NULL: it holds none */
	time_t since;
	char peer[HOLDER_PEER_MAX]; /* where the client is; filled in by its owner */
};

struct holders {
	pthread_mutex_t mutex;
	unsigned char key[SIPHASH_KEY_OCTETS];
	struct holder *chains[HOLDERS_CHAINS]; /* by path */
};

/* `all` is zero before. False: the kernel has no random octets. */
MUST_USE bool holders_init(struct holders *all);

void holders_add(struct holders *all, struct holder *h, const char *path);
void holders_remove(struct holders *all, struct holder *h);

/* Since when, and from where, does a session of ours have this maildrop? False: none
 * has. */
bool holders_find(struct holders *all, const char *path, char since[HOLDER_SINCE_MAX],
		  char peer[HOLDER_PEER_MAX]);
