/* auth/token/jwtbase.c - JSON Web Tokens as a database of tokens.
 *
 * Prefix: jwtbase_.
 */
#include "auth/token/jwtbase.h"

#include <stdlib.h>
#include <time.h>

#include "auth/token/jwt.h"
#include "auth/token/keyring.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"

struct jwtbase {
	struct database database; /* first: it is one */
	struct claims_rules rules;
	unsigned algorithms; /* bits */
	struct keyring *keys;
};

/* Unusable keys are FAULT_IO, not FAULT_SETUP: the client may try again, since they are
 * repaired without a change to the user's maildrop. */
static struct keyset *need_keys(struct jwtbase *j, struct why *why)
{
	struct keyset *keys = keyring_acquire(j->keys, why);

	if (!keys && why->fault == FAULT_SETUP)
		why->fault = FAULT_IO;
	return keys;
}

static enum fault check_token(struct jwtbase *j, struct span token,
			      struct token_claims *out, struct why *why)
{
	OWN(keyset) keys = need_keys(j, why);
	OWN_TEXT text = NULL;
	size_t len = 0;

	if (!keys)
		return why->fault;
	enum fault f = jwt_verify(keys, j->algorithms, token, &text, &len, why);
	if (f == FAULT_NONE)
		f = claims_check(&j->rules, CLAIMS_JWT, (struct span){ text, len },
				 time(NULL), out, why);
	secret_wipe(text, len);
	return f;
}

static enum database_says keep_name(const struct token_claims *claims,
				    struct user_found *out, struct why *why)
{
	char *name = strdup(claims->user);

	if (!name) {
		fault_set(why, FAULT_NOMEM, 0, "keep the name in a token", NULL);
		return DATABASE_DOWN;
	}
	*out = (struct user_found){ .user.name = span_of(name),
				    .owner = name,
				    .release = free };
	return DATABASE_RIGHT;
}

/* A token that is no JWT is unknown here: another database may know it. */
static enum database_says check(struct database *db, struct span name,
				struct span token, struct span peer,
				struct user_found *out, struct why *why)
{
	struct token_claims claims;

	(void)name, (void)peer;
	if (!jwt_looks_like(token))
		return DATABASE_UNKNOWN;
	switch (check_token((struct jwtbase *)db, token, &claims, why)) {
	case FAULT_NONE:
		return keep_name(&claims, out, why);
	case FAULT_DENIED:
		return DATABASE_WRONG;
	default:
		return DATABASE_DOWN;
	}
}

static enum database_says find(struct database *db, struct span name,
			       struct user_found *out, struct why *why)
{
	(void)db, (void)name, (void)out, (void)why;
	return DATABASE_UNKNOWN; /* a database of tokens knows no users */
}

static void jwtbase_free(struct database *db)
{
	keyring_free(((struct jwtbase *)db)->keys);
	free(db);
}

static unsigned bits_of(const struct claims_list *names)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < names->count; i++) {
		enum jwa a = jwa_find(span_of(names->at[i]));

		bits |= a < JWA_COUNT ? 1u << a : 0;
	}
	return names->count > 0 ? bits : jwa_standard();
}

/* Read the keys at the start: trouble is logged before the first login, and the
 * libraries set themselves up before the sandbox. */
static void try_keys(struct jwtbase *j)
{
	struct why why = { 0 };
	OWN(keyset) keys = keyring_acquire(j->keys, &why);

	if (!keys)
		log_fault(&why, "token-keys-missing");
}

struct database *jwtbase_new(int dir, const char *name,
			     const struct jwtbase_rules *rules)
{
	static const struct database_driver driver = {
		.name = "jwt", .find = find, .check = check, .free = jwtbase_free
	};
	struct jwtbase *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	claims_start();
	*j = (struct jwtbase){ .database = { .driver = &driver, .name = "tokens" },
			       .rules = rules->claims,
			       .algorithms = bits_of(&rules->algorithms),
			       .keys = keyring_new(dir, name) };
	if (!j->keys) {
		free(j);
		return NULL;
	}
	try_keys(j);
	return &j->database;
}
