/* auth/sasl/token.c - the mechanisms that show a bearer token: OAUTHBEARER and XOAUTH2.
 *
 * Prefix: sasl_. A token is refused in two steps (RFC 7628 section 3.2.3): the error
 * goes out as a challenge; the exchange fails after the client's answer, whatever that
 * is.
 */
#include "auth/sasl/bearer.h"
#include "auth/sasl/exchange_inner.h"
#include "auth/user/base64.h"
#include "base/log.h"

static enum bearer_dialect dialect_of(const struct sasl *s)
{
	return s->way.mechanism == MECHANISM_ID_XOAUTH2 ? BEARER_XOAUTH2
							: BEARER_OAUTHBEARER;
}

static void put_error(const struct sasl *s, struct buf *error)
{
	const char *scope = s->rules->token_scope,
		   *url = s->rules->openid_configuration;

	bearer_put_error(dialect_of(s), s->refused, scope ? scope : "", url ? url : "",
			 error);
	if (!error->cut)
		return;
	*error = (struct buf){ .at = error->at, .room = error->room };
	bearer_put_error(dialect_of(s), s->refused, "", "", error);
}

/* Send the error, and fail after the client's answer. */
static enum sasl_says refuse_politely(struct sasl *s, enum fault f, struct buf *out)
{
	char room[BEARER_ERROR_MAX];
	struct buf error = BUF(room);

	s->refused = f;
	put_error(s, &error);
	base64_encode(buf_span(&error), out);
	return SASL_MORE;
}

/* Only the log says what is wrong with a token. Nothing shows the token itself. */
static void tell_log(void *arg, const struct database *db, enum database_says says,
		     const struct why *why)
{
	const struct sasl *s = arg;

	if (says == DATABASE_WRONG && why->doing)
		log_event(LOG_INFO, "token-refused", LOG_T("database", db->name),
			  LOG_S("peer", s->way.peer), LOG_T("why", why->doing),
			  LOG_T("what", why->what));
}

static void tell_overlong(const struct sasl *s)
{
	log_event(LOG_INFO, "token-refused", LOG_S("peer", s->way.peer),
		  LOG_T("why", "is too long"), LOG_N("most", BEARER_TOKEN_MAX));
}

/* Find the name that the token proves, then the user whose maildrop that name may have.
 */
static enum fault find_user(struct sasl *s, const struct bearer *b,
			    struct user_found *found, struct why *why)
{
	const struct database_watcher log = { .say = tell_log, .arg = s };
	OWN_USER named = { 0 };
	enum fault f = FAULT_DENIED;

	if (b->token.len > 0)
		f = database_check(s->rules->tokens, span_of(b->user), b->token,
				   s->way.peer, &log, &named, why);
	if (f)
		return f;
	if (!span_copy(named.user.name, s->claimed, sizeof s->claimed))
		return FAULT_DENIED;
	return login_proved(s->rules, &s->way, span_of(b->user), named.user.name, found,
			    why);
}

enum sasl_says sasl_token_step(struct sasl *s, struct span response, struct buf *out,
			       struct user_found *found, struct why *why)
{
	struct bearer bearer;

	if (!response.at)
		return sasl_ask(out, "");
	if (s->refused)
		return sasl_refuse(s->refused == FAULT_DENIED ? FAULT_DENIED
							      : FAULT_BAD_RESPONSE,
				   why);
	enum fault f = bearer_parse(dialect_of(s), response, &bearer);
	if (f == FAULT_OVERLONG)
		tell_overlong(s);
	if (f)
		return refuse_politely(s, f, out);
	if (!span_copy(span_of(bearer.user), s->claimed, sizeof s->claimed))
		return sasl_refuse(FAULT_BAD_RESPONSE, why);
	switch (find_user(s, &bearer, found, why)) {
	case FAULT_NONE:
		return SASL_IN;
	case FAULT_DENIED:
		return refuse_politely(s, FAULT_DENIED, out);
	default: /* our trouble: a client that got an error would discard its token */
		return SASL_OUT;
	}
}
