/* config/boards.h - bulletin boards and the table of their settings.
 *
 * Prefix: board_, boards_.
 *
 * In the file, each board has a section with its name:
 *
 *	board "news" { maildir = "/var/mail/boards/news" readers = {"*"} }
 *
 * The table has one row per setting, as in config/settings.h.
 */
#pragma once

#include "config/row.h"

/* clang-format off */
#define BOARD_TABLE(X) \
X(maildir, TEXT, 0, 4095, "", AUTH, \
  "The Maildir with the board's messages, below mail-root. Poplar neither makes it nor changes its messages; " \
  "a file poplar-maxima in it keeps the number of messages that the board has ever had.") \
X(archive, TEXT, 0, 4095, "", AUTH, \
  "A Maildir with older messages, which XTND ARCHIVE opens. Empty: the board has no archive.") \
X(readers, LIST, 0, 32, "", AUTH, \
  "Who may read the board: names of users as the databases have them, \"@example.org\" for all users of a " \
  "domain, \"*\" for everybody who can log in, by ANONYMOUS too. For others the board does not exist.") \
X(uid, COUNT, 0, 4294967294, "0", AUTH, \
  "As root: the uid of the process that reads the board. 0: the uid of mail-user.") \
X(gid, COUNT, 0, 4294967294, "0", AUTH, \
  "As root: the gid of that process. It is needed if uid is given.")
/* clang-format on */

/* The values of one board. Texts are never NULL. */
struct board_settings {
	char *name; /* the title of the section */
#define X(name, type, least, most, standard, roles, text) SETTING_C_##type name;
	BOARD_TABLE(X)
#undef X
};

enum { BOARDS_MAX = 32, BOARD_NAME_MAX = 64 };

/* All boards, in the order of their sections. XTND BBOARDS lists them in this order. */
struct boards {
	unsigned count;
	struct board_settings at[BOARDS_MAX];
};

struct rows board_rows(void);

/* Add a board of this name, which is copied, with default values. NULL: out of memory,
 * boards->count is BOARDS_MAX, or the name is too long. */
MUST_USE struct board_settings *boards_add(struct boards *boards, struct span name);
void boards_done(struct boards *boards);

/* May the user of this name read the board? A user who has the same name as the board
 * may not: for that user, XTND opens the user's own maildrop by this name. Without
 * readers, nobody may. */
bool board_admits(const struct board_settings *board, struct span user);

/* The board of this name (ignoring case), if the user may read it. It belongs to
 * *boards. NULL: no such board, or the user may not read it. */
const struct board_settings *boards_find(const struct boards *boards, struct span name,
					 struct span user);

/* The board with this number (from 0) among those that the user may read. NULL: there
 * are fewer. */
const struct board_settings *boards_nth(const struct boards *boards, uint64_t number,
					struct span user);
