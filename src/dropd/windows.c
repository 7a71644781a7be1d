/* dropd/windows.c - gives a front the octets of a file in a form in which the front
 * never waits for a file system.
 *
 * Prefix: windows_.
 */
#include "dropd/windows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "base/own.h"
#include "sys/file.h"

/* Memory for all bodies of one BODIES; for the next window of one body; for a window of
 * the listing. */
enum { BODIES_OCTETS = 262144, NEXT_OCTETS = 262144, LISTING_OCTETS = 65536 };

/* Does the file system support RWF_NOWAIT? All sessions remember the last device that
 * does. A wrong answer costs a front only a COPY. */
static bool has_pages(int fd, uint64_t device, uint64_t offset)
{
	static _Atomic uint64_t known; /* 0: no device yet */
	char octet;
	struct iovec iov = { &octet, 1 };

	if (device != 0 && atomic_load_explicit(&known, memory_order_relaxed) == device)
		return true;
	if (preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP)
		return false;
	atomic_store_explicit(&known, device, memory_order_relaxed);
	return true;
}

/* ---- memory ---- */

/* The seals keep the front from shrinking the memory, so that writing to it is safe. */
static bool make_memory(struct windows_memory *m, size_t octets)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;
	OWN_FD fd = memfd_create("window", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || pwrite(fd, "", 1, (off_t)octets - 1) != 1 ||
	    fcntl(fd, F_ADD_SEALS, seals) < 0)
		return false;
	void *at = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return false;
	*m = (struct windows_memory){ TAKE_FD(fd), at, octets, 0 };
	return true;
}

static void free_memory(struct windows_memory *m)
{
	if (m->octets == 0)
		return;
	munmap(m->at, m->octets);
	own_fd_close(&m->fd);
	m->octets = 0;
}

/* Read *io_len octets of the file, or fewer if it ends before; *io_len becomes their
 * number. */
static enum fault read_file(int fd, uint64_t offset, char *out, size_t *io_len,
			    struct why *why)
{
	size_t len = 0;

	while (len < *io_len) {
		ssize_t n = pread(fd, out + len, *io_len - len, (off_t)(offset + len));

		if (n < 0 && errno != EINTR)
			return fault_set(why, FAULT_IO, errno, "read", NULL);
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	*io_len = len;
	return FAULT_NONE;
}

/* Copy the `length` octets at `offset`, or as many as there is room for. */
static enum fault copy(struct windows_memory *m, size_t room, int fd, uint64_t offset,
		       uint64_t length, struct windows_given *out, struct why *why)
{
	if (m->octets == 0 && !make_memory(m, room))
		return fault_set(why, FAULT_NOMEM, errno, "make a window", NULL);
	size_t len = m->octets - m->used;
	len = length < len ? (size_t)length : len;
	const enum fault f = read_file(fd, offset, m->at + m->used, &len, why);
	*out = (struct windows_given){ MESSAGE_GIVEN_WINDOW, m->fd, m->used, len };
	m->used += len;
	return f;
}

/* ---- files and windows ---- */

void windows_begin(struct windows *w)
{
	w->bodies.used = 0;
}

enum fault windows_give(struct windows *w, const struct store_body *b,
			struct windows_given *out, struct why *why)
{
	*out = (struct windows_given){ MESSAGE_GIVEN_FILE, b->fd, b->offset, 0 };
	if (has_pages(b->fd, b->device, b->offset))
		return FAULT_NONE;
	out->what = MESSAGE_GIVEN_MEMORY;
	if (file_is_memory(b->fd))
		return FAULT_NONE;
	return copy(&w->bodies, BODIES_OCTETS, b->fd, b->offset, b->length, out, why);
}

void windows_keep(struct windows *w, uint32_t msg, struct store_body *b)
{
	if (w->kept)
		close(w->body.fd);
	w->body = *b;
	w->kept = msg;
	b->fd = -1;
}

enum fault windows_next(struct windows *w, struct maildrop *m, uint32_t msg,
			uint64_t at, struct windows_given *out, struct why *why)
{
	struct store_body found;

	if (w->kept != msg) {
		const enum fault f = store_body(m, msg, &found, why);

		if (f)
			return f;
		windows_keep(w, msg, &found);
	}
	const struct store_body *b = &w->body;
	if (at > b->length)
		return fault_set(why, FAULT_PEER, 0, "copy behind the end", NULL);
	w->next.used = 0;
	return copy(&w->next, NEXT_OCTETS, b->fd, b->offset + at, b->length - at, out,
		    why);
}

enum fault windows_listing(const struct store_listing *l, uint64_t at,
			   struct windows_given *out, struct why *why)
{
	ROOM char octets[LISTING_OCTETS];
	size_t len = sizeof octets;

	*out = (struct windows_given){ MESSAGE_GIVEN_FILE, l->fd, 0, 0 };
	if (has_pages(l->fd, l->device, at))
		return FAULT_NONE;
	out->what = MESSAGE_GIVEN_MEMORY;
	if (file_is_memory(l->fd))
		return FAULT_NONE;
	const enum fault f = read_file(l->fd, at, octets, &len, why);
	if (f)
		return f;
	*out = (struct windows_given){
		MESSAGE_GIVEN_WINDOW,
		file_sealed("window", (struct span){ octets, len }), 0, len
	};
	return out->fd < 0 ? fault_set(why, FAULT_NOMEM, errno, "make a window", NULL)
			   : FAULT_NONE;
}

void windows_close(struct windows *w)
{
	if (w->kept)
		close(w->body.fd);
	w->kept = 0;
	free_memory(&w->bodies);
	free_memory(&w->next);
}
