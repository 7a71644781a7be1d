/* auth/cache.h - what was found out a moment ago, so that it need not be found out
 * anew.
 *
 * Prefix: cache_. For many threads; time is passed in. Two things are
 * remembered: that a password matches what is stored, or does not, which is true for
 * ever; and what a database said of a user and password, which is true for as long as
 * its settings say. Keys are BLAKE2b hashes with a key of the process: no password is
 * kept. Memory is bounded; what is refused cannot push out what was let in.
 */
#pragma once

#include "auth/user/user.h"

struct cache;

/* Room for so many results of each kind. NULL: no memory. Before sandboxes. */
MUST_USE struct cache *cache_new(unsigned entries, uint64_t verified_ms);
void cache_free(struct cache *c); /* NULL is allowed */

/* scheme_verify, or what it said of the same texts; c may be NULL. */
MUST_USE bool cache_verify(struct cache *c, struct span stored, struct span user,
			   struct span password, uint64_t now_ms);

/* Take as long as cache_verify would if `stored` were what `name`, which nobody has,
 * has stored. The result is remembered for this name alone, as a refusal. */
void cache_pretend(struct cache *c, struct span name, struct span stored,
		   struct span password, uint64_t now_ms);

/* A question that may be answered from memory. */
struct cache_key {
	unsigned char octets[32];
};

/* `peer` is as address_text writes it; its port does not count. Empty: no matter from
 * where. The service and the mechanism are not asked for, since no answer depends on
 * them. */
void cache_key(const struct cache *c, struct span database, struct span user,
	       struct span peer, struct span password, struct cache_key *out);

/* The answer: a number that the caller gave, above 0, and who was found with it, if
 * anybody. 0: there is none. */
MUST_USE unsigned cache_recall(struct cache *c, const struct cache_key *key,
			       uint64_t now_ms, struct user_found *out);

/* Remember it for `ms`. who: what is known of the user, but for the stored password;
 * NULL: a refusal. If memory runs out, nothing is remembered. */
void cache_remember(struct cache *c, const struct cache_key *key, uint64_t now_ms,
		    uint64_t ms, unsigned answer, const struct user *who);
