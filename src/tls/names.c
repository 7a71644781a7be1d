/* tls/names.c - finds the certificates for a host name.
 *
 * Prefix: names_.
 */
#include "tls/names.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "base/own.h"

/* Copy in lower case. False: the text cannot be a host name. A wildcard counts only as
 * the whole first label (RFC 6125 section 6.4.3). */
static bool fold(struct span text, bool wildcard, char out[NAMES_OCTETS_MAX + 1])
{
	if (text.len == 0 || text.len > NAMES_OCTETS_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool star = wildcard && i == 0 && span_starts(text, "*.");

		if (!star && !ascii_is_plain(text.at[i], "-_."))
			return false;
		out[i] = ascii_lower(text.at[i]);
	}
	out[text.len] = '\0';
	return true;
}

bool names_add(struct names *n, struct span text, unsigned owner)
{
	char folded[NAMES_OCTETS_MAX + 1];

	if (!fold(text, true, folded))
		return true;
	struct name *more = realloc(n->at, (n->count + 1) * sizeof *more);
	if (!more)
		return false;
	n->at = more;
	char *copy = strdup(folded);
	if (!copy)
		return false;
	n->at[n->count++] = (struct name){ copy, owner };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order ? order : (x->owner > y->owner) - (x->owner < y->owner);
}

void names_sort(struct names *n)
{
	if (n->count > 0)
		qsort(n->at, n->count, sizeof *n->at, compare);
}

void names_done(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->at[i].text);
	free(n->at);
	*n = (struct names){ 0 };
}

static const struct name *find(const struct names *n, const char *text,
			       size_t *out_count)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(n->at[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < n->count && strcmp(n->at[high].text, text) == 0;)
		high++;
	*out_count = high - low;
	return high > low ? &n->at[low] : NULL;
}

const struct name *names_find(const struct names *n, struct span host,
			      size_t *out_count)
{
	char text[NAMES_OCTETS_MAX + 1];
	const struct name *found;

	*out_count = 0;
	if (!fold(host, false, text))
		return NULL;
	found = find(n, text, out_count);
	char *dot = strchr(text, '.');
	if (found || !dot || dot == text)
		return found;
	dot[-1] = '*';
	return find(n, dot - 1, out_count);
}

bool names_are_shared(const struct names *n, unsigned a, unsigned b)
{
	for (size_t i = 0; i < n->count; i++) {
		size_t count = 0;
		const struct name *same =
			n->at[i].owner == a ? find(n, n->at[i].text, &count) : NULL;

		for (size_t j = 0; j < count; j++)
			if (same[j].owner == b)
				return true;
	}
	return false;
}
