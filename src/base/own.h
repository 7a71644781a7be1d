/* base/own.h - who owns what, visible in the declaration.
 *
 * A type used with OWN(thing) defines, next to thing_free(),
 * static inline void thing_done_p(struct thing **p) { thing_free(*p); }
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void own_fd_done(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void own_text_done(char **text)
{
	free(*text);
}

#define OWN_FD    __attribute__((cleanup(own_fd_done))) int
#define OWN_TEXT  __attribute__((cleanup(own_text_done))) char *
#define OWN(type) __attribute__((cleanup(type##_done_p))) struct type *

/* Move ownership out of an OWN variable; what stays behind is empty. */
#define TAKE_FD(fd)                                                                    \
	({                                                                             \
		int taken_ = (fd);                                                     \
		(fd) = -1;                                                             \
		taken_;                                                                \
	})
#define TAKE(p)                                                                        \
	({                                                                             \
		__typeof__(p) taken_ = (p);                                            \
		(p) = NULL;                                                            \
		taken_;                                                                \
	})

/* For interfaces that take what they only read without saying so. */
static inline void *unconst(const void *p)
{
	return (union {
		       const void *from;
		       void *to;
	       }){ p }
		.to;
}

/* Close *fd if it is open, and mark it closed. */
static inline void own_fd_close(int *fd)
{
	own_fd_done(fd);
	*fd = -1;
}
