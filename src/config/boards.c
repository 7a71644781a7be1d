/* config/boards.c - bulletin boards and their settings.
 *
 * Prefix: board_, boards_.
 */
#include "config/boards.h"

#include <stdlib.h>

/* In the table, names of roles stand for sets of them. */
enum { AUTH = ROLE_BIT_AUTH };

static const struct row table[] = {
#define X(c_name, c_type, low, high, value, for_roles, words)                          \
	{ .name = #c_name,                                                             \
	  .type = SETTING_##c_type,                                                    \
	  .least = low,                                                                \
	  .most = high,                                                                \
	  .standard = value,                                                           \
	  .roles = for_roles,                                                          \
	  .help = words,                                                               \
	  .at = offsetof(struct board_settings, c_name) },
	BOARD_TABLE(X)
#undef X
};

static const struct rows rows = { table, sizeof table / sizeof *table };

struct rows board_rows(void)
{
	return rows;
}

static void done(struct board_settings *board)
{
	rows_done(rows, board);
	free(board->name);
	*board = (struct board_settings){ 0 };
}

struct board_settings *boards_add(struct boards *boards, struct span name)
{
	struct board_settings *board = &boards->at[boards->count];

	if (boards->count == BOARDS_MAX || name.len > BOARD_NAME_MAX ||
	    !rows_begin(rows, board, &board->name, name))
		return NULL;
	boards->count++;
	return board;
}

void boards_done(struct boards *boards)
{
	for (unsigned i = 0; i < boards->count; i++)
		done(&boards->at[i]);
	boards->count = 0;
}

/* Does an entry of `readers` include the user? "@domain" includes the names that end
 * with it and have something in front. */
static bool includes(struct span reader, struct span user)
{
	if (span_is(reader, "*"))
		return true;
	if (reader.len < 2 || reader.at[0] != '@')
		return reader.len > 0 && reader.len == user.len &&
		       memcmp(reader.at, user.at, user.len) == 0;
	return user.len > reader.len &&
	       memcmp(user.at + user.len - reader.len, reader.at, reader.len) == 0;
}

/* By their own name, users reach their own maildrop and no board. */
bool board_admits(const struct board_settings *board, struct span user)
{
	if (span_is_nocase(user, board->name))
		return false;
	for (unsigned i = 0; i < board->readers.count; i++)
		if (includes(span_of(board->readers.at[i]), user))
			return true;
	return false;
}

const struct board_settings *boards_find(const struct boards *boards, struct span name,
					 struct span user)
{
	for (unsigned i = 0; i < boards->count; i++)
		if (span_is_nocase(name, boards->at[i].name) &&
		    board_admits(&boards->at[i], user))
			return &boards->at[i];
	return NULL;
}

const struct board_settings *boards_nth(const struct boards *boards, uint64_t number,
					struct span user)
{
	for (unsigned i = 0; i < boards->count; i++)
		if (board_admits(&boards->at[i], user) && number-- == 0)
			return &boards->at[i];
	return NULL;
}
