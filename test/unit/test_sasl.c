/* Promises of auth/sasl: every mechanism, by GNU SASL's client, and what hostile ones
 * get. */
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

static void release(void *owner)
{
	((struct store *)owner)->kept--;
}

/* These users are there, and nobody else. */
static enum database_says find(struct database *db, struct span name,
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

static bool stand_in(struct database *db, struct span name, unsigned wants,
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

static unsigned stores(struct database *db)
{
	return scheme_good_for(span_of(((struct store *)db)->stored));
}

static const struct database_driver driver = {
	.name = "store", .find = find, .stand_in = stand_in, .stores = stores
};

/* ---- a client ---- */

struct client {
	const char *authzid, *authid, *password;
	const char *exporter, *unique; /* base64; NULL: none */
};

struct server {
	struct store store;
	struct login_rules rules;
	struct sasl_channel channel;
	bool tls;
};

static void make_server(struct server *s, const char *scheme)
{
	*s = (struct server){ .tls = true };
	s->store.database = (struct database){ .driver = &driver, .name = "store" };
	CHECK_EQ(scheme_make(scheme, SPAN("secret"), s->store.stored), FAULT_NONE);
	s->rules = (struct login_rules){ .databases = &s->store.database,
					 .master_separator = '*' };
}

static Gsasl_session *start_client(Gsasl *gsasl, const char *mechanism,
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

/* Play an exchange to its end. */
static enum sasl_says play(struct server *s, enum mechanism m, const struct client *c,
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

static const enum mechanism challenging[] = {
	MECHANISM_ID_SCRAM_SHA_256,
	MECHANISM_ID_SCRAM_SHA_1,
	MECHANISM_ID_CRAM_MD5,
	MECHANISM_ID_DIGEST_MD5,
};

static const struct client alice = { .authid = "alice", .password = "secret" };
static const struct client z = { .authid = "z", .password = "secret" };

static void test_every_mechanism_lets_its_user_in(void **state)
{
	static const enum mechanism all[] = {
		MECHANISM_ID_PLAIN,         MECHANISM_ID_LOGIN,
		MECHANISM_ID_SCRAM_SHA_256, MECHANISM_ID_SCRAM_SHA_1,
		MECHANISM_ID_CRAM_MD5,      MECHANISM_ID_DIGEST_MD5
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct server s;
		struct why why = { 0 };

		make_server(&s, "PLAIN");
		CHECK_EQ(play(&s, all[i], &alice, user, &why), SASL_IN);
		CHECK_TEXT(user, "alice");
		CHECK_EQ(play(&s, all[i], &z, user, &why), SASL_IN);
		CHECK_TEXT(user, "z");
	}
}

/* The same fault whether the user, the password, or nothing but permission is wrong. */
static void test_every_mechanism_refuses_alike(void **state)
{
	static const struct client others[] = {
		{ .authid = "alice", .password = "other" },
		{ .authid = "nobody", .password = "secret" },
		{ .authid = "Alice", .password = "secret" },
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t m = 0; m < sizeof challenging / sizeof *challenging; m++) {
		for (size_t i = 0; i <= sizeof others / sizeof *others; i++) {
			bool disabled = i == sizeof others / sizeof *others;
			struct server s;
			struct why why = { 0 };

			make_server(&s, "PLAIN");
			s.store.disabled = disabled;
			CHECK_EQ(play(&s, challenging[m],
				      disabled ? &alice : &others[i], user, &why),
				 SASL_OUT);
			CHECK_EQ(why.fault, FAULT_DENIED);
		}
	}
}

static void test_scram_by_stored_keys(void **state)
{
	static const struct {
		const char *scheme;
		enum mechanism mechanism;
		bool works;
	} cases[] = {
		{ "SCRAM-SHA-256", MECHANISM_ID_SCRAM_SHA_256, true },
		{ "SCRAM-SHA-1", MECHANISM_ID_SCRAM_SHA_1, true },
		{ "SCRAM-SHA-256", MECHANISM_ID_SCRAM_SHA_1, false },
		{ "SCRAM-SHA-1", MECHANISM_ID_CRAM_MD5, false },
		{ "SCRAM-SHA-256", MECHANISM_ID_PLAIN, true },
		{ "SHA256-CRYPT", MECHANISM_ID_SCRAM_SHA_256, false },
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };

		make_server(&s, cases[i].scheme);
		CHECK_EQ(play(&s, cases[i].mechanism, &alice, user, &why),
			 cases[i].works ? SASL_IN : SASL_OUT);
		CHECK_EQ(sasl_offers(&s.rules, 1u << cases[i].mechanism) != 0,
			 cases[i].works);
	}
}

/* As "doveadm pw -s" of Dovecot 2.3 wrote them for "secret". */
static void test_dovecots_keys(void **state)
{
	static const char *const stored[] = {
		("{SCRAM-SHA-256}4096,aTRKlPfT9nswg31xLLI99w==,"
		 "B6Ko05W7+NlmNItk73cK1TJtDSDn1cwI+x7CqT6wW64=,"
		 "cyyOnA22IOKang2MYeJ3jj+P8rMVwqAdDNmopre9Zdc="),
		"{SCRAM-SHA-1}4096,KYckMvmXjn5X+RkXKqVStQ==,"
		"DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,"
		"+0hzySDtl4WzOs0CKKtVtD6a96U=",
	};
	static const char *const broken[] = {
		"{SCRAM-SHA-256}",
		"{SCRAM-SHA-256}4096,,x,y",
		("{SCRAM-SHA-1}0,KYckMvmXjn5X+RkXKqVStQ==,DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,"
		 "+0hzySDtl4WzOs0CKKtVtD6a96U="),
		("{SCRAM-SHA-256}4096,KYckMvmXjn5X+RkXKqVStQ==,"
		 "DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,+0hzySDtl4WzOs0CKKtVtD6a96U="),
	};

	(void)state;
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) {
		CHECK(scheme_verify(span_of(stored[i]), SPAN(""), SPAN("secret")));
		CHECK(!scheme_verify(span_of(stored[i]), SPAN(""), SPAN("Secret")));
	}
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
		CHECK(!scheme_verify(span_of(broken[i]), SPAN(""), SPAN("secret")));
}

/* The server's first message to `name`, its nonce left out. */
static void first_to(struct server *s, enum mechanism m, const char *name,
		     char out[SASL_CHALLENGE_MAX + 1])
{
	const struct login_way way = { m, true, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1], said[300], base64[400];
	struct user_found found = { 0 };
	struct why why = { 0 };
	struct buf b = BUF(text);
	size_t len;

	CHECK(sasl);
	snprintf(said, sizeof said, "n,,n=%s,r=abc", name);
	sodium_bin2base64(base64, sizeof base64, (const unsigned char *)said,
			  strlen(said), sodium_base64_VARIANT_ORIGINAL);
	CHECK_EQ(sasl_step(sasl, span_of(base64), &b, &found, &why), SASL_MORE);
	CHECK_EQ(sodium_base642bin((unsigned char *)said, sizeof said, text, b.len,
				   NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL),
		 0);
	said[len] = '\0';
	strcpy(out, strchr(said, ','));
	sasl_free(sasl);
}

/* Nobody has a salt as long, and iterations as many, as somebody; the salt is the
 * name's own, and stays. */
static void test_nobodys_scram_looks_like_somebodys(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *stored, *shape; /* "s" stands for each octet of the salt */
	} cases[] = {
		{ MECHANISM_ID_SCRAM_SHA_256,
		  "{SCRAM-SHA-256}9876,aTRKlPfT9nswg31x,"
		  "B6Ko05W7+NlmNItk73cK1TJtDSDn1cwI+x7CqT6wW64=,"
		  "cyyOnA22IOKang2MYeJ3jj+P8rMVwqAdDNmopre9Zdc=",
		  ",s=ssssssssssssssss,i=9876" },
		{ MECHANISM_ID_SCRAM_SHA_1,
		  "{SCRAM-SHA-1}1,aTRKlPfT9nswg31xaTRKlPfT9nswg31xaTRKlPfT9nswg31x"
		  "aTRKlPfT9nswg31xaTRKlPfT9nswg31xaTRKlA==,"
		  "DxbKOkmgyfmpOQE35Ym1d0Kk9dI=,+0hzySDtl4WzOs0CKKtVtD6a96U=",
		  ",s=ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
		  "ssssssssssssssssssssssssss==,i=1" },
		{ MECHANISM_ID_SCRAM_SHA_256, "{PLAIN}secret",
		  ",s=ssssssssssssssssssssss==,i=4096" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static const char *const names[] = { "alice", "nobody", "no-one",
						     "nobody" };
		char said[4][SASL_CHALLENGE_MAX + 1];
		struct server s;

		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		for (size_t n = 0; n < 4; n++) {
			first_to(&s, cases[i].mechanism, names[n], said[n]);
			CHECK_EQ(strlen(said[n]), strlen(cases[i].shape));
			CHECK_TEXT(strstr(said[n], ",i="),
				   strstr(cases[i].shape, ",i="));
		}
		CHECK_TEXT(said[1], said[3]);
		CHECK(strcmp(said[0], said[1]) != 0);
		CHECK(strcmp(said[1], said[2]) != 0);
		CHECK_EQ(s.store.kept, 0);
	}
}

/* RFC 5929, RFC 9266: bound to this TLS connection, or nobody comes in. */
static void test_channel_binding(void **state)
{
	static const char ours[] = "octets of connection 1";
	static const char *const ours64[] = { "b2N0ZXRzIG9mIGNvbm5lY3Rpb24gMQ==",
					      "MQ==" },
				 *const theirs64[] = {
					 "b2N0ZXRzIG9mIGNvbm5lY3Rpb24gMg==", "Mg=="
				 };
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (int way = 0; way < 8; way++) {
		struct server s;
		struct why why = { 0 };
		struct client c = alice;
		bool by_unique = way & 1, same = way & 2;
		const bool is_short = way & 4; /* the last octet alone */
		const char *value = same ? ours64[is_short] : theirs64[is_short];
		const struct span octets =
			span_after(span_of(ours), is_short ? strlen(ours) - 1 : 0);

		make_server(&s, "PLAIN");
		if (by_unique)
			s.channel.unique = octets;
		else
			s.channel.exporter = octets;
		c.unique = by_unique ? value : NULL;
		c.exporter = by_unique ? NULL : value;
		CHECK_EQ(play(&s, MECHANISM_ID_SCRAM_SHA_256_PLUS, &c, user, &why),
			 same ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, same ? FAULT_NONE : FAULT_BINDING);
		CHECK_EQ(play(&s, MECHANISM_ID_SCRAM_SHA_1_PLUS, &c, user, &why),
			 same ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, same ? FAULT_NONE : FAULT_BINDING);
	}
}

/* The first message of SCRAM's client, in clear. */
static enum sasl_says say_first(struct server *s, enum mechanism m, const char *message,
				struct why *why)
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

/* RFC 5802 section 6: a client that binds where that cannot be, that does not where it
 * must, or that was made to believe that we cannot, fails; RFC 3206: its password is
 * not to blame. */
static void test_what_clients_say_of_binding(void **state)
{
	enum { NONE = 0, EXPORTER = 1, UNIQUE = 2, BOTH = EXPORTER | UNIQUE };
	static const struct {
		bool plus;
		unsigned has;
		const char *message;
		enum fault fault;
	} cases[] = {
		{ false, NONE, "n,,n=alice,r=abc", FAULT_NONE },
		{ false, NONE, "y,,n=alice,r=abc", FAULT_NONE },
		{ false, NONE, "n,a=alice,n=alice,r=abc", FAULT_NONE },
		{ false, EXPORTER, "n,,n=alice,r=abc", FAULT_NONE },
		{ false, EXPORTER, "y,,n=alice,r=abc", FAULT_BINDING },
		{ false, UNIQUE, "y,,n=alice,r=abc", FAULT_BINDING },
		{ false, BOTH, "y,,n=alice,r=abc", FAULT_BINDING },
		{ false, EXPORTER, "y", FAULT_BAD_RESPONSE },
		{ false, EXPORTER, "y,", FAULT_BAD_RESPONSE },
		{ false, NONE, "p=anything,,n=alice,r=abc", FAULT_BINDING },
		{ false, EXPORTER, "p=tls-exporter,,n=alice,r=abc", FAULT_BINDING },
		{ false, UNIQUE, "p=tls-unique,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p=tls-exporter,,n=alice,r=abc", FAULT_NONE },
		{ true, UNIQUE, "p=tls-unique,,n=alice,r=abc", FAULT_NONE },
		{ true, BOTH, "p=tls-exporter,,n=alice,r=abc", FAULT_NONE },
		{ true, BOTH, "p=tls-unique,,n=alice,r=abc", FAULT_NONE },
		{ true, BOTH, "y,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p=tls-unique,,n=alice,r=abc", FAULT_BINDING },
		{ true, UNIQUE, "p=tls-exporter,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p=tls-server-end-point,,n=alice,r=abc",
		  FAULT_BINDING },
		{ true, EXPORTER, "p=,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "n,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "y,,n=alice,r=abc", FAULT_BINDING },
		{ true, EXPORTER, "p,,n=alice,r=abc", FAULT_BAD_RESPONSE },
		{ false, NONE, "x,,n=alice,r=abc", FAULT_BAD_RESPONSE },
		{ false, NONE, "n=alice", FAULT_BAD_RESPONSE },
		{ false, NONE, "n,n=alice", FAULT_BAD_RESPONSE },
	};
	static const enum mechanism ways[][2] = {
		{ MECHANISM_ID_SCRAM_SHA_256, MECHANISM_ID_SCRAM_SHA_256_PLUS },
		{ MECHANISM_ID_SCRAM_SHA_1, MECHANISM_ID_SCRAM_SHA_1_PLUS },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		const size_t at = i / 2;
		struct server s;
		struct why why = { 0 };

		make_server(&s, "PLAIN");
		if (cases[at].has & EXPORTER)
			s.channel.exporter = SPAN("octets of this connection");
		if (cases[at].has & UNIQUE)
			s.channel.unique = SPAN("other octets, just as long");
		CHECK_EQ(say_first(&s, ways[i % 2][cases[at].plus], cases[at].message,
				   &why),
			 cases[at].fault ? SASL_OUT : SASL_MORE);
		CHECK_EQ(why.fault, cases[at].fault);
	}
}

/* RFC 5802 section 6: what stands behind c= must be the header that came first, and no
 * octet more without -PLUS. */
static void test_the_last_message_repeats_the_first_header(void **state)
{
	static const struct {
		const char *bound; /* behind c=, in base64 */
		enum fault fault;
	} cases[] = {
		{ "biws", FAULT_DENIED },          /* n,, and a wrong proof */
		{ "eSws", FAULT_BINDING },         /* y,, */
		{ "biwsZXh0cmE=", FAULT_BINDING }, /* n,,extra */
		{ "bixhPWIs", FAULT_BINDING },     /* n,a=b, */
		{ "", FAULT_BINDING },
		{ "biw", FAULT_BAD_RESPONSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_way way = { MECHANISM_ID_SCRAM_SHA_1, true,
					       SPAN("[::1]:1") };
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1], message[512], base64[1024];
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);
		size_t len;

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		/* "n,,n=alice,r=abc" */
		CHECK_EQ(sasl_step(sasl, SPAN("biwsbj1hbGljZSxyPWFiYw=="), &out, &found,
				   &why),
			 SASL_MORE);
		CHECK_EQ(sodium_base642bin((unsigned char *)message, sizeof message,
					   text, out.len, NULL, &len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
		message[len] = '\0';
		const int nonce = (int)strcspn(message, ",");
		snprintf(text, sizeof text, "c=%s,%.*s,p=%s", cases[i].bound, nonce,
			 message, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
		sodium_bin2base64(base64, sizeof base64, (const unsigned char *)text,
				  strlen(text), sodium_base64_VARIANT_ORIGINAL);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(base64), &out, &found, &why),
			 SASL_OUT);
		CHECK_EQ(why.fault, cases[i].fault);
		sasl_free(sasl);
	}
}

/* What says nothing at any step is refused: nobody is asked the same for ever. */
static void test_an_empty_response_is_malformed(void **state)
{
	static const enum mechanism all[] = {
		MECHANISM_ID_PLAIN,
		MECHANISM_ID_LOGIN,
		MECHANISM_ID_SCRAM_SHA_256_PLUS,
		MECHANISM_ID_SCRAM_SHA_256,
		MECHANISM_ID_SCRAM_SHA_1_PLUS,
		MECHANISM_ID_SCRAM_SHA_1,
		MECHANISM_ID_CRAM_MD5,
		MECHANISM_ID_DIGEST_MD5,
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const struct login_way way = { all[i], true, SPAN("[::1]:1") };
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1] = "x";
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		s.channel.exporter = SPAN("octets of this connection");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		CHECK_EQ(out.len == 0, !(mechanism_needs(all[i]) & MECHANISM_STARTS));
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, SPAN(""), &out, &found, &why), SASL_OUT);
		CHECK_EQ(why.fault, FAULT_BAD_RESPONSE);
		sasl_free(sasl);
	}
}

