/* auth/user/scheme.c - stored passwords: "{SCHEME}hash" as Dovecot writes them.
 *
 * Prefix: scheme_.
 */
#include "auth/user/scheme.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>

#include "auth/user/base64.h"
#include "auth/user/prep.h"
#include "auth/user/scheme_inner.h"
#include "auth/user/scram.h"
#include "base/buf.h"
#include "base/secret.h"

enum how {
	CRYPT,
	ARGON2,
	SCRAM_1,
	SCRAM_256,
	PBKDF2,
	SALTED,
	DIGEST,
	MD5_EITHER,
	REALM,
	CONTEXT,
	PLAIN,
};

enum writing { AS_IS, HEX, BASE64 };

static const struct scheme {
	const char *name;
	enum how how;
	enum scheme_digest digest;
	enum writing writing;
	const char *make; /* NULL: only checked, never made */
} table[] = {
#define X(name, how, digest, writing, make, text)                                      \
	{ name, how, SCHEME_##digest, writing, make },
	SCHEME_TABLE(X)
#undef X
};
enum { SCHEME_COUNT = sizeof table / sizeof *table };

bool scheme_start(void)
{
	return sodium_init() >= 0 && scheme_hash_start();
}

static const struct scheme *find(struct span name)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		if (span_is_nocase(name, table[i].name))
			return &table[i];
	return NULL;
}

/* ---- the scheme, and the encoding of the hash ---- */

static bool find_writing(struct span name, enum writing *out)
{
	if (span_is_nocase(name, "hex"))
		*out = HEX;
	else if (span_is_nocase(name, "b64") || span_is_nocase(name, "base64"))
		*out = BASE64;
	else
		return false;
	return true;
}

/* Cut "{SCHEME}" off the front of *io_stored. NULL: the scheme is unknown. */
static const struct scheme *cut_scheme(struct span *io_stored, enum writing *out)
{
	struct span name, writing, rest;

	*out = AS_IS;
	if (!span_starts(*io_stored, "{"))
		return find(SPAN(SCHEME_DEFAULT));
	rest = span_after(*io_stored, 1);
	if (!span_cut(&rest, '}', &writing))
		return NULL;
	*io_stored = rest;
	const bool told = span_cut(&writing, '.', &name);
	const struct scheme *scheme = find(name);
	if (told)
		return find_writing(writing, out) ? scheme : NULL;
	*out = scheme ? scheme->writing : AS_IS;
	return scheme;
}

/* The length of a decoded hash; 0: hashes of this scheme have different lengths. */
static size_t octets_of(const struct scheme *scheme)
{
	switch (scheme->how) {
	case DIGEST:
	case REALM:
		return scheme_hash_octets(scheme->digest);
	case CONTEXT:
		return SCHEME_CONTEXT_OCTETS;
	default:
		return 0;
	}
}

/* Decode, and append a NUL. A text as long as hexadecimal would be is taken for
 * hexadecimal whatever the scheme's usual encoding, as Dovecot does. */
static bool decode(struct span text, enum writing writing, size_t octets,
		   char out[SCHEME_STORED_MAX], struct span *out_octets)
{
	unsigned char *const at = (unsigned char *)out;
	const size_t room = SCHEME_STORED_MAX - 1;
	size_t len = 0;
	bool good = false;

	if (octets > 0 && writing != AS_IS)
		writing = text.len == 2 * octets ? HEX : BASE64;
	switch (writing) {
	case AS_IS:
		good = span_copy(text, out, SCHEME_STORED_MAX);
		len = text.len;
		break;
	case HEX:
		good = sodium_hex2bin(at, room, text.at, text.len, NULL, &len, NULL) ==
		       0;
		break;
	case BASE64:
		good = base64_decode(text, at, room, &len);
		break;
	}
	if (!good || len == 0 || (octets > 0 && len != octets))
		return false;
	out[len] = '\0';
	*out_octets = (struct span){ out, len };
	return true;
}

bool scheme_secret(struct span stored, char out[SCHEME_STORED_MAX],
		   struct span *out_secret)
{
	enum writing writing;
	const struct scheme *scheme = cut_scheme(&stored, &writing);

	return scheme && decode(stored, writing, octets_of(scheme), out, out_secret);
}

bool scheme_known(struct span stored)
{
	enum writing writing;

	return cut_scheme(&stored, &writing) != NULL;
}

bool scheme_can_match(struct span stored)
{
	enum writing writing;
	const struct scheme *scheme = cut_scheme(&stored, &writing);
	char out[SCHEME_STORED_MAX];
	struct span octets;
	const bool can = scheme &&
			 decode(stored, writing, octets_of(scheme), out, &octets) &&
			 (scheme->how != CRYPT ||
			  crypt_checksalt(octets.at) != CRYPT_SALT_INVALID);

	secret_wipe(out, sizeof out);
	return can;
}

unsigned scheme_good_for(struct span stored)
{
	enum writing writing;
	const struct scheme *scheme = cut_scheme(&stored, &writing);

	if (!scheme)
		return 0;
	return scheme->how == PLAIN       ? SCHEME_PLAIN
	       : scheme->how == SCRAM_1   ? SCHEME_SCRAM_1
	       : scheme->how == SCRAM_256 ? SCHEME_SCRAM_256
					  : 0;
}

/* ---- checking ---- */

/* `stored` and `password` end with a NUL that is not counted. */
struct question {
	struct span stored, user, password;
};

/* For a malformed hash, crypt returns a text that begins with '*', which must not match
 * even if that text is stored. */
