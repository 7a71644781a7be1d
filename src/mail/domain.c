/* mail/domain.c - converts internationalized domain names to ASCII (RFC 5891), with a
 * cache.
 *
 * Prefix: domain_.
 */
#include "mail/domain.h"

#include <idn2.h>

#include "base/ascii.h"
#include "base/utf8.h"

/* Needed because libidn2 does not check labels that are ASCII already. */
static bool is_host(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_plain(s.at[i], "-._"))
			return false;
	return s.len > 0 && s.len <= DOMAIN_OCTETS_MAX;
}

static size_t look(struct span domain, char out[DOMAIN_OCTETS_MAX])
{
	char text[4 * DOMAIN_OCTETS_MAX];
	uint8_t *made = NULL;
	size_t len = 0;

	if (!utf8_is(domain) || !span_copy(domain, text, sizeof text) ||
	    idn2_lookup_u8((const uint8_t *)text, &made,
			   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return 0;
	const struct span ascii = span_of((const char *)made);
	if (is_host(ascii)) {
		memcpy(out, ascii.at, ascii.len);
		len = ascii.len;
	}
	idn2_free(made);
	return len;
}

/* FNV-1a. It needs no key: an attacker who finds two domains for one slot causes only
 * that both are converted each time. */
static struct domain *slot_of(struct domains *d, struct span s)
{
	uint32_t sum = 2166136261;

	for (size_t i = 0; i < s.len; i++)
		sum = (sum ^ (uint8_t)s.at[i]) * 16777619;
	return &d->slots[(sum ^ sum >> 16) % DOMAIN_SLOTS];
}

size_t domain_ascii(struct domains *d, struct span domain, char out[DOMAIN_OCTETS_MAX])
{
	struct domain *slot = slot_of(d, domain);

	if (domain.len == 0)
		return 0;
	if (slot->len == domain.len && memcmp(slot->text, domain.at, domain.len) == 0) {
		memcpy(out, slot->ascii, slot->ascii_len);
		return slot->ascii_len;
	}
	const size_t len = look(domain, out);
	d->looked++;
	if (domain.len <= DOMAIN_KEPT_MAX && len <= DOMAIN_KEPT_MAX) {
		*slot = (struct domain){ .len = (uint8_t)domain.len,
					 .ascii_len = (uint8_t)len };
		memcpy(slot->text, domain.at, domain.len);
		memcpy(slot->ascii, out, len);
	}
	return len;
}
