/* base/own.h - variables that own a resource and release it at the end of their scope.
 *
 * The cleanup runs at the end of the scope of the variable. For OWN(thing), the header
 * of struct thing defines, next to thing_free(),
 *
 *	static inline void thing_done_p(struct thing **p) { thing_free(*p); }
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

/* Move ownership out of an OWN variable, which becomes -1 (TAKE_FD) or NULL (TAKE). */
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

/* Drop const, for functions of other libraries that only read their argument but
 * declare it without const. */
static inline void *unconst(const void *p)
{
	return (union {
		       const void *from;
		       void *to;
	       }){ p }
		.to;
}

/* Close *fd if it is not -1, and set it to -1. */
static inline void own_fd_close(int *fd)
{
	own_fd_done(fd);
	*fd = -1;
}
