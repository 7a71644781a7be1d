/* tls/server.c - a TLS server: certificates, keys and policy, which many connections
 * share.
 *
 * Prefix: tls_server_.
 */
#include "tls/server.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/own.h"
#include "base/secret.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/error.h"
#include "tls/source.h"
#include "tls/ticket.h"

/* RFC 7301 section 3.2: a client that offers protocols but not ours was led to the
 * wrong server (the ALPACA attack) and gets a fatal alert. A client without ALPN is
 * served. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *in, unsigned in_len, void *arg)
{
	const struct tls_server *s = arg;

	(void)ssl;
	if (SSL_select_next_proto(unconst(out), out_len, s->protocols, s->protocols_len,
				  in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- by name ---- */

static const struct name *find_name(const SSL *ssl, size_t *out_count)
{
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	*out_count = 0;
	return host ? names_find(&server_of(ssl)->names, span_of(host), out_count)
		    : NULL;
}

/* RFC 6066 section 3: a known name is acknowledged. An unknown name is ignored, or
 * fatal if the policy says so. The name is not kept. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls_server *s = arg;
	size_t count;

	if (find_name(ssl, &count))
		return SSL_TLSEXT_ERR_OK;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return s->refuse_unknown && SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
		       ? SSL_TLSEXT_ERR_ALERT_FATAL
		       : SSL_TLSEXT_ERR_NOACK;
}

/* OpenSSL keeps one certificate for each kind of key and chooses one that the client
 * can verify. The first of a kind stays. */
static bool use(SSL *ssl, const struct identity *id)
{
	return SSL_use_cert_and_key(ssl, id->own, id->key, id->chain, 0) == 1;
}

/* OpenSSL calls this in full handshakes only. The default is in place already. */
static int on_certificate(SSL *ssl, void *arg)
{
	struct tls_server *s = arg;
	size_t count;
	const struct name *name = find_name(ssl, &count);
	bool any = false;

	if (!name || s->count == 1)
		return 1;
	SSL_certs_clear(ssl);
	for (size_t i = 0; i < count; i++)
		any |= use(ssl, &s->identities[name[i].owner]);
	ERR_clear_error();
	return any;
}

static int on_staple(SSL *ssl, void *arg)
{
	const struct tls_server *s = arg;
	const X509 *own = SSL_get_certificate(ssl);
	struct timespec now;
	unsigned i = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	while (i < s->count && s->identities[i].own != own)
		i++;
	if (i == s->count || !staple_is_good(&s->identities[i].staple, now.tv_sec))
		return SSL_TLSEXT_ERR_NOACK;
	const struct staple *staple = &s->identities[i].staple;
	unsigned char *copy = OPENSSL_memdup(staple->at, staple->len);
	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->len);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- making one ---- */

static void set_protocol(struct tls_server *s, const char *name)
{
	struct buf b = { .at = (char *)s->protocols, .room = sizeof s->protocols };

	buf_char(&b, (char)strlen(name));
	buf_text(&b, name);
	s->protocols_len = (unsigned)b.len;
}

static bool set_options(struct tls_server *s)
{
	SSL_CTX *ctx = s->ctx;

	SSL_CTX_set_app_data(ctx, s);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	source_count(ctx);
	SSL_CTX_set_read_ahead(ctx,
			       1); /* reads header and body of a record in one call */
	SSL_CTX_set_dh_auto(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, s);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, s);
	SSL_CTX_set_cert_cb(ctx, on_certificate, s);
	SSL_CTX_set_tlsext_status_cb(ctx, on_staple);
	SSL_CTX_set_tlsext_status_arg(ctx, s);
	return ticket_configure(ctx);
}

typedef int set_fn(SSL_CTX *ctx, const char *list);

/* OpenSSL skips unknown words of a list as long as it knows one of them, so each word
 * is tried alone first. Words that begin with '!' or '-' only remove ciphers, and those
 * with
 * '@' are no ciphers. The word that is wrong goes to `wrong`. */
