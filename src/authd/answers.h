/* authd/answers.h - the answers of poplar-auth to one front.
 *
 * Prefix: answers_. For many threads.
 */
#pragma once

#include <stdatomic.h>

#include "ipc/channel.h"

struct answers {
	int fd;             /* the link to the front; its owner closes it */
	atomic_uint unread; /* answers since the front was seen to have read most */
};

/* How long one answers_send sleeps at most, in milliseconds, while the kernel has no
 * room: for the answer, and then for the failure in its place. */
enum { ANSWERS_PAUSE_MS_MAX = 400 };

/* Send an answer, with the descriptor `pass` (the caller keeps it; -1: none). An answer
 * that is over its bounds, or that the kernel has no room for, is replaced by
 * AUTH_FAILED or BOARD_FAILED with that fault, so that the client hears something. When
 * the front has closed its end nothing is left to do: the reader of the link sees that,
 * and has poplard replace a front that lives on.
 * Blocks for the link's send timeout if the front does not read, or sleeps for up to
 * ANSWERS_PAUSE_MS_MAX.
 * False: the front has read nothing for the whole send timeout, which has been logged;
 * the link must end. */
MUST_USE bool answers_send(struct answers *to, const struct message *m, int pass);
