/* config/row.h - one row of a table of settings: converts the setting's value to text
 * and back.
 *
 * Prefix: row_, rows_. The tables are in config/settings.h, config/databases.h and
 * config/boards.h. Each table has a struct with one member for each row; `values`
 * points to such a struct below, and row.at is the offset of the row's member.
 *
 * Types: TEXT; LIST of texts; COUNT, a number; TIME in seconds (90s, 10m, 2h, 1d) and
 * MILLIS in milliseconds (500ms, 2s, 1m), which need a unit unless they are 0; BOOL,
 * yes or no; CHOICE, one word of several; OCTETS, a size (500k, 50M, 2G), whose units
 * are powers of 1024.
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
	SETTING_OCTETS,
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
#define SETTING_C_OCTETS uint64_t

enum { ROW_NAME_MAX = 32, ROW_CHOICES_MAX = 31 };

struct row {
	char name[ROW_NAME_MAX]; /* as in C; the file has '-' for '_' */
	enum setting_type type;
	unsigned roles;   /* bits (1 << enum role): the processes that get the value */
	unsigned drivers; /* bits (1 << enum database_driver_id): the drivers that have
			     the row */
	unsigned must;    /* ... and the drivers that need a value that is not empty */
	uint64_t least, most; /* bounds of a number, of the octets of a text, or of the
				 number of texts in a list */
	const char *standard; /* the default; texts of a LIST are separated by ", " */
	const char *help;
	const char *choices[ROW_CHOICES_MAX + 1];
	size_t at; /* offset of the value in the struct of values */
};

/* The initializer ".choices = ..." of a CHOICE row; nothing for other types. */
#define ROW_WORDS_TEXT(...)
#define ROW_WORDS_LIST(...)
#define ROW_WORDS_COUNT(...)
#define ROW_WORDS_TIME(...)
#define ROW_WORDS_MILLIS(...)
#define ROW_WORDS_BOOL(...)
#define ROW_WORDS_OCTETS(...)
#define ROW_WORDS_CHOICE(...) .choices = { __VA_ARGS__ }

/* A table of rows. */
struct rows {
	const struct row *at;
	unsigned count;
};

/* Set all values of a zeroed struct to their defaults. The caller calls rows_done, also
 * after FAULT_NOMEM. */
MUST_USE enum fault rows_init(struct rows rows, void *values);
void rows_done(struct rows rows, void *values);

/* As rows_init, for a section of the file, whose title is copied to *out_title. False:
 * out of memory; everything has been freed. */
MUST_USE bool rows_begin(struct rows rows, void *values, char **out_title,
			 struct span title);

/* The row of this name, spelled with '-' or '_'. NULL: no row has it. */
const struct row *rows_find(struct rows rows, struct span name);

/* The name as the file spells it. */
void row_name(const struct row *row, char out[ROW_NAME_MAX]);

/* Describe what the row allows, "a time from 1s to 10m", cut to `room` octets with the
 * NUL. */
void row_expected(const struct row *row, char *out, size_t room);

/* Would the text be a time if it had a unit? */
bool row_lacks_unit(const struct row *row, struct span text);

/* Parse `text`, the value as poplar.conf has it, and set the value; a LIST grows by one
 * text, which may be empty. A text is copied. False: the row does not allow it, it
 * holds a NUL, or memory ran out; nothing has changed. */
MUST_USE bool row_set(const struct row *row, void *values, struct span text);

/* Is the value the empty text or the empty list? False for other types. */
bool row_is_empty(const struct row *row, const void *values);

/* Remove all texts of a LIST. */
void row_clear_list(const struct row *row, void *values);

/* Append the value as poplar.conf would have it. If it does not fit, out->cut is set.
 */
struct buf;
void row_show(const struct row *row, const void *values, struct buf *out);

/* Append the default of a LIST, likewise. */
void row_show_default(const struct row *row, struct buf *out);

/* Append the text in quotes, on one line, so that poplar.conf with this text has the
 * same value. */
void row_quote(const char *text, struct buf *out);

/* Pack the values that a process of `role` gets, for a message to it (out->cut: they do
 * not fit), and unpack them in that process into values that rows_init has set; other
 * values stay. FAULT_PEER: `packed` is malformed, or has a row that the role does not
 * get; the values before it are set. */
void rows_pack(struct rows rows, const void *values, enum role role, struct buf *out);
MUST_USE enum fault rows_unpack(struct rows rows, void *values, enum role role,
				struct span packed);

/* Do the packed values fit into ROWS_PACKED_MAX octets for every role? A message has
 * room for so many (ipc/message.h). */
enum { ROWS_PACKED_MAX = 16000 };
bool rows_fit(struct rows rows, const void *values);
