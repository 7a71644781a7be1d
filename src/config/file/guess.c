/* config/file/guess.c - finds settings by their names in the file, and by mistyped
 * names.
 *
 * Prefix: config_.
 */
#include "config/file/guess.h"

#include <string.h>

enum { WORD_MAX = 40, FAR = 3 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many octets must be inserted, removed, replaced or swapped with their neighbours
 * to make one text into the other (optimal string alignment). Both are shorter than
 * WORD_MAX. */
static unsigned distance(struct span a, struct span b)
{
	unsigned d[WORD_MAX][WORD_MAX];

	for (size_t i = 0; i <= a.len; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b.len; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.at[i - 1] == b.at[j - 1];

			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + !same);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.len][b.len];
}

const struct row *config_find(struct rows rows, struct span name)
{
	char dashed[ROW_NAME_MAX];

	for (unsigned i = 0; i < rows.count; i++) {
		row_name(&rows.at[i], dashed);
		if (span_is(name, dashed))
			return &rows.at[i];
	}
	return NULL;
}

bool config_guess(struct span given, struct rows rows, char out[ROW_NAME_MAX])
{
	char dashed[ROW_NAME_MAX];
	unsigned best = FAR;

	if (given.len < 3 || given.len >= WORD_MAX)
		return false;
	for (unsigned i = 0; i < rows.count; i++) {
		row_name(&rows.at[i], dashed);
		unsigned far = distance(given, span_of(dashed));

		if (far >= best)
			continue;
		best = far;
		memcpy(out, dashed, ROW_NAME_MAX);
	}
	return best < FAR;
}
