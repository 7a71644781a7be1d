/* base/board.h - what a client asks about a board, with XTND (RFC 1082).
 *
 * The front asks poplar-auth with BOARD_ASK, which carries one of these values. Each
 * but BOARD_EACH comes with a name, the operand of XTND.
 */
#pragma once

enum board_wish {
	BOARD_EACH,    /* list the board with this number (from 0) of those that the
			  user may read */
	BOARD_NAMED,   /* open the board of this name; if the name is the user's own,
			  open the user's own maildrop */
	BOARD_ARCHIVE, /* open the archive of the board of this name */
	BOARD_ABOUT,   /* tell name and maxima of the board of this name (X-BBOARDS) */
};