/* One exchange of one response, in base64. */
static enum sasl_says show(struct server *s, enum mechanism m, struct span response,
			   struct user_found *found, struct why *why)
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

/* RFC 4422 appendix A; S16 of test_history.py: the certificate says who is there, and
 * nothing else does. */
static void test_external_is_whom_the_certificate_names(void **state)
{
	static const struct {
		const char *certificate, *response;
		bool master;
		const char *in; /* NULL: nobody */
	} cases[] = {
		{ "alice", "", false, "alice" },
		{ "alice", "YWxpY2U=", false, "alice" },
		{ "bob", "", false, "bob" },
		{ "z", "", false, "z" },
		{ "alice", "Ym9i", false, NULL },
		{ "alice", "Ym9i", true, "bob" },
		{ "bob", "YWxpY2U=", true, NULL },
		{ "", "YWxpY2U=", true, NULL },
		{ "", "", false, NULL },
		{ "nobody", "", false, NULL },
		{ "bob*alice", "", true,
		  NULL }, /* a master's name is no certificate's */
		{ "alice", "YWxpY2UAYQ==", true, NULL }, /* "alice\0a" */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "SHA512-CRYPT");
		s.store.master = cases[i].master;
		s.channel.certificate = span_of(cases[i].certificate);
		CHECK_EQ(show(&s, MECHANISM_ID_EXTERNAL, span_of(cases[i].response),
			      &found, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		if (cases[i].in)
			CHECK_SPAN(found.user.name, cases[i].in);
	}
}

/* RFC 4616 section 2: what lacks a part, or has one too many, is no attempt. */
static void test_the_parts_of_plain(void **state)
{
	static const struct {
		struct span message;
		const char *in; /* NULL: nobody */
		enum fault fault;
	} cases[] = {
		{ SPAN("\0alice\0secret"), "alice", FAULT_NONE },
		{ SPAN("\0z\0secret"), "z", FAULT_NONE },
		{ SPAN("z\0z\0secret"), "z", FAULT_NONE },
		{ SPAN("\0alice\0"), NULL, FAULT_DENIED },
		{ SPAN("\0\0secret"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("\0alice"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("alice"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("\0alice\0secret\0"), NULL, FAULT_BAD_RESPONSE },
		{ SPAN("\0alice\0sec\0ret"), NULL, FAULT_BAD_RESPONSE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char base64[64];
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)cases[i].message.at,
				  cases[i].message.len, sodium_base64_VARIANT_ORIGINAL);
		CHECK_EQ(show(&s, MECHANISM_ID_PLAIN, span_of(base64), &found, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, cases[i].fault);
		CHECK_EQ(why.sys, 0);
		CHECK_SPAN(found.user.name, cases[i].in ? cases[i].in : "");
	}
}

/* Read ahead: at whose secret is this response a guess? */
static void test_claims_before_they_are_looked_at(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *response;
		bool guess;
		const char *name;
	} cases[] = {
		/* clang-format off */
		{ MECHANISM_ID_PLAIN, "AGFsaWNlAHNlY3JldA==", true, "alice" }, /* \0alice\0secret */
		{ MECHANISM_ID_PLAIN, "Ym9iAGFsaWNlAHNlY3JldA==", true, "alice" }, /* bob\0alice\0secret */
		{ MECHANISM_ID_PLAIN, "bm9uc2Vuc2U=", true, "" }, /* nonsense */
		{ MECHANISM_ID_PLAIN, "AHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eABw", true, "" }, /* a long name */
		{ MECHANISM_ID_CRAM_MD5, "dHdvIHdvcmRzIDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm", true, "two words" }, /* and 32 digits */
		{ MECHANISM_ID_CRAM_MD5, "YWxpY2UgMDEyMzQ1NjcgOWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", true, "alice" }, /* ... one of which is none */
		{ MECHANISM_ID_CRAM_MD5, "YWxpY2UgMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ==", true, "" }, /* ... of which one is missing */
		{ MECHANISM_ID_CRAM_MD5, "bm9uc2Vuc2U=", true, "" }, /* nonsense */
		{ MECHANISM_ID_DIGEST_MD5, "Y2hhcnNldD11dGYtOCx1c2VybmFtZT0iYWxpY2UiLHJlYWxtPSIi", true, "alice" }, /* charset=utf-8,username="alice",realm="" */
		{ MECHANISM_ID_DIGEST_MD5, "bm9uc2Vuc2U=", true, "" }, /* nonsense */
		{ MECHANISM_ID_DIGEST_MD5, "dXNlcm5hbWU9ImFs", true, "" }, /* username="al */
		{ MECHANISM_ID_LOGIN, "YWxpY2U=", false, "" }, /* alice */
		{ MECHANISM_ID_SCRAM_SHA_256, "biwsbj1hbGljZSxyPWFiYw==", false, "" }, /* n,,n=alice,r=abc */
		{ MECHANISM_ID_EXTERNAL, "YWxpY2U=", false, "" }, /* alice */
		{ MECHANISM_ID_OAUTHBEARER, "bixhPWFsaWNlLAE=", true, "" }, /* n,a=alice,\1 */
		{ MECHANISM_ID_XOAUTH2, "dXNlcj1hbGljZQE=", true, "" }, /* user=alice\1 */
		{ MECHANISM_ID_PLAIN, "", false, "" },
		{ MECHANISM_ID_PLAIN, "not base64!", true, "" },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		char name[LOGIN_NAME_OCTETS + 1] = "before";

		make_server(&s, "PLAIN");
		const struct login_way way = { cases[i].mechanism, true,
					       SPAN("[::1]:1") };
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_SPAN(sasl_peer(sasl), "[::1]:1");
		CHECK_EQ(sasl_is_guess(sasl, span_of(cases[i].response), name),
			 cases[i].guess);
		CHECK_TEXT(name, cases[i].name);
		sasl_free(sasl);
	}
}

/* Whatever stands in front of it, behind it or within another value: the name that is
 * delayed is the one that is looked at, or nothing is looked at. */
static void test_digest_md5s_name_is_found_by_grammar(void **state)
{
	static const struct {
		const char *response, *name;
	} cases[] = {
		{ "username=\"alice\"", "alice" },
		{ "nc=00000001,username=\"alice\",realm=\"\"", "alice" },
		{ "realm=\"username=\",username=\"alice\"", "alice" },
		{ "x=\"a, username=\",username=\"alice\"", "alice" },
		{ "xusername=\"bob\",username=\"alice\"", "alice" },
		{ ",, username=\"alice\" ,\r\n nc=00000001 ", "alice" },
		{ "username=\"DOMAIN\\\\alice\"", "DOMAIN\\\\alice" },
		{ "username=\"a\\b\"", "a\\b" },
		{ "x=\"\\\",username=\"bob\",y=\"\",username=\"alice\"", "" },
		{ "x=\"\\\",username=\"bob\"", "" },
		{ "username=\"bob\",username=\"alice\"", "" },
		{ "Username=\"bob\",username=\"alice\"", "" },
		{ "username=\" alice\"", "" },
		{ "username=\"alice\t\"", "" },
		{ "username=alice", "" },
		{ "username=\"\"", "" },
		{ "username = \"alice\"", "" },
		{ "username=\"alice\" x", "" },
		{ "username=\"alice\"x=y", "" },
		{ "username", "" },
		{ "x=,username=\"alice\"", "" },
		{ "realm=\"username=alice\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_way way = { MECHANISM_ID_DIGEST_MD5, true,
					       SPAN("[::1]:1") };
		char name[LOGIN_NAME_OCTETS + 1], base64[256];
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1];
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		sodium_bin2base64(
			base64, sizeof base64, (const unsigned char *)cases[i].response,
			strlen(cases[i].response), sodium_base64_VARIANT_ORIGINAL);
		CHECK(sasl_is_guess(sasl, span_of(base64), name));
		CHECK_TEXT(name, cases[i].name);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(base64), &out, &found, &why),
			 SASL_OUT);
		CHECK(*name || why.fault == FAULT_BAD_RESPONSE);
		CHECK(*name || sasl_claimed_name(sasl).len == 0);
		sasl_free(sasl);
	}
}

