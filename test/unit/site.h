/* test/unit/site.h - settings for tests of a process, as a file would give them. */
#pragma once

#include "check.h"

#include "config/settings.h"

static inline void site_begin(struct settings *s)
{
	*s = (struct settings){ 0 };
	CHECK_EQ(settings_init(s), FAULT_NONE);
}

static inline void site_set(struct settings *s, enum setting_id id, const char *value)
{
	CHECK(settings_set(s, id, span_of(value)));
}

static inline void site_set_row(struct rows rows, void *values, const char *name,
				const char *value)
{
	const struct row *row = rows_find(rows, span_of(name));

	CHECK(row && row_set(row, values, span_of(value)));
}

/* A board below /m that `reader` may read. */
static inline struct board_settings *site_add_board(struct settings *s,
						    const char *name,
						    const char *maildir,
						    const char *reader)
{
	struct board_settings *board = boards_add(&s->boards, span_of(name));

	CHECK(board);
	site_set_row(board_rows(), board, "maildir", maildir);
	site_set_row(board_rows(), board, "readers", reader);
	return board;
}
