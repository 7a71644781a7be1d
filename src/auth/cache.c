/* auth/cache.c - results of password checks, kept so that a repeated login is cheap.
 *
 * Prefix: cache_.
 */
#include "auth/cache.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "auth/user/scheme.h"
#include "base/nets.h"
#include "base/secret.h"

_Static_assert(sizeof(struct cache_key) == crypto_generichash_BYTES, "a whole hash");

enum { BUCKET = 8, KEY_OCTETS = crypto_generichash_KEYBYTES };
enum kind { MATCHES, DIFFERS, GOOD, BAD, KINDS };

struct entry {
	struct cache_key key;
	uint64_t until; /* end of its time, in ms; 0: the entry is free */
	unsigned answer;
	struct user_found who;
};

/* A comparison: does the password match what is stored? */
struct question {
	struct span stored, user, password;
	uint64_t now;
};

struct cache {
	pthread_mutex_t mutex;
	uint64_t verified_ms;
	unsigned char *key; /* locked into memory */
	size_t buckets, swept;
	struct entry *at[KINDS];
};

struct cache *cache_new(unsigned entries, uint64_t verified_ms)
{
	struct cache *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	pthread_mutex_init(&c->mutex, NULL);
	c->verified_ms = verified_ms;
	c->buckets = (entries + BUCKET - 1) / BUCKET;
	c->key = sodium_malloc(KEY_OCTETS);
	bool good = c->key && c->buckets > 0;
	for (enum kind kind = 0; kind < KINDS && good; kind++) {
		c->at[kind] = calloc(c->buckets * BUCKET, sizeof(struct entry));
		good = c->at[kind] != NULL;
	}
	if (!good) {
		cache_free(c);
		return NULL;
	}
	randombytes_buf(c->key, KEY_OCTETS);
	return c;
}

static void clear(struct entry *e)
{
	user_release(&e->who);
	secret_wipe(e, sizeof *e);
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; c->at[kind] && i < c->buckets * BUCKET; i++)
			clear(&c->at[kind][i]);
		free(c->at[kind]);
	}
	sodium_free(c->key);
	free(c);
}

/* ---- keys ---- */

/* The length goes first, so that different lists of texts never hash the same octets.
 */
static void add(crypto_generichash_state *state, struct span s)
{
	uint64_t len = s.len;

	crypto_generichash_update(state, (const unsigned char *)&len, sizeof len);
	if (s.len > 0)
		crypto_generichash_update(state, (const unsigned char *)s.at, s.len);
}

static void hash(const struct cache *c, const struct span *texts, size_t count,
		 struct cache_key *out)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, c->key, KEY_OCTETS, sizeof out->octets);
	for (size_t i = 0; i < count; i++)
		add(&state, texts[i]);
	crypto_generichash_final(&state, out->octets, sizeof out->octets);
	secret_wipe(&state, sizeof state);
}

void cache_key(const struct cache *c, struct span database, struct span user,
	       struct span peer, struct span password, struct cache_key *out)
{
	struct address from;

	if (!nets_peer(peer, &from))
		from = (struct address){ 0 };
	const struct span texts[] = { SPAN("asked"),
				      database,
				      user,
				      { (const char *)from.octets, from.bits / 8 },
				      password };
	hash(c, texts, sizeof texts / sizeof *texts, out);
}

void cache_name_key(const struct cache *c, struct span database, struct span user,
		    struct cache_key *out)
{
	const struct span texts[] = { SPAN("found"), database, user };

	hash(c, texts, sizeof texts / sizeof *texts, out);
}

/* ---- entries ---- */

static struct entry *bucket_of(struct cache *c, enum kind kind,
			       const struct cache_key *key)
{
	uint64_t n;

	memcpy(&n, key->octets, sizeof n);
	return &c->at[kind][n % c->buckets * BUCKET];
}

/* Every look at a bucket clears its entries that are too old. */
static void sweep(struct entry *bucket, uint64_t now)
{
	for (int i = 0; i < BUCKET; i++)
		if (bucket[i].until != 0 && bucket[i].until <= now)
			clear(&bucket[i]);
}

