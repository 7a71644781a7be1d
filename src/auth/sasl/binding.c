/* auth/sasl/binding.c - checks the channel binding in SCRAM's messages.
 *
 * Prefix: sasl_binding_. RFC 5802 sections 6 and 7. GNU SASL compares the same octets,
 * but accepts a binding without -PLUS, and returns the same error for a wrong binding
 * as for a wrong password. RFC 3206 has different response codes for the two.
 */
#include "auth/sasl/exchange_inner.h"
#include "auth/user/base64.h"

/* This connection's octets for the binding type that the client names; empty: none. */
static struct span octets_of(const struct sasl *s, struct span type)
{
	if (span_is(type, "tls-exporter"))
		return s->channel.exporter;
	if (span_is(type, "tls-unique"))
		return s->channel.unique;
	return SPAN("");
}

/* gs2-header: a flag, ",", the authzid or nothing, ",". */
static bool parse_header(struct sasl *s, struct span message, struct span *flag)
{
	struct span rest = message, authzid;

	if (!span_cut(&rest, ',', flag) || !span_cut(&rest, ',', &authzid))
		return false;
	s->header_len = message.len - rest.len;
	return span_copy((struct span){ message.at, s->header_len }, s->header,
			 sizeof s->header);
}

enum fault sasl_binding_first(struct sasl *s, struct span message)
{
	const bool plus = mechanism_needs(s->way.mechanism) & MECHANISM_BINDING;
	const bool able = s->channel.exporter.len + s->channel.unique.len > 0;
	struct span flag;

	if (!parse_header(s, message, &flag))
		return FAULT_BAD_RESPONSE;
	if (span_starts(flag, "p=")) {
		s->bound = octets_of(s, span_after(flag, strlen("p=")));
		return plus && s->bound.len > 0 ? FAULT_NONE : FAULT_BINDING;
	}
	if (span_is(flag,
		    "y")) /* "the server offers no -PLUS": false where one is able */
		return plus || able ? FAULT_BINDING : FAULT_NONE;
	if (span_is(flag, "n"))
		return plus ? FAULT_BINDING : FAULT_NONE;
	return FAULT_BAD_RESPONSE;
}

enum fault sasl_binding_last(const struct sasl *s, struct span message)
{
	unsigned char said[SASL_HEADER_MAX + SASL_BINDING_MAX];
	struct span text;
	size_t len;

	if (!span_starts(message, "c="))
		return FAULT_BAD_RESPONSE;
	message = span_after(message, strlen("c="));
	span_cut(&message, ',', &text);
	if (text.len > BASE64_ROOM(sizeof said))
		return FAULT_BINDING;
	if (!base64_decode(text, said, sizeof said, &len))
		return FAULT_BAD_RESPONSE;
	const bool same = len == s->header_len + s->bound.len &&
			  memcmp(said, s->header, s->header_len) == 0 &&
			  (s->bound.len == 0 || memcmp(said + s->header_len,
						       s->bound.at, s->bound.len) == 0);

	return same ? FAULT_NONE : FAULT_BINDING;
}
