/* test/unit/saslplay.h - exchanges of auth/sasl with a database in memory, and GNU
 * SASL's client or a test as their client. */
#pragma once

#include "check.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "auth/sasl/sasl.h"
#include "auth/user/scheme.h"
#include "base/log.h"
#include "base/own.h"

/* ---- a database in memory ---- */

struct store {
	struct database database;
	char stored[SCHEME_STORED_MAX]; /* of everybody */
	bool master, down, disabled;
	struct user bobs; /* fields of bob's own */
	unsigned kept;
};

static inline void release(void *owner)
{
	((struct store *)owner)->kept--;
}

/* Knows these users, and nobody else. */
static inline enum database_says find(struct database *db, struct span name,
				      struct user_found *out, struct why *why)
{
	struct store *store = (struct store *)db;
	static const char *const names[] = { "alice", "bob", "ren\xc3\xa9@example.org",
					     "z" };

	if (store->down) {
		fault_set(why, FAULT_IO, 0, "ask", "store");
		return DATABASE_DOWN;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!span_is(name, names[i]))
			continue;
		*out = (struct user_found){ .owner = store, .release = release };
		store->kept++;
		if (i == 1)
			out->user = store->bobs;
		out->user.name = span_of(names[i]);
		out->user.stored = span_of(store->stored);
		out->user.master = store->master && i == 0;
		out->user.disabled |= store->disabled;
		return DATABASE_RIGHT;
	}
	return DATABASE_UNKNOWN;
}

static inline bool stand_in(struct database *db, struct span name, unsigned wants,
			    struct user_found *out)
{
	struct store *store = (struct store *)db;

	(void)name;
	*out = (struct user_found){ .owner = store, .release = release };
	store->kept++;
	out->user.stored = span_of(store->stored);
	if (scheme_good_for(out->user.stored) & wants)
		return true;
	user_release(out);
	return false;
}

static inline unsigned stores(struct database *db)
{
	return scheme_good_for(span_of(((struct store *)db)->stored));
}

static const struct database_driver driver = {
	.name = "store", .find = find, .stand_in = stand_in, .stores = stores
};

/* ---- a client of GNU SASL ---- */

struct client {
	const char *authzid, *authid, *password;
	const char *exporter, *unique; /* base64; NULL: none */
};

/* What sasl_new() gets. `tls`: the connection is encrypted. */
struct server {
	struct store store;
	struct login_rules rules;
	struct sasl_channel channel;
	bool tls;
};

/* Everybody's password is "secret", stored by `scheme`. */
static inline void make_server(struct server *s, const char *scheme)
{
	*s = (struct server){ .tls = true };
	s->store.database = (struct database){ .driver = &driver, .name = "store" };
	CHECK_EQ(scheme_make(scheme, SPAN("secret"), s->store.stored), FAULT_NONE);
	s->rules = (struct login_rules){ .databases = &s->store.database,
					 .master_separator = '*' };
}

static inline Gsasl_session *start_client(Gsasl *gsasl, const char *mechanism,
					  const struct client *c)
{
	Gsasl_session *session;

	CHECK_EQ(gsasl_client_start(gsasl, mechanism, &session), GSASL_OK);
	gsasl_property_set(session, GSASL_AUTHID, c->authid);
	gsasl_property_set(session, GSASL_PASSWORD, c->password);
	if (c->authzid)
		gsasl_property_set(session, GSASL_AUTHZID, c->authzid);
	gsasl_property_set(session, GSASL_SERVICE, "pop");
	gsasl_property_set(session, GSASL_HOSTNAME, "localhost");
	if (c->exporter)
		gsasl_property_set(session, GSASL_CB_TLS_EXPORTER, c->exporter);
	if (c->unique)
		gsasl_property_set(session, GSASL_CB_TLS_UNIQUE, c->unique);
	return session;
}

/* Play an exchange to its end. If it lets somebody in, `user` is who: else it is empty.
 */
static inline enum sasl_says play(struct server *s, enum mechanism m,
				  const struct client *c,
				  char user[LOGIN_NAME_OCTETS + 1], struct why *why)
{
	const struct login_way way = { m, s->tls, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	bool server_starts = mechanism_needs(m) & MECHANISM_STARTS;
	enum sasl_says says = SASL_MORE;
	struct span response = { 0 };
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1] = "";
	struct user_found found = { 0 };
	char *said = NULL;
	Gsasl *gsasl;
	int rc = GSASL_NEEDS_MORE;

	CHECK(sasl);
	CHECK_EQ(gsasl_init(&gsasl), GSASL_OK);
	Gsasl_session *session = start_client(gsasl, mechanism_name(m), c);
	if (!server_starts) {
		rc = gsasl_step64(session, "", &said);
		response = span_of(said);
	}
	while (says == SASL_MORE && (rc == GSASL_OK || rc == GSASL_NEEDS_MORE)) {
		struct buf challenge = BUF(text);

		says = sasl_step(sasl, response, &challenge, &found, why);
		free(said);
		said = NULL;
		response = SPAN("");
		if (says != SASL_MORE)
			break;
		CHECK_EQ(strlen(text), challenge.len);
		rc = gsasl_step64(session, text, &said);
		if (said)
			response = span_of(said);
	}
	free(said);
	user[0] = '\0';
	if (says == SASL_IN) {
		CHECK(span_copy(found.user.name, user, LOGIN_NAME_OCTETS + 1));
		user_release(&found);
	}
	sasl_free(sasl);
	gsasl_finish(session);
	gsasl_done(gsasl);
	CHECK_EQ(s->store.kept, 0);
	CHECK_EQ(why->sys, 0);
	return says;
}

static const struct client alice = { .authid = "alice", .password = "secret" };
static const struct client z = { .authid = "z", .password = "secret" };

/* Begin an exchange with `message`, the first of SCRAM's client, without base64. */
static inline enum sasl_says say_first(struct server *s, enum mechanism m,
				       const char *message, struct why *why)
{
	const struct login_way way = { m, true, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	struct user_found found = { 0 };
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1], base64[256];
	struct buf out = BUF(text);

	CHECK(sasl);
	sodium_bin2base64(base64, sizeof base64, (const unsigned char *)message,
			  strlen(message), sodium_base64_VARIANT_ORIGINAL);
	enum sasl_says says = sasl_step(sasl, span_of(base64), &out, &found, why);
	sasl_free(sasl);
	return says;
}

/* Play an exchange of one response, which is in base64. */
static inline enum sasl_says show(struct server *s, enum mechanism m,
				  struct span response, struct user_found *found,
				  struct why *why)
{
	const struct login_way way = { m, s->tls, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1] = "x";
	struct buf out = BUF(text);

	CHECK(sasl);
	CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, found, why), SASL_MORE);
	CHECK_TEXT(text, "");
	enum sasl_says says = sasl_step(sasl, response, &out, found, why);
	sasl_free(sasl);
	return says;
}

/* ---- the log ---- */

static char logged[1024]; /* the last line that keep_line() got */

static inline void keep_line(int priority, struct span line)
{
	(void)priority;
	CHECK(span_copy(line, logged, sizeof logged));
}

static inline void forget_line(int priority, struct span line)
{
	(void)priority, (void)line;
}
