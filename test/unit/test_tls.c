/* TLS: certificates by name, staples, the names of clients, channel bindings. Two ends
 * in one process, over a pair of sockets. */
#include "made.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls/names.h"
#include "tls/tls.h"

#define UPN "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:"

/* ---- two ends ---- */

static const struct tls_policy plain_policy = {
	.protocol = "pop3",
	.ciphers = "ECDHE+AESGCM",
	.ciphersuites = "TLS_AES_128_GCM_SHA256",
	.groups = "X25519:P-256",
};

static struct tls_server *serve(const struct tls_files *files,
				const struct tls_policy *policy)
{
	struct tls_server *server = NULL;
	struct why why = { 0 };
	char keys[TLS_TICKET_KEY_OCTETS];

	if (tls_server_new(files, policy, &server, &why))
		fail_msg("%s: %s", why.doing, why.what);
	memset(keys, 7, sizeof keys);
	tls_server_tickets(server, (struct span){ keys, sizeof keys },
			   (struct span){ 0 });
	return server;
}

struct ends {
	uint64_t options; /* SSL_OP_... of the client */
	SSL_CTX *ctx;
	SSL *client;
	struct tls *server;
	struct buf out; /* of the server */
	char room[32768];
	int fds[2];
	bool ok;
};

static void deliver(struct ends *e)
{
	if (e->out.len > 0)
		CHECK_EQ(write(e->fds[1], e->out.at, e->out.len), e->out.len);
	e->out.len = 0;
}

/* Shake hands; `version` 0: any. */
static void meet(struct ends *e, struct tls_server *server, int version,
		 const struct made *identity, SSL_SESSION *session)
{
	enum tls_got got = TLS_WANT_READ;
	int r = 0;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fds), 0);
	e->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_options(e->ctx, e->options);
	SSL_CTX_set_min_proto_version(e->ctx, version);
	SSL_CTX_set_max_proto_version(e->ctx, version);
	if (identity) {
		CHECK(SSL_CTX_use_certificate(e->ctx, identity->cert));
		CHECK(SSL_CTX_use_PrivateKey(e->ctx, identity->key));
	}
	e->client = SSL_new(e->ctx);
	SSL_set_fd(e->client, e->fds[0]);
	SSL_set_tlsext_status_type(e->client, TLSEXT_STATUSTYPE_ocsp);
	if (session)
		SSL_set_session(e->client, session);
	e->out = BUF(e->room);
	e->server = tls_new(server, e->fds[1], &e->out);
	assert_non_null(e->server);
	for (int i = 0; i < 20 && (r != 1 || got != TLS_DONE); i++) {
		if (r != 1)
			r = SSL_connect(e->client);
		if (got == TLS_WANT_READ)
			got = tls_accept(e->server);
		deliver(e);
	}
	e->ok = r == 1 && got == TLS_DONE;
	ERR_clear_error();
}

/* The client's session, its tickets taken in. */
static SSL_SESSION *session_of(struct ends *e)
{
	char c;
	size_t n;

	CHECK_EQ(tls_write(e->server, SPAN("x"), &n), TLS_DONE);
	deliver(e);
	CHECK_EQ(SSL_read(e->client, &c, 1), 1);
	return SSL_get1_session(e->client);
}

