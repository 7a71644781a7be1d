/* auth/sasl/sasl.c - carries out SASL exchanges, as the server.
 *
 * Prefix: sasl_.
 */
#include "auth/sasl/sasl.h"

#include <stdlib.h>

#include "auth/sasl/exchange_inner.h"
#include "auth/sasl/gssapi.h"
#include "auth/user/base64.h"
#include "auth/user/scheme.h"
#include "base/own.h"
#include "base/secret.h"

/* The code for each mechanism; NULL: no SASL mechanism. */
static sasl_step_fn *const steps[MECHANISM_COUNT] = {
	/* clang-format off */
	[MECHANISM_ID_PLAIN]              = sasl_plain_step,
	[MECHANISM_ID_LOGIN]              = sasl_login_step,
	[MECHANISM_ID_SCRAM_SHA_256_PLUS] = sasl_gnu_step,
	[MECHANISM_ID_SCRAM_SHA_256]      = sasl_gnu_step,
	[MECHANISM_ID_SCRAM_SHA_1_PLUS]   = sasl_gnu_step,
	[MECHANISM_ID_SCRAM_SHA_1]        = sasl_gnu_step,
	[MECHANISM_ID_CRAM_MD5]           = sasl_gnu_step,
	[MECHANISM_ID_DIGEST_MD5]         = sasl_gnu_step,
	[MECHANISM_ID_GSSAPI]             = sasl_gnu_step,
	[MECHANISM_ID_OAUTHBEARER]        = sasl_token_step,
	[MECHANISM_ID_XOAUTH2]            = sasl_token_step,
	[MECHANISM_ID_EXTERNAL]           = sasl_external_step,
	[MECHANISM_ID_ANONYMOUS]          = sasl_anonymous_step,
	/* clang-format on */
};

/* Can a user use the mechanism, however passwords are stored? */
static bool is_possible(const struct login_rules *rules, enum mechanism m)
{
	if (m == MECHANISM_ID_ANONYMOUS)
		return rules->anonymous.len > 0;
	if (m == MECHANISM_ID_GSSAPI)
		return gssapi_host() != NULL;
	if (steps[m] == sasl_token_step)
		return rules->tokens != NULL;
	return sasl_wants(m) == 0;
}

bool sasl_start(void)
{
	return sasl_gnu_start();
}

unsigned sasl_offers(const struct login_rules *rules, unsigned allowed)
{
	unsigned offers = 0;

	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++)
		offers |= (unsigned)is_possible(rules, m) << m;
	for (struct database *db = rules->databases; db; db = db->next) {
		unsigned ways = db->driver->stores ? db->driver->stores(db) : 0;

		for (enum mechanism m = 0; m < MECHANISM_COUNT && ways; m++)
			offers |= (unsigned)!(ways & ~sasl_wants(m)) << m;
	}
	return offers & allowed;
}

static const char *need_of(enum mechanism m)
{
	if (m == MECHANISM_ID_ANONYMOUS)
		return "anonymous-user";
	if (m == MECHANISM_ID_GSSAPI)
		return "a keytab that works";
	if (steps[m] == sasl_token_step)
		return "a database of tokens";
	if (sasl_wants(m) & SCHEME_SCRAM_256)
		return "users, all with passwords stored as PLAIN or SCRAM-SHA-256";
	if (sasl_wants(m) & SCHEME_SCRAM_1)
		return "users, all with passwords stored as PLAIN or SCRAM-SHA-1";
	return "users, all with passwords stored as PLAIN";
}

void sasl_explain(unsigned allowed, struct buf *out)
{
	const char *between = "";

	for (enum mechanism m = 0; m < MECHANISM_COUNT; m++) {
		if (!(allowed >> m & 1))
			continue;
		buf_text(out, between);
		buf_text(out, mechanism_name(m));
		buf_text(out, " needs ");
		buf_text(out, need_of(m));
		between = "; ";
	}
}

static struct span keep(struct span from, char *to, size_t room)
{
	size_t n = from.len <= room ? from.len : 0;

	if (n > 0)
		memcpy(to, from.at, n);
	return (struct span){ to, n };
}

struct sasl *sasl_new(const struct login_rules *rules, const struct login_way *way,
		      const struct sasl_channel *channel)
{
	struct sasl *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->rules = rules;
	s->way = *way;
	s->way.peer = keep(way->peer, s->peer, sizeof s->peer);
	s->channel = (struct sasl_channel){
		.exporter = keep(channel->exporter, s->exporter, sizeof s->exporter),
		.unique = keep(channel->unique, s->unique, sizeof s->unique),
		.certificate = keep(channel->certificate, s->certificate,
				    sizeof s->certificate),
	};
	if (steps[way->mechanism] == sasl_gnu_step && !sasl_gnu_begin(s)) {
		free(s);
		return NULL;
	}
	return s;
}

void sasl_free(struct sasl *s)
{
	if (!s)
		return;
	if (s->session)
		gsasl_finish(s->session);
	user_release(&s->who);
	secret_wipe(s, sizeof *s);
	free(s);
}

enum sasl_says sasl_step(struct sasl *s, struct span response, struct buf *out,
			 struct user_found *found, struct why *why)
{
	OWN_TEXT octets = response.at ? malloc(SASL_RESPONSE_MAX + 1) : NULL;
	size_t len = 0;

	if (response.at && !octets)
		return sasl_refuse(FAULT_NOMEM, why);
	if (octets && !base64_decode(response, octets, SASL_RESPONSE_MAX, &len))
		return sasl_refuse(FAULT_BAD_RESPONSE, why);
	if (octets)
		octets[len] = '\0';
	enum sasl_says says = steps[s->way.mechanism](s, (struct span){ octets, len },
						      out, found, why);
	if (octets)
		secret_wipe(octets, SASL_RESPONSE_MAX + 1);
	return says;
}
