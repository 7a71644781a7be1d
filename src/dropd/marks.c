/* dropd/marks.c - the marks of one session: messages for COMMIT to remove, and messages
 * that RETR has sent.
 *
 * Prefix: marks_.
 */
#include "dropd/marks.h"

#include <stdlib.h>
#include <string.h>

static size_t row_words(const struct marks *m)
{
	return ((size_t)m->messages + 63) / 64;
}

enum fault marks_put(struct marks *m, uint64_t first, struct span bits)
{
	const size_t rows = m->notes_retrieved ? 2 : 1;
	const size_t octets = rows * row_words(m) * sizeof *m->words;

	if (first % 8 != 0 || first / 8 > octets || bits.len > octets - first / 8)
		return FAULT_PEER;
	if (!m->words)
		m->words = calloc(1, octets + 1);
	if (!m->words)
		return FAULT_NOMEM;
	if (bits.len > 0)
		memcpy((char *)m->words + first / 8, bits.at, bits.len);
	return FAULT_NONE;
}

const uint64_t *marks_deleted(const struct marks *m)
{
	return m->words;
}

const uint64_t *marks_retrieved(const struct marks *m)
{
	return m->words && m->notes_retrieved ? m->words + row_words(m) : NULL;
}

static bool row_is(const struct marks *m, const uint64_t *row, uint64_t said)
{
	const uint32_t tail = m->messages % 64;
	uint64_t count = 0;

	for (size_t i = 0; row && i < row_words(m); i++)
		count += (unsigned)__builtin_popcountll(row[i]);
	if (row && tail > 0 && row[row_words(m) - 1] >> tail != 0)
		return false;
	return count == said;
}

bool marks_are(const struct marks *m, uint64_t deleted, uint64_t retrieved)
{
	return row_is(m, marks_deleted(m), deleted) &&
	       row_is(m, marks_retrieved(m), retrieved);
}

void marks_free(struct marks *m)
{
	free(m->words);
}