static void leave(struct ends *e)
{
	tls_free(e->server);
	SSL_set_shutdown(e->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(e->client);
	SSL_CTX_free(e->ctx);
	close(e->fds[0]);
	close(e->fds[1]);
	*e = (struct ends){ 0 };
}

static struct tls_files files_of(const struct made *m)
{
	return (struct tls_files){ .count = 1,
				   .pairs = { { .certificate = span_of(m->pem) } } };
}

/* ---- names ---- */

static void test_names(void **state)
{
	static const struct {
		const char *host;
		int owner; /* -1: nobody */
		size_t count;
	} cases[] = {
		{ "a.example.org", 0, 2 },
		{ "A.EXAMPLE.org", 0, 2 },
		{ "b.example.org", 1, 1 },
		{ "a.b.example.org", -1, 0 },
		{ "example.org", -1, 0 },
		{ ".example.org", -1, 0 },
		{ "*.example.org", -1, 0 },
		{ "", -1, 0 },
		{ "x", 3, 1 },
		{ "wild.c.org", -1, 0 },
		{ "ac.org", -1, 0 },
		{ "b.example.org.", -1, 0 },
	};
	struct names n = { 0 };
	char long_name[400];

	(void)state;
	memset(long_name, 'a', sizeof long_name);
	CHECK(names_add(&n, SPAN("a.example.org"), 2));
	CHECK(names_add(&n, SPAN("*.Example.org"), 1));
	CHECK(names_add(&n, SPAN("a.example.org"), 0));
	CHECK(names_add(&n, SPAN("x"), 3));
	for (size_t i = 0; i < 6; i++) { /* none of these is a name */
		static const char *const odd[] = { "",       "a b", "a*.c.org",
						   "*c.org", "*",   "w.*.org" };
		CHECK(names_add(&n, span_of(odd[i]), 9));
	}
	CHECK(names_add(&n, SPAN("a\0.example.org"), 9));
	CHECK(names_add(&n, (struct span){ long_name, sizeof long_name }, 9));
	CHECK_EQ(n.count, 4);
	names_sort(&n);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t count;
		const struct name *found =
			names_find(&n, span_of(cases[i].host), &count);

		CHECK_EQ(count, cases[i].count);
		CHECK_EQ(found ? (int)found->owner : -1, cases[i].owner);
	}
	CHECK(names_are_shared(&n, 0, 2));
	CHECK(!names_are_shared(&n, 0, 1));
	size_t count;
	CHECK(!names_find(&n, (struct span){ long_name, sizeof long_name }, &count));
	names_done(&n);
}

/* ---- files ---- */

static void test_files_travel_whole_or_not_at_all(void **state)
{
	struct tls_files from = { .count = 2,
				  .client_ca = SPAN("ca"),
				  .pairs = { { SPAN("c1"), SPAN("k1"), SPAN("") },
					     { SPAN("c2"), SPAN(""), SPAN("s2") } } };
	struct tls_files to;
	char *packed;
	size_t len;

	(void)state;
	CHECK_EQ(tls_files_pack(&from, &packed, &len), FAULT_NONE);
	CHECK_EQ(tls_files_unpack((struct span){ packed, len }, &to), FAULT_NONE);
	CHECK_EQ(to.count, 2);
	CHECK_SPAN(to.client_ca, "ca");
	CHECK_SPAN(to.client_crl, "");
	CHECK_SPAN(to.pairs[0].key, "k1");
	CHECK_SPAN(to.pairs[1].certificate, "c2");
	CHECK_SPAN(to.pairs[1].staple, "s2");
	for (size_t cut = 0; cut < len; cut++) {
		bool whole = tls_files_unpack((struct span){ packed, cut }, &to) ==
			     FAULT_NONE;
		/* Behind the clients' part and behind a pair it might have been all. */
		CHECK_EQ(whole, cut == 10 || cut == 10 + 16);
	}
	free(packed);
	char many[8 + 12 * (TLS_PAIRS_MAX + 1)] = { 0 };
	CHECK_EQ(tls_files_unpack((struct span){ many, sizeof many - 12 }, &to),
		 FAULT_NONE);
	CHECK_EQ(to.count, TLS_PAIRS_MAX);
	CHECK_EQ(tls_files_unpack((struct span){ many, sizeof many }, &to), FAULT_PEER);
}

/* ---- policy ---- */

