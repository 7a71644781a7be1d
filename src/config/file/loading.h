/* config/file/loading.h - what the files that read poplar.conf share.
 *
 * Prefix: config_.
 */
#pragma once

#include <confuse.h>

#include "config/file/file.h"

enum { CONFIG_ROWS_MAX = 96, CONFIG_UNKNOWN_MAX = 16 };
_Static_assert((int)SETTING_ID_COUNT <= (int)CONFIG_ROWS_MAX, "more rows than room");

/* A name in the file that nobody knows. */
struct unknown {
	int section; /* number in config_sections; -1: outside of any */
	char name[64];
};

struct loading {
	const char *path;
	struct settings *out;
	config_say_fn *say;
	void *arg;
	unsigned wrong; /* how much has been complained of */
	struct unknown unknown[CONFIG_UNKNOWN_MAX];
	unsigned unknowns;
	int lines[SETTING_ID_COUNT];      /* where each was given; 0: default */
	int in_section[CONFIG_ROWS_MAX];  /* the same, in the section under way */
	int database_line[DATABASES_MAX]; /* where each section ended */
	int board_line[BOARDS_MAX];       /* the same of boards */
};

/* Say that something is wrong, in this line (0: in none). */
void __attribute__((format(printf, 3, 4)))
config_complain(struct loading *l, int line, const char *format, ...);

/* Say that a value is none of its row. */
void config_refuse(struct loading *l, const struct row *row, int line,
		   const char *value);

/* Look through the text, which ends with a NUL, before libconfuse does, which miscounts
 * the lines of comments, silently drops a '*' that stands outside quotes, lets a later
 * list take the place of an earlier one, and takes a variable that is not there for an
 * empty text: blank comments and a byte order mark, say the others, names that nobody
 * knows, and what is not closed. False: libconfuse would find nothing that is true. */
MUST_USE bool config_prepare(struct loading *l, char *text, size_t len);

/* The row of that name as the file spells it; NULL: there is none. */
const struct row *config_find(struct rows rows, struct span name);

/* The name that may be meant by one that is not there. False: none is near. */
bool config_guess(struct span given, struct rows rows, char out[ROW_NAME_MAX]);

/* Values of a list, as a whole. */
void config_take_list(struct loading *l, cfg_t *cfg, const struct row *row,
		      void *values, int line);

/* The values of a section, into a struct with these rows. */
void config_take_values(struct loading *l, cfg_t *section, struct rows rows,
			void *values);
void config_check_path(struct loading *l, int line, const char *name, const char *path);

/* A section has ended: take its values and judge them. */
void config_take_database(struct loading *l, cfg_t *section);
void config_take_board(struct loading *l, cfg_t *section);

/* The kinds of sections that there are. */
struct config_section {
	const char *name;
	struct rows (*rows)(void);
	void (*take)(struct loading *l, cfg_t *section);
};
enum { CONFIG_SECTIONS = 2 };
extern const struct config_section config_sections[CONFIG_SECTIONS];

/* Say what is wrong with values that are each what its row says. */
void config_check(struct loading *l);

/* What no section can know alone. Without any section, the users file is added. */
void config_check_databases(struct loading *l);
void config_check_boards(struct loading *l);
