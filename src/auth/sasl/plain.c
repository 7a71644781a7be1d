/* auth/sasl/plain.c - PLAIN and LOGIN, which show the password; EXTERNAL and ANONYMOUS.
 *
 * Prefix: sasl_.
 */
#include "auth/sasl/exchange_inner.h"

static enum sasl_says show(struct sasl *s, struct span authzid, struct span authid,
			   struct span password, struct user_found *found,
			   struct why *why)
{
	if (!span_copy(authid, s->claimed, sizeof s->claimed))
		s->claimed[0] = '\0';
	return login_by_password(s->rules, &s->way, authzid, authid, password, found,
				 why)
		       ? SASL_OUT
		       : SASL_IN;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
enum sasl_says sasl_plain_step(struct sasl *s, struct span response, struct buf *out,
			       struct user_found *found, struct why *why)
{
	struct span authzid, authid;

	if (!response.at)
		return sasl_ask(out, "");
	if (!span_cut(&response, '\0', &authzid) ||
	    !span_cut(&response, '\0', &authid) || authid.len == 0 ||
	    memchr(response.at, '\0', response.len))
		return sasl_refuse(FAULT_BAD_RESPONSE, why);
	return show(s, authzid, authid, response, found, why);
}

/* LOGIN prompts for the name and then for the password. Some clients send the name as
 * an initial response. */
enum sasl_says sasl_login_step(struct sasl *s, struct span response, struct buf *out,
			       struct user_found *found, struct why *why)
{
	if (!response.at)
		return sasl_ask(out, "VXNlcm5hbWU6"); /* "Username:" */
	if (s->claimed[0])
		return show(s, SPAN(""), span_of(s->claimed), response, found, why);
	if (response.len == 0 || !span_copy(response, s->claimed, sizeof s->claimed))
		return sasl_refuse(FAULT_BAD_RESPONSE, why);
	return sasl_ask(out, "UGFzc3dvcmQ6"); /* "Password:" */
}

/* RFC 4422 appendix A: the client's certificate names the user; the response is the
 * authzid, or empty. */
enum sasl_says sasl_external_step(struct sasl *s, struct span response, struct buf *out,
				  struct user_found *found, struct why *why)
{
	const struct span authid = s->channel.certificate;

	if (!response.at)
		return sasl_ask(out, "");
	if (memchr(response.at, '\0', response.len))
		return sasl_refuse(FAULT_BAD_RESPONSE, why);
	if (authid.len == 0 || !span_copy(authid, s->claimed, sizeof s->claimed))
		return sasl_refuse(FAULT_DENIED, why);
	return login_proved(s->rules, &s->way, response, authid, found, why) ? SASL_OUT
									     : SASL_IN;
}

/* RFC 4505: the response is trace information, such as a mail address, for the log
 * only. */
enum sasl_says sasl_anonymous_step(struct sasl *s, struct span response,
				   struct buf *out, struct user_found *found,
				   struct why *why)
{
	if (!response.at)
		return sasl_ask(out, "");
	if (!span_copy(response, s->claimed, sizeof s->claimed))
		return sasl_refuse(FAULT_BAD_RESPONSE, why);
	if (login_proved(s->rules, &s->way, SPAN(""), s->rules->anonymous, found, why))
		return SASL_OUT;
	found->user.read_only = true;
	return SASL_IN;
}
