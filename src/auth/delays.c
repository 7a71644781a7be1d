/* auth/delays.c - after failed logins, how long the next attempt must wait.
 *
 * Prefix: delays_.
 *
 * A keyed hash chooses the bucket of a record. In a full bucket of addresses, networks
 * and names the record with the fewest failures makes room, and of several the oldest.
 * An attacker who wants a record dropped must fill its bucket with records of more
 * failures, and must wait for each of those failures. The bucket of a pair depends on
 * its name alone, so that the holder of one password can fill one bucket only; the pair
 * with the oldest success makes room.
 */
#include "auth/delays.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/siphash.h"

enum level { ADDRESS, NETWORK, NAME, PAIR };
enum { DOUBLINGS = 16, KEY_OCTETS_MAX = 1 + 16 + 255 };

static const struct {
	uint8_t ipv4_bits, ipv6_bits; /* of the address, that belong to the key */
	bool named;
	unsigned free;
} levels[] = {
	[ADDRESS] = { 32, 64, false, DELAYS_FREE_ADDRESS },
	[NETWORK] = { 24, 48, false, DELAYS_FREE_NETWORK },
	[NAME] = { 0, 0, true, DELAYS_FREE_NAME },
	[PAIR] = { 24, 64, true, DELAYS_FREE_PAIR },
};

/* All zero: the place is free. */
struct record {
	uint64_t key;
	uint64_t since;   /* when failures were halved last, or the first one came */
	uint64_t until;   /* when the last attempt in the queue may be checked */
	uint64_t good_at; /* pairs: the last success */
	uint32_t failures;
	enum level level;
};

struct bucket {
	struct record at[DELAYS_BUCKET];
};

enum { BUCKETS = DELAYS_RECORDS / DELAYS_BUCKET, PAIRS = DELAYS_PAIRS / DELAYS_BUCKET };

struct delays {
	pthread_mutex_t mutex;
	struct delays_rule rule;
	unsigned char key[SIPHASH_KEY_OCTETS];
	struct bucket records[BUCKETS], pairs[PAIRS];
};

struct delays *delays_new(const struct delays_rule *rule,
			  const unsigned char key[DELAYS_KEY_OCTETS])
{
	struct delays *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	pthread_mutex_init(&d->mutex, NULL);
	d->rule = *rule;
	memcpy(d->key, key, sizeof d->key);
	return d;
}

void delays_free(struct delays *d)
{
	free(d);
}

/* ---- records ---- */

/* The hash of what the record is for; never 0. An address without bits is allowed for
 * NAME only. */
static uint64_t key_of(const struct delays *d, enum level level,
		       const struct address *from, struct span name)
{
	char text[KEY_OCTETS_MAX] = { (char)level };
	size_t bits = from->bits == 32 ? levels[level].ipv4_bits
				       : levels[level].ipv6_bits,
	       len = 1;

	if (bits > 0) {
		text[len++] = (char)from->bits;
		memcpy(text + len, from->octets, bits / 8);
		len += bits / 8;
	}
	if (levels[level].named) {
		size_t n = name.len < sizeof text - len ? name.len : sizeof text - len;

		memcpy(text + len, name.at, n);
		len += n;
	}
	return siphash(d->key, (struct span){ text, len }) | 1;
}

static struct bucket *bucket_of(struct delays *d, enum level level, uint64_t key,
				struct span name)
{
	const struct address none = { 0 };

	if (level == PAIR)
		return &d->pairs[(key_of(d, NAME, &none, name) >> 32) % PAIRS];
	return &d->records[(key >> 32) % BUCKETS];
}

/* Halve the failures once for each DELAYS_HALF_MS that has passed. */
static void decay(struct record *r, uint64_t now)
{
	while (r->failures > 0 && now - r->since >= DELAYS_HALF_MS) {
		r->failures /= 2;
		r->since += DELAYS_HALF_MS;
	}
}

static struct record *find(struct delays *d, enum level level,
			   const struct address *from, struct span name, uint64_t now)
{
	uint64_t key = key_of(d, level, from, name);
	struct bucket *b = bucket_of(d, level, key, name);

	for (int i = 0; i < DELAYS_BUCKET; i++) {
		if (b->at[i].key != key)
			continue;
		decay(&b->at[i], now);
		return &b->at[i];
	}
	return NULL;
}