static void test_lists_with_something_unknown_are_refused(void **state)
{
	static const struct {
		const char *ciphers, *suites, *groups, *doing, *what;
	} cases[] = {
		{ "ECDHE+AESGCM:!RC4:!SHA1:@STRENGTH", "TLS_AES_128_GCM_SHA256",
		  "X25519:P-256", NULL, NULL },
		{ "ECDHE+AESGCM:ROT13", "TLS_AES_128_GCM_SHA256", "X25519",
		  "understand tls-ciphers", "ROT13" },
		{ "", "TLS_AES_128_GCM_SHA256", "X25519", "understand tls-ciphers",
		  "" },
		{ "ECDHE+AESGCM:!ALL", "TLS_AES_128_GCM_SHA256", "X25519",
		  "understand tls-ciphers", "ECDHE+AESGCM:!ALL" },
		{ "ECDHE+AESGCM", "TLS_AES_128_GCM_SHA256:TLS_ROT13", "X25519",
		  "understand tls-ciphersuites", "TLS_ROT13" },
		{ "ECDHE+AESGCM", "TLS_AES_128_GCM_SHA256", "X25519:oval",
		  "understand tls-groups", "oval" },
	};
	struct tls_files none = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct tls_policy policy = { .protocol = "pop3",
						   .ciphers = cases[i].ciphers,
						   .ciphersuites = cases[i].suites,
						   .groups = cases[i].groups };
		struct tls_server *server = NULL;
		struct why why = { 0 };
		enum fault f = tls_server_new(&none, &policy, &server, &why);

		CHECK_EQ(f, cases[i].doing ? FAULT_SETUP : FAULT_NONE);
		if (f) {
			CHECK_TEXT(why.doing, cases[i].doing);
			CHECK_TEXT(why.what, cases[i].what);
		}
		tls_server_free(server);
	}
}

/* ---- staples ---- */

/* A response of `signer` about `about`, good from `from` to `until` days from now. */
static int respond(const struct made *about, const struct made *issuer,
		   const struct made *signer, long from, long until, unsigned char *out)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), about->cert, issuer->cert);
	ASN1_TIME *this = X509_gmtime_adj(NULL, from * DAY);
	ASN1_TIME *next = until ? X509_gmtime_adj(NULL, until * DAY) : NULL;

	OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, this, next);
	CHECK(OCSP_basic_sign(basic, signer->cert, signer->key, EVP_sha256(), NULL, 0));
	OCSP_RESPONSE *response =
		OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	int len = i2d_OCSP_RESPONSE(response, &out);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(this);
	ASN1_TIME_free(next);
	return len;
}

static void test_staples(void **state)
{
	struct made *ca = make("CA", -1, NULL, NULL, false);
	struct made *other = make("CA", -1, NULL, NULL, false);
	struct made *mine = make("a", -1, "DNS:a", ca, false);
	struct made *theirs = make("b", -1, "DNS:b", ca, false);
	struct {
		const struct made *about, *signer;
		long from, until;
		const char *wrong;
	} cases[] = {
		{ mine, ca, -1, 1, NULL },
		{ mine, ca, -9, -1, "it is stale" },
		{ mine, ca, 1, 2, "it is stale" },
		{ mine, ca, -1, 0, "it does not say when the next one comes" },
		{ theirs, ca, -1, 1, "it is not about this certificate" },
		{ mine, other, -1, 1, "its signature is not the issuer's" },
		{ mine, mine, -1, 1, "its signature is not the issuer's" },
	};
	char chain[2 * sizeof mine->pem];

	(void)state;
	snprintf(chain, sizeof chain, "%s%s", mine->pem, ca->pem);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned char der[4096];
		int len = respond(cases[i].about, ca, cases[i].signer, cases[i].from,
				  cases[i].until, der);
		struct tls_pair_times times;
		struct why why;
		struct tls_files files = {
			.count = 1,
			.pairs = { { span_of(chain),
				     span_of(mine->pem),
				     { (const char *)der, (size_t)len } } }
		};

		CHECK_EQ(tls_pair_check(&files.pairs[0], time(NULL), &times, &why),
			 FAULT_NONE);
		CHECK_EQ(times.staple_until > 0, cases[i].wrong == NULL);
		CHECK_EQ(times.staple_wrong == NULL, cases[i].wrong == NULL);
		if (cases[i].wrong)
			CHECK_TEXT(times.staple_wrong, cases[i].wrong);
		/* What cannot be used is not sent. */
		struct tls_server *server = serve(&files, &plain_policy);
		struct ends e = { 0 };
		const unsigned char *got;
		meet(&e, server, 0, NULL, NULL);
		CHECK(e.ok);
		long got_len = SSL_get_tlsext_status_ocsp_resp(e.client, &got);
		CHECK_EQ(got_len, cases[i].wrong ? -1 : len);
		leave(&e);
		tls_server_free(server);
	}
	unmake(ca), unmake(other), unmake(mine), unmake(theirs);
}

