/* mail/trace.c - writes header fields about the route and delivery of a message in
 * ASCII.
 *
 * Prefix: field_.
 */
#include "mail/trace.h"

#include "base/utf8.h"
#include "mail/token.h"

/* Domains in one clause, or in the name of one host. */
enum { NAMED_MAX = 4 };

/* ---- Received ---- */

/* RFC 5321 section 4.4. A clause that names a host or a mailbox may contain a domain.
 */
static bool opens_clause(struct span word, bool *out_named)
{
	static const char *const words[] = { "from", "by", "for", "via", "with", "id" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_is_nocase(word, words[i])) {
			*out_named = i < 3;
			return true;
		}
	return false;
}

/* Can a clause, its first word included, be said? A local part that is not ASCII stands
 * in front of an '@', and is no domain. */
static bool can_say(struct fold *f, struct span clause, bool named)
{
	char ascii[DOMAIN_OCTETS_MAX];
	struct span part;
	enum token token;
	int domains = 0;

	while ((token = token_next(&clause, &part)) != TOKEN_END) {
		const bool local = span_starts(clause, "@");

		if (token == TOKEN_WHITE || token == TOKEN_COMMENT)
			continue;
		if (utf8_is_ascii(part)
			    ? !field_is_plain(part)
			    : !named || local || token != TOKEN_ATOM ||
				      domains++ >= NAMED_MAX ||
				      domain_ascii(f->domains, part, ascii) == 0)
			return false;
	}
	return true;
}

/* An atom in ASCII: itself, or the form of a domain. */
static struct span in_ascii(struct fold *f, struct span atom,
			    char ascii[DOMAIN_OCTETS_MAX])
{
	if (utf8_is_ascii(atom))
		return atom;
	return (struct span){ ascii, domain_ascii(f->domains, atom, ascii) };
}

/* The tokens up to white space or a comment, which are not separated. */
static void say_together(struct fold *f, struct span *io)
{
	char ascii[DOMAIN_OCTETS_MAX];
	struct span part, rest = *io;
	enum token token;
	size_t octets = 0;

	while ((token = token_next(&rest, &part)) != TOKEN_END &&
	       token != TOKEN_WHITE && token != TOKEN_COMMENT)
		octets += in_ascii(f, part, ascii).len;
	fold_reserve(f, octets);
	for (rest = *io; (token = token_next(&rest, &part)) != TOKEN_END &&
			 token != TOKEN_WHITE && token != TOKEN_COMMENT;
	     *io = rest)
		field_ascii(f, in_ascii(f, part, ascii));
}

static void say(struct fold *f, struct span clause)
{
	struct span part, rest = clause;
	enum token token;

	while ((token = token_next(&rest, &part)) != TOKEN_END) {
		if (token == TOKEN_WHITE)
			fold_gap(f, part);
		else if (token == TOKEN_COMMENT)
			field_comment(f, part);
		else
			say_together(f, &clause);
		if (token == TOKEN_WHITE || token == TOKEN_COMMENT)
			clause = rest;
		rest = clause;
	}
}

/* RFC 6857 section 3.2.4: a clause that cannot be said in ASCII goes. */
enum field_went field_clause(struct fold *f, struct span *io, enum field_have have)
{
	struct span part, rest = *io, clause = *io;
	bool named = false, ignored;
	enum token token = token_next(&rest, &part);

	if (span_is(part, ";")) { /* the date */
		if (have != FIELD_ALL)
			return FIELD_MORE;
		field_commented(f, *io);
		*io = span_after(*io, io->len);
		return FIELD_DONE;
	}
	if (token == TOKEN_ATOM)
		opens_clause(part, &named);
	do {
		clause.len = (size_t)(rest.at - clause.at);
		token = token_next(&rest, &part);
	} while (token != TOKEN_END && !span_is(part, ";") &&
		 !(token == TOKEN_ATOM && opens_clause(part, &ignored)));
	if (token == TOKEN_END && have != FIELD_ALL)
		return FIELD_MORE;
	if (can_say(f, clause, named))
		say(f, clause);
	*io = span_after(*io, clause.len);
	if (span_is(part, ";"))
		fold_soft(f);
	return token == TOKEN_END ? FIELD_DONE : FIELD_WENT;
}

