/* lookup/introspection.c - asks the server that issues bearer tokens about one (RFC
 * 7662).
 *
 * libcurl does HTTP. A question has the token in place of the password, and the answer
 * names the user. Messages of libcurl are never logged: tokens and a secret pass
 * through it.
 */
#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "auth/sasl/bearer.h"
#include "auth/token/claims.h"
#include "base/address.h"
#include "base/ascii.h"
#include "base/own.h"
#include "base/secret.h"
#include "lookup/driver.h"

enum {
	SECRET_MAX = 1024,
	/* percent encoding makes three octets of one */
	BODY_MAX = 3 * BEARER_TOKEN_MAX + 64,
	CREDENTIAL_MAX = 3 * SECRET_MAX + 1,
	ADDRESSES_MAX = 8,
	RESOLVED_MAX = 1024,
};

struct service {
	const struct database_settings *settings;
	struct claims_rules rules;
	CURL *curl;
	struct curl_slist *headers;
	char *host, *port; /* libcurl's */
	bool numeric;      /* no name has to be looked up */
	struct curl_slist *resolved;
	char error[CURL_ERROR_SIZE];
	size_t len; /* of the answer */
	char text[CLAIMS_OCTETS_MAX];
};

/* ---- setting up ---- */

/* RFC 6749 section 2.3.1: both are encoded as in application/x-www-form-urlencoded,
 * before Basic encodes them. */
static void put_encoded(struct buf *b, struct span s)
{
	for (size_t n = 0; n < s.len; n++) {
		char c = s.at[n];

		if (ascii_is_plain(c, "-._~")) {
			buf_char(b, c);
			continue;
		}
		buf_char(b, '%');
		buf_hex(b, &c, 1);
	}
}

static bool set_credentials(const struct service *s, const char *secret)
{
	char user[CREDENTIAL_MAX], password[CREDENTIAL_MAX];
	struct buf u = BUF(user), p = BUF(password);

	if (!*s->settings->client_id)
		return true;
	put_encoded(&u, span_of(s->settings->client_id));
	put_encoded(&p, span_of(secret));
	bool ok = curl_easy_setopt(s->curl, CURLOPT_USERNAME, buf_cstr(&u)) ==
			  CURLE_OK &&
		  curl_easy_setopt(s->curl, CURLOPT_PASSWORD, buf_cstr(&p)) == CURLE_OK;
	secret_wipe(password, sizeof password);
	return ok && !u.cut && !p.cut;
}

static size_t append(char *at, size_t size, size_t count, void *arg)
{
	struct service *s = arg;
	size_t len = size * count;

	if (len > sizeof s->text - s->len)
		return 0; /* which ends the transfer */
	memcpy(s->text + s->len, at, len);
	s->len += len;
	return len;
}

/* No redirections, proxies, cookies, files, other protocols or compression. libcurl's
 * timeout is shorter than poplar-auth's, which would have this process killed. */
static bool set_options(struct service *s)
{
	const struct database_settings *db = s->settings;
	const long most = (long)(db->timeout - db->timeout / 10);
	CURL *c = s->curl;
	bool ok = true;

#define SET(option, value) ok = ok && curl_easy_setopt(c, option, value) == CURLE_OK
	SET(CURLOPT_URL, db->uri);
	SET(CURLOPT_PROTOCOLS_STR, "https,http");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTPHEADER, s->headers);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, most);
	SET(CURLOPT_CONNECTTIMEOUT_MS, most);
	SET(CURLOPT_MAXCONNECTS, 1L);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	SET(CURLOPT_ERRORBUFFER, s->error);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_WRITEFUNCTION, append);
	SET(CURLOPT_WRITEDATA, s);
	if (*db->ca_file) {
		SET(CURLOPT_CAINFO, db->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
#undef SET
	return ok;
}

/* Find host and port as libcurl parses the URL. This process resolves the host itself,
 * because libcurl's resolver needs threads. */
static bool read_host(struct service *s)
{
	CURLU *url = curl_url();
	bool ok = url &&
		  curl_url_set(url, CURLUPART_URL, s->settings->uri, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_HOST, &s->host, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_PORT, &s->port, CURLU_DEFAULT_PORT) ==
			  CURLUE_OK;
	struct address a;

	curl_url_cleanup(url);
	s->numeric = ok && (s->host[0] == '[' || address_parse(span_of(s->host), &a));
	return ok;
}

/* libcurl's own Expect: 100-continue would cost a round trip. */
static bool set_headers(struct service *s)
{
	s->headers = curl_slist_append(NULL, "Accept: application/json");
	return s->headers && curl_slist_append(s->headers, "Expect:");
}

/* Called before the sandbox. */
static bool begin(struct service *s, const char *secret)
{
	claims_start();
	s->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init()
								    : NULL;
	return s->curl && set_headers(s) && set_options(s) && read_host(s) &&
	       set_credentials(s, secret);
}

static void *open_service(const struct database_settings *settings, const char *secret,
			  struct why *why)
{
	struct service *s = calloc(1, sizeof *s);

	if (s) {
		s->settings = settings;
		s->rules = database_claims_rules(settings);
	}
	if (s && begin(s, secret ? secret : ""))
		return s;
	fault_set(why, FAULT_SETUP, 0, "begin to ask", settings->uri);
	free(s);
	return NULL;
}

/* ---- the address ---- */

/* "host:port:address,address" */
static void put_addresses(const struct service *s, const struct addrinfo *list,
			  struct buf *b)
{
	unsigned count = 0;

	buf_text(b, s->host);
	buf_char(b, ':');
	buf_text(b, s->port);
	for (; list && count < ADDRESSES_MAX; list = list->ai_next) {
		char text[NI_MAXHOST];

		if (getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text,
				NULL, 0, NI_NUMERICHOST))
			continue;
		buf_char(b, count++ > 0 ? ',' : ':');
		buf_text(b, text);
	}
}

