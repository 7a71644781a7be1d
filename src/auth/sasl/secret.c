/* auth/sasl/secret.c - the secret that GNU SASL compares a client's proof with.
 *
 * Prefix: sasl_secret_. An unknown user goes through the whole exchange as a known one
 * does. Salt, iterations and keys are made up in the form of some user's stored secret,
 * the same each time for the same name. No proof matches them.
 */
#include <sodium.h>

#include "auth/sasl/exchange_inner.h"
#include "auth/user/base64.h"
#include "auth/user/scheme.h"
#include "auth/user/scram.h"
#include "base/secret.h"

enum { PLAIN_SALT = 16, PLAIN_ITERATIONS = 4096 };

static unsigned char made_up_key[crypto_generichash_KEYBYTES];

void sasl_secret_start(void)
{
	randombytes_buf(made_up_key, sizeof made_up_key);
}

/* GNU SASL's manual says that keys are hexadecimal; its code takes base64. */
void sasl_secret_base64(Gsasl_session *session, Gsasl_property property,
			const unsigned char *octets, size_t len)
{
	char text[BASE64_ROOM(SCRAM_SALT_MAX)];
	struct buf b = BUF(text);

	base64_encode((struct span){ (const char *)octets, len }, &b);
	gsasl_property_set(session, property, text);
	secret_wipe(text, sizeof text);
}

/* Octets that look random, and are the same each time for the same name. */
static void make_up(const char *name, const char *purpose,
		    unsigned char out[SCRAM_SALT_MAX])
{
	crypto_generichash_state state;

	_Static_assert((int)SCRAM_SALT_MAX == (int)crypto_generichash_BYTES_MAX,
		       "fits");
	crypto_generichash_init(&state, made_up_key, sizeof made_up_key,
				SCRAM_SALT_MAX);
	crypto_generichash_update(&state, (const unsigned char *)purpose,
				  strlen(purpose) + 1);
	crypto_generichash_update(&state, (const unsigned char *)name, strlen(name));
	crypto_generichash_final(&state, out, SCRAM_SALT_MAX);
}

static void set_iterations(const struct sasl *s, uint32_t n)
{
	char text[16];
	struct buf b = BUF(text);

	buf_u64(&b, n);
	buf_cstr(&b);
	gsasl_property_set(s->session, GSASL_SCRAM_ITER, text);
}

/* Set a salt of this length, made up for the name, and the iterations. */
static void set_salt(const struct sasl *s, size_t octets, uint32_t iterations)
{
	unsigned char salt[SCRAM_SALT_MAX];

	make_up(s->claimed, "salt", salt);
	sasl_secret_base64(s->session, GSASL_SCRAM_SALT, salt, octets);
	set_iterations(s, iterations);
}

static void set_key(const struct sasl *s, Gsasl_property property, const char *purpose,
		    enum scram_hash hash)
{
	unsigned char key[SCRAM_SALT_MAX];

	make_up(s->claimed, purpose, key);
	sasl_secret_base64(s->session, property, key, scram_key_octets(hash));
}

static enum scram_hash hash_of(const struct sasl *s)
{
	return sasl_wants(s->way.mechanism) & SCHEME_SCRAM_1 ? SCRAM_SHA_1
							     : SCRAM_SHA_256;
}

/* A made-up password: a comparison with it takes as long as with a real one. */
static void set_made_up_password(const struct sasl *s)
{
	unsigned char octets[SCRAM_SALT_MAX];

	make_up(s->claimed, "password", octets);
	sasl_secret_base64(s->session, GSASL_PASSWORD, octets, sizeof octets);
	set_salt(s, PLAIN_SALT, PLAIN_ITERATIONS);
}

static void set_made_up_keys(const struct sasl *s, const struct scram_keys *shape)
{
	set_salt(s, shape->salt_len, shape->iterations);
	set_key(s, GSASL_SCRAM_STOREDKEY, "stored", shape->hash);
	set_key(s, GSASL_SCRAM_SERVERKEY, "server", shape->hash);
}

/* Find some user's stored keys, whose form the made-up ones get. False: there are none,
 * and the form is that of a password. */
static bool find_shape(const struct sasl *s, struct scram_keys *out)
{
	char room[SCHEME_STORED_MAX];
	struct span secret;
	OWN_USER other = { 0 };
	const bool found = database_stand_in(s->rules->databases, span_of(s->claimed),
					     sasl_wants(s->way.mechanism), &other) &&
			   scheme_good_for(other.user.stored) != SCHEME_PLAIN &&
			   scheme_secret(other.user.stored, room, &secret) &&
			   scram_parse(hash_of(s), secret, out);

	secret_wipe(room, sizeof room);
	return found;
}

/* Set a made-up secret in the form of some user's. */
static void set_made_up(const struct sasl *s)
{
	struct scram_keys shape;

	if (find_shape(s, &shape))
		set_made_up_keys(s, &shape);
	else
		set_made_up_password(s);
	secret_wipe(&shape, sizeof shape);
}

static bool set_keys(const struct sasl *s, struct span text)
{
	const enum scram_hash hash = hash_of(s);
	const size_t octets = scram_key_octets(hash);
	struct scram_keys keys;

	if (!scram_parse(hash, text, &keys))
		return false;
	set_iterations(s, keys.iterations);
	sasl_secret_base64(s->session, GSASL_SCRAM_SALT, keys.salt, keys.salt_len);
	sasl_secret_base64(s->session, GSASL_SCRAM_STOREDKEY, keys.stored, octets);
	sasl_secret_base64(s->session, GSASL_SCRAM_SERVERKEY, keys.server, octets);
	secret_wipe(&keys, sizeof keys);
	return true;
}

static bool set_password(const struct sasl *s, struct span password)
{
	char text[SCHEME_PASSWORD_MAX + 1];

	if (!span_copy(password, text, sizeof text))
		return false;
	set_salt(s, PLAIN_SALT, PLAIN_ITERATIONS);
	gsasl_property_set(s->session, GSASL_PASSWORD, text);
	secret_wipe(text, sizeof text);
	return true;
}

/* Find the user of the claimed name. */
static enum fault find(struct sasl *s, const char *authid)
{
	struct login_name name;
	const bool good = login_name(s->rules, span_of(authid), &name);
	const struct span claimed = good ? (struct span){ name.text, name.len }
					 : span_of(authid);

	if (!span_copy(claimed, s->claimed, sizeof s->claimed) || !good)
		return FAULT_DENIED;
	return database_find(s->rules->databases, claimed, NULL, &s->who, &s->trouble);
}

/* Set the user's own secret. False: the mechanism cannot use its stored form. */
static bool set_real(const struct sasl *s)
{
	const unsigned is = scheme_good_for(s->who.user.stored);
	char room[SCHEME_STORED_MAX];
	struct span secret;
	const bool set =
		(is & sasl_wants(s->way.mechanism)) &&
		scheme_secret(s->who.user.stored, room, &secret) &&
		(is == SCHEME_PLAIN ? set_password(s, secret) : set_keys(s, secret));

	secret_wipe(room, sizeof room);
	return set;
}

void sasl_secret_set(struct sasl *s)
{
	const char *authid = gsasl_property_fast(s->session, GSASL_AUTHID);

	if (s->asked || !authid)
		return;
	s->asked = true;
	s->known = find(s, authid) == FAULT_NONE && set_real(s);
	if (!s->known)
		set_made_up(s);
}
