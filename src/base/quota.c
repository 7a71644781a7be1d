/* base/quota.c - how much mail a maildrop may hold.
 *
 * Prefix: quota_.
 */
#include "base/quota.h"

#include "base/ascii.h"
#include "base/buf.h"

static const char units[] = "kMGT"; /* each is 1024 times the one before it */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
	while (s.len > 0 && is_blank(s.at[0]))
		s = span_after(s, 1);
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* The number of the unit, from 1; 0: the text ends in no unit. */
static unsigned unit_of(struct span text)
{
	const char last = text.len > 0 ? ascii_lower(text.at[text.len - 1]) : '\0';
	unsigned n = 0;

	while (units[n] && ascii_lower(units[n]) != last)
		n++;
	return units[n] ? n + 1 : 0;
}

static bool parse_size(struct span text, unsigned standard, uint64_t *out)
{
	const unsigned unit = unit_of(text);
	const unsigned shift = 10 * (unit ? unit : standard);
	uint64_t n;

	text.len -= unit ? 1 : 0;
	if (!span_u64(text, &n) || n > (uint64_t)INT64_MAX >> shift)
		return false;
	*out = n << shift;
	return true;
}

bool quota_parse_octets(struct span text, uint64_t *out)
{
	return parse_size(text, 0, out);
}

/* ---- quotas ---- */

/* "10000 messages": the number. False: the text does not end so. */
static bool cut_messages(struct span text, struct span *out_number)
{
	static const char *const words[] = { "messages", "message" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const size_t len = strlen(words[i]);

		if (text.len < len ||
		    !span_is_nocase(span_after(text, text.len - len), words[i]))
			continue;
		*out_number = trim((struct span){ text.at, text.len - len });
		return true;
	}
	return false;
}

static const char *parse_part(struct span part, struct quota *io)
{
	struct span number;
	const bool counts = cut_messages(part, &number);
	uint64_t *const at = counts ? &io->messages : &io->octets;
	uint64_t n;

	if (counts ? !span_u64(number, &n) : !quota_parse_octets(part, &n))
		return "quota is neither none nor limits, such as "
		       "500M,10000messages";
	if (n == 0)
		return "quota is 0; write none for no limit";
	if (*at > 0)
		return "quota has two limits of one kind";
	*at = n;
	return NULL;
}

const char *quota_parse(struct span text, struct quota *out)
{
	struct quota made = { 0 };
	const char *wrong = NULL;
	bool more = true;

	text = trim(text);
	if (text.len == 0 || span_is_nocase(text, "none"))
		more = false;
	while (more && !wrong) {
		struct span part;

		more = span_cut(&text, ',', &part);
		wrong = parse_part(trim(part), &made);
	}
	if (!wrong)
		*out = made;
	return wrong;
}

/* ---- Dovecot's rules ---- */

static bool parse_limit(struct span limit, struct quota *io)
{
	struct span name;

	if (!span_cut(&limit, '=', &name))
		return false;
	if (span_is(name, "messages"))
		return span_u64(limit, &io->messages);
	const bool has_unit = span_is(name, "storage");
	if (!has_unit && !span_is(name, "bytes"))
		return false;
	if (limit.len > 0 && ascii_lower(limit.at[limit.len - 1]) == 'b')
		return span_u64((struct span){ limit.at, limit.len - 1 }, &io->octets);
	return parse_size(limit, has_unit ? 1 : 0, &io->octets);
}

const char *quota_parse_rule(struct span text, struct quota *out)
{
	struct quota made = { 0 };
	struct span folder, limit;
	bool more = span_cut(&text, ':', &folder);

	if (!more)
		return "quota_rule has no limit behind the folder";
	if (!span_is(folder, "*") && !span_is(folder, "?"))
		return NULL;
	while (more) {
		more = span_cut(&text, ':', &limit);
		if (!parse_limit(limit, &made))
			return "quota_rule is not of the form "
			       "*:storage=500M:messages=100";
	}
	*out = made;
	return NULL;
}

/* ---- printing ---- */

static void print_octets(uint64_t n, struct buf *out)
{
	unsigned unit = 0;

	while (units[unit] && n % 1024 == 0) {
		n /= 1024;
		unit++;
	}
	buf_u64(out, n);
	if (unit > 0)
		buf_char(out, units[unit - 1]);
}

void quota_print(const struct quota *quota, struct buf *out)
{
	if (quota->octets > 0)
		print_octets(quota->octets, out);
	if (quota->octets > 0 && quota->messages > 0)
		buf_text(out, ", ");
	if (quota->messages > 0) {
		buf_u64(out, quota->messages);
		buf_text(out, quota->messages == 1 ? " message" : " messages");
	}
	if (quota->octets == 0 && quota->messages == 0)
		buf_text(out, "none");
}
