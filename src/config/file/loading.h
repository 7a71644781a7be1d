/* config/file/loading.h - what all files that read poplar.conf share: reports of
 * mistakes, and copying values from libconfuse into a struct of settings.
 *
 * Prefix: config_.
 */
#pragma once

#include <confuse.h>

#include "config/file/say.h"
#include "config/settings.h"

enum { CONFIG_ROWS_MAX = 96, CONFIG_UNKNOWN_MAX = 16 };
_Static_assert((int)SETTING_ID_COUNT <= (int)CONFIG_ROWS_MAX, "more rows than room");

/* The kinds of sections in the file. */
enum { CONFIG_DATABASE, CONFIG_BOARD, CONFIG_SECTIONS };

struct config_section {
	const char *name; /* as the file has it before the title */
	struct rows (*rows)(void);
};
extern const struct config_section config_sections[CONFIG_SECTIONS];

/* A name in the file that is no setting. */
struct unknown {
	int section; /* kind of the section that it stands in; -1: in none */
	char name[64];
};

/* One file that is being read. Line numbers begin at 1. */
struct loading {
	const char *path;
	struct settings *out;
	config_say_fn *say;
	void *arg;
	unsigned wrong; /* complaints so far */
	struct unknown unknown[CONFIG_UNKNOWN_MAX];
	unsigned unknowns;
	int lines[SETTING_ID_COUNT];      /* line of each setting; 0: not given */
	int in_section[CONFIG_ROWS_MAX];  /* the same, for the section being read */
	int database_line[DATABASES_MAX]; /* line where the section of each database
					     ends */
	int board_line[BOARDS_MAX]; /* line where the section of each board ends */
};

/* Report a mistake in this line (0: in no line). */
void __attribute__((format(printf, 3, 4)))
config_complain(struct loading *l, int line, const char *format, ...);

/* Report that the row does not allow this value. */
void config_refuse(struct loading *l, const struct row *row, int line,
		   const char *value);

/* Report a section whose values do not fit into a message. `kind` is "board" or
 * "database", `name` its title. */
void config_check_fit(struct loading *l, int line, const char *kind, const char *name,
		      struct rows rows, const void *values);

/* Report a path that is neither empty nor absolute. */
void config_check_path(struct loading *l, int line, const char *name, const char *path);

/* Read all values of a list from `cfg` into `values`, which is a struct with this row.
 */
void config_take_list(struct loading *l, cfg_t *cfg, const struct row *row,
		      void *values, int line);

/* Read the values of a section into `values`, which is a struct with these rows. */
void config_take_values(struct loading *l, cfg_t *section, struct rows rows,
			void *values);
