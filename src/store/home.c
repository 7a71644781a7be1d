/* store/home.c - creates the folders above a maildrop.
 *
 * Prefix: store_.
 */
#include "store/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/own.h"
#include "sys/file.h"

/* Close `at`, and open its folder `part`, which is created if it is missing. Never
 * follows a symbolic link. Returns -1 and errno on failure. */
static int go_into(int at, struct span part, mode_t mode)
{
	OWN_FD above = at;
	char name[NAME_MAX + 1];

	if (!span_copy(part, name, sizeof name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (mkdirat(above, name, mode) < 0 && errno != EEXIST)
		return -1;
	return file_open_beneath(above, name, O_PATH | O_DIRECTORY);
}

int store_make_home(int root, struct span home)
{
	int at = file_open_beneath(root, ".", O_PATH | O_DIRECTORY);

	while (at >= 0 && home.len > 0) {
		struct span part;

		span_cut(&home, '/', &part);
		if (part.len > 0)
			at = go_into(at, part, home.len > 0 ? 0711 : 0700);
	}
	return at;
}
