/* auth/sasl/gnu.c - the mechanisms that GNU SASL carries out: SCRAM, CRAM-MD5,
 * DIGEST-MD5 and GSSAPI.
 *
 * Prefix: sasl_gnu_.
 */
#include <stdlib.h>

#include "auth/sasl/exchange_inner.h"
#include "auth/sasl/gssapi.h"
#include "auth/user/base64.h"
#include "auth/user/scheme.h"
#include "base/own.h"
#include "base/secret.h"

static Gsasl *library;

/* Kerberos has proved a principal such as "alice@EXAMPLE.ORG". With gssapi-realm, the
 * realm must be that one, and the part before it is the user's name; without, the whole
 * principal is. False: another realm, or no such user. */
static bool find_principal(struct sasl *s)
{
	const char *text = gsasl_property_fast(s->session, GSASL_GSSAPI_DISPLAY_NAME);
	struct span name = span_of(text ? text : "");
	const char *at = memrchr(name.at, '@', name.len);
	const char *ours = s->rules->realm;

	if (!span_copy(name, s->claimed, sizeof s->claimed))
		return false;
	if (*ours) {
		if (!at || strcmp(at + 1, ours) != 0)
			return false;
		name.len = (size_t)(at - name.at);
	}
	s->known = login_find(s->rules, name, &s->who, &s->trouble) == FAULT_NONE;
	return s->known;
}

static int call_back(Gsasl *ctx, Gsasl_session *session, Gsasl_property property)
{
	struct sasl *s = gsasl_session_hook_get(session);

	(void)ctx;
	switch (property) {
	case GSASL_PASSWORD:
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
	case GSASL_SCRAM_STOREDKEY:
	case GSASL_SCRAM_SERVERKEY:
		sasl_secret_set(s);
		return gsasl_property_fast(session, property) ? GSASL_OK
							      : GSASL_NO_CALLBACK;
	case GSASL_SERVICE:
		gsasl_property_set(session, property, "pop");
		return GSASL_OK;
	case GSASL_HOSTNAME:
		gsasl_property_set(session, property,
				   gssapi_host() ? gssapi_host() : "localhost");
		return GSASL_OK;
	case GSASL_VALIDATE_GSSAPI:
		return find_principal(s) ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	default:
		return GSASL_NO_CALLBACK;
	}
}

/* ---- the exchange ---- */

/* Have the library open its files and set up its tables before the sandbox. */
static bool warm_up(const char *mechanism)
{
	Gsasl_session *session;
	OWN_TEXT said = NULL;
	size_t len;

	if (gsasl_server_start(library, mechanism, &session) != GSASL_OK)
		return false;
	(void)gsasl_step(session, "rubbish", strlen("rubbish"), &said, &len);
	gsasl_finish(session);
	return true;
}

bool sasl_gnu_start(void)
{
	OWN_TEXT made = NULL;

	if (library)
		return true;
	if (gsasl_init(&library) != GSASL_OK)
		return false;
	gsasl_callback_set(library, call_back);
	sasl_secret_start();
	return gsasl_saslprep("\xc3\xa9", 0, &made, NULL) == GSASL_OK &&
	       warm_up("CRAM-MD5") && (!gssapi_host() || warm_up("GSSAPI"));
}

static void bind(struct sasl *s, Gsasl_property property, struct span octets)
{
	if (octets.len > 0)
		sasl_secret_base64(s->session, property,
				   (const unsigned char *)octets.at, octets.len);
}

bool sasl_gnu_begin(struct sasl *s)
{
	const char *name = mechanism_name(s->way.mechanism);

	if (gsasl_server_start(library, name, &s->session) != GSASL_OK)
		return false;
	gsasl_session_hook_set(s->session, s);
	gsasl_property_set(s->session, GSASL_QOPS, "qop-auth");
	bind(s, GSASL_CB_TLS_EXPORTER, s->channel.exporter);
	bind(s, GSASL_CB_TLS_UNIQUE, s->channel.unique);
	return true;
}

static enum fault fault_of(int rc)
{
	switch (rc) {
	case GSASL_MALLOC_ERROR:
		return FAULT_NOMEM;
	case GSASL_MECHANISM_PARSE_ERROR:
	case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES:
	case GSASL_BASE64_ERROR:
		return FAULT_BAD_RESPONSE;
	default:
		return FAULT_DENIED;
	}
}

static enum sasl_says admit(struct sasl *s, struct user_found *found, struct why *why)
{
	const char *authzid = gsasl_property_fast(s->session, GSASL_AUTHZID);

	if (!s->known) /* a made-up secret has been met, which cannot happen */
		return sasl_refuse(FAULT_DENIED, why);
	return login_admit(s->rules, &s->way, &s->who,
			   authzid ? span_of(authzid) : SPAN(""), found, why)
		       ? SASL_OUT
		       : SASL_IN;
}