/* What stands behind a NUL is no part of a name to some, and one to others: nobody
 * looks for either. */
static void test_a_nul_hides_no_name(void **state)
{
	static const struct {
		enum mechanism mechanism;
		struct span response;
	} cases[] = {
		{ MECHANISM_ID_CRAM_MD5,
		  SPAN("alice\0x 0123456789abcdef0123456789abcdef") },
		{ MECHANISM_ID_CRAM_MD5,
		  SPAN("alice 0123456789abcdef0123456789abcdef\0") },
		{ MECHANISM_ID_DIGEST_MD5, SPAN("username=\"alice\0x\",nc=00000001") },
		{ MECHANISM_ID_SCRAM_SHA_256, SPAN("n,,n=alice\0x,r=abc") },
		{ MECHANISM_ID_SCRAM_SHA_1, SPAN("n,,n=alice,r=abc\0") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const enum mechanism m = cases[i].mechanism;
		const struct login_way way = { m, true, SPAN("[::1]:1") };
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1], base64[256];
		struct server s;
		struct why why = { 0 };
		struct user_found found = { 0 };
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)cases[i].response.at,
				  cases[i].response.len,
				  sodium_base64_VARIANT_ORIGINAL);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(base64), &out, &found, &why),
			 SASL_OUT);
		CHECK_EQ(why.fault, FAULT_BAD_RESPONSE);
		CHECK_EQ(sasl_claimed_name(sasl).len, 0);
		sasl_free(sasl);
	}
}