static bool set_list(SSL_CTX *ctx, set_fn *set, const char *list, char *wrong,
		     size_t room)
{
	struct span rest = span_of(list), one;
	bool ok = true;

	while (ok && rest.len > 0) {
		span_cut(&rest, ':', &one);
		if (one.len > 0 && strchr("!-@", one.at[0]))
			continue;
		if (span_starts(one, "+"))
			one = span_after(one, 1);
		ok = span_copy(one, wrong, room) && set(ctx, wrong) == 1;
	}
	if (ok)
		snprintf(wrong, room, "%s", list);
	return ok && set(ctx, list) == 1;
}

static int set_groups(SSL_CTX *ctx, const char *list)
{
	return (int)SSL_CTX_set1_groups_list(ctx, unconst(list));
}

static enum fault set_policy(SSL_CTX *ctx, const struct tls_policy *p, struct why *why)
{
	const int least = p->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
	const struct {
		set_fn *set;
		const char *list, *doing;
	} lists[] = {
		{ SSL_CTX_set_cipher_list, p->ciphers, "understand tls-ciphers" },
		{ SSL_CTX_set_ciphersuites, p->ciphersuites,
		  "understand tls-ciphersuites" },
		{ set_groups, p->groups, "understand tls-groups" },
	};
	char wrong[128] = "";

	if (!SSL_CTX_set_min_proto_version(ctx, least))
		return fault_set(why, FAULT_SETUP, 0, "configure TLS", tls_error());
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (!set_list(ctx, lists[i].set, lists[i].list, wrong, sizeof wrong))
			return fault_set(why, FAULT_SETUP, 0, lists[i].doing, wrong);
	return FAULT_NONE;
}

/* Every certificate must be usable under the policy. A client without SNI gets the
 * first, or one for another kind of key that shares a name with the first. */
static bool set_certificates(struct tls_server *s)
{
	SSL *probe = SSL_new(s->ctx);
	bool ok = probe != NULL;

	for (unsigned i = 0; ok && i < s->count; i++) {
		const struct identity *id = &s->identities[i];

		SSL_certs_clear(probe);
		ok = use(probe, id);
		if (ok && (i == 0 || names_are_shared(&s->names, 0, i)))
			(void)SSL_CTX_use_cert_and_key(s->ctx, id->own, id->key,
						       id->chain, 0);
	}
	SSL_free(probe);
	if (ok)
		ERR_clear_error(); /* OpenSSL refused the second of a kind */
	return ok;
}

static enum fault fill(struct tls_server *s, const struct tls_files *files,
		       const struct tls_policy *policy, struct why *why)
{
	enum fault f = FAULT_NONE;
	const char *wrong;

	while (s->count < files->count) {
		unsigned i = s->count++;

		f = identity_init(&s->identities[i], &files->pairs[i], why);
		if (f)
			return f;
		if (!identity_names(&s->identities[i], i, &s->names))
			return fault_set(why, FAULT_NOMEM, 0, "configure TLS", NULL);
	}
	names_sort(&s->names);
	ERR_clear_error();
	wrong = set_options(s) ? client_configure(s, files) : "configure TLS";
	if (!wrong && (f = set_policy(s->ctx, policy, why)))
		return f;
	if (!wrong && s->count > 0 && !set_certificates(s))
		wrong = "use a certificate";
	return wrong ? fault_set(why, FAULT_SETUP, 0, wrong, tls_error()) : FAULT_NONE;
}

enum fault tls_server_new(const struct tls_files *files,
			  const struct tls_policy *policy, struct tls_server **out,
			  struct why *why)
{
	OWN(tls_server) s = calloc(1, sizeof *s);

	if (!s || !(s->ctx = SSL_CTX_new(TLS_server_method())))
		return fault_set(why, FAULT_NOMEM, 0, "configure TLS", NULL);
	s->uses = 1;
	s->refuse_unknown = policy->refuse_unknown;
	s->verify = policy->verify;
	s->client_name = policy->client_name;
	set_protocol(s, policy->protocol);
	enum fault f = fill(s, files, policy, why);
	if (f == FAULT_NONE)
		*out = TAKE(s);
	return f;
}

void tls_server_free(struct tls_server *s)
{
	if (!s || (s->uses > 1 && s->uses--))
		return;
	SSL_CTX_free(s->ctx);
	for (unsigned i = 0; i < s->count; i++)
		identity_done(&s->identities[i]);
	names_done(&s->names);
	secret_wipe(s, sizeof *s);
	free(s);
}