/* The first token names its mechanism (RFC 2743 section 3.1), which must be Kerberos
 * (RFC 4752 section 1). The library leaks memory over each token of another mechanism,
 * and never gets to see one. */
static bool is_kerberos(struct span token)
{
	static const char oid[] = "\6\11\x2a\x86\x48\x86\xf7\x12\1\2\2";
	size_t head = 2;

	if (!token.at || token.len < head || token.at[0] != '\x60')
		return false;
	if (token.at[1] & 0x80) /* that many octets of the length follow */
		head += token.at[1] & 0x7f;
	return token.len >= head + sizeof oid - 1 &&
	       memcmp(token.at + head, oid, sizeof oid - 1) == 0;
}

static bool is_scram(const struct sasl *s)
{
	return sasl_wants(s->way.mechanism) & (SCHEME_SCRAM_1 | SCHEME_SCRAM_256);
}

/* Check a response before GNU SASL sees it; FAULT_NONE: GNU SASL may. An empty response
 * is legal in GSSAPI alone, behind the first (RFC 4752 section 3.1): for any other
 * mechanism GNU SASL would ask again without end. A NUL is legal in GSSAPI alone, whose
 * responses are no texts: GNU SASL takes it for the end, where others see a longer
 * name. */
static enum fault judge(struct sasl *s, struct span response)
{
	const bool gssapi = s->way.mechanism == MECHANISM_ID_GSSAPI;
	const bool starts = mechanism_needs(s->way.mechanism) & MECHANISM_STARTS;

	if (s->steps >= SASL_STEPS_MAX || (starts && s->steps == 0) ||
	    (response.len == 0 && !(gssapi && s->begun)))
		return FAULT_BAD_RESPONSE;
	if (!gssapi && memchr(response.at, '\0', response.len))
		return FAULT_BAD_RESPONSE;
	if (gssapi && !s->begun) {
		s->begun = is_kerberos(response);
		return s->begun ? FAULT_NONE : FAULT_BAD_RESPONSE;
	}
	if (s->way.mechanism == MECHANISM_ID_DIGEST_MD5)
		return sasl_digest_name(response).len > 0 ? FAULT_NONE
							  : FAULT_BAD_RESPONSE;
	if (is_scram(s))
		return s->header_len == 0 ? sasl_binding_first(s, response)
					  : sasl_binding_last(s, response);
	return FAULT_NONE;
}

/* A client may leave out charset=utf-8 (RFC 2831 section 2.1.2), but GNU SASL 2.2 then
 * follows a pointer that it has never set. So it is put in front of the response. */
static int step_digest(struct sasl *s, struct span response, char **said, size_t *len)
{
	static const struct span utf8 = SPAN("charset=utf-8,");
	const size_t whole = utf8.len + response.len;
	OWN_TEXT text = malloc(whole + 1);

	if (!text)
		return GSASL_MALLOC_ERROR;
	memcpy(text, utf8.at, utf8.len);
	if (response.len > 0)
		memcpy(text + utf8.len, response.at, response.len);
	text[whole] = '\0';
	int rc = gsasl_step(s->session, text, whole, said, len);
	secret_wipe(text, whole);
	return rc;
}

/* Data that a mechanism sends with its success goes out as a challenge, which the
 * client answers with an empty response (RFC 5034 section 4). */
enum sasl_says sasl_gnu_step(struct sasl *s, struct span response, struct buf *out,
			     struct user_found *found, struct why *why)
{
	OWN_TEXT said = NULL;
	size_t len = 0;

	if (s->proved)
		return response.len == 0 ? admit(s, found, why)
					 : sasl_refuse(FAULT_BAD_RESPONSE, why);
	enum fault f = response.at ? judge(s, response) : FAULT_NONE;
	if (f)
		return sasl_refuse(f, why);
	const bool digest = s->way.mechanism == MECHANISM_ID_DIGEST_MD5 &&
			    s->steps == 1;
	int rc =
		digest ? step_digest(s, response, &said, &len)
		       : gsasl_step(s->session, response.at, response.len, &said, &len);
	s->steps++;
	if (s->trouble.fault && s->trouble.fault != FAULT_DENIED) {
		*why = s->trouble;
		return SASL_OUT;
	}
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return sasl_refuse(fault_of(rc), why);
	s->proved = rc == GSASL_OK;
	if (s->proved && len == 0)
		return admit(s, found, why);
	if (len > SASL_CHALLENGE_MAX)
		return sasl_refuse(FAULT_LIMIT, why);
	base64_encode((struct span){ said ? said : "", len }, out);
	return SASL_MORE;
}