static void test_a_staple_without_the_issuer_cannot_be_judged(void **state)
{
	struct made *ca = make("CA", -1, NULL, NULL, false);
	struct made *mine = make("a", -1, "DNS:a", ca, false);
	unsigned char der[4096];
	int len = respond(mine, ca, ca, -1, 1, der);
	struct tls_pair pair = { span_of(mine->pem),
				 { 0 },
				 { (const char *)der, (size_t)len } };
	struct tls_pair_times times;
	struct why why;

	(void)state;
	CHECK_EQ(tls_pair_check(&pair, time(NULL), &times, &why), FAULT_NONE);
	CHECK_TEXT(times.staple_wrong, "the issuer's certificate is not in the chain");
	for (int cut = 0; cut < len; cut += 7) {
		pair.staple.len = (size_t)cut;
		CHECK_EQ(tls_pair_check(&pair, time(NULL), &times, &why), FAULT_NONE);
		CHECK_EQ(times.staple_until, 0);
	}
	unmake(ca), unmake(mine);
}

/* ---- the names of clients ---- */

/* S16 of test_history.py: no field, no name; and none that is not plainly there. */
static void test_client_names(void **state)
{
	static const struct {
		const char *cn;
		int cn_len;
		const char *san;
		enum tls_name field;
		const char *name; /* NULL: none */
	} cases[] = {
		{ "alice", -1, NULL, TLS_NAME_CN, "alice" },
		{ "J\303\274rgen", -1, NULL, TLS_NAME_CN, "J\303\274rgen" },
		{ NULL, 0, "email:alice@example.org", TLS_NAME_CN, NULL },
		{ "", 0, NULL, TLS_NAME_CN, NULL },
		{ "alice\0evil", 10, NULL, TLS_NAME_CN, NULL },
		{ "alice", -1, NULL, TLS_NAME_EMAIL, NULL },
		{ "alice", -1, "DNS:a.example.org", TLS_NAME_EMAIL, NULL },
		{ "x", -1, "email:alice@example.org", TLS_NAME_EMAIL,
		  "alice@example.org" },
		{ "x", -1, "email:a@b.org,email:c@b.org", TLS_NAME_EMAIL, NULL },
		{ "x", -1, "email:a@b.org,DNS:d.b.org", TLS_NAME_DNS, "d.b.org" },
		{ "x", -1, "email:a@b.org", TLS_NAME_DNS, NULL },
		{ "x", -1, "email:a@b.org," UPN "alice@CORP", TLS_NAME_UPN,
		  "alice@CORP" },
		{ "x", -1, "otherName:1.2.3;UTF8:alice", TLS_NAME_UPN, NULL },
		{ "x", -1, "otherName:1.3.6.1.4.1.311.20.2.3;INTEGER:7", TLS_NAME_UPN,
		  NULL },
		{ "x", -1, NULL, TLS_NAME_UPN, NULL },
	};
	struct made *ca = make("CA", -1, NULL, NULL, false);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct made *m =
			make(cases[i].cn && cases[i].cn_len ? cases[i].cn : NULL,
			     cases[i].cn_len, cases[i].san, ca, false);
		struct tls_policy policy = plain_policy;
		struct tls_files files = files_of(ca);
		char name[TLS_CLIENT_NAME_MAX + 1] = "before";
		struct ends e = { 0 };

		policy.verify = TLS_VERIFY_REQUIRED;
		policy.client_name = cases[i].field;
		files.client_ca = span_of(ca->pem);
		struct tls_server *server = serve(&files, &policy);
		meet(&e, server, i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION, m, NULL);
		CHECK(e.ok);
		CHECK_EQ(tls_client_name(e.server, name), cases[i].name != NULL);
		CHECK_TEXT(name, cases[i].name ? cases[i].name : "");
		leave(&e);
		tls_server_free(server);
		unmake(m);
	}
	unmake(ca);
}

