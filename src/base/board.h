/* base/board.h - what a client asks about a board, with XTND (RFC 1082).
 *
 * A message BOARD_ASK carries one of these. A name of a board is an operand of XTND.
 */
#pragma once

enum board_wish {
	BOARD_EACH,    /* describe board number i (from 0) of those the user may read */
	BOARD_NAMED,   /* open this board, or by the user's name the own maildrop */
	BOARD_ARCHIVE, /* open the archive of the board of this name */
	BOARD_ABOUT,   /* describe the board of this name */
};
