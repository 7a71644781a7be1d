/* store/maildir/maildirsize.c - the file by which programs share the quota of a
 * Maildir.
 *
 * Prefix: maildir_. Maildir++: the first line is the quota; each other
 * line adds octets and messages, less than none for those that were removed. Whoever
 * changes the mail appends a line in one write. Who finds the file too long, or the
 * quota passed, counts anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "store/maildir/maildir.h"
#include "sys/file.h"

/* What is marked as removed (T) does not count, says Maildir++. The size is that of the
 * name, where it tells one. */
void maildir_count(struct maildir_removed *r, struct span name, uint64_t stored)
{
	const char *flags = memmem(name.at, name.len, ":2,", 3);
	uint64_t octets = stored;

	if (flags && memchr(flags, 'T', (size_t)(name.at + name.len - flags)))
		return;
	if (!name_field(name, 'S', &octets))
		octets = stored;
	r->octets += octets;
	r->messages++;
}

void maildir_subtract(int dir, const struct maildir_removed *r)
{
	char line[64];
	struct stat st;

	if (r->messages == 0)
		return;
	OWN_FD fd =
		file_open_beneath(dir, "maildirsize", O_WRONLY | O_APPEND | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return;
	const int len = snprintf(line, sizeof line, "-%" PRIu64 " -%" PRIu32 "\n",
				 r->octets, r->messages);
	/* On a full disk it is not told, and too much is counted until somebody counts.
	 */
	while (write(fd, line, (size_t)len) < 0 && errno == EINTR)
		;
}