/* Nobody was asked, nobody has come, or nobody who is known. */
static void test_no_certificate_no_name(void **state)
{
	struct made *ca = make("CA", -1, NULL, NULL, false);
	struct made *alice = make("alice", -1, NULL, ca, false);
	struct made *eve = make("alice", -1, NULL, NULL, false);
	char name[TLS_CLIENT_NAME_MAX + 1];

	(void)state;
	for (enum tls_verify verify = TLS_VERIFY_NONE; verify <= TLS_VERIFY_REQUIRED;
	     verify++) {
		const struct {
			const struct made *who;
			bool ok, named;
		} cases[] = {
			{ NULL, verify != TLS_VERIFY_REQUIRED, false },
			{ alice, true, verify != TLS_VERIFY_NONE },
			{ eve, verify == TLS_VERIFY_NONE, false },
		};
		for (size_t i = 0; i < 3; i++) {
			struct tls_policy policy = plain_policy;
			struct tls_files files = files_of(ca);
			struct ends e = { 0 };

			policy.verify = verify;
			files.client_ca = span_of(ca->pem);
			struct tls_server *server = serve(&files, &policy);
			meet(&e, server, TLS1_2_VERSION, cases[i].who, NULL);
			CHECK_EQ(e.ok, cases[i].ok);
			CHECK_EQ(tls_client_name(e.server, name), cases[i].named);
			leave(&e);
			tls_server_free(server);
		}
	}
	unmake(ca), unmake(alice), unmake(eve);
}

static void count_tickets(int sent, int version, int type, const void *at, size_t len,
			  SSL *ssl, void *arg)
{
	(void)version, (void)ssl;
	if (!sent && type == SSL3_RT_HANDSHAKE && len > 0 &&
	    *(const unsigned char *)at == SSL3_MT_NEWSESSION_TICKET)
		++*(unsigned *)arg;
}

/* None at all: TLS 1.3 knows no empty ones, which OpenSSL heeds. */
static void test_no_ticket_where_there_is_a_certificate(void **state)
{
	struct made *ca = make("CA", -1, NULL, NULL, false);
	struct made *alice = make("alice", -1, NULL, ca, false);
	struct tls_policy policy = plain_policy;
	struct tls_files files = files_of(ca);

	(void)state;
	policy.verify = TLS_VERIFY_OPTIONAL;
	files.client_ca = span_of(ca->pem);
	struct tls_server *server = serve(&files, &policy);
	for (int given = 0; given < 2; given++) {
		unsigned tickets = 0;
		struct ends e = { 0 };

		meet(&e, server, TLS1_3_VERSION, given ? alice : NULL, NULL);
		CHECK(e.ok);
		SSL_set_msg_callback(e.client, count_tickets);
		SSL_set_msg_callback_arg(e.client, &tickets);
		SSL_SESSION_free(session_of(&e));
		CHECK_EQ(tickets, !given);
		leave(&e);
	}
	tls_server_free(server);
	unmake(ca), unmake(alice);
}

