/* base/fault.c - the kinds of faults.
 *
 * Prefix: fault_.
 */
#include "base/fault.h"

#include "base/buf.h"

static const struct {
	const char *name, *code, *text;
	int priority;
	bool retry;
} table[FAULT_COUNT] = { [FAULT_NONE] = { "", "", "", LOG_DEBUG, false },
#define X(id, code, priority, retry, text)                                             \
	[FAULT_##id] = { #id, code, text, priority, retry },
			 FAULT_TABLE(X)
#undef X
};

static enum fault known(enum fault f)
{
	return f < FAULT_COUNT ? f : FAULT_NONE;
}

enum fault fault_set(struct why *why, enum fault f, int sys, const char *doing,
		     const char *what)
{
	if (!why)
		return f;
	*why = (struct why){ .fault = f, .sys = sys, .doing = doing };
	if (what) {
		size_t n = strnlen(what, sizeof why->what - 1);

		memcpy(why->what, what, n);
	}
	return f;
}

void fault_story(const struct why *why, struct buf *out)
{
	const char *error = why->sys ? strerrordesc_np(why->sys) : NULL;
	struct span what = { why->what, strnlen(why->what, sizeof why->what) };
	const size_t behind = error ? strlen(": ") + strlen(error) : 0;

	buf_text(out, why->doing ? why->doing : "");
	if (what.len > 0) {
		buf_char(out, ' ');
		const size_t room = buf_left(out) > behind ? buf_left(out) - behind : 0;
		what.len = what.len < room ? what.len : room;
		buf_put(out, what);
	}
	if (!error)
		return;
	buf_text(out, ": ");
	buf_text(out, error);
}

const char *fault_name(enum fault f)
{
	return table[known(f)].name;
}

struct span fault_label(enum fault f, char room[FAULT_LABEL_MAX])
{
	struct buf b = { .at = room, .room = FAULT_LABEL_MAX };

	for (const char *c = fault_name(f); *c; c++)
		buf_char(&b, *c == '_' ? '-' : (char)(*c | 0x20));
	return buf_span(&b);
}

const char *fault_code(enum fault f)
{
	return table[known(f)].code;
}

const char *fault_text(enum fault f)
{
	return table[known(f)].text;
}

int fault_priority(enum fault f)
{
	return table[known(f)].priority;
}

bool fault_retry(enum fault f)
{
	return table[known(f)].retry;
}