/* ---- addresses and hosts with a type ---- */

/* The type, and what stands behind it. */
static bool cut_type(struct span value, const char *wanted, struct span *out_type,
		     struct span *out_rest)
{
	enum { LONG = 256 };
	char scratch[LONG];

	if (token_cut(&value, ";", out_type) != ';' || out_type->len > LONG)
		return false;
	*out_rest = value;
	return span_is_nocase(
		(struct span){ scratch, token_squeeze(*out_type, scratch) }, wanted);
}

/* RFC 6533 section 3: octets of an EmbeddedUnicodeChar that s begins with; 0: it does
 * not. */
static size_t embedded(struct span s)
{
	size_t n = 3;

	if (!span_starts(s, "\\x{"))
		return 0;
	while (n < s.len && strchr("0123456789ABCDEFabcdef", s.at[n]) &&
	       s.at[n] != '\0')
		n++;
	return n >= 5 && n <= 9 && n < s.len && s.at[n] == '}' ? n + 1 : 0;
}

/* ... utf-8-addr-xtext of one character. */
static void put_character(struct buf *b, struct span s, uint32_t code)
{
	static const char digits[] = "0123456789ABCDEF";
	int places = 2;

	if (code > ' ' && code < 0x7f && !strchr("\\+=", (int)code)) {
		buf_char(b, s.at[0]);
		return;
	}
	while (code >> 4 * places != 0)
		places++;
	buf_text(b, "\\x{");
	for (int i = places - 1; i >= 0; i--)
		buf_char(b, digits[code >> 4 * i & 15]);
	buf_char(b, '}');
}

/* False: it is not UTF-8, or too long for a line. */
static bool put_xtext(struct buf *b, struct span s)
{
	while (s.len > 0) {
		const size_t octets = utf8_first(s), done = embedded(s);

		if (octets == 0)
			return false;
		if (done > 0)
			buf_put(b, (struct span){ s.at, done });
		else
			put_character(b, s, utf8_code(s));
		s = span_after(s, done > 0 ? done : octets);
	}
	return !b->cut;
}

/* The address itself, without white space and comments. */
static bool make_address(struct span address, struct buf *out)
{
	enum token token;
	struct span part;

	while ((token = token_next(&address, &part)) != TOKEN_END)
		if (token != TOKEN_WHITE && token != TOKEN_COMMENT &&
		    !put_xtext(out, part))
			return false;
	return out->len > 0;
}

static bool make_typed(struct span value, struct span *out_type,
		       struct span *out_address, struct buf *out)
{
	return !token_is_ascii(value) &&
	       cut_type(value, "utf-8", out_type, out_address) &&
	       make_address(*out_address, out);
}

bool field_has_typed(struct span value)
{
	char text[FOLD_WORD_MAX];
	struct buf made = BUF(text);
	struct span type, address;

	return make_typed(value, &type, &address, &made);
}

void field_typed(struct fold *f, struct span value)
{
	char text[FOLD_WORD_MAX];
	struct buf made = BUF(text);
	struct span type, address;

	if (!make_typed(value, &type, &address, &made)) {
		field_commented(f, value);
		return;
	}
	field_commented(f, token_trim(type));
	fold_special(f, SPAN(";"));
	if (address.len > token_trim(address).len)
		fold_gap(f, SPAN(" "));
	else
		fold_soft(f);
	fold_word(f, buf_span(&made));
	field_comments(f, address);
}

void field_host(struct fold *f, struct span value)
{
	struct span type, host;

	if (token_is_ascii(value))
		field_commented(f, value);
	else if (cut_type(value, "dns", &type, &host) && can_say(f, host, true))
		say(f, value);
	else
		while (field_text(f, &value, FIELD_ALL) == FIELD_WENT)
			;
}
