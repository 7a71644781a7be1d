/* auth/scheme.c - stored passwords: "{SCHEME}hash" as Dovecot writes them.
 *
 * Floor 2 (auth). Prefix: scheme_.
 */
#include "auth/scheme.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>

#include "auth/prep.h"
#include "auth/scram.h"
#include "base/buf.h"
#include "base/secret.h"

enum how { CRYPT, ARGON2, SCRAM_1, SCRAM_256, PLAIN };

static const struct scheme {
	const char *name;
	enum how how;
	const char *make; /* NULL: only checked, never made */
} table[] = {
#define X(name, how, make, text) { name, how, make },
	SCHEME_TABLE(X)
#undef X
};
enum { SCHEME_COUNT = sizeof table / sizeof *table };

bool scheme_start(void)
{
	return sodium_init() >= 0;
}

static const struct scheme *find(struct span name)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		if (span_is_nocase(name, table[i].name))
			return &table[i];
	return NULL;
}

/* Cut "{SCHEME}" off the front of *io_stored. NULL: one that we do not know. */
static const struct scheme *cut_scheme(struct span *io_stored)
{
	struct span name, rest;

	if (!span_starts(*io_stored, "{"))
		return find(SPAN(SCHEME_DEFAULT));
	rest = span_after(*io_stored, 1);
	if (!span_cut(&rest, '}', &name))
		return NULL;
	*io_stored = rest;
	return find(name);
}

bool scheme_known(struct span stored)
{
	return cut_scheme(&stored) != NULL;
}

/* Both texts end with a NUL. crypt answers what it can't do with a text that opens with
 * '*', which nothing stored may equal. */
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

bool scheme_can_match(struct span stored)
{
	const struct scheme *scheme = cut_scheme(&stored);
	char hash[SCHEME_STORED_MAX];

	if (!scheme || stored.len == 0 || !span_copy(stored, hash, sizeof hash))
		return false;
	const bool can = scheme->how != CRYPT ||
			 crypt_checksalt(hash) != CRYPT_SALT_INVALID;
	secret_wipe(hash, sizeof hash);
	return can;
}

unsigned scheme_good_for(struct span stored, struct span *out_rest)
{
	const struct scheme *scheme = cut_scheme(&stored);

	*out_rest = stored;
	if (!scheme)
		return 0;
	return scheme->how == PLAIN       ? SCHEME_PLAIN
	       : scheme->how == SCRAM_1   ? SCHEME_SCRAM_1
	       : scheme->how == SCRAM_256 ? SCHEME_SCRAM_256
					  : 0;
}

static bool verify_scram(enum scram_hash hash, struct span stored, const char *password)
{
	struct scram_keys keys;
	bool same = scram_parse(hash, stored, &keys) && scram_verify(&keys, password);

	secret_wipe(&keys, sizeof keys);
	return same;
}

/* What is stored may be written as it came, what is shown was prepared. */
static bool verify_plain(struct span stored, struct span password)
{
	struct prep_text prepared;
	bool same = secret_same(stored, password);

	if (prep_password(stored, PREP_STORED, &prepared))
		same |= secret_same(prepared.text, password);
	prep_done(&prepared);
	return same;
}

/* Both texts end with a NUL. */
static bool verify(const struct scheme *scheme, struct span stored,
		   struct span password)
{
	switch (scheme->how) {
	case CRYPT:
		return verify_crypt(stored.at, password.at);
	case ARGON2:
		return crypto_pwhash_str_verify(stored.at, password.at, password.len) ==
		       0;
	case SCRAM_1:
		return verify_scram(SCRAM_SHA_1, stored, password.at);
	case SCRAM_256:
		return verify_scram(SCRAM_SHA_256, stored, password.at);
	case PLAIN:
		return verify_plain(stored, password);
	}
	return false;
}

bool scheme_verify(struct span stored, struct span password)
{
	const struct scheme *scheme = cut_scheme(&stored);
	char hash[SCHEME_STORED_MAX], secret[SCHEME_PASSWORD_MAX + 1];
	bool same = false;

	if (!scheme || stored.len == 0)
		return false;
	if (span_copy(stored, hash, sizeof hash) &&
	    span_copy(password, secret, sizeof secret))
		same = verify(scheme, (struct span){ hash, stored.len },
			      (struct span){ secret, password.len });
	secret_wipe(hash, sizeof hash);
	secret_wipe(secret, sizeof secret);
	return same;
}

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