/* ---- channel bindings ---- */

static void check_exporter(const struct ends *e, bool there)
{
	unsigned char theirs[TLS_EXPORTER_OCTETS];
	char ours[TLS_EXPORTER_OCTETS];

	CHECK_EQ(tls_exporter(e->server, ours), there);
	if (!there)
		return;
	CHECK(SSL_export_keying_material(e->client, theirs, sizeof theirs,
					 "EXPORTER-Channel-Binding", 24,
					 (const unsigned char *)"", 0, 1));
	CHECK(memcmp(ours, theirs, sizeof ours) == 0);
}

/* Both ends see the same, at each version, in new and in resumed sessions. */
static void test_channel_bindings(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	(void)state;
	for (int v = 0; v < 2; v++) {
		SSL_SESSION *session = NULL;
		for (int resumed = 0; resumed < 2; resumed++) {
			char ours[TLS_UNIQUE_MAX], theirs[TLS_UNIQUE_MAX];
			struct ends e = { 0 };

			meet(&e, server, versions[v], NULL, session);
			CHECK(e.ok);
			CHECK_EQ(tls_resumed(e.server), resumed);
			check_exporter(&e, true);
			size_t n = tls_unique(e.server, ours);
			CHECK_EQ(n, versions[v] == TLS1_2_VERSION ? 12 : 0);
			size_t m = resumed ? SSL_get_peer_finished(e.client, theirs, 64)
					   : SSL_get_finished(e.client, theirs, 64);
			CHECK(n == 0 || (m == n && memcmp(ours, theirs, n) == 0));
			SSL_SESSION_free(session);
			session = session_of(&e);
			leave(&e);
		}
		SSL_SESSION_free(session);
	}
	tls_server_free(server);
	unmake(ca);
}

/* RFC 7627: without the extended master secret there is no exporter, and a resumed
 * session has no tls-unique. */
static void test_channel_bindings_without_extended_master_secret(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	SSL_SESSION *session = NULL;

	(void)state;
	for (int resumed = 0; resumed < 2; resumed++) {
		char ours[TLS_UNIQUE_MAX];
		struct ends e = { .options = SSL_OP_NO_EXTENDED_MASTER_SECRET };

		meet(&e, server, TLS1_2_VERSION, NULL, session);
		CHECK(e.ok);
		CHECK_EQ(tls_resumed(e.server), resumed);
		check_exporter(&e, false);
		CHECK_EQ(tls_unique(e.server, ours), resumed ? 0 : 12);
		SSL_SESSION_free(session);
		session = session_of(&e);
		leave(&e);
	}
	SSL_SESSION_free(session);
	tls_server_free(server);
	unmake(ca);
}

static void test_nothing_is_bound_before_the_handshake(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	char room[TLS_UNIQUE_MAX], name[TLS_CLIENT_NAME_MAX + 1];
	struct buf out = { 0 };
	struct tls *tls = tls_new(server, 0, &out);

	(void)state;
	assert_non_null(tls);
	CHECK(!tls_exporter(tls, room));
	CHECK_EQ(tls_unique(tls, room), 0);
	CHECK(!tls_client_name(tls, name));
	tls_free(tls);
	tls_server_free(server);
	unmake(ca);
}

