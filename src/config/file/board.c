/* config/file/board.c - reads the sections of poplar.conf that describe boards.
 *
 * Prefix: config_.
 */
#include "config/file/board.h"

#include <string.h>

/* XTND BBOARDS takes the name as one word of a line, and lists it as one. */
static bool is_word(const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return *name;
}

static void check_board(struct loading *l, const struct board_settings *board, int line)
{
	if (!is_word(board->name))
		config_complain(l, line,
				"board: expected a name of printable ASCII without "
				"spaces, found \"%.100s\"",
				board->name);
	if (!*board->maildir)
		config_complain(l, line, "board %s: needs maildir", board->name);
	if (board->readers.count == 0)
		config_complain(l, line, "board %s: needs readers", board->name);
	if (!board->uid != !board->gid)
		config_complain(l, line,
				"board %s: expected both uid and gid, or neither",
				board->name);
	config_check_path(l, line, "maildir", board->maildir);
	config_check_path(l, line, "archive", board->archive);
}

void config_take_board(struct loading *l, cfg_t *section)
{
	struct boards *all = &l->out->boards;
	struct board_settings *board = boards_add(all, span_of(cfg_title(section)));

	if (!board) {
		config_complain(
			l, section->line,
			"expected at most %d boards, with names of at most %d octets",
			BOARDS_MAX, BOARD_NAME_MAX);
		return;
	}
	l->board_line[all->count - 1] = section->line;
	const unsigned before = l->wrong;
	config_take_values(l, section, board_rows(), board);
	if (l->wrong == before)
		check_board(l, board, section->line);
	config_check_fit(l, section->line, "board", board->name, board_rows(), board);
}

/* poplar-drop can open nothing outside mail-root. */
static void check_below(struct loading *l, int line, const char *name, const char *path)
{
	const char *root = l->out->mail_root;
	size_t len = strlen(root);

	while (len > 0 && root[len - 1] == '/')
		len--;
	if (*path && (strncmp(path, root, len) != 0 || path[len] != '/'))
		config_complain(l, line,
				"%s: expected a path below mail-root, found "
				"\"%.100s\"",
				name, path);
}

void config_check_boards(struct loading *l)
{
	const struct boards *all = &l->out->boards;

	for (unsigned i = 0; i < all->count; i++) {
		const struct board_settings *board = &all->at[i];
		const int line = l->board_line[i];

		if (!l->out->xtnd)
			config_complain(l, line, "board %s: needs xtnd = yes",
					board->name);
		for (unsigned k = 0; k < i; k++)
			if (strcasecmp(all->at[k].name, board->name) == 0)
				config_complain(l, line,
						"board %s: line %d has that name, in "
						"which case does not matter",
						board->name, l->board_line[k]);
		check_below(l, line, "maildir", board->maildir);
		check_below(l, line, "archive", board->archive);
	}
}
