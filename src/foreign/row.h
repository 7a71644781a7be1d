/* foreign/row.h - cuts lines off the lists of other servers.
 *
 * Prefix: row_.
 */
#pragma once

#include "base/span.h"

/* Cut the next line off *io_rest, without its line end (LF or CRLF), and count it in
 * *io_number. The last line may lack its line end. */
static inline struct span row_cut(struct span *io_rest, uint32_t *io_number)
{
	struct span row;

	span_cut(io_rest, '\n', &row);
	++*io_number;
	if (row.len > 0 && row.at[row.len - 1] == '\r')
		row.len--;
	return row;
}