/* The second step of those that begin with the name; and whom a success is about. */
static void test_claims_of_exchanges(void **state)
{
	static const struct {
		enum mechanism mechanism;
		const char *response, *proved;
	} cases[] = {
		{ MECHANISM_ID_LOGIN, "YWxpY2U=", "alice" },
		{ MECHANISM_ID_SCRAM_SHA_256, "biwsbj1hbGljZSxyPWFiYw==", "alice" },
		{ MECHANISM_ID_ANONYMOUS, "YWxpY2U=", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };
		char name[LOGIN_NAME_OCTETS + 1];
		char text[4 * SASL_CHALLENGE_MAX / 3 + 1];
		struct buf out = BUF(text);

		make_server(&s, "PLAIN");
		const struct login_way way = { cases[i].mechanism, true,
					       SPAN("[::1]:1") };
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK(sasl_step(sasl, span_of(cases[i].response), &out, &found, &why) !=
		      SASL_IN);
		CHECK(sasl_is_guess(sasl, SPAN("eA=="), name));
		CHECK_TEXT(name, "alice");
		CHECK(!sasl_is_guess(sasl, SPAN(""), name));
		CHECK_SPAN(sasl_proved(sasl), cases[i].proved);
		sasl_free(sasl);
	}
}

/* RFC 4505: whoever comes may read, and not remove. */
static void test_anonymous_only_reads(void **state)
{
	const unsigned bit = MECHANISM_BIT(ANONYMOUS);
	struct server s;
	struct why why = { 0 };
	OWN_USER found = { 0 };

	(void)state;
	make_server(&s, "SHA512-CRYPT");
	CHECK_EQ(sasl_offers(&s.rules, bit), 0);
	CHECK_EQ(show(&s, MECHANISM_ID_ANONYMOUS, SPAN("YWxpY2U="), &found, &why),
		 SASL_OUT);
	s.rules.anonymous = SPAN("bob");
	CHECK_EQ(sasl_offers(&s.rules, bit), bit);
	CHECK_EQ(sasl_offers(&s.rules, 0), 0);
	CHECK_EQ(show(&s, MECHANISM_ID_ANONYMOUS, SPAN("YWxpY2U="), &found, &why),
		 SASL_IN);
	CHECK_SPAN(found.user.name, "bob");
	CHECK(found.user.read_only);
}

/* RFC 1939 section 7, with the digest that stands in its example. */
static void test_apop(void **state)
{
	static const struct span timestamp = SPAN("<1896.697170952@dbc.mtview.ca.us>");
	static const struct {
		const char *stored, *name, *digest;
		bool in;
	} cases[] = {
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fb",
		  true },
		{ "tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fb", false },
		{ "{PLAIN}tanstaaF", "alice", "c4c9334bac560ecc979e58001b3e22fb",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fc",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22f",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "c4c9334bac560ecc979e58001b3e22fb0",
		  false },
		{ "{PLAIN}tanstaaf", "alice", "", false },
		{ "{PLAIN}tanstaaf", "nobody", "c4c9334bac560ecc979e58001b3e22fb",
		  false },
		/* MD5 of the timestamp alone: nobody has an empty password unasked */
		{ "{CRYPT}x", "alice", "6d7379174f7df9fb329480e5c47c1f1a", false },
	};
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		CHECK_EQ(login_by_digest(&s.rules, &way, span_of(cases[i].name),
					 timestamp, span_of(cases[i].digest), &found,
					 &why),
			 cases[i].in ? FAULT_NONE : FAULT_DENIED);
		CHECK_EQ(s.store.kept, cases[i].in);
		CHECK_EQ(why.sys, 0);
	}
}

