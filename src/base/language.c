/* base/language.c - the languages of the replies to clients.
 *
 * Prefix: language_.
 */
#include "base/language.h"

#include "base/ascii.h"

static const char *const tags[LANGUAGE_COUNT] = {
#define X(id, tag) [LANGUAGE_##id] = tag,
	LANGUAGE_TABLE(X)
#undef X
};

const char *language_tag(enum language l)
{
	return tags[l];
}

static bool is_subtag(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_plain(s.at[i], ""))
			return false;
	return s.len >= 1 && s.len <= 8;
}

static bool is_range(struct span rest)
{
	struct span subtag;
	bool more;

	do {
		more = span_cut(&rest, '-', &subtag);
		if (!is_subtag(subtag))
			return false;
	} while (more);
	return true;
}

/* Does the range equal the tag, or the first subtags of the tag? */
static bool matches(struct span range, const char *tag)
{
	const size_t len = strlen(tag);
	char head[16];

	return range.len <= len && (tag[range.len] == '-' || tag[range.len] == '\0') &&
	       span_copy((struct span){ tag, range.len }, head, sizeof head) &&
	       span_is_nocase(range, head);
}

bool language_find(struct span range, enum language *out)
{
	if (!is_range(range))
		return false;
	if (span_is_nocase(range, "i-default"))
		range = SPAN("en");
	for (; range.len > 0; range.len--) {
		for (enum language l = 0; l < LANGUAGE_COUNT; l++) {
			if (matches(range, tags[l])) {
				*out = l;
				return true;
			}
		}
		while (range.len > 1 && range.at[range.len - 1] != '-')
			range.len--;
	}
	return false;
}
