/* mail/address.c - writes the addresses of a header field in ASCII.
 *
 * Prefix: field_. RFC 6857 sections 3.1.5 to 3.1.8, RFC
 * 6858 section 2.1.
 */
#include "mail/address.h"

#include "base/utf8.h"
#include "mail/token.h"

/* An address that nobody can have (RFC 2606); its name says why. */
#define NOBODY SPAN("<invalid@internationalized-address.invalid>")

/* Octets that are shown of a mailbox too long to be held; domains that are looked at in
 * one step. */
enum { SHOWN_MAX = 256, LOOKS_MAX = 16 };

/* ---- one address ---- */

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

/* Is there white space, or a comment, only where RFC 5322 section 4.4 allows it?
 * Without it two words would become one, and the address that of somebody else. */
static bool is_one(struct span address)
{
	enum token token, before = TOKEN_SPECIAL;
	bool apart = false, dot = true;
	struct span part;

	while ((token = token_next(&address, &part)) != TOKEN_END) {
		if (token == TOKEN_WHITE || token == TOKEN_COMMENT) {
			apart = true;
			continue;
		}
		if (apart && !dot && token != TOKEN_SPECIAL &&
		    before != TOKEN_SPECIAL && part.at[0] != '.')
			return false;
		apart = false;
		before = token;
		dot = part.at[part.len - 1] == '.';
	}
	return true;
}

/* A local part: a dot-atom or a quoted string. */
static bool is_local(struct span s)
{
	struct span part, rest = s;

	if (!field_is_plain(s) || s.len == 0 || s.len > FOLD_WORD_MAX)
		return false;
	const enum token token = token_next(&rest, &part);
	return rest.len == 0 && ((token == TOKEN_ATOM && !span_has_any(s, "\\]>")) ||
				 (token == TOKEN_QUOTED && token_is_closed(s)));
}

/* Cut at the last '@'. False: the address has no '@'. */
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
static bool has_form(struct fold *f, struct span address, struct span *out_local,
		     struct span *out_domain, char ascii[DOMAIN_OCTETS_MAX])
{
	const struct span plain = squeeze(address, f->scratch);

	if (!is_one(address) || !cut_address(plain, out_local, out_domain) ||
	    !is_local(*out_local))
		return false;
	if (!utf8_is_ascii(*out_domain))
		*out_domain = (struct span){ ascii, domain_ascii(f->domains,
								 *out_domain, ascii) };
	return out_domain->len > 0 && out_domain->len <= DOMAIN_OCTETS_MAX &&
	       field_is_plain(*out_domain);
}

/* Can it stay as it is? */
static bool is_good(struct span mailbox)
{
	return field_is_plain(mailbox) && token_is_closed(mailbox);
}

/* Can nothing but its encoded form be said of a mailbox? */
static bool is_lost(struct fold *f, struct span mailbox, enum field_way way)
{
	const struct span address = take_apart(mailbox).address;
	struct span local, domain;
	char ascii[DOMAIN_OCTETS_MAX];

	if (is_good(mailbox) || address.len == 0)
		return false;
	if (!utf8_is_ascii(address) && way == FIELD_SIMPLE && !token_is_ascii(address))
		return true;
	return !has_form(f, address, &local, &domain, ascii);
}

static void put_address(struct fold *f, const struct mailbox *m)
{
	struct span local, domain;
	char ascii[DOMAIN_OCTETS_MAX];

	if (!has_form(f, m->address, &local, &domain, ascii))
		return; /* "<>" */
	fold_reserve(f, local.len + domain.len + 3);
	fold_glue(f, m->angle ? SPAN("<") : SPAN(""));
	fold_glue(f, local);
	fold_glue(f, SPAN("@"));
	fold_glue(f, domain);
	fold_glue(f, m->angle ? SPAN(">") : SPAN(""));
}

/* Comments stand in front of ":;": there are readers that cannot bear them behind an
 * empty group. */
static void put_lost(struct fold *f, const struct mailbox *m, enum field_way way)
{
	struct span text = squeeze(m->address, f->scratch);

	if (!is_one(m->address) || text.len == 0)
		text = token_trim(m->address);
	fold_encoded(f, text);
	if (way == FIELD_FULL)
		field_comments(f, m->rest);
	fold_gap(f, SPAN(" "));
	fold_word(f, way == FIELD_SIMPLE ? NOBODY : SPAN(":;"));
	if (way == FIELD_SIMPLE)
		field_comments(f, m->rest);
}

static void put_mailbox(struct fold *f, struct span s, enum field_way way)
{
	const struct mailbox m = take_apart(s);

	if (is_good(s)) {
		field_ascii(f, s);
		return;
	}
	const bool lost = is_lost(f, s, way);
	field_phrase(f, m.name, lost);
	if (m.name.len > 0)
		fold_gap(f, SPAN(" "));
	if (lost) {
		put_lost(f, &m, way);
		return;
	}
	put_address(f, &m);
	if (m.address.len == 0 && m.angle)
		fold_word(f, SPAN("<>"));
	field_comments(f, m.rest);
}

/* ---- a list of them ---- */