/* Does a make room before b? */
static bool goes_first(const struct record *a, const struct record *b)
{
	if (a->level == PAIR)
		return a->good_at < b->good_at;
	return a->failures != b->failures ? a->failures < b->failures
					  : a->since < b->since;
}

static struct record *make(struct delays *d, enum level level,
			   const struct address *from, struct span name, uint64_t now)
{
	uint64_t key = key_of(d, level, from, name);
	struct bucket *b = bucket_of(d, level, key, name);
	struct record *r = &b->at[0];

	for (int i = 0; i < DELAYS_BUCKET && r->key != 0; i++) {
		decay(&b->at[i], now);
		if (b->at[i].key == 0 || goes_first(&b->at[i], r))
			r = &b->at[i];
	}
	*r = (struct record){ .key = key, .since = now, .level = level };
	return r;
}

/* ---- the rule ---- */

static uint64_t at_most(uint64_t ms, uint64_t most)
{
	return ms < most ? ms : most;
}

/* How long the next attempt waits behind the one before it. */
static uint64_t step_of(const struct delays *d, const struct record *r)
{
	unsigned free = levels[r->level].free;

	if (r->failures <= free)
		return 0;
	return at_most((uint64_t)d->rule.first_ms << (r->failures - free - 1),
		       d->rule.most_ms);
}

/* Queue an attempt in one record. Returns its wait. */
static uint64_t queue_in(const struct delays *d, struct record *r, uint64_t now)
{
	uint64_t step = step_of(d, r), from = r->until > now ? r->until : now;

	if (step == 0)
		return 0;
	r->until = at_most(from + step, now + d->rule.most_ms);
	return r->until - now;
}

static bool counts(enum level level, const struct address *from, struct span name)
{
	return (levels[level].named ? name.len > 0 : true) &&
	       (level == NAME || from->bits > 0);
}

static void fail(struct delays *d, enum level level, const struct address *from,
		 struct span name, uint64_t now)
{
	struct record *r = find(d, level, from, name, now);

	if (!r)
		r = make(d, level, from, name, now);
	if (r->failures == 0)
		r->since = now;
	r->failures += r->failures < levels[level].free + DOUBLINGS;
}

/* The pair's record. NULL: no user of this name has logged in from this network. */
static struct record *find_pair(struct delays *d, const struct address *from,
				struct span name, uint64_t now)
{
	return counts(PAIR, from, name) ? find(d, PAIR, from, name, now) : NULL;
}

uint32_t delays_ask(struct delays *d, const struct address *from, struct span name,
		    uint64_t now)
{
	uint64_t wait = 0;

	pthread_mutex_lock(&d->mutex);
	struct record *pair = find_pair(d, from, name, now);
	if (pair)
		wait = queue_in(d, pair, now);
	for (enum level level = 0; !pair && level < PAIR; level++) {
		struct record *r = counts(level, from, name)
					   ? find(d, level, from, name, now)
					   : NULL;
		uint64_t ms = r ? queue_in(d, r, now) : 0;

		wait = ms > wait ? ms : wait;
	}
	pthread_mutex_unlock(&d->mutex);
	return (uint32_t)wait;
}

void delays_failed(struct delays *d, const struct address *from, struct span name,
		   uint64_t now)
{
	pthread_mutex_lock(&d->mutex);
	if (find_pair(d, from, name, now)) {
		fail(d, PAIR, from, name, now);
	} else {
		for (enum level level = 0; level < PAIR; level++)
			if (counts(level, from, name))
				fail(d, level, from, name, now);
	}
	pthread_mutex_unlock(&d->mutex);
}

void delays_good(struct delays *d, const struct address *from, struct span name,
		 uint64_t now)
{
	if (!counts(PAIR, from, name))
		return;
	pthread_mutex_lock(&d->mutex);
	struct record *r = find(d, PAIR, from, name, now);

	if (!r)
		r = make(d, PAIR, from, name, now);
	r->good_at = now;
	pthread_mutex_unlock(&d->mutex);
}
