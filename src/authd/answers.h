/* authd/answers.h - the answers of poplar-auth to one front, or to poplar-lmtp.
 *
 * Prefix: answers_. Several threads may call these functions at the same time.
 */
#pragma once

#include <stdatomic.h>

#include "ipc/channel.h"

struct answers {
	int fd; /* the link to the process, below called the front; its owner
		   closes it */
	atomic_uint unread; /* answers sent since fronts.c last saw that the front had
			       read most of them */
};

/* The longest time in milliseconds that one answers_send sleeps because the kernel has
 * no room: first for the answer, then for the failure that replaces it. */
enum { ANSWERS_PAUSE_MS_MAX = 400 };

/* Send an answer, with the descriptor `pass` (the caller keeps it; -1: none). If a
 * field of the answer is over its bound, or the kernel has no room, AUTH_FAILED,
 * BOARD_FAILED or RCPT_FAILED with that fault is sent in its place, so that the client
 * gets a reply.
 * If the front has closed its end, the answer is dropped: the thread that reads the
 * link notices, and has poplard replace the front if it still runs. Blocks for up to
 * the link's send timeout while the front does not read, and sleeps for up to
 * ANSWERS_PAUSE_MS_MAX. False: the front has read nothing for the whole send timeout,
 * which has been logged; the caller must end the link. */
MUST_USE bool answers_send(struct answers *to, const struct message *m, int pass);