/* RFC 6856 section 2.2: what SASLprep refuses or changes is mixed with the timestamp as
 * it would be stored, or not at all. */
static void test_apop_takes_prepared_passwords_alone(void **state)
{
	static const struct span timestamp = SPAN("<1@x>");
	static const struct {
		const char *stored, *mixed;
		bool in;
	} cases[] = {
		{ "{PLAIN}\xc3\xa4", "<1@x>\xc3\xa4", true },
		{ "{PLAIN}a\xcc\x88", "<1@x>\xc3\xa4", true },   /* composed */
		{ "{PLAIN}a\xcc\x88", "<1@x>a\xcc\x88", false }, /* as it came */
		{ "{PLAIN}\xff", "<1@x>\xff", false },           /* no UTF-8 */
		{ "{PLAIN}\xff", "<1@x>", false },
		{ "{PLAIN}\xc3\xa4\x07", "<1@x>\xc3\xa4\x07", false },
		{ "{PLAIN}\xd8\xa7\x31", "<1@x>\xd8\xa7\x31", false }, /* bidi */
		{ "{PLAIN}\xc8\xa1", "<1@x>\xc8\xa1", false },         /* unassigned */
		{ "{PLAIN.hex}c3a4", "<1@x>\xc3\xa4", true },
		{ "{PLAIN.hex}c3a", "<1@x>", false },
	};
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned char sum[16];
		char digest[2 * sizeof sum + 1];
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		CHECK_EQ(EVP_Digest(cases[i].mixed, strlen(cases[i].mixed), sum, NULL,
				    EVP_md5(), NULL),
			 1);
		sodium_bin2hex(digest, sizeof digest, sum, sizeof sum);
		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		CHECK_EQ(login_by_digest(&s.rules, &way, SPAN("alice"), timestamp,
					 span_of(digest), &found, &why),
			 cases[i].in ? FAULT_NONE : FAULT_DENIED);
	}
}

/* RFC 4616 section 2: a password that SASLprep refuses lets nobody in, though it is
 * stored just so; one that SASLprep changes lets in as it is prepared. */
static void test_only_prepared_passwords_let_in(void **state)
{
	static const struct {
		const char *stored, *shown;
		bool in;
	} cases[] = {
		{ "{PLAIN}\xc3\xa4", "\xc3\xa4", true },
		{ "{PLAIN}\xc3\xa4", "a\xcc\x88", true }, /* composed */
		{ "{PLAIN}\xff", "\xff", false },         /* no UTF-8 */
		{ "{PLAIN}\xc3\xa4\x07", "\xc3\xa4\x07", false },
		{ "{PLAIN}\xd8\xa7\x31", "\xd8\xa7\x31", false }, /* bidi */
	};
	const struct login_way way = { MECHANISM_ID_USER, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		strcpy(s.store.stored, cases[i].stored);
		CHECK_EQ(login_by_password(&s.rules, &way, SPAN(""), SPAN("alice"),
					   span_of(cases[i].shown), &found, &why),
			 cases[i].in ? FAULT_NONE : FAULT_DENIED);
		CHECK_EQ(why.sys, 0);
	}
}

static void test_the_authorization_identity_is_honoured(void **state)
{
	static const enum mechanism able[] = { MECHANISM_ID_PLAIN,
					       MECHANISM_ID_SCRAM_SHA_256 };
	static const struct {
		const char *authzid, *authid;
		bool master;
		const char *in; /* NULL: nobody */
	} cases[] = {
		{ "alice", "alice", false, "alice" }, { "bob", "alice", true, "bob" },
		{ "bob", "alice", false, NULL },      { "alice", "bob", true, NULL },
		{ "nobody", "alice", true, NULL },    { "z", "alice", true, "z" },
		{ "z", "alice", false, NULL },
	};
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t m = 0; m < sizeof able / sizeof *able; m++) {
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			const struct client c = { cases[i].authzid, cases[i].authid,
						  "secret", NULL, NULL };
			struct server s;
			struct why why = { 0 };

			make_server(&s, "PLAIN");
			s.store.master = cases[i].master;
			CHECK_EQ(play(&s, able[m], &c, user, &why),
				 cases[i].in ? SASL_IN : SASL_OUT);
			CHECK_TEXT(user, cases[i].in ? cases[i].in : "");
			CHECK(cases[i].in || why.fault == FAULT_DENIED);
		}
	}
}

/* A master comes in as another where that one might: not as who is off, must come from
 * elsewhere, by another way, or over TLS. */
static void test_the_other_user_of_a_master_must_be_let_in_too(void **state)
{
	static const struct {
		struct user bobs;
		bool tls, in;
	} cases[] = {
		{ { .has_uid = false }, false, true },
		{ { .disabled = true }, true, false },
		{ { .allow_nets = SPAN("192.0.2.0/24") }, true, false },
		{ { .allow_nets = SPAN("::1") }, true, true },
		{ { .mechanisms = SPAN("APOP") }, true, false },
		{ { .mechanisms = SPAN("APOP,PLAIN,SCRAM-SHA-256,USER,EXTERNAL") },
		  true,
		  true },
		{ { .tls_required = true }, false, false },
		{ { .tls_required = true }, true, true },
	};
	static const struct client as_bob = { "bob", "alice", "secret", NULL, NULL };
	char user[LOGIN_NAME_OCTETS + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const enum fault expected = cases[i].in ? FAULT_NONE : FAULT_DENIED;
		const struct login_way by_pass = { MECHANISM_ID_USER, cases[i].tls,
						   SPAN("[::1]:1") },
				       by_certificate = { MECHANISM_ID_EXTERNAL,
							  cases[i].tls,
							  SPAN("[::1]:1") };
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };
		OWN_USER proved = { 0 };

		make_server(&s, "PLAIN");
		s.tls = cases[i].tls;
		s.store.master = true;
		s.store.bobs = cases[i].bobs;
		CHECK_EQ(play(&s, MECHANISM_ID_PLAIN, &as_bob, user, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_EQ(play(&s, MECHANISM_ID_SCRAM_SHA_256, &as_bob, user, &why),
			 cases[i].in ? SASL_IN : SASL_OUT);
		CHECK_TEXT(user, cases[i].in ? "bob" : "");
		CHECK_EQ(why.fault, expected);
		CHECK_EQ(login_by_password(&s.rules, &by_pass, SPAN(""),
					   SPAN("bob*alice"), SPAN("secret"), &found,
					   &why),
			 expected);
		CHECK_EQ(login_proved(&s.rules, &by_certificate, SPAN("bob"),
				      SPAN("alice"), &proved, &why),
			 expected);
		CHECK_EQ(s.store.kept, 2 * cases[i].in);
	}
}

/* user*master, with USER and PASS and wherever a password is shown. */
static void test_the_masters_own_way(void **state)
{
	static const struct {
		const char *authzid, *name;
		char separator;
		bool master;
		const char *in;
	} cases[] = {
		{ "", "bob*alice", '*', true, "bob" },
		{ "", "bob*alice", '*', false, NULL },
		{ "", "bob*alice", '\0', true, NULL },
		{ "", "alice*bob", '*', true, NULL },
		{ "", "alice*alice", '*', true, "alice" },
		{ "", "*alice", '*', true, NULL },
		{ "", "bob*", '*', true, NULL },
		/* with an authzid the separator is an octet of the name like any other
		 */
		{ "bob", "alice", '*', true, "bob" },
		{ "bob", "bob*alice", '*', true, NULL },
		{ "alice", "bob*alice", '*', true, NULL },
	};
	const struct login_way way = { MECHANISM_ID_USER, true, SPAN("[::1]:1") };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };

		make_server(&s, "PLAIN");
		s.store.master = cases[i].master;
		s.rules.master_separator = cases[i].separator;
		enum fault f = login_by_password(
			&s.rules, &way, span_of(cases[i].authzid),
			span_of(cases[i].name), SPAN("secret"), &found, &why);
		CHECK_EQ(f, cases[i].in ? FAULT_NONE : FAULT_DENIED);
		if (cases[i].in)
			CHECK_SPAN(found.user.name, cases[i].in);
	}
}

