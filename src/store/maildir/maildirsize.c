/* store/maildir/maildirsize.c - adds delivered messages to the quota file of a Maildir,
 * and subtracts removed ones.
 *
 * Prefix: maildir_. Maildir++ defines the file: the first line is the quota; each other
 * line adds a number of octets and of messages, which are negative for removed
 * messages. A program that changes the mail appends one line in one write. A program
 * that finds the file too long, or the quota exceeded, counts anew (recount.c).
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

/* A file of so many octets is written anew (Maildir++). */
enum { TOO_LONG = 5120 };

/* `sign` is "" or "-". */
static void append(int dir, const char *sign, const struct maildir_share *s)
{
	static const struct store_quota as_it_is;
	char line[64];
	struct stat st;

	if (s->messages == 0)
		return;
	OWN_FD fd =
		file_open_beneath(dir, "maildirsize", O_WRONLY | O_APPEND | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return;
	const int len = snprintf(line, sizeof line, "%s%" PRIu64 " %s%" PRIu32 "\n",
				 sign, s->octets, sign, s->messages);
	/* If the disk is full, the quota stays wrong until some program counts anew. */
	while (write(fd, line, (size_t)len) < 0 && errno == EINTR)
		;
	if (st.st_size >= TOO_LONG)
		fault_ignore(maildir_renew_size(dir, &as_it_is, false, NULL));
}

void maildir_add(int dir, const struct maildir_share *s)
{
	append(dir, "", s);
}

void maildir_subtract(int dir, const struct maildir_share *s)
{
	append(dir, "-", s);
}
