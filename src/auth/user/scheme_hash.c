/* auth/user/scheme_hash.c - passwords that are stored as digests.
 *
 * Prefix: scheme_hash_. OpenSSL makes the digests. Dovecot's formats.
 */
#define OPENSSL_SUPPRESS_DEPRECATED  /* MD5_CTX: nothing newer shows what an MD5 holds \
				      */

#include <openssl/evp.h>
#include <openssl/md5.h>
#include <sodium.h>

#include "auth/user/scheme_inner.h"
#include "base/secret.h"

enum { ROUNDS_MAX = 10000000 };

typedef const EVP_MD *digest_fn(void);

static digest_fn *const digests[] = {
	[SCHEME_MD5] = EVP_md5,
	[SCHEME_SHA1] = EVP_sha1,
	[SCHEME_SHA256] = EVP_sha256,
	[SCHEME_SHA512] = EVP_sha512,
};

size_t scheme_hash_octets(enum scheme_digest digest)
{
	return (size_t)EVP_MD_get_size(digests[digest]());
}

/* Over all texts, one behind the other. False: this OpenSSL does not know it. */
static bool digest_of(enum scheme_digest digest, const struct span *texts, size_t count,
		      unsigned char out[EVP_MAX_MD_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, digests[digest](), NULL) == 1;

	for (size_t i = 0; i < count && good; i++)
		good = EVP_DigestUpdate(ctx, texts[i].at, texts[i].len) == 1;
	good = good && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx); /* wipes what it held */
	return good;
}

static bool is_digest_of(enum scheme_digest digest, struct span stored,
			 const struct span *texts, size_t count)
{
	unsigned char made[EVP_MAX_MD_SIZE];
	const bool same = stored.len == scheme_hash_octets(digest) &&
			  digest_of(digest, texts, count, made) &&
			  sodium_memcmp(made, stored.at, stored.len) == 0;

	secret_wipe(made, sizeof made);
	return same;
}

bool scheme_hash_plain(enum scheme_digest digest, struct span stored,
		       struct span password)
{
	return is_digest_of(digest, stored, &password, 1);
}

bool scheme_hash_salted(enum scheme_digest digest, struct span stored,
			struct span password)
{
	const size_t octets = scheme_hash_octets(digest);

	if (stored.len <= octets) /* no salt: another scheme */
		return false;
	const struct span texts[] = { password, span_after(stored, octets) };
	return is_digest_of(digest, (struct span){ stored.at, octets }, texts, 2);
}

bool scheme_hash_pbkdf2(struct span stored, struct span password)
{
	unsigned char hash[EVP_MAX_MD_SIZE], made[EVP_MAX_MD_SIZE];
	const size_t octets = scheme_hash_octets(SCHEME_SHA1);
	struct span salt, rounds;
	uint32_t n;
	size_t len;

	if (!span_starts(stored, "$1$"))
		return false;
	stored = span_after(stored, strlen("$1$"));
	if (!span_cut(&stored, '$', &salt) || !span_cut(&stored, '$', &rounds) ||
	    !span_u32(rounds, &n) || n == 0 || n > ROUNDS_MAX ||
	    sodium_hex2bin(hash, sizeof hash, stored.at, stored.len, NULL, &len,
			   NULL) != 0 ||
	    len != octets)
		return false;
	const bool same = PKCS5_PBKDF2_HMAC(password.at, (int)password.len,
					    (const unsigned char *)salt.at,
					    (int)salt.len, (int)n, EVP_sha1(),
					    (int)octets, made) == 1 &&
			  sodium_memcmp(made, hash, octets) == 0;
	secret_wipe(hash, sizeof hash);
	secret_wipe(made, sizeof made);
	return same;
}

/* ---- the middle of HMAC-MD5 ---- */

static void put_word(unsigned char *out, MD5_LONG word)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(word >> 8 * i);
}

/* What an MD5 holds behind one block: the key, each octet changed by `pad`. */
static bool state_of(const unsigned char key[MD5_CBLOCK], unsigned char pad,
		     unsigned char out[SCHEME_MD5_OCTETS])
{
	unsigned char block[MD5_CBLOCK];
	MD5_CTX ctx;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = key[i] ^ pad;
	const bool good = MD5_Init(&ctx) == 1 &&
			  MD5_Update(&ctx, block, sizeof block) == 1;
	put_word(out, ctx.A);
	put_word(out + 4, ctx.B);
	put_word(out + 8, ctx.C);
	put_word(out + 12, ctx.D);
	secret_wipe(block, sizeof block);
	secret_wipe(&ctx, sizeof ctx);
	return good;
}

bool scheme_hash_context(struct span stored, struct span password)
{
	unsigned char key[EVP_MAX_MD_SIZE] = { 0 }, made[SCHEME_CONTEXT_OCTETS];
	bool good = true;

	_Static_assert(sizeof key == MD5_CBLOCK, "a key is one block");
	if (password.len > MD5_CBLOCK)
		good = digest_of(SCHEME_MD5, &password, 1, key);
	else
		memcpy(key, password.at, password.len);
	const bool same = good && state_of(key, 0x5c, made) &&
			  state_of(key, 0x36, made + SCHEME_MD5_OCTETS) &&
			  stored.len == sizeof made &&
			  sodium_memcmp(made, stored.at, sizeof made) == 0;
	secret_wipe(key, sizeof key);
	secret_wipe(made, sizeof made);
	return same;
}

bool scheme_hash_realm(struct span stored, struct span user, struct span password)
{
	struct span realm = user, name;

	span_cut(&realm, '@', &name); /* all of it is the name, where there is none */
	const struct span texts[] = { name, SPAN(":"), realm, SPAN(":"), password };

	return is_digest_of(SCHEME_MD5, stored, texts, sizeof texts / sizeof *texts);
}

bool scheme_hash_start(void)
{
	static const struct span hash =
		SPAN("$1$salt$1$0000000000000000000000000000000000000000");
	unsigned char made[EVP_MAX_MD_SIZE];
	bool good = true;

	for (enum scheme_digest d = SCHEME_MD5; d <= SCHEME_SHA512; d++)
		good = good && digest_of(d, &hash, 1, made);
	return good && !scheme_hash_pbkdf2(hash, SPAN("x"));
}
