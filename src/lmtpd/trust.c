/* lmtpd/trust.c - decides who may deliver mail.
 *
 * Prefix: trust_.
 */
#include "lmtpd/trust.h"

_Static_assert((int)SETTING_LIST_MAX <= (int)NETS_MAX,
	       "every network of a setting fits");

bool trust_start(struct front *f)
{
	const struct text_list *from = &f->child.settings.lmtp_from;

	for (unsigned i = 0; i < from->count; i++)
		if (!nets_add(&f->lmtp->from, span_of(from->at[i])))
			return false;
	return true;
}

bool trust_address(const struct front *f, const struct address *host, bool is_local)
{
	return is_local || nets_hold(&f->lmtp->from, host);
}

bool trust_certificate(const struct conn *c)
{
	const struct text_list *names = &c->front->child.settings.lmtp_tls_names;
	char name[TLS_CLIENT_NAME_MAX + 1];

	if (!c->client.tls || !tls_client_name(c->client.tls, name))
		return false;
	for (unsigned i = 0; i < names->count; i++)
		if (span_is_nocase(span_of(name), names->at[i]))
			return true;
	return false;
}
