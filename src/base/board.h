/* base/board.h - which maildrop XTND means.
 */
#pragma once

enum board_wish {
	BOARD_EACH,    /* by its number among those that the user may read, from 0 on */
	BOARD_NAMED,   /* by its name; the user's own name means the user's own */
	BOARD_ARCHIVE, /* the archive of the one of that name */
	BOARD_ABOUT,   /* what there is to say of the one of that name */
};