/* Whatever room there is for records, all octets come, in order. */
static void test_records_go_on_where_room_ended(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, true);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	static char said[100000], heard[sizeof said];
	struct ends e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof said; i++)
		said[i] = (char)(i * 31 >> 3);
	meet(&e, server, 0, NULL, NULL);
	CHECK(e.ok);
	for (size_t room = 100; room <= sizeof e.room; room *= 3) {
		struct span rest = { said, sizeof said };
		size_t got = 0, n, sent = 0;
		int full = 0;

		e.out.room = room;
		while (got < sizeof said) {
			if (rest.len > 0) {
				enum tls_got now = tls_write(e.server, rest, &n);

				CHECK(now == TLS_DONE || now == TLS_WANT_WRITE);
				full += now == TLS_WANT_WRITE;
				rest = span_after(rest, n);
			}
			sent += e.out.len;
			deliver(&e);
			int r = SSL_read(e.client, heard + got,
					 (int)(sizeof heard - got));
			got += r > 0 ? (size_t)r : 0;
		}
		CHECK_EQ(full > 0, room < 16384);
		CHECK(sent > sizeof said);
		CHECK_EQ(memcmp(said, heard, sizeof said), 0);
	}
	leave(&e);
	tls_server_free(server);
	unmake(ca);
}

/* A server that is replaced stays for the connections that have it. */
static void test_a_connection_outlives_its_server(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, true);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	struct ends e = { 0 };
	size_t n;
	char c;

	(void)state;
	meet(&e, server, 0, NULL, NULL);
	CHECK(e.ok);
	tls_server_free(server);
	CHECK_EQ(tls_write(e.server, SPAN("y"), &n), TLS_DONE);
	deliver(&e);
	CHECK_EQ(SSL_read(e.client, &c, 1), 1);
	leave(&e);
	unmake(ca);
}

/* ---- records without octets ---- */

static void send_updates(struct ends *e, int count, int kind)
{
	for (int i = 0; i < count; i++) {
		CHECK_EQ(SSL_key_update(e->client, kind), 1);
		CHECK_EQ(SSL_do_handshake(e->client), 1);
	}
}

static size_t waiting(const struct ends *e)
{
	int n = 0;

	CHECK_EQ(ioctl(e->fds[1], FIONREAD, &n), 0);
	return (size_t)n;
}

/* Read until there is something else to do than to call again. */
static enum tls_got read_on(struct ends *e, char *out, size_t room, size_t *out_len)
{
	enum tls_got got;

	do
		got = tls_read(e->server, out, room, out_len);
	while (got == TLS_AGAIN);
	return got;
}

/* One turn takes a bounded part of a flood of records that say nothing, and a few of
 * them end the connection; whichever kind of update it is. */
static void test_a_flood_of_key_updates_is_bounded_and_ends(void **state)
{
	static const int kinds[] = { SSL_KEY_UPDATE_NOT_REQUESTED,
				     SSL_KEY_UPDATE_REQUESTED };
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	char room[100];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct ends e = { 0 };

		meet(&e, server, TLS1_3_VERSION, NULL, NULL);
		CHECK(e.ok);
		send_updates(&e, 200, kinds[i]);
		const size_t before = waiting(&e);
		CHECK(before > 4096);
		CHECK_EQ(tls_read(e.server, room, sizeof room, &n), TLS_FLOODED);
		CHECK_EQ(n, 0);
		CHECK(before - waiting(&e) <= 4096);
		leave(&e);
	}
	tls_server_free(server);
	unmake(ca);
}

/* A few do not, as often as there are octets between; one more does, also where octets
 * stand behind it. */
static void test_key_updates_are_counted_from_the_last_octet(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	struct ends e = { 0 };
	char room[100];
	size_t n;

	(void)state;
	meet(&e, server, TLS1_3_VERSION, NULL, NULL);
	CHECK(e.ok);
	for (int i = 0; i < 5; i++) {
		send_updates(&e, TLS_EMPTY_MAX - 1, SSL_KEY_UPDATE_REQUESTED);
		CHECK_EQ(SSL_write(e.client, "NOOP\r\n", 6), 6);
		CHECK_EQ(read_on(&e, room, sizeof room, &n), TLS_DONE);
		CHECK_SPAN(((struct span){ room, n }), "NOOP\r\n");
		deliver(&e);
	}
	send_updates(&e, TLS_EMPTY_MAX, SSL_KEY_UPDATE_NOT_REQUESTED);
	CHECK_EQ(read_on(&e, room, sizeof room, &n), TLS_WANT_READ);
	send_updates(&e, 1, SSL_KEY_UPDATE_NOT_REQUESTED);
	CHECK_EQ(read_on(&e, room, sizeof room, &n), TLS_FLOODED);
	leave(&e);

	meet(&e, server, TLS1_3_VERSION, NULL, NULL);
	CHECK(e.ok);
	send_updates(&e, TLS_EMPTY_MAX + 1, SSL_KEY_UPDATE_NOT_REQUESTED);
	CHECK_EQ(SSL_write(e.client, "NOOP\r\n", 6), 6);
	CHECK_EQ(read_on(&e, room, sizeof room, &n), TLS_FLOODED);
	leave(&e);
	tls_server_free(server);
	unmake(ca);
}