static struct entry *find(struct cache *c, enum kind kind, const struct cache_key *key,
			  uint64_t now)
{
	struct entry *bucket = bucket_of(c, kind, key);

	sweep(bucket, now);
	for (int i = 0; i < BUCKET; i++)
		if (bucket[i].until != 0 &&
		    memcmp(bucket[i].key.octets, key->octets, sizeof key->octets) == 0)
			return &bucket[i];
	return NULL;
}

/* In a full bucket, the entry with the least time left makes room. Each put also sweeps
 * one more bucket, so that old entries do not stay in buckets that nobody looks at. */
static void put(struct cache *c, enum kind kind, const struct entry *e, uint64_t now)
{
	struct entry *const bucket = bucket_of(c, kind, &e->key);
	struct entry *at = find(c, kind, &e->key, now), *least = bucket;

	for (int i = 1; i < BUCKET; i++)
		if (bucket[i].until < least->until)
			least = &bucket[i];
	at = at ? at : least;
	clear(at);
	*at = *e;
	c->swept = (c->swept + 1) % c->buckets;
	for (enum kind other = 0; other < KINDS; other++)
		sweep(&c->at[other][c->swept * BUCKET], now);
}

/* ---- passwords and what is stored ---- */

/* `in_vain`: no user has the name, and the result counts as a mismatch. A plain
 * password costs less to compare than the hash of the key, and is not kept. */
static bool verify(struct cache *c, bool in_vain, const struct question *q)
{
	const struct span texts[] = { in_vain ? SPAN("pretended") : SPAN("verified"),
				      q->stored, q->user, q->password };
	struct entry e = { 0 };

	if (!c || c->verified_ms == 0 || scheme_good_for(q->stored) == SCHEME_PLAIN)
		return scheme_verify(q->stored, q->user, q->password);
	hash(c, texts, sizeof texts / sizeof *texts, &e.key);
	e.until = q->now + c->verified_ms;
	pthread_mutex_lock(&c->mutex);
	bool matches = find(c, MATCHES, &e.key, q->now) != NULL;
	bool differs = find(c, DIFFERS, &e.key, q->now) != NULL;
	pthread_mutex_unlock(&c->mutex);
	if (matches || differs)
		return matches;
	matches = scheme_verify(q->stored, q->user, q->password) && !in_vain;
	pthread_mutex_lock(&c->mutex);
	put(c, matches ? MATCHES : DIFFERS, &e, q->now);
	pthread_mutex_unlock(&c->mutex);
	return matches;
}

bool cache_verify(struct cache *c, struct span stored, struct span user,
		  struct span password, uint64_t now)
{
	return verify(c, false, &(struct question){ stored, user, password, now });
}

void cache_pretend(struct cache *c, struct span name, struct span stored,
		   struct span password, uint64_t now)
{
	(void)verify(c, true, &(struct question){ stored, name, password, now });
}

/* ---- answers of databases ---- */

unsigned cache_recall(struct cache *c, const struct cache_key *key, uint64_t now,
		      struct user_found *out)
{
	unsigned answer = 0;

	pthread_mutex_lock(&c->mutex);
	const struct entry *good = find(c, GOOD, key, now);
	const struct entry *bad = find(c, BAD, key, now);

	if (good && user_copy(&good->who.user, out))
		answer = good->answer;
	else if (bad)
		answer = bad->answer;
	pthread_mutex_unlock(&c->mutex);
	return answer;
}

void cache_remember(struct cache *c, const struct cache_key *key, uint64_t now,
		    uint64_t ms, unsigned answer, const struct user *who)
{
	struct entry e = { .key = *key, .until = now + ms, .answer = answer };
	struct user known;

	if (ms == 0)
		return;
	if (who) {
		known = *who;
		known.stored = (struct span){ 0 };
		if (!user_copy(&known, &e.who))
			return;
	}
	pthread_mutex_lock(&c->mutex);
	put(c, who ? GOOD : BAD, &e, now);
	pthread_mutex_unlock(&c->mutex);
}
