/* auth/cache.h - results of password checks, kept so that a repeated login is cheap.
 *
 * Prefix: cache_. For many threads; the caller passes the time in milliseconds. The
 * cache keeps two kinds of results: whether a password matches a stored one, for
 * verified_ms; and what a database answered about a user and a password, for as long as
 * the caller says. Keys are BLAKE2b hashes with a random key of this process, so that
 * no password is kept. Memory is bounded, and refusals have room of their own: failed
 * logins cannot push out the results of successful ones.
 */
#pragma once

#include "auth/user/user.h"

struct cache;

/* A cache with room for `entries` matches, as many mismatches, as many good and as many
 * bad answers. With verified_ms 0, comparisons are not kept. NULL: no memory, or no
 * entries. Call it before the sandbox. */
MUST_USE struct cache *cache_new(unsigned entries, uint64_t verified_ms);
void cache_free(struct cache *c); /* NULL is allowed */

/* The result of scheme_verify, from memory if it is there. c may be NULL: then nothing
 * is remembered. */
MUST_USE bool cache_verify(struct cache *c, struct span stored, struct span user,
			   struct span password, uint64_t now_ms);

/* For a name that no user has: compare the password with `stored` in vain, so that an
 * unknown name takes as long as a known one, the first time and each later time. The
 * result is kept for this name alone, and counts as a mismatch. */
void cache_pretend(struct cache *c, struct span name, struct span stored,
		   struct span password, uint64_t now_ms);

/* A question to a database: what cache_recall looks up. */
struct cache_key {
	unsigned char octets[32];
};

/* Make the key of a question. `peer` is a text of address_text, whose port does not
 * count; empty: the answer does not depend on the address. No answer depends on the
 * mechanism. */
void cache_key(const struct cache *c, struct span database, struct span user,
	       struct span peer, struct span password, struct cache_key *out);

/* The kept answer: the number, above 0, that cache_remember was given. *out is a copy
 * of the user that was kept with it, for the caller to release; untouched if there was
 * none. 0: no answer is kept. */
MUST_USE unsigned cache_recall(struct cache *c, const struct cache_key *key,
			       uint64_t now_ms, struct user_found *out);

/* Keep an answer for `ms`; 0: not at all. `who` is the user that was found, of whom
 * everything but the stored password is copied; NULL: the answer is a refusal. If
 * memory runs out, nothing is kept. */
void cache_remember(struct cache *c, const struct cache_key *key, uint64_t now_ms,
		    uint64_t ms, unsigned answer, const struct user *who);
