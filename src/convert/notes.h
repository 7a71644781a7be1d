/* convert/notes.h - tables of settings that need no rule of their own.
 *
 * Prefix: notes_.
 */
#pragma once

#include "convert/result.h"

enum notes_how {
	NOTES_TEXT,  /* the text of a setting of Poplar */
	NOTES_COUNT, /* its number */
	NOTES_RULE, /* a rule takes it; where it has not, there is nothing to be done */
	NOTES_NONE, /* no counterpart */
	NOTES_IF_ON, /* no counterpart, unless it is off: empty, 0, no, none or never */
	NOTES_NEEDLESS, /* nothing is to be done */
};

struct notes_row {
	const char *name; /* with a '*' at its end: of all names that begin so */
	enum notes_how how;
	const char *other; /* a setting of Poplar, or a sentence */
};

/* The last item of this name in a section, marked as used, with those that it replaces.
 * NULL: there is none, or its value is empty. */
const struct source_item *notes_take(struct source *s, unsigned section,
				     const char *name);

/* Convert, or note, all items that no rule has taken. The last row of the table has the
 * name "*". */
void notes_apply(struct source *s, struct result *r, const struct notes_row *rows);
