/* store/maildir/newname.c - names for new files of a Maildir.
 *
 * Prefix: maildir_. The name has the time in seconds and microseconds (M), the number
 * of the process (P), a counter (Q), and the name of the machine, as
 * https://cr.yp.to/proto/maildir.html recommends.
 */
#include "store/maildir/newname.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { HOST_OCTETS = 128 };

static char host[HOST_OCTETS] = "localhost";
static _Atomic uint16_t counter;
static _Atomic uint64_t last_us;

/* A slash would lead to another folder, and a colon would end the base name. */
static void set_host(const char *from)
{
	struct buf b = BUF(host);

	for (; *from && buf_left(&b) > strlen("\\057"); from++) {
		if (*from == '/')
			buf_text(&b, "\\057");
		else if (*from == ':')
			buf_text(&b, "\\072");
		else
			buf_char(&b, *from);
	}
	buf_cstr(&b);
}

/* The counter begins at random, since a process with the same number may have had the
 * same time, when the clock was set back. */
bool maildir_start(void)
{
	char name[HOST_NAME_MAX + 1] = "";
	uint16_t first;

	if (gethostname(name, sizeof name - 1) == 0 && name[0])
		set_host(name);
	if (getrandom(&first, sizeof first, 0) != (ssize_t)sizeof first)
		return false;
	atomic_store(&counter, first);
	return true;
}

/* The time in microseconds, but later than all that were returned before. */
static uint64_t next_us(void)
{
	uint64_t last = atomic_load(&last_us), next;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	const uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	do
		next = now > last ? now : last + 1;
	while (!atomic_compare_exchange_weak(&last_us, &last, next));
	return next;
}

unsigned maildir_new_name(struct buf *out)
{
	const unsigned number = atomic_fetch_add(&counter, 1);
	const uint64_t us = next_us();

	buf_u64(out, us / 1000000);
	buf_text(out, ".M");
	buf_u64(out, us % 1000000);
	buf_char(out, 'P');
	buf_u64(out, (uint64_t)getpid());
	buf_char(out, 'Q');
	buf_u64(out, number);
	buf_char(out, '.');
	buf_text(out, host);
	return number;
}
