/* auth/cache.h - results of password checks, kept so that a repeated login is cheap.
 *
 * Prefix: cache_. Several threads may call these functions at the same time. The caller
 * passes the time of clock_ms(). The cache keeps two kinds of results: a comparison of
 * a password with a stored one, for verified_ms; and the answer of a database about a
 * user, with or without a password, for as long as the caller of cache_remember says.
 * An entry is found by a BLAKE2b hash, with a random key of this process, over the
 * question; no password is kept. Memory is bounded. Refusals have room of their own, so
 * that failed logins cannot push out the results of successful ones.
 */
#pragma once

#include "auth/user/user.h"

struct cache;

/* Make a cache with room for `entries` comparisons that matched, as many that did not,
 * as many answers with a user and as many refusals. If verified_ms is 0, the cache
 * keeps no comparisons. NULL: out of memory, or `entries` is 0. Call it before the
 * process enters its sandbox. */
MUST_USE struct cache *cache_new(unsigned entries, uint64_t verified_ms);
void cache_free(struct cache *c); /* NULL is allowed */

/* Does the password match `stored`? The result of scheme_verify, from the cache if it
 * is there, and kept for the next time. If c is NULL, or `stored` is the password
 * itself, which is compared faster than the cache is searched, nothing is looked up or
 * kept. */
MUST_USE bool cache_verify(struct cache *c, struct span stored, struct span user,
			   struct span password, uint64_t now_ms);

/* For a name that no user has: compare the password with `stored`, some user's stored
 * password, and ignore the result. So an unknown name takes as long as a known one, the
 * first time and each later time. The comparison is kept as a mismatch, for this name
 * alone. */
void cache_pretend(struct cache *c, struct span name, struct span stored,
		   struct span password, uint64_t now_ms);

/* Stands for one question to a database; cache_key or cache_name_key makes it. */
struct cache_key {
	unsigned char octets[32];
};

/* Make the key of a question: what does this database answer about this user and
 * password, for a client at `peer`? `peer` is a text of address_text, whose port does
 * not count; empty: the answer does not depend on the client's address. The mechanism
 * is no part of the key, because no answer depends on it. */
void cache_key(const struct cache *c, struct span database, struct span user,
	       struct span peer, struct span password, struct cache_key *out);

/* Make the key of a question without a password: whom does this database find by this
 * name? It differs from every key of cache_key. */
void cache_name_key(const struct cache *c, struct span database, struct span user,
		    struct cache_key *out);

/* Find the kept answer to a question. Returns the number, above 0, that was passed to
 * cache_remember; 0: no answer is kept. If a user was kept with the answer, *out
 * becomes a copy, which the caller releases; otherwise *out is untouched. */
MUST_USE unsigned cache_recall(struct cache *c, const struct cache_key *key,
			       uint64_t now_ms, struct user_found *out);

/* Keep an answer, a number above 0, for `ms` milliseconds; 0: not at all. `who` is the
 * user that was found; everything but the stored password is copied. NULL: the answer
 * is a refusal. If memory runs out, nothing is kept. */
void cache_remember(struct cache *c, const struct cache_key *key, uint64_t now_ms,
		    uint64_t ms, unsigned answer, const struct user *who);
