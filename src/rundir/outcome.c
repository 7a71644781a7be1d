/* rundir/outcome.c - the file in the run directory with the outcome of the last reload.
 *
 * Prefix: outcome_.
 */
#include "rundir/outcome.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/own.h"
#include "sys/file.h"

enum { FILE_OCTETS_MAX = 65536 };

static const char *const words[OUTCOME_STATES] = {
#define X(id, word) [OUTCOME_##id] = word,
	OUTCOME_TABLE(X)
#undef X
};

enum fault outcome_write(int run_dir, const struct outcome *outcome, struct why *why)
{
	static char room[FILE_OCTETS_MAX];
	struct buf b = BUF(room);

	buf_u64(&b, outcome->number);
	buf_char(&b, ' ');
	buf_text(&b, words[outcome->state]);
	buf_char(&b, '\n');
	buf_put(&b, outcome->said);
	return file_replace(run_dir, OUTCOME_NAME, buf_span(&b), 0600, false, why);
}

static bool parse(struct span text, struct outcome *out)
{
	struct span line, number;

	if (!span_cut(&text, '\n', &line) || !span_cut(&line, ' ', &number) ||
	    !span_u64(number, &out->number))
		return false;
	for (out->state = 0; out->state < OUTCOME_STATES; out->state++)
		if (span_is(line, words[out->state]))
			break;
	out->said = text;
	return out->state < OUTCOME_STATES;
}

void outcome_read(int run_dir, struct outcome *out)
{
	OWN_FD fd = openat(run_dir, OUTCOME_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	OWN_TEXT text = NULL;
	size_t len = 0;

	*out = (struct outcome){ 0 };
	if (fd < 0 ||
	    file_read_all(fd, FILE_OCTETS_MAX, &text, &len, OUTCOME_NAME, NULL))
		return;
	if (parse((struct span){ text, len }, out))
		out->text = TAKE(text);
	else
		*out = (struct outcome){ 0 };
}

void outcome_done(struct outcome *outcome)
{
	free(outcome->text);
	*outcome = (struct outcome){ 0 };
}
