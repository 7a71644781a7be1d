/* convert/source.h - the settings of another server, as its files have them.
 *
 * Prefix: source_.
 *
 * The readers (dovecotfile.h, assignments.h and so on) fill a source; a converter then
 * takes the items that it knows and marks them as used. All spans borrow the texts of
 * the files, which the caller keeps, or the memory given to source_begin.
 */
#pragma once

#include "base/buf.h"

enum {
	SOURCE_FILES_MAX = 128,
	SOURCE_SECTIONS_MAX = 512,
	SOURCE_ITEMS_MAX = 4096,
	SOURCE_TEXT_MAX = 1 << 20,
};

/* What a conversion asks of the machine, which the caller answers. */
struct source_world {
	void *arg;
	/* Read a whole file; it stays in memory until the conversion is over. False: it
	 * cannot be read, and *out is a text that says why. */
	bool (*read)(void *arg, struct span path, struct span *out);
	/* The path, with number `n` from 0, of the files that a shell pattern matches,
	 * in the order of their names. False: there are fewer. */
	bool (*match)(void *arg, struct span pattern, unsigned n, struct span *out);
	/* The name of the user with this uid. False: there is no such user. */
	bool (*user_of)(void *arg, uint32_t uid, struct span *out);
};

/* A place in a file. Lines count from 1. */
struct source_place {
	unsigned file, line;
};

/* "passdb mine { ... }" has the type passdb and the title mine. A file that a setting
 * names is a section, too, of type "file". Section 0 is what
 * stands outside all sections; its parent is itself. */
struct source_section {
	struct span type, title;
	unsigned parent;
	struct source_place place;
};

struct source_item {
	unsigned section;
	struct span name, value;
	struct source_place place;
	bool from_file; /* the file has "<value": the value is a path */
	bool hidden;    /* the file does not tell the value */
	bool used;      /* a converter has taken the item */
};

struct source {
	unsigned file_count, section_count, count;
	struct span files[SOURCE_FILES_MAX]; /* their paths */
	struct source_section sections[SOURCE_SECTIONS_MAX];
	struct source_item items[SOURCE_ITEMS_MAX];
	struct buf text; /* texts that no file has in one piece */
	struct source_place
		wrong;     /* of the mistake; wrong.line is 0 if there is none */
	char mistake[256]; /* what is wrong there */
};

/* Make *s empty. Texts are kept in `room`. */
void source_begin(struct source *s, char *room, size_t size);

/* Report a mistake, as "text: about" (about may be empty). Only the first one counts.
 * Returns false. */
bool source_fail(struct source *s, struct source_place place, const char *text,
		 struct span about);

/* Keep a copy of a text. An empty span, and a mistake: there is no room. */
struct span source_keep(struct source *s, struct span text);

/* Add a file by its path, which is kept, and get its number. False, and a mistake:
 * there are too many. */
MUST_USE bool source_add_file(struct source *s, struct span path, unsigned *out);

/* Get the number of a section of this type and title in `parent`: with `merge` that of
 * one that is there, otherwise of a new one. False, and a mistake: there are too many.
 */
MUST_USE bool source_add_section(struct source *s, const struct source_section *new,
				 bool merge, unsigned *out);

/* Add an item. False, and a mistake: there are too many. */
MUST_USE bool source_add(struct source *s, const struct source_item *item);

/* The last item of this name in a section. NULL: there is none. */
struct source_item *source_find(struct source *s, unsigned section, const char *name);

/* Append "FILE:LINE", with the file's name without its folders. */
void source_show(const struct source *s, struct source_place place, struct buf *out);
