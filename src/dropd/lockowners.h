/* dropd/lockowners.h - which sessions of this process have which maildrops.
 *
 * Prefix: lockowners_. For the log alone: what keeps others out is the
 * kernel's lock, which also processes of another generation may hold. Any thread may
 * call.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/siphash.h"

enum { LOCKOWNER_PEER_MAX = 65, LOCKOWNER_SINCE_MAX = 24, LOCKOWNERS_CHAINS = 2048 };

struct lockowner {
	struct lockowner *next, **at; /* `at` is what points to this one */
	char *path;                   /* NULL: it holds none */
	time_t since;
	char peer[LOCKOWNER_PEER_MAX]; /* where the client is; filled in by its owner */
};

struct lockowners {
	pthread_mutex_t mutex;
	unsigned char key[SIPHASH_KEY_OCTETS];
	struct lockowner *chains[LOCKOWNERS_CHAINS]; /* by path */
};

/* `all` is zero before. False: the kernel has no random octets. */
MUST_USE bool lockowners_init(struct lockowners *all);

void lockowners_add(struct lockowners *all, struct lockowner *h, const char *path);
void lockowners_remove(struct lockowners *all, struct lockowner *h);

/* Since when, and from where, does a session of ours have this maildrop? False: none
 * has. */
bool lockowners_find(struct lockowners *all, const char *path,
		     char since[LOCKOWNER_SINCE_MAX], char peer[LOCKOWNER_PEER_MAX]);
