/* front/reader.c - reads octets of a file without waiting for its file system.
 *
 * Prefix: reader_.
 */
#include "front/reader.h"

#include <errno.h>
#include <sys/uio.h>

#include "base/own.h"
#include "sys/file.h"

/* After so many requests for pages without a successful read, ask for copies: the
 * kernel drops the pages as fast as poplar-drop reads them. */
enum { MISSES_MAX = 2 };

/* Close the descriptor: it cannot be read without waiting. From here on the reader
 * needs windows, and has none yet. */
static void leave_file(struct reader *r)
{
	own_fd_close(&r->fd);
	r->kind = READER_WINDOW;
	r->at = UINT64_MAX;
}

void reader_open(struct reader *r, uint32_t msg, const struct reader_given *given)
{
	*r = (struct reader){ .fd = given->fd,
			      .kind = given->kind,
			      .msg = msg,
			      .base = given->base,
			      .octets = given->octets };
	if (given->kind != READER_FILE && !file_is_memory(given->fd))
		leave_file(r);
}

void reader_take(struct reader *r, uint64_t at, const struct reader_given *given)
{
	const uint32_t msg = r->msg;

	reader_close(r);
	reader_open(r, msg, given);
	if (r->kind == READER_WINDOW && r->fd >= 0) {
		r->at = at;
		r->asked = true;
	}
}

void reader_close(struct reader *r)
{
	if (r->kind != READER_NONE)
		own_fd_close(&r->fd);
	r->kind = READER_NONE;
}

static ssize_t not_at_hand(void)
{
	errno = EAGAIN;
	return -1;
}

static ssize_t read_memory(const struct reader *r, uint64_t at, void *out, size_t len)
{
	ssize_t n;

	do
		n = pread(r->fd, out, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n;
}

/* A window may hold fewer octets than `least`. If poplar-drop sent it as the answer for
 * just this position, the file ends there; otherwise another one must be asked for. */
static ssize_t read_window(const struct reader *r, uint64_t at, void *out, size_t least,
			   size_t len)
{
	if (at < r->at || at - r->at > r->octets)
		return not_at_hand();
	const uint64_t left = r->octets - (at - r->at);
	if (left < least && !(r->asked && at == r->at))
		return not_at_hand();
	return read_memory(r, r->base + (at - r->at), out,
			   left < len ? (size_t)left : len);
}

static ssize_t read_file(struct reader *r, uint64_t at, void *out, size_t len)
{
	struct iovec iov = { out, len };
	ssize_t n;

	do
		n = preadv2(r->fd, &iov, 1, (off_t)(r->base + at), RWF_NOWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		r->misses = 0;
	if (n >= 0 || errno != EOPNOTSUPP)
		return n;
	if (file_is_memory(r->fd)) {
		r->kind = READER_MEMORY;
		return read_memory(r, r->base + at, out, len);
	}
	leave_file(r);
	return not_at_hand();
}

ssize_t reader_read(struct reader *r, uint64_t at, void *out, size_t least, size_t len)
{
	switch (r->kind) {
	case READER_FILE:
		return read_file(r, at, out, len);
	case READER_MEMORY:
		return read_memory(r, r->base + at, out, len);
	case READER_WINDOW:
		return read_window(r, at, out, least, len);
	case READER_NONE:
		break;
	}
	errno = EBADF;
	return -1;
}

enum reader_want reader_wants(struct reader *r)
{
	if (r->kind == READER_FILE && r->misses++ < MISSES_MAX)
		return READER_WANTS_PAGES;
	if (r->kind != READER_WINDOW)
		leave_file(r);
	return READER_WANTS_WINDOW;
}