static void test_a_database_that_is_down_is_not_the_users_fault(void **state)
{
	const struct login_way way = { MECHANISM_ID_APOP, true, SPAN("[::1]:1") };
	char user[LOGIN_NAME_OCTETS + 1];
	struct user_found found = { 0 };
	struct server s;

	(void)state;
	for (size_t m = 0; m < sizeof challenging / sizeof *challenging; m++) {
		struct why why = { 0 };

		make_server(&s, "PLAIN");
		s.store.down = true;
		CHECK_EQ(play(&s, challenging[m], &alice, user, &why), SASL_OUT);
		CHECK_EQ(why.fault, FAULT_IO);
	}
	for (int by_digest = 0; by_digest < 2; by_digest++) {
		struct why why = { 0 };

		CHECK_EQ(by_digest ? login_by_digest(&s.rules, &way, SPAN("alice"),
						     SPAN("<1@x>"), SPAN("x"), &found,
						     &why)
				   : login_proved(&s.rules, &way, SPAN(""),
						  SPAN("alice"), &found, &why),
			 FAULT_IO);
		CHECK_EQ(why.fault, FAULT_IO);
	}
}

static void test_names_are_prepared(void **state)
{
	static const struct {
		const char *given, *domain;
		bool fold;
		const char *made; /* NULL: none */
	} cases[] = {
		{ "alice", "", false, "alice" },
		{ "Alice", "", false, "Alice" },
		{ "Alice", "", true, "alice" },
		{ "alice", "Example.Org", true, "alice@example.org" },
		{ "alice@x", "example.org", true, "alice@x" },
		{ "@AZ[", "", true, "@az[" }, /* what stands beside letters in ASCII */
		{ "re\xcc\x81ne", "", false, "r\xc3\xa9ne" }, /* composed */
		{ "\xe2\x85\xa8", "", false, "IX" },          /* RFC 4013 section 3 */
		{ "I\xc2\xadX", "", false, "IX" },            /* RFC 4013 section 3 */
		{ "a\x07", "", false, NULL },
		{ "\xd8\xa7\x31", "", false, NULL }, /* RFC 4013 section 3: bidi */
		{ "\xff", "", false, NULL },
		{ "", "", false, NULL },
	};
	const struct login_rules plain = { .default_domain = SPAN("") };
	struct login_name name;
	char longest[300];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct login_rules rules = { .default_domain =
							   span_of(cases[i].domain),
						   .fold = cases[i].fold };

		CHECK_EQ(login_name(&rules, span_of(cases[i].given), &name),
			 cases[i].made != NULL);
		if (cases[i].made)
			CHECK_TEXT(name.text, cases[i].made);
	}
	memset(longest, 'x', sizeof longest);
	const struct login_rules rules = { .default_domain = SPAN("d") };
	CHECK(login_name(&rules, (struct span){ longest, LOGIN_NAME_OCTETS - 2 },
			 &name));
	CHECK(!login_name(&rules, (struct span){ longest, LOGIN_NAME_OCTETS - 1 },
			  &name));
	CHECK(!login_name(&rules, (struct span){ longest, 300 }, &name));
	CHECK(login_name(&plain, (struct span){ longest, LOGIN_NAME_OCTETS }, &name));
	CHECK_EQ(name.len, LOGIN_NAME_OCTETS);
	CHECK(!login_name(&plain, (struct span){ longest, LOGIN_NAME_OCTETS + 1 },
			  &name));
	memcpy(longest, "\xc2\xad", 2); /* which SASLprep leaves out: as it is given */
	CHECK(!login_name(&plain, (struct span){ longest, LOGIN_NAME_OCTETS + 1 },
			  &name));
	CHECK(!login_name(&rules, (struct span){ "a\0b", 3 }, &name));
}

/* RFC 2831 section 2.1.2: a client may leave out which charset it writes. GNU SASL is
 * made to write such a response by taking the directive's name from it: what is unknown
 * is left alone, and the digest does not cover it. */
static void test_digest_md5_without_a_charset(void **state)
{
	static const struct {
		const char *password, *last; /* NULL: the exchange is over before */
		enum fault fault;
	} cases[] = {
		{ "secret", "", FAULT_NONE },
		{ "secret", "eA==", FAULT_BAD_RESPONSE }, /* RFC 5034 section 4 */
		{ "other", NULL, FAULT_DENIED },
	};
	const struct login_way way = { MECHANISM_ID_DIGEST_MD5, true, SPAN("[::1]:1") };
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct client c = { .authid = "alice",
					  .password = cases[i].password };
		const bool right = cases[i].last;
		struct server s;
		struct why why = { 0 };
		OWN_USER found = { 0 };
		struct buf out = BUF(text);
		OWN_TEXT said = NULL;
		OWN_TEXT again = NULL;
		size_t len;
		Gsasl *gsasl;

		make_server(&s, "PLAIN");
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_step(sasl, (struct span){ 0 }, &out, &found, &why),
			 SASL_MORE);
		CHECK_EQ(gsasl_init(&gsasl), GSASL_OK);
		Gsasl_session *client = start_client(gsasl, "DIGEST-MD5", &c);
		CHECK_EQ(gsasl_base64_from(text, strlen(text), &again, &len), GSASL_OK);
		CHECK_EQ(gsasl_step(client, again, len, &said, &len), GSASL_NEEDS_MORE);
		char *directive = memmem(said, len, "charset=", strlen("charset="));
		CHECK(directive);
		*directive = 'x';
		free(again);
		again = NULL;
		CHECK_EQ(gsasl_base64_to(said, len, &again, NULL), GSASL_OK);
		out = (struct buf)BUF(text);
		CHECK_EQ(sasl_step(sasl, span_of(again), &out, &found, &why),
			 right ? SASL_MORE : SASL_OUT);
		if (right)
			CHECK_EQ(sasl_step(sasl, span_of(cases[i].last), &out, &found,
					   &why),
				 cases[i].fault ? SASL_OUT : SASL_IN);
		CHECK_EQ(why.fault, cases[i].fault);
		sasl_free(sasl);
		gsasl_finish(client);
		gsasl_done(gsasl);
	}
}

/* S14 of test_history.py: malformed at any step, given up at any step: refused, and
 * nothing leaks.
 */
