/* config/row.h - one row of a table of settings: converts its value to text and back.
 *
 * Prefix: row_, rows_. The tables are in config/settings.h, config/databases.h and
 * config/boards.h. Each table has a struct of values, to which `values` points below; a
 * row knows the offset of its own value there.
 *
 * Types: TEXT; LIST of texts; COUNT, a number; TIME in seconds (90s, 10m, 2h, 1d) and
 * MILLIS in milliseconds (500ms, 2s, 1m), which need a unit unless they are 0; BOOL,
 * yes or no; CHOICE, one word of several.
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
	unsigned roles; /* bits (1 << enum role): the processes that get the value */
	unsigned
		drivers; /* config/databases.h: bits of the drivers that have the row */
	unsigned must;   /* ... and of those that need a value that is not empty */
	uint64_t least, most; /* of a number, of a text's octets, of a list's texts */
	const char *standard; /* the default; texts of a LIST are separated by ", " */
	const char *help;
	const char *choices[ROW_CHOICES_MAX + 1];
	size_t at; /* in the struct of values */
};

/* The initializer ".choices = ..." of a CHOICE row; nothing for other types. */
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

/* Set all values, which are zero, to their defaults. FAULT_NOMEM: call rows_done. */
MUST_USE enum fault rows_init(struct rows rows, void *values);
void rows_done(struct rows rows, void *values);

/* The same for a section of the file, whose title is copied to *out_title. False: out
 * of memory, and nothing is left to free. */
MUST_USE bool rows_begin(struct rows rows, void *values, char **out_title,
			 struct span title);

/* The row of that name, spelt with '-' or '_'. NULL: no row has it. */
const struct row *rows_find(struct rows rows, struct span name);

/* The name as the file spells it. */
void row_name(const struct row *row, char out[ROW_NAME_MAX]);

/* Describe what the row allows: "a time from 1s to 10m". */
void row_expected(const struct row *row, char *out, size_t room);

/* Would the text be a time if it had a unit? */
bool row_lacks_unit(const struct row *row, struct span text);

/* Set the value to what the file has as `text`; a LIST grows by one text. False: the
 * row does not allow it, or memory ran out; nothing has changed. */
MUST_USE bool row_set(const struct row *row, void *values, struct span text);

/* Is the value the empty text or the empty list? */
bool row_is_empty(const struct row *row, const void *values);

/* Remove all texts of a LIST. */
void row_clear_list(const struct row *row, void *values);

/* Write the value as it would stand in the file. out->cut tells that it did not fit. */
struct buf;
void row_show(const struct row *row, const void *values, struct buf *out);

/* The same of a LIST's default. */
void row_show_default(const struct row *row, struct buf *out);

/* Write the text in quotes, on one line, so that the file reads it back unchanged. */
void row_quote(const char *text, struct buf *out);

/* Pack the values of the rows that `role` gets, for a message, and unpack them there.
 * FAULT_PEER: `packed` is malformed, or has a row that the role does not get. */
void rows_pack(struct rows rows, const void *values, enum role role, struct buf *out);
MUST_USE enum fault rows_unpack(struct rows rows, void *values, enum role role,
				struct span packed);

/* The most octets that a message has for packed values (ipc/message.h), and whether the
 * values fit for every role. */
enum { ROWS_PACKED_MAX = 16000 };
bool rows_fit(struct rows rows, const void *values);