static void put_comma(struct fold *f, struct field *s)
{
	if (s->listing)
		fold_special(f, SPAN(","));
	s->listing = true;
	fold_gap(f, SPAN(" "));
}

/* A group that was found to be good as far as it was held, and had one lost mailbox
 * more: nothing can be said of that. */
static void put_member(struct fold *f, struct field *s, struct span one)
{
	if (s->group == FIELD_GROUP && s->way == FIELD_FULL &&
	    is_lost(f, one, FIELD_FULL)) {
		f->lost = true;
		return;
	}
	put_comma(f, s);
	put_mailbox(f, one, (enum field_way)s->way);
}

static void end_group(struct fold *f, struct field *s)
{
	if (s->group == FIELD_GROUP_LOST) {
		fold_gap(f, SPAN(" "));
		fold_word(f, SPAN(":;"));
	} else if (s->group == FIELD_GROUP) {
		fold_special(f, SPAN(";"));
	}
	s->listing |= s->group != FIELD_NO_GROUP;
	s->group = FIELD_NO_GROUP;
}

/* The end of what is held, and not of the mailbox: it is shown in part, as an empty
 * group.
 */
static enum field_went cut_list(struct fold *f, struct field *s, struct span one)
{
	if (s->group == FIELD_NO_GROUP && !s->listing) {
		fold_encoded(f, field_head(token_trim(one), SHOWN_MAX));
		s->group = FIELD_GROUP_LOST;
	}
	end_group(f, s);
	return FIELD_CUT;
}

/* ---- groups ---- */

/* RFC 6857 section 3.1.7 is about mailboxes whose local part is not ASCII; a mailbox
 * with an invalid domain is treated alike. True: such a mailbox was found, or all were
 * checked; false: there are too many for one step. */
static bool check_members(struct fold *f, struct field *s, struct span members)
{
	const uint64_t enough = f->domains->looked + LOOKS_MAX;
	struct span one, rest = span_after(members, s->checked);
	char sep = ',';

	while (sep && s->group == FIELD_NO_GROUP && f->domains->looked < enough) {
		sep = token_cut(&rest, ",", &one);
		if (s->way == FIELD_FULL && is_lost(f, token_trim(one), FIELD_FULL))
			s->group = FIELD_GROUP_LOST;
	}
	s->checked = members.len - rest.len;
	return !sep || s->group == FIELD_GROUP_LOST;
}

/* One address that has no form in ASCII takes all of the group with it. */
static enum field_went begin_group(struct fold *f, struct field *s, struct span name,
				   struct span *io, struct span behind, bool part)
{
	struct span members, rest = behind;

	if (token_cut(&rest, ";", &members) != ';' && part)
		return FIELD_MORE;
	if (!check_members(f, s, members))
		return FIELD_WENT;
	s->checked = 0;
	put_comma(f, s);
	field_phrase(f, name, s->group == FIELD_GROUP_LOST);
	s->listing = false;
	if (s->group == FIELD_GROUP_LOST) {
		fold_gap(f, SPAN(" "));
		while (behind.len > 0 && (behind.at[0] == ' ' || behind.at[0] == '\t'))
			behind = span_after(behind, 1);
	} else {
		s->group = FIELD_GROUP;
		fold_special(f, SPAN(":"));
	}
	*io = behind;
	return FIELD_WENT;
}

/* The members of a group that is lost are a text. */
static enum field_went step_lost(struct fold *f, struct field *s, struct span *io,
				 enum field_have have)
{
	struct span one, list, rest = *io;
	char sep = token_cut(&rest, ";", &list);

	if (!sep && have == FIELD_PART)
		return FIELD_MORE;
	if (!sep && have == FIELD_FILL) { /* whole members of it */
		struct span more = list;

		list.len = 0;
		while (token_cut(&more, ",", &one) && more.len > 0)
			list.len = (size_t)(more.at - list.at);
		if (list.len == 0)
			return cut_list(f, s, *io);
		rest = span_after(*io, list.len);
	}
	field_encoded(f, list);
	*io = rest;
	if (sep || have == FIELD_ALL)
		end_group(f, s);
	return !sep && have == FIELD_ALL ? FIELD_DONE : FIELD_WENT;
}

enum field_went field_address(struct fold *f, struct field *s, struct span *io,
			      enum field_have have)
{
	struct span one, rest = *io;

	if (s->group == FIELD_GROUP_LOST && s->checked == 0)
		return step_lost(f, s, io, have);
	const char sep = token_cut(&rest, s->group == FIELD_GROUP ? ",;" : ",:;", &one);
	if (!sep && have == FIELD_PART)
		return FIELD_MORE;
	if (!sep && have == FIELD_FILL)
		return cut_list(f, s, one);
	one = token_trim(one);
	if (sep == ':' && one.len > 0)
		return begin_group(f, s, one, io, rest, have == FIELD_PART);
	if (one.len > 0)
		put_member(f, s, one);
	*io = rest;
	if (sep == ';' || !sep)
		end_group(f, s);
	return sep ? FIELD_WENT : FIELD_DONE;
}
