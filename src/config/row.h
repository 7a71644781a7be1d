/* config/row.h - one setting of a table: its value to text, and text to its value.
 *
 * Prefix: row_. The tables are in config/settings.h and
 * config/databases.h. A row says where its value stands in the table's struct; `values`
 * below is a pointer to such a struct.
 *
 * Types: TEXT; LIST of texts (", " between those of a default); COUNT; TIME in seconds
 * (the file says 90s, 10m, 2h, 1d); MILLIS the same in milliseconds (500ms, 2s); 0
 * needs no unit; BOOL yes or no; and a choice, CHOICE.
 */
#pragma once

#include "base/fault.h"
#include "base/roles.h"

enum setting_type {
	SETTING_TEXT,
	SETTING_LIST,
	SETTING_COUNT,
	SETTING_TIME,
	SETTING_MILLIS,
	SETTING_BOOL,
	SETTING_CHOICE,
};

enum { SETTING_LIST_MAX = 32 };

struct text_list {
	unsigned count;
	char *at[SETTING_LIST_MAX];
};

#define SETTING_C_TEXT   char *
#define SETTING_C_LIST   struct text_list
#define SETTING_C_COUNT  uint32_t
#define SETTING_C_TIME   uint32_t
#define SETTING_C_MILLIS uint32_t
#define SETTING_C_BOOL   bool
#define SETTING_C_CHOICE uint32_t

enum { ROW_NAME_MAX = 32, ROW_CHOICES_MAX = 31 };

struct row {
	char name[ROW_NAME_MAX]; /* as in C; the file has '-' for '_' */
	enum setting_type type;
	unsigned roles;   /* bits: 1 << enum role; who gets to know it */
	unsigned drivers; /* config/databases.h: bits; which databases have it */
	unsigned must;    /* ... and which cannot do without */
	uint64_t least, most;
	const char *standard;
	const char *help;
	const char *choices[ROW_CHOICES_MAX + 1];
	size_t at; /* in the struct of values */
};

/* ".choices = ..." of a row: only a CHOICE has words. */
#define ROW_WORDS_TEXT(...)
#define ROW_WORDS_LIST(...)
#define ROW_WORDS_COUNT(...)
#define ROW_WORDS_TIME(...)
#define ROW_WORDS_MILLIS(...)
#define ROW_WORDS_BOOL(...)
#define ROW_WORDS_CHOICE(...) .choices = { __VA_ARGS__ }

/* A table of rows. */
struct rows {
	const struct row *at;
	unsigned count;
};

/* All defaults, into values that are all zero; that of a LIST may be empty.
 * FAULT_NOMEM. */
MUST_USE enum fault rows_init(struct rows rows, void *values);
void rows_done(struct rows rows, void *values);

/* The row of that name, spelt with '-' or with '_'; NULL: there is none. */
const struct row *rows_find(struct rows rows, struct span name);

/* The name as the file spells it. */
void row_name(const struct row *row, char out[ROW_NAME_MAX]);

/* "a time from 1s to 10m": what a value must be. */
void row_expected(const struct row *row, char *out, size_t room);

/* Is it a time but for its unit? */
bool row_lacks_unit(const struct row *row, struct span text);

/* Give one setting the value that stands in the file as `text`; a LIST grows by it.
 * False, and nothing changed, when it is not one (or memory runs out). */
MUST_USE bool row_set(const struct row *row, void *values, struct span text);

/* Is it the empty text, or a list of nothing? */
bool row_is_empty(const struct row *row, const void *values);

/* Empty a LIST, before its values come. */
void row_clear_list(const struct row *row, void *values);

/* The value as it would stand in a file, quoted where it must be. `cut` in the buffer
 * when it did not fit. */
struct buf;
void row_show(const struct row *row, const void *values, struct buf *out);
/* Its default, if it is a LIST, as it would stand in a file. */
void row_show_default(const struct row *row, struct buf *out);
/* A text in quotes that reads back as it is, on one line. */
void row_quote(const char *text, struct buf *out);

/* The settings that `role` gets to know, and back. FAULT_PEER: not what it may get. */
void rows_pack(struct rows rows, const void *values, enum role role, struct buf *out);
MUST_USE enum fault rows_unpack(struct rows rows, void *values, enum role role,
				struct span packed);
