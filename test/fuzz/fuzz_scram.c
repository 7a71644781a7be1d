/* Stored keys for SCRAM, and whatever else stands behind "{SCHEME}": any octets. What
 * is taken is within its ranges, and reads back as the same. */
#include "fuzz.h"

#include <sodium.h>

#include "auth/user/scheme.h"
#include "auth/user/scram.h"
#include "base/buf.h"

static void put_base64(struct buf *b, const unsigned char *at, size_t len)
{
	char text[sodium_base64_ENCODED_LEN(SCRAM_SALT_MAX,
					    sodium_base64_VARIANT_ORIGINAL)];

	buf_char(b, ',');
	buf_text(b, sodium_bin2base64(text, sizeof text, at, len,
				      sodium_base64_VARIANT_ORIGINAL));
}

static void check_keys(enum scram_hash hash, struct span text)
{
	struct scram_keys keys, again;
	const size_t octets = scram_key_octets(hash);
	char room[SCRAM_TEXT_MAX];
	struct buf b = BUF(room);

	memset(&keys, 'x', sizeof keys);
	if (!scram_parse(hash, text, &keys))
		return;
	PROMISE(keys.hash == hash && keys.iterations >= 1 &&
		keys.iterations <= 10000000);
	PROMISE(keys.salt_len >= 1 && keys.salt_len <= SCRAM_SALT_MAX);
	buf_u64(&b, keys.iterations);
	put_base64(&b, keys.salt, keys.salt_len);
	put_base64(&b, keys.stored, octets);
	put_base64(&b, keys.server, octets);
	PROMISE(!b.cut);
	PROMISE(scram_parse(hash, buf_span(&b), &again));
	PROMISE(memcmp(&keys, &again, sizeof keys) == 0);
}

/* What a stored text is good for is what its secret can be had for. */
static void check_stored(struct span stored)
{
	char room[SCHEME_STORED_MAX];
	struct span secret;
	const unsigned good_for = scheme_good_for(stored);

	PROMISE(good_for == 0 || good_for == SCHEME_PLAIN ||
		good_for == SCHEME_SCRAM_1 || good_for == SCHEME_SCRAM_256);
	PROMISE(good_for == 0 || scheme_known(stored));
	PROMISE(!scheme_can_match(stored) || scheme_known(stored));
	if (!scheme_secret(stored, room, &secret)) {
		PROMISE(!scheme_can_match(stored));
		return;
	}
	PROMISE(scheme_known(stored));
	PROMISE(secret.len > 0 && secret.len < sizeof room && secret.at == room);
	PROMISE(room[secret.len] == '\0');
	if (good_for == SCHEME_SCRAM_1)
		check_keys(SCRAM_SHA_1, secret);
	else if (good_for == SCHEME_SCRAM_256)
		check_keys(SCRAM_SHA_256, secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	char *exactly = malloc(size);

	if (!started)
		started = scheme_start();
	PROMISE(started && exactly);
	if (size > 0)
		memcpy(exactly, data, size);
	const struct span text = { exactly, size };

	check_keys(SCRAM_SHA_1, text);
	check_keys(SCRAM_SHA_256, text);
	check_stored(text);
	free(exactly);
	return 0;
}
