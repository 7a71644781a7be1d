/* auth/user/scram.c - stored keys for SCRAM, as Dovecot writes them.
 *
 * Prefix: scram_.
 */
#include "auth/user/scram.h"

#include <gsasl.h>

#include "auth/user/base64.h"
#include "base/secret.h"

enum { ITERATIONS_MAX = 10000000, ITERATIONS_MADE = 4096, SALT_MADE = 16 };

static const struct {
	Gsasl_hash id;
	size_t octets;
} hashes[] = {
	[SCRAM_SHA_1] = { GSASL_HASH_SHA1, GSASL_HASH_SHA1_SIZE },
	[SCRAM_SHA_256] = { GSASL_HASH_SHA256, GSASL_HASH_SHA256_SIZE },
};

size_t scram_key_octets(enum scram_hash hash)
{
	return hashes[hash].octets;
}

bool scram_parse(enum scram_hash hash, struct span text, struct scram_keys *out)
{
	struct scram_keys keys = { .hash = hash };
	struct span iterations, salt, stored;
	size_t stored_len, server_len;

	if (!span_cut(&text, ',', &iterations) || !span_cut(&text, ',', &salt) ||
	    !span_cut(&text, ',', &stored) || !span_u32(iterations, &keys.iterations) ||
	    keys.iterations == 0 || keys.iterations > ITERATIONS_MAX ||
	    !base64_decode(salt, keys.salt, sizeof keys.salt, &keys.salt_len) ||
	    keys.salt_len == 0 ||
	    !base64_decode(stored, keys.stored, sizeof keys.stored, &stored_len) ||
	    !base64_decode(text, keys.server, sizeof keys.server, &server_len) ||
	    stored_len != hashes[hash].octets || server_len != stored_len)
		return false;
	*out = keys;
	return true;
}

/* The two keys of a password, with the salt and the iterations in *io. */
static bool derive(struct scram_keys *io, const char *password)
{
	char salted[SCRAM_KEY_MAX], client[SCRAM_KEY_MAX];
	int rc = gsasl_scram_secrets_from_password(
		hashes[io->hash].id, password, io->iterations, (const char *)io->salt,
		io->salt_len, salted, client, (char *)io->server, (char *)io->stored);

	secret_wipe(salted, sizeof salted);
	secret_wipe(client, sizeof client);
	return rc == GSASL_OK;
}

static void put_base64(struct buf *out, const unsigned char *octets, size_t len)
{
	char room[BASE64_ROOM(SCRAM_SALT_MAX)];
	struct buf text = BUF(room);

	base64_encode((struct span){ (const char *)octets, len }, &text);
	buf_char(out, ',');
	buf_put(out, buf_span(&text));
}

enum fault scram_make(enum scram_hash hash, const char *password,
		      char out[SCRAM_TEXT_MAX])
{
	struct scram_keys keys = { .hash = hash,
				   .iterations = ITERATIONS_MADE,
				   .salt_len = SALT_MADE };
	struct buf b = { .at = out, .room = SCRAM_TEXT_MAX };

	randombytes_buf(keys.salt, keys.salt_len);
	if (!derive(&keys, password))
		return FAULT_LIMIT;
	buf_u64(&b, keys.iterations);
	put_base64(&b, keys.salt, keys.salt_len);
	put_base64(&b, keys.stored, hashes[hash].octets);
	put_base64(&b, keys.server, hashes[hash].octets);
	buf_cstr(&b);
	secret_wipe(&keys, sizeof keys);
	return FAULT_NONE;
}

bool scram_verify(const struct scram_keys *keys, const char *password)
{
	struct scram_keys made = *keys;
	const bool same =
		derive(&made, password) &&
		sodium_memcmp(made.stored, keys->stored, sizeof made.stored) == 0;

	secret_wipe(&made, sizeof made);
	return same;
}
