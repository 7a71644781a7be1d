/* convert/notes.c - tables of settings that need no rule of their own.
 *
 * Prefix: notes_.
 */
#include "convert/notes.h"

#include "convert/value.h"

const struct source_item *notes_take(struct source *s, unsigned section,
				     const char *name)
{
	const struct source_item *found = NULL;

	for (unsigned i = 0; i < s->count; i++) {
		struct source_item *item = &s->items[i];

		if (item->section != section || !span_is(item->name, name))
			continue;
		item->used = true;
		found = item;
	}
	return found && found->value.len > 0 ? found : NULL;
}

static bool fits(struct span name, const char *pattern)
{
	const size_t len = strlen(pattern);

	return pattern[len - 1] == '*'
		       ? name.len >= len - 1 && memcmp(name.at, pattern, len - 1) == 0
		       : span_is(name, pattern);
}

static bool is_off(struct span value)
{
	bool yes;

	return value.len == 0 || span_is_nocase(value, "none") ||
	       span_is_nocase(value, "never") || (value_bool(value, &yes) && !yes);
}

static void apply(struct result *r, const struct notes_row *row,
		  const struct source_item *item)
{
	switch (row->how) {
	case NOTES_TEXT:
		if (item->value.len > 0)
			result_text(r, RESULT_NO_DATABASE, row->other, item->value,
				    result_origin(r, item));
		break;
	case NOTES_COUNT:
		result_count(r, RESULT_NO_DATABASE, row->other, item->value, item);
		break;
	case NOTES_NONE:
		result_about(r, RESULT_NONE, item, row->other);
		break;
	case NOTES_IF_ON:
		if (!is_off(item->value))
			result_about(r, RESULT_NONE, item, row->other);
		break;
	case NOTES_RULE:
		result_about(r, RESULT_NEEDLESS, item,
			     "Without other settings, this one has no effect.");
		break;
	case NOTES_NEEDLESS:
		result_about(r, RESULT_NEEDLESS, item, row->other);
		break;
	}
}

void notes_apply(struct source *s, struct result *r, const struct notes_row *rows)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct source_item *item = &s->items[i];
		const struct notes_row *row = rows;

		if (item->used)
			continue;
		item->used = true;
		while (!fits(item->name, row->name))
			row++;
		apply(r, row, item);
	}
}