/* Give libcurl the host's addresses, so that it does not resolve the host. */
static bool find_host(struct service *s)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char room[RESOLVED_MAX];
	struct buf b = BUF(room);

	if (s->numeric || s->resolved)
		return true;
	if (getaddrinfo(s->host, NULL, &hints, &list)) {
		snprintf(s->error, sizeof s->error, "the host has no address");
		return false;
	}
	put_addresses(s, list, &b);
	freeaddrinfo(list);
	s->resolved = curl_slist_append(NULL, buf_cstr(&b));
	return s->resolved && !b.cut &&
	       curl_easy_setopt(s->curl, CURLOPT_RESOLVE, s->resolved) == CURLE_OK;
}

/* Resolve the host again: its address may have changed. */
static void forget_host(struct service *s)
{
	curl_easy_setopt(s->curl, CURLOPT_RESOLVE, NULL);
	curl_slist_free_all(s->resolved);
	s->resolved = NULL;
}

/* ---- one question ---- */

static CURLcode post_once(struct service *s, struct span body)
{
	s->len = 0;
	s->error[0] = '\0';
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body.at);
	CURLcode code = curl_easy_perform(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, NULL);
	if (code != CURLE_OK && !s->error[0])
		snprintf(s->error, sizeof s->error, "%s", curl_easy_strerror(code));
	return code;
}

/* False: the server could not be asked, and s->error says why. */
static bool post(struct service *s, struct span body)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		bool kept = s->resolved != NULL;

		if (!find_host(s))
			return false;
		CURLcode code = post_once(s, body);
		if (code == CURLE_OK)
			return true;
		forget_host(s);
		if (code != CURLE_COULDNT_CONNECT || !kept)
			return false;
	}
	return false;
}

static enum database_says read_answer(struct service *s, struct lookup_answer *answer)
{
	struct token_claims claims;
	long status = 0;

	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		snprintf(s->error, sizeof s->error, "HTTP status %ld", status);
		return lookup_down(answer, FAULT_IO, 0, "ask about a token:", s->error);
	}
	switch (claims_check(&s->rules, CLAIMS_INTROSPECTION,
			     (struct span){ s->text, s->len }, time(NULL), &claims,
			     &answer->why)) {
	case FAULT_NONE:
		return lookup_field(answer, "user", span_of(claims.user))
			       ? DATABASE_RIGHT
			       : DATABASE_WRONG;
	case FAULT_DENIED:
		return DATABASE_WRONG;
	default:
		return DATABASE_DOWN;
	}
}

static enum database_says ask(void *self, const struct lookup_question *q,
			      struct lookup_answer *answer)
{
	struct service *s = self;
	ROOM char room[BODY_MAX];
	struct buf body = BUF(room);

	if (!q->judge)
		return DATABASE_UNKNOWN; /* a database of tokens knows no users */
	buf_text(&body, "token_type_hint=access_token&token=");
	put_encoded(&body, q->password);
	bool asked = !body.cut && post(s, buf_span(&body));
	secret_wipe(room, body.len);
	enum database_says says = asked ? read_answer(s, answer)
					: lookup_down(answer, FAULT_IO, 0,
						      "ask about a token:", s->error);
	secret_wipe(s->text, s->len);
	return says;
}

const struct lookup_driver lookup_introspection = { open_service, ask };