static void test_malformed_responses(void **state)
{
	static const char *const responses[] = { "",
						 "!",
						 "QQ",
						 "QQ=",
						 "====",
						 "AAAA",
						 "LCw=",
						 "biws",
						 "bix9",
						 "AA==",
						 "bixhPQ==",
						 "eSwsbj1hLHI9Yg==",
						 "QUFBQUFBQUFBQUFBQUFBQUFBQUE=" };
	enum { COUNT = sizeof responses / sizeof *responses };

	(void)state;
	for (enum mechanism m = MECHANISM_ID_PLAIN; m < MECHANISM_COUNT; m++) {
		for (size_t first = 0; first <= COUNT; first++) {
			for (size_t second = 0; second < COUNT; second++) {
				const struct login_way way = { m, true,
							       SPAN("[::1]:1") };
				struct server s;
				struct why why = { 0 };
				OWN_USER found = { 0 };
				char text[4 * SASL_CHALLENGE_MAX / 3 + 1];

				make_server(&s, "PLAIN");
				struct sasl *sasl =
					sasl_new(&s.rules, &way, &s.channel);
				struct buf out = BUF(text);
				enum sasl_says says = sasl_step(
					sasl,
					first == COUNT ? (struct span){ 0 }
						       : span_of(responses[first]),
					&out, &found, &why);
				CHECK(says != SASL_IN);
				out = (struct buf)BUF(text);
				if (says == SASL_MORE)
					says = sasl_step(sasl,
							 span_of(responses[second]),
							 &out, &found, &why);
				CHECK(says != SASL_IN);
				sasl_free(sasl);
				CHECK_EQ(s.store.kept, 0);
			}
		}
	}
}

/* ---- bearer tokens ---- */

static char logged[1024]; /* the last line */

static void keep_line(int priority, struct span line)
{
	(void)priority;
	CHECK(span_copy(line, logged, sizeof logged));
}

static void forget_line(int priority, struct span line)
{
	(void)priority, (void)line;
}

static void look(void *arg, struct span name)
{
	(void)arg, (void)name;
}

static void say_nothing(void *arg, const struct database *db, enum database_says says,
			const struct why *why)
{
	(void)arg, (void)db, (void)says, (void)why;
}

/* The log names the rule that forbids a login, and an operator who asks is told it. */
static void test_the_rule_that_forbids_a_login_is_told_to_operators(void **state)
{
	static const struct database_watcher watcher = { look, say_nothing, NULL };
	const struct login_way way = { MECHANISM_ID_PLAIN, false, SPAN("[::1]:1") };

	(void)state;
	for (int is_watched = 0; is_watched < 2; is_watched++) {
		struct user_found found = { 0 };
		struct why why = { 0 };
		struct server s;

		make_server(&s, "PLAIN");
		s.store.bobs.tls_required = true;
		s.rules.watcher = is_watched ? &watcher : NULL;
		logged[0] = '\0';
		log_to(keep_line);
		CHECK_EQ(login_by_password(&s.rules, &way, SPAN(""), SPAN("bob"),
					   SPAN("secret"), &found, &why),
			 FAULT_DENIED);
		log_to(forget_line);
		CHECK_TEXT(why.doing, "by the rule");
		CHECK_TEXT(why.what, "tls-required");
		CHECK_TEXT(logged, is_watched ? ""
					      : "event=login-refused user=bob "
						"peer=[::1]:1 tls=no method=PLAIN "
						"rule=tls-required");
	}
}

/* "of/NAME" is NAME's, "z" is z's, and none would be alice's; "down" cannot be told. */
static enum database_says check_token(struct database *db, struct span name,
				      struct span token, struct span peer,
				      struct user_found *out, struct why *why)
{
	(void)db, (void)name, (void)peer;
	if (span_is(token, "down")) {
		fault_set(why, FAULT_IO, 0, "ask", "tokens");
		return DATABASE_DOWN;
	}
	if (span_is(token, "z") || token.len == 0) {
		out->user.name = token.len > 0 ? token : SPAN("alice");
		return DATABASE_RIGHT;
	}
	if (!span_starts(token, "of/")) {
		fault_set(why, FAULT_DENIED, 0, "token has expired", NULL);
		return DATABASE_WRONG;
	}
	*out = (struct user_found){ .user.name = span_after(token, 3) };
	return DATABASE_RIGHT;
}

static const struct database_driver token_driver = { .name = "tokens",
						     .check = check_token };

/* Say each of the messages in turn, base64 undone; what came back last in text, the
 * same. */
static enum sasl_says say(struct server *s, enum mechanism m,
			  const struct span *messages, size_t count,
			  char text[SASL_CHALLENGE_MAX + 1], char user[256],
			  struct why *why)
{
	const struct login_way way = { m, true, SPAN("[::1]:1") };
	struct sasl *sasl = sasl_new(&s->rules, &way, &s->channel);
	char room[4 * SASL_CHALLENGE_MAX / 3 + 1], base64[16384];
	enum sasl_says says = SASL_MORE;
	OWN_USER found = { 0 };
	size_t len = 0;

	for (size_t i = 0; i < count && says == SASL_MORE; i++) {
		struct buf out = BUF(room);

		sodium_bin2base64(base64, sizeof base64,
				  (const unsigned char *)messages[i].at,
				  messages[i].len, sodium_base64_VARIANT_ORIGINAL);
		says = sasl_step(sasl,
				 messages[i].at ? span_of(base64) : (struct span){ 0 },
				 &out, &found, why);
		if (says != SASL_MORE)
			break;
		CHECK_EQ(sodium_base642bin((unsigned char *)text, SASL_CHALLENGE_MAX,
					   room, out.len, NULL, &len, NULL,
					   sodium_base64_VARIANT_ORIGINAL),
			 0);
		text[len] = '\0';
	}
	CHECK(span_copy(found.user.name, user, 256));
	sasl_free(sasl);
	return says;
}

#define A "\1"
static const struct {
	enum mechanism m;
	struct span message;
	const char *user;  /* who comes in; NULL: nobody */
	const char *error; /* what is told first; NULL: nothing */
	enum fault fault;
} token_cases[] = {
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer of/alice" A A), "alice",
	  NULL, 0 },
	{ MECHANISM_ID_XOAUTH2, SPAN("user=alice" A "auth=Bearer of/alice" A A),
	  "alice", NULL, 0 },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,a=bob," A "auth=Bearer of/alice" A A),
	  "bob", NULL, 0 },
	{ MECHANISM_ID_XOAUTH2, SPAN("user=z" A "auth=Bearer z" A A), "z", NULL, 0 },
	{ MECHANISM_ID_XOAUTH2, SPAN("user=alice" A "auth=Bearer of/bob" A A), NULL,
	  "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer of/carol" A A), NULL,
	  "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer wrong" A A), NULL,
	  "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=" A A), NULL,
	  "{\"status\":\"invalid_token\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_DENIED },
	{ MECHANISM_ID_XOAUTH2, SPAN("rubbish"), NULL,
	  "{\"status\":\"400\",\"schemes\":\"bearer\",\"scope\":\"mail\"}",
	  FAULT_BAD_RESPONSE },
	{ MECHANISM_ID_OAUTHBEARER, SPAN("n,," A "auth=Bearer down" A A), NULL, NULL,
	  FAULT_IO },
};
#undef A

/* RFC 7628 section 3.2.3; a refusal is told twice, trouble of ours once. alice is a
 * master, so that she may be bob. */
static void test_bearer_tokens(void **state)
{
	const unsigned bits = MECHANISM_BIT(OAUTHBEARER) | MECHANISM_BIT(XOAUTH2);
	struct database tokens = { .driver = &token_driver, .name = "tokens" };
	struct server s;

	(void)state;
	make_server(&s, "SHA512-CRYPT");
	CHECK_EQ(sasl_offers(&s.rules, bits), 0);
	s.store.master = true;
	s.rules.tokens = &tokens;
	s.rules.token_scope = "mail";
	CHECK_EQ(sasl_offers(&s.rules, bits), bits);
	CHECK_EQ(sasl_offers(&s.rules, 0), 0);
	for (size_t i = 0; i < sizeof token_cases / sizeof *token_cases; i++) {
		/* whatever answers a refusal, be it another token */
		const struct span messages[] = { { 0 },
						 token_cases[i].message,
						 token_cases[0].message };
		char text[SASL_CHALLENGE_MAX + 1] = "", user[256] = "";
		struct why why = { 0 };
		bool in = token_cases[i].user != NULL;

		CHECK_EQ(say(&s, token_cases[i].m, messages, 3, text, user, &why),
			 in ? SASL_IN : SASL_OUT);
		CHECK_EQ(why.fault, token_cases[i].fault);
		CHECK_TEXT(text, token_cases[i].error ? token_cases[i].error : "");
		CHECK_TEXT(user, in ? token_cases[i].user : "");
		CHECK_EQ(s.store.kept, 0);
	}
}

