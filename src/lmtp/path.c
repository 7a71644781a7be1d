/* lmtp/path.c - parses the addresses of MAIL and RCPT.
 *
 * Prefix: path_.
 */
#include "lmtp/path.h"

#include "base/address.h"
#include "base/ascii.h"
#include "base/utf8.h"

/* atext of RFC 5322 section 3.2.3 apart from letters and digits, and the dot. */
static const char of_local[] = "!#$%&'*+-/=?^_`{|}~.";
static const char of_domain[] = "-_";

/* The octets of the character at the beginning of s, if it is one of ASCII that is
 * plain or one beyond ASCII; 0: it is another. */
static size_t plain(struct span s, const char *others)
{
	const size_t n = utf8_first(s);

	return n > 1 || (n == 1 && ascii_is_plain(s.at[0], others)) ? n : 0;
}

/* Cut off the characters that are plain. */
static struct span cut_plain(struct span *io, const char *others)
{
	struct span head = { io->at, 0 };

	for (size_t n; (n = plain(*io, others)) > 0; *io = span_after(*io, n))
		head.len += n;
	return head;
}

/* Cut off a quoted string, with its quotes (RFC 5321 section 4.1.2). */
static bool cut_quoted(struct span *io, struct span *out)
{
	const char *begin = io->at;

	*io = span_after(*io, 1);
	while (io->len > 0 && io->at[0] != '"') {
		if (io->at[0] == '\\')
			*io = span_after(*io, 1);
		const size_t n = utf8_first(*io);
		if (n == 0 || (n == 1 && (io->at[0] < ' ' || io->at[0] > '~')))
			return false;
		*io = span_after(*io, n);
	}
	if (io->len == 0)
		return false;
	*io = span_after(*io, 1);
	*out = (struct span){ begin, (size_t)(io->at - begin) };
	return true;
}

/* Labels, none of them empty, with a dot between each two. */
static bool cut_labels(struct span *io, struct span *out)
{
	const char *begin = io->at;

	while (cut_plain(io, of_domain).len > 0) {
		*out = (struct span){ begin, (size_t)(io->at - begin) };
		if (io->len == 0 || io->at[0] != '.')
			return true;
		*io = span_after(*io, 1);
	}
	return false;
}

/* The text between the brackets of an address literal (RFC 5321 section 4.1.3): an
 * address of IPv4, a tag and an address of IPv6, or another tag and its text. */
static bool is_literal(struct span s)
{
	struct span text = s, tag;
	struct address a;

	if (!span_cut(&text, ':', &tag))
		return address_parse(s, &a);
	if (span_is_nocase(tag, "IPv6"))
		return memchr(text.at, ':', text.len) && address_parse(text, &a);
	return cut_plain(&tag, "-").len > 0 && tag.len == 0 && text.len > 0;
}

static bool cut_literal(struct span *io, struct span *out)
{
	const char *end = memchr(io->at, ']', io->len);
	struct span text;

	if (!end)
		return false;
	*out = (struct span){ io->at, (size_t)(end - io->at) + 1 };
	*io = span_after(*io, out->len);
	text = (struct span){ out->at + 1, out->len - 2 };
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '[' ||
		    text.at[i] == '\\')
			return false;
	return is_literal(text);
}

static bool cut_domain(struct span *io, struct span *out)
{
	const bool literal = io->len > 0 && io->at[0] == '[';

	return (literal ? cut_literal(io, out) : cut_labels(io, out)) &&
	       out->len <= PATH_DOMAIN_MAX;
}

/* RFC 5321 section 4.1.1.3 and appendix C: a server ignores a source route. */
static bool skip_route(struct span *io)
{
	struct span domain;

	if (io->len == 0 || io->at[0] != '@')
		return true;
	do {
		if (!span_starts(*io, "@"))
			return false;
		*io = span_after(*io, 1);
		if (!cut_domain(io, &domain) || io->len == 0)
			return false;
		*io = span_after(*io, 1);
	} while (io->at[-1] == ',');
	return io->at[-1] == ':';
}

static bool cut_mailbox(struct span *io, struct path *p)
{
	const char *begin = io->at;

	if (span_starts(*io, "\"")) {
		if (!cut_quoted(io, &p->local))
			return false;
	} else {
		p->local = cut_plain(io, of_local);
	}
	if (p->local.len == 0 || p->local.len > PATH_LOCAL_MAX)
		return false;
	if (span_starts(*io, "@")) {
		*io = span_after(*io, 1);
		if (!cut_domain(io, &p->domain))
			return false;
	}
	p->mailbox = (struct span){ begin, (size_t)(io->at - begin) };
	return true;
}

bool path_cut(struct span *io_in, struct path *out)
{
	struct span s = *io_in;
	struct path p = { .mailbox = SPAN(""), .local = SPAN(""), .domain = SPAN("") };

	if (!span_starts(s, "<"))
		return false;
	s = span_after(s, 1);
	if (!span_starts(s, ">") && (!skip_route(&s) || !cut_mailbox(&s, &p)))
		return false;
	if (!span_starts(s, ">"))
		return false;
	s = span_after(s, 1);
	p.utf8 = !utf8_is_ascii((struct span){ io_in->at, io_in->len - s.len });
	*io_in = s;
	*out = p;
	return true;
}

static void write_unquoted(struct span quoted, struct buf *out)
{
	for (size_t i = 1; i + 1 < quoted.len; i++) {
		if (quoted.at[i] == '\\')
			i++;
		buf_char(out, quoted.at[i]);
	}
}

void path_write(const struct path *p, struct buf *out)
{
	if (span_starts(p->local, "\""))
		write_unquoted(p->local, out);
	else
		buf_put(out, p->local);
	if (p->domain.len > 0) {
		buf_char(out, '@');
		buf_put(out, p->domain);
	}
}

bool path_is_domain(struct span s)
{
	struct span domain;

	return utf8_is_ascii(s) && cut_domain(&s, &domain) && s.len == 0;
}
