/* dropd/lockowners.h - remembers which session of this process has locked which
 * maildrop.
 *
 * Prefix: lockowners_. It serves the log only: the lock itself is the kernel's, which a
 * process of another generation may hold, too. Several threads may call these functions
 * at the same time.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/siphash.h"

enum { LOCKOWNER_PEER_MAX = 65, LOCKOWNER_SINCE_MAX = 24, LOCKOWNERS_CHAINS = 2048 };

struct lockowner {
	struct lockowner *next, **at; /* in a chain; `at` points to this one */
	char *path;                   /* of the locked maildrop; NULL: none */
	time_t since;
	char peer[LOCKOWNER_PEER_MAX]; /* the client's address, which the session fills
					  in */
};

struct lockowners {
	pthread_mutex_t mutex;
	unsigned char key[SIPHASH_KEY_OCTETS];
	struct lockowner *chains[LOCKOWNERS_CHAINS]; /* by path */
};

/* Initialize *all, which is all zero. False: the kernel gives no random octets. */
MUST_USE bool lockowners_init(struct lockowners *all);

/* The session of h has locked the maildrop at this path; it has unlocked it. h stays at
 * its address in between. If memory runs out, nothing is added. */
void lockowners_add(struct lockowners *all, struct lockowner *h, const char *path);
void lockowners_remove(struct lockowners *all, struct lockowner *h);

/* Since when does a session of this process have the lock of this maildrop, and what is
 * its client's address? False: no session of this process has it. */
bool lockowners_find(struct lockowners *all, const char *path,
		     char since[LOCKOWNER_SINCE_MAX], char peer[LOCKOWNER_PEER_MAX]);
