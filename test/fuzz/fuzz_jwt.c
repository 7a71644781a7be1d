/* Tokens, keys and claims: whatever they hold, only what was signed is believed, and a
 * name that comes out is clean. The first octet says what the rest is; a header and a
 * payload with a line end between are signed here, so that what lies behind a good
 * signature is reached as well. */
#include "fuzz.h"

#include <sodium.h>

#include "auth/token/claims.h"
#include "auth/token/jwt.h"
#include "auth/token/jwt_keys.h"
#include "base/buf.h"

/* 32 octets of 'k', and public keys: RFC 7517 appendix A.1, RFC 8037 appendix
 * A.2. */
static const char key_text[] =
	"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"s\",\"k\":"
	"\"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s\"},"
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\","
	"\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
	"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"},"
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
	"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

static struct keyset *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	PROMISE(sodium_init() >= 0);
	claims_start();
	PROMISE(!jwt_keys_parse(span_of(key_text), NULL, NULL, &keys, NULL));
	return 0;
}

static void hear(void *arg, unsigned key, const char *text)
{
	(void)arg;
	PROMISE(key > 0 && *text);
}

static void read_keys(struct span text)
{
	struct keyset *made = NULL;

	PROMISE(!jwt_keys_parse(text, hear, NULL, &made, NULL) == (made != NULL));
	keyset_free(made);
}

/* Nobody here has the private half of the P-256 key. */
static void read_token(struct span token)
{
	char *out = NULL;
	size_t len;

	PROMISE(jwt_verify(keys, 1u << JWA_ES256, token, &out, &len, NULL));
	PROMISE(!out);
	if (!jwt_verify(keys, ~0u, token, &out, &len, NULL))
		PROMISE(jwt_looks_like(token) && out[len] == '\0');
	free(out);
}

static void read_claims(struct span json, enum claims_from from)
{
	static char pop[] = "pop", *list[] = { pop };
	const struct claims_rules rules = { .issuer = "i",
					    .audience = { list, 1 },
					    .scope = "s",
					    .user_claim = "sub",
					    .leeway_s = 30 };
	struct token_claims claims;

	if (claims_check(&rules, from, json, 1700000000, &claims, NULL))
		return;
	size_t len = strnlen(claims.user, sizeof claims.user);
	PROMISE(len > 0 && len <= CLAIMS_USER_MAX);
	for (size_t i = 0; i < len; i++)
		PROMISE((unsigned char)claims.user[i] >= ' ');
}

static void put_base64(struct buf *b, const void *at, size_t len)
{
	char room[8192];

	sodium_bin2base64(room, sizeof room, at, len,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	buf_text(b, room);
}

static void sign(struct span header, struct span payload)
{
	unsigned char secret[crypto_auth_hmacsha256_KEYBYTES];
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char room[32768], *out = NULL;
	struct buf b = BUF(room);
	size_t len;

	memset(secret, 'k', sizeof secret);
	put_base64(&b, header.at, header.len);
	buf_char(&b, '.');
	put_base64(&b, payload.at, payload.len);
	crypto_auth_hmacsha256(mac, (unsigned char *)room, b.len, secret);
	buf_char(&b, '.');
	put_base64(&b, mac, sizeof mac);
	PROMISE(jwt_verify(keys, jwa_standard(), buf_span(&b), &out, &len, NULL));
	if (!jwt_verify(keys, 1u << JWA_HS256, buf_span(&b), &out, &len, NULL)) {
		PROMISE(len == payload.len && memcmp(out, payload.at, len) == 0);
		PROMISE(memmem(header.at, header.len, "256", 3) ||
			memchr(header.at, '\\', header.len));
		read_claims((struct span){ out, len }, CLAIMS_JWT);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size }, header;
	uint8_t choice = fuzz_take(&in) % 5;

	if (in.len > 4096)
		return 0;
	switch (choice) {
	case 0:
		read_keys(in);
		break;
	case 1:
		read_token(in);
		break;
	case 2:
	case 3:
		read_claims(in, choice == 2 ? CLAIMS_JWT : CLAIMS_INTROSPECTION);
		break;
	default:
		span_cut(&in, '\n', &header);
		sign(header, in);
		break;
	}
	return 0;
}
