/* convert/result.h - what a conversion leads to: lines of poplar.conf, and notes about
 * what they cannot say.
 *
 * Prefix: result_.
 */
#pragma once

#include "convert/source.h"

enum {
	RESULT_LINES_MAX = 512,
	RESULT_NOTES_MAX = 2048,
	RESULT_DATABASES_MAX = 8,
	RESULT_TEXT_MAX = 1 << 18,
	RESULT_NO_DATABASE = -1,
};

/* One value. The lines of one setting whose value is a list follow each other in the
 * order of their values. */
struct result_line {
	int database;     /* RESULT_NO_DATABASE: outside all sections */
	const char *name; /* as poplar.conf has it */
	bool is_list;
	struct span value;  /* as poplar.conf has it, quotes included */
	struct span origin; /* "FILE:LINE SETTING", or what Dovecot does without one */
};

enum result_kind {
	RESULT_NONE,     /* Poplar has no counterpart */
	RESULT_DIFFERS,  /* there is a counterpart that is not quite the same */
	RESULT_NEEDLESS, /* nothing is to be done */
	RESULT_KINDS,
};

struct result_note {
	enum result_kind kind;
	struct source_place place; /* line 0: the note is about what no file says */
	struct span setting;
	struct span text; /* sentences */
};

/* A password for a file of its own, which the line password-file of a database names.
 */
struct result_secret {
	int database;
	struct span text;
};

struct result {
	struct source *source; /* whose places the notes have */
	unsigned line_count, note_count, database_count, secret_count;
	struct result_line lines[RESULT_LINES_MAX];
	struct result_note notes[RESULT_NOTES_MAX];
	char databases[RESULT_DATABASES_MAX][40]; /* their names */
	struct result_secret secrets[RESULT_DATABASES_MAX];
	struct buf text; /* memory of the texts */
	bool full;       /* something did not fit */
};

/* Make *r empty. Texts are kept in `room`. */
void result_begin(struct result *r, struct source *s, char *room, size_t size);

/* Add a database section with this driver; further ones of one name get a number behind
 * it. Returns its number; without room the last one. */
int result_add_database(struct result *r, const char *name, const char *driver,
			struct span origin);

/* Set a value: a text that is quoted as poplar.conf needs it, or a word or number that
 * stays as it is, and that no file has chosen. A value that was there is replaced. */
void result_text(struct result *r, int database, const char *name, struct span value,
		 struct span origin);
void result_word(struct result *r, int database, const char *name, struct span value,
		 struct span origin);
void result_number(struct result *r, int database, const char *name, uint64_t number,
		   const char *unit, struct span origin);

/* Set a number that a file has as a text. A text that is no number becomes a note. */
void result_count(struct result *r, int database, const char *name, struct span text,
		  const struct source_item *item);

/* Add a text to a list, unless it is there. */
void result_list(struct result *r, int database, const char *name, struct span value,
		 struct span origin);

/* Set a list to the empty one. */
void result_empty(struct result *r, int database, const char *name, struct span origin);

/* Is there a line of this name? */
bool result_has(const struct result *r, int database, const char *name);

/* The origin of an item, "FILE:LINE NAME"; the title of its section is part of it. */
struct span result_origin(struct result *r, const struct source_item *item);

/* Add a note about an item (NULL: about `setting`, which no file has). `text` stays as
 * it is. */
void result_note(struct result *r, enum result_kind kind,
		 const struct source_item *item, struct span setting, struct span text);

/* The same, with a text in three pieces, of which the middle one is cut after 100
 * octets.
 */
void result_say(struct result *r, enum result_kind kind, const struct source_item *item,
		const char *before, struct span what, const char *behind);

/* The same, with the name of the item. */
static inline void result_about(struct result *r, enum result_kind kind,
				const struct source_item *item, const char *text)
{
	result_note(r, kind, item, SPAN(""), span_of(text));
}

/* Keep the password of a database. */
void result_secret(struct result *r, int database, struct span text);

/* Keep a text that the result owns. Empty, and r->full: there is no room. */
struct span result_keep(struct result *r, struct span text);