static bool verify_crypt(const char *stored, const char *password)
{
	struct crypt_data *data = calloc(1, sizeof *data);
	const char *made = data ? crypt_r(password, stored, data) : NULL;
	bool same = made && made[0] != '*' && strlen(stored) >= 13 &&
		    secret_same(span_of(made), span_of(stored));

	if (data)
		secret_wipe(data, sizeof *data);
	free(data);
	return same;
}

static bool verify_scram(enum scram_hash hash, struct span stored, const char *password)
{
	struct scram_keys keys;
	bool same = scram_parse(hash, stored, &keys) && scram_verify(&keys, password);

	secret_wipe(&keys, sizeof keys);
	return same;
}

/* SASLprep was applied to the shown password, but perhaps not to the stored one. */
static bool verify_plain(struct span stored, struct span password)
{
	struct prep_text prepared;
	bool same = secret_same(stored, password);

	if (prep_password(stored, PREP_STORED, &prepared))
		same |= secret_same(prepared.text, password);
	prep_done(&prepared);
	return same;
}

static bool verify_md5(const struct question *q)
{
	char room[SCHEME_STORED_MAX];
	struct span octets;

	if (span_starts(q->stored, "$1$"))
		return verify_crypt(q->stored.at, q->password.at);
	return decode(q->stored, HEX, SCHEME_MD5_OCTETS, room, &octets) &&
	       scheme_hash_plain(SCHEME_MD5, octets, q->password);
}

static bool verify(const struct scheme *scheme, const struct question *q)
{
	switch (scheme->how) {
	case CRYPT:
		return verify_crypt(q->stored.at, q->password.at);
	case ARGON2:
		return crypto_pwhash_str_verify(q->stored.at, q->password.at,
						q->password.len) == 0;
	case SCRAM_1:
		return verify_scram(SCRAM_SHA_1, q->stored, q->password.at);
	case SCRAM_256:
		return verify_scram(SCRAM_SHA_256, q->stored, q->password.at);
	case PBKDF2:
		return scheme_hash_pbkdf2(q->stored, q->password);
	case SALTED:
		return scheme_hash_salted(scheme->digest, q->stored, q->password);
	case DIGEST:
		return scheme_hash_plain(scheme->digest, q->stored, q->password);
	case MD5_EITHER:
		return verify_md5(q);
	case REALM:
		return scheme_hash_realm(q->stored, q->user, q->password);
	case CONTEXT:
		return scheme_hash_context(q->stored, q->password);
	case PLAIN:
		return verify_plain(q->stored, q->password);
	}
	return false;
}

bool scheme_verify(struct span stored, struct span user, struct span password)
{
	enum writing writing;
	const struct scheme *scheme = cut_scheme(&stored, &writing);
	char hash[SCHEME_STORED_MAX], secret[SCHEME_PASSWORD_MAX + 1];
	struct question q = { .user = user, .password = { secret, password.len } };
	const bool same = scheme && span_copy(password, secret, sizeof secret) &&
			  decode(stored, writing, octets_of(scheme), hash, &q.stored) &&
			  verify(scheme, &q);

	secret_wipe(hash, sizeof hash);
	secret_wipe(secret, sizeof secret);
	return same;
}

/* ---- making ---- */

static enum fault make_crypt(const char *prefix, const char *password, struct buf *out)
{
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof *data);
	const char *made = NULL;

	if (data && crypt_gensalt_rn(prefix, 0, NULL, 0, salt, sizeof salt))
		made = crypt_r(password, salt, data);
	bool ok = made && made[0] != '*';
	if (ok)
		buf_text(out, made);
	if (data)
		secret_wipe(data, sizeof *data);
	free(data);
	return ok ? FAULT_NONE : FAULT_NOMEM;
}

static enum fault make_argon2(const char *password, struct buf *out)
{
	char made[crypto_pwhash_STRBYTES];

	if (crypto_pwhash_str(made, password, strlen(password),
			      crypto_pwhash_OPSLIMIT_INTERACTIVE,
			      crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
		return FAULT_NOMEM;
	buf_text(out, made);
	return FAULT_NONE;
}

static enum fault make_scram(enum scram_hash hash, const char *password,
			     struct buf *out)
{
	char text[SCRAM_TEXT_MAX];
	enum fault f = scram_make(hash, password, text);

	if (f == FAULT_NONE)
		buf_text(out, text);
	return f;
}

enum fault scheme_make(const char *name, struct span password,
		       char out[SCHEME_STORED_MAX])
{
	const struct scheme *scheme = find(span_of(name));
	struct buf b = { .at = out, .room = SCHEME_STORED_MAX };
	char secret[SCHEME_PASSWORD_MAX + 1];
	enum fault f = FAULT_NONE;

	if (!scheme || !scheme->make)
		return FAULT_SYNTAX;
	if (password.len == 0 || span_has_any(password, "\r\n") ||
	    !span_copy(password, secret, sizeof secret))
		return FAULT_LIMIT;
	buf_char(&b, '{');
	buf_text(&b, scheme->name);
	buf_char(&b, '}');
	if (scheme->how == CRYPT)
		f = make_crypt(scheme->make, secret, &b);
	else if (scheme->how == ARGON2)
		f = make_argon2(secret, &b);
	else if (scheme->how == SCRAM_1 || scheme->how == SCRAM_256)
		f = make_scram(scheme->how == SCRAM_1 ? SCRAM_SHA_1 : SCRAM_SHA_256,
			       secret, &b);
	else if (span_has_any(password, ":"))
		f = FAULT_LIMIT;
	else
		buf_put(&b, password);
	secret_wipe(secret, sizeof secret);
	buf_cstr(&b);
	return f == FAULT_NONE && b.cut ? FAULT_LIMIT : f;
}