/* TLS 1.2: the beginning of a new handshake is refused by a warning, and is a record
 * without octets like any other. */
static void test_a_new_handshake_is_refused_and_counted(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	struct ends e = { 0 };
	char room[100];
	size_t n;

	(void)state;
	meet(&e, server, TLS1_2_VERSION, NULL, NULL);
	CHECK(e.ok);
	CHECK_EQ(SSL_renegotiate(e.client), 1);
	CHECK_EQ(SSL_do_handshake(e.client), -1);
	CHECK_EQ(tls_read(e.server, room, sizeof room, &n), TLS_WANT_READ);
	CHECK(e.out.len > 0); /* the warning */
	CHECK_EQ(tls_write(e.server, SPAN("still here"), &n), TLS_DONE);
	leave(&e);
	tls_server_free(server);
	unmake(ca);
}

/* However much a client has said, a turn takes little of it, and nothing is lost. */
static void test_a_turn_reads_little_and_all_comes(void **state)
{
	struct made *ca = make("CA", -1, "DNS:localhost", NULL, false);
	struct tls_files files = files_of(ca);
	struct tls_server *server = serve(&files, &plain_policy);
	static char said[60000], heard[sizeof said];
	struct ends e = { 0 };
	size_t got = 0, n;

	(void)state;
	for (size_t i = 0; i < sizeof said; i++)
		said[i] = (char)(i * 31 >> 3);
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		meet(&e, server, version, NULL, NULL);
		CHECK(e.ok);
		CHECK_EQ(SSL_write(e.client, said, sizeof said), sizeof said);
		for (got = 0; got < sizeof said; got += n) {
			const size_t before = waiting(&e);
			enum tls_got now =
				tls_read(e.server, heard + got, sizeof heard - got, &n);

			CHECK(now == TLS_DONE || now == TLS_WANT_READ ||
			      now == TLS_AGAIN);
			CHECK(before - waiting(&e) <= 4096);
			CHECK(n > 0 || before > 0);
		}
		CHECK_EQ(memcmp(said, heard, sizeof said), 0);
		leave(&e);
	}
	tls_server_free(server);
	unmake(ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_files_travel_whole_or_not_at_all),
		TEST(test_lists_with_something_unknown_are_refused),
		TEST(test_staples),
		TEST(test_a_staple_without_the_issuer_cannot_be_judged),
		TEST(test_client_names),
		TEST(test_no_certificate_no_name),
		TEST(test_no_ticket_where_there_is_a_certificate),
		TEST(test_channel_bindings),
		TEST(test_channel_bindings_without_extended_master_secret),
		TEST(test_nothing_is_bound_before_the_handshake),
		TEST(test_a_connection_outlives_its_server),
		TEST(test_records_go_on_where_room_ended),
		TEST(test_a_flood_of_key_updates_is_bounded_and_ends),
		TEST(test_key_updates_are_counted_from_the_last_octet),
		TEST(test_a_new_handshake_is_refused_and_counted),
		TEST(test_a_turn_reads_little_and_all_comes),
	};

	return tls_start() ? RUN(tests) : 1;
}