/* Why a token was refused: only the log tells it, and it does not tell the token. */
static void test_the_log_says_why_a_token_is_refused(void **state)
{
#define A "\1"
	static char long_message[9000] = "n,," A "auth=Bearer ";
	static const struct {
		const char *message, *logged; /* "": nothing */
	} cases[] = {
		{ "n,," A "auth=Bearer of/alice" A A, "" },
		{ "n,," A "auth=Bearer down" A A, "" },
		{ "n,," A "auth=Bearer topsecret" A A,
		  "event=token-refused database=tokens peer=[::1]:1 why=\"token has "
		  "expired\" what=\"\"" },
		{ "n,," A "rubbish", "" },
		{ long_message,
		  "event=token-refused peer=[::1]:1 why=\"is too long\" most=8192" },
	};
	struct database tokens = { .driver = &token_driver, .name = "tokens" };

	(void)state;
	memset(long_message + strlen(long_message), 't', 8193);
	strcat(long_message, A A);
	log_to(keep_line);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct span message = span_of(cases[i].message);
		char text[SASL_CHALLENGE_MAX + 1] = "", user[256];
		struct why why = { 0 };
		struct server s;

		make_server(&s, "PLAIN");
		s.rules.tokens = &tokens;
		logged[0] = '\0';
		say(&s, MECHANISM_ID_OAUTHBEARER, &message, 1, text, user, &why);
		CHECK_TEXT(logged, cases[i].logged);
	}
	log_to(forget_line);
#undef A
}

/* What the front gives an exchange is taken whole or not at all. */
static void test_what_is_too_long_is_left_out_and_not_cut(void **state)
{
	static char octets[LOGIN_NAME_OCTETS + 2];
	char text[4 * SASL_CHALLENGE_MAX / 3 + 1];

	(void)state;
	memset(octets, 'a', sizeof octets - 1);
	for (size_t over = 0; over < 2; over++) {
		const struct login_way way = { MECHANISM_ID_EXTERNAL,
					       true,
					       { octets, 64 + over } };
		struct why why = { 0 };
		OWN_USER found = { 0 };
		struct buf out = BUF(text);
		struct server s;

		make_server(&s, "PLAIN");
		s.channel.exporter = (struct span){ octets, SASL_BINDING_MAX + over };
		s.channel.certificate =
			(struct span){ octets, LOGIN_NAME_OCTETS + over };
		CHECK_EQ(say_first(&s, MECHANISM_ID_SCRAM_SHA_1_PLUS,
				   "p=tls-exporter,,n=alice,r=abc", &why),
			 over ? SASL_OUT : SASL_MORE);
		struct sasl *sasl = sasl_new(&s.rules, &way, &s.channel);
		CHECK(sasl);
		CHECK_EQ(sasl_peer(sasl).len, over ? 0 : 64);
		CHECK_EQ(sasl_step(sasl, SPAN(""), &out, &found, &why), SASL_OUT);
		CHECK_EQ(sasl_claimed_name(sasl).len, over ? 0 : LOGIN_NAME_OCTETS);
		sasl_free(sasl);
	}
}

/* For an operator whose users can all use none of the mechanisms. */
static void test_what_each_mechanism_needs_is_said(void **state)
{
	const unsigned allowed = MECHANISM_BIT(SCRAM_SHA_256) |
				 MECHANISM_BIT(SCRAM_SHA_1) | MECHANISM_BIT(CRAM_MD5) |
				 MECHANISM_BIT(GSSAPI) | MECHANISM_BIT(XOAUTH2) |
				 MECHANISM_BIT(ANONYMOUS);
	char text[1024];
	struct buf out = BUF(text);

	(void)state;
	sasl_explain(allowed, &out);
	CHECK_TEXT(buf_cstr(&out),
		   "SCRAM-SHA-256 needs users, all with passwords stored as PLAIN or "
		   "SCRAM-SHA-256; "
		   "SCRAM-SHA-1 needs users, all with passwords stored as PLAIN or "
		   "SCRAM-SHA-1; "
		   "CRAM-MD5 needs users, all with passwords stored as PLAIN; "
		   "GSSAPI needs a keytab that works; "
		   "XOAUTH2 needs a database of tokens; "
		   "ANONYMOUS needs anonymous-user");
}

/* What cannot be told whole is left out. */
static void test_an_error_fits(void **state)
{
	static const struct span message = SPAN("rubbish");
	static char scope[SASL_CHALLENGE_MAX + 1];
	struct database tokens = { .driver = &token_driver, .name = "tokens" };
	char text[SASL_CHALLENGE_MAX + 1] = "", user[256];
	struct why why = { 0 };
	struct server s;

	(void)state;
	make_server(&s, "SHA512-CRYPT");
	memset(scope, '"', sizeof scope - 1);
	s.rules.tokens = &tokens;
	s.rules.token_scope = scope;
	CHECK_EQ(say(&s, MECHANISM_ID_OAUTHBEARER, &message, 1, text, user, &why),
		 SASL_MORE);
	CHECK_TEXT(text, "{\"status\":\"invalid_request\",\"schemes\":\"bearer\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_mechanism_lets_its_user_in),
		TEST(test_every_mechanism_refuses_alike),
		TEST(test_scram_by_stored_keys),
		TEST(test_dovecots_keys),
		TEST(test_nobodys_scram_looks_like_somebodys),
		TEST(test_channel_binding),
		TEST(test_what_clients_say_of_binding),
		TEST(test_the_last_message_repeats_the_first_header),
		TEST(test_an_empty_response_is_malformed),
		TEST(test_external_is_whom_the_certificate_names),
		TEST(test_anonymous_only_reads),
		TEST(test_apop),
		TEST(test_apop_takes_prepared_passwords_alone),
		TEST(test_only_prepared_passwords_let_in),
		TEST(test_the_authorization_identity_is_honoured),
		TEST(test_the_other_user_of_a_master_must_be_let_in_too),
		TEST(test_the_masters_own_way),
		TEST(test_a_database_that_is_down_is_not_the_users_fault),
		TEST(test_names_are_prepared),
		TEST(test_the_parts_of_plain),
		TEST(test_claims_before_they_are_looked_at),
		TEST(test_digest_md5s_name_is_found_by_grammar),
		TEST(test_a_nul_hides_no_name),
		TEST(test_claims_of_exchanges),
		TEST(test_digest_md5_without_a_charset),
		TEST(test_malformed_responses),
		TEST(test_the_rule_that_forbids_a_login_is_told_to_operators),
		TEST(test_bearer_tokens),
		TEST(test_an_error_fits),
		TEST(test_what_each_mechanism_needs_is_said),
		TEST(test_the_log_says_why_a_token_is_refused),
		TEST(test_what_is_too_long_is_left_out_and_not_cut),
	};

	if (!scheme_start() || !login_start() || !sasl_start())
		return EXIT_FAILURE;
	return RUN(tests);
}
