/* mail/address.c - addresses that go beyond ASCII, for those who know no other.
 *
 * Floor 1 (mail): does no I/O. Prefix: field_. RFC 6857 sections 3.1.5 to 3.1.8, RFC
 * 6858 section 2.1.
 */
#include <idn2.h>

#include "base/utf8.h"
#include "mail/field.h"
#include "mail/token.h"

/* What nobody can have (RFC 2606), behind a name that tells. */
#define NOBODY SPAN("<invalid@internationalized-address.invalid>")

/* A mailbox, taken apart; runs are borrowed from it. */
struct mailbox {
	struct span name;    /* in front of "<" */
	struct span address; /* with whatever white space and comments it has */
	struct span rest;    /* behind "<", or all of it: for its comments */
	bool angle;
};

static struct mailbox take_apart(struct span s)
{
	struct mailbox m = { .name = { s.at, 0 }, .address = s, .rest = s };
	struct span rest = s, name;

	if (token_cut(&rest, "<", &name) != '<')
		return m;
	const char *end = memrchr(rest.at, '>', rest.len);
	m.name = token_trim(name);
	m.address.at = rest.at;
	m.address.len = end ? (size_t)(end - rest.at) : rest.len;
	m.rest = rest;
	m.angle = true;
	return m;
}

/* Without what does not count. */
static struct span squeeze(struct span address, char *scratch)
{
	return (struct span){ scratch, token_squeeze(address, scratch) };
}

size_t field_domain(struct span domain, char out[FIELD_DOMAIN_MAX])
{
	char text[4 * FIELD_DOMAIN_MAX];
	uint8_t *made = NULL;
	size_t len = 0;

	if (!span_copy(domain, text, sizeof text) ||
	    idn2_lookup_u8((const uint8_t *)text, &made,
			   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return 0;
	const struct span ascii = span_of((const char *)made);
	if (ascii.len <= FIELD_DOMAIN_MAX && utf8_is_ascii(ascii)) {
		memcpy(out, ascii.at, ascii.len);
		len = ascii.len;
	}
	idn2_free(made);
	return len;
}

/* Cut at the last '@'. False: there is none. */
static bool cut_address(struct span address, struct span *out_local,
			struct span *out_domain)
{
	const char *at = memrchr(address.at, '@', address.len);

	if (!at)
		return false;
	out_local->at = address.at;
	out_local->len = (size_t)(at - address.at);
	*out_domain = span_after(address, out_local->len + 1);
	return true;
}

/* The address with its domain in ASCII. False: it has no such form. */
static bool has_form(struct span address, struct span *out_local,
		     struct span *out_domain, char ascii[FIELD_DOMAIN_MAX])
{
	if (!cut_address(address, out_local, out_domain) || !utf8_is_ascii(*out_local))
		return false;
	if (!utf8_is_ascii(*out_domain))
		*out_domain = (struct span){ ascii, field_domain(*out_domain, ascii) };
	return out_domain->len > 0;
}

static void put_ascii(struct fold *f, struct span address, bool angle)
{
	struct span local = address, domain = SPAN("");
	char ascii[FIELD_DOMAIN_MAX];
	const bool cut = has_form(address, &local, &domain, ascii);

	fold_reserve(f, local.len + domain.len + 3);
	fold_glue(f, angle ? SPAN("<") : SPAN(""));
	fold_glue(f, cut ? local : address);
	fold_glue(f, cut ? SPAN("@") : SPAN(""));
	fold_glue(f, cut ? domain : SPAN(""));
	fold_glue(f, angle ? SPAN(">") : SPAN(""));
}

/* Can nothing but its encoded form be said of an address? So it is also when too many
 * domains have been looked at. */
static bool is_lost(struct fold *f, struct span address, enum field_way way)
{
	struct span local, domain;
	char ascii[FIELD_DOMAIN_MAX];

	if (token_is_ascii(address))
		return false;
	return way == FIELD_SIMPLE || f->domains++ >= FOLD_DOMAINS_MAX ||
	       !has_form(squeeze(address, f->scratch), &local, &domain, ascii);
}

static void put_mailbox(struct fold *f, struct span s, enum field_way way)
{
	const struct mailbox m = take_apart(s);
	const bool lost = is_lost(f, m.address, way);

	fold_gap(f, SPAN(" "));
	if (utf8_is_ascii(s)) {
		fold_text(f, s);
		return;
	}
	field_phrase(f, m.name, lost);
	if (m.name.len > 0)
		fold_gap(f, SPAN(" "));
	const struct span address = squeeze(m.address, f->scratch);
	if (lost) {
		fold_encoded(f, address);
		fold_gap(f, SPAN(" "));
		fold_word(f, way == FIELD_SIMPLE ? NOBODY : SPAN(":;"));
	} else if (address.len > 0) {
		put_ascii(f, address, m.angle);
	}
	field_comments(f, m.rest);
}

/* ---- groups ---- */

/* Has a mailbox of the list such an address? RFC 6857 section 3.1.7 means those whose
 * local part is at fault; a domain that is none is no better. */
static bool has_lost(struct fold *f, struct span list, enum field_way way)
{
	struct span one;
	char sep;

	do {
		sep = token_cut(&list, ",", &one);
		if (is_lost(f, take_apart(one).address, way))
			return true;
	} while (sep);
	return false;
}

static void put_list(struct fold *f, struct span list, enum field_way way);

/* RFC 6857 section 3.1.7: one address that has no form in ASCII takes all with it. */
static void put_group(struct fold *f, struct span name, struct span list,
		      enum field_way way)
{
	const bool lost = way == FIELD_FULL && has_lost(f, list, way);

	fold_gap(f, SPAN(" "));
	field_phrase(f, name, lost);
	if (lost) {
		fold_gap(f, SPAN(" "));
		fold_encoded(f, token_trim(list));
		fold_gap(f, SPAN(" "));
		fold_word(f, SPAN(":;"));
		return;
	}
	fold_glue(f, SPAN(":"));
	put_list(f, list, way);
	fold_glue(f, SPAN(";"));
}

static void put_list(struct fold *f, struct span list, enum field_way way)
{
	struct span one;
	char sep;

	do {
		sep = token_cut(&list, ",", &one);
		one = token_trim(one);
		if (one.len > 0)
			put_mailbox(f, one, way);
		if (sep)
			fold_glue(f, SPAN(","));
	} while (sep);
}

void field_addresses(struct fold *f, struct span list, enum field_way way)
{
	struct span one, members;
	char sep;

	do {
		sep = token_cut(&list, ",:;", &one);
		one = token_trim(one);
		if (sep == ':') {
			token_cut(&list, ";", &members);
			put_group(f, one, members, way);
		} else {
			if (one.len > 0)
				put_mailbox(f, one, way);
			if (sep)
				fold_glue(f, SPAN(","));
		}
	} while (sep);
}
