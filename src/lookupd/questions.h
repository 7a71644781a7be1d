/* lookupd/questions.h - answers the questions of poplar-auth.
 *
 * Prefix: questions_. poplar-lookup answers one question at a time, and asks the
 * database in the calling thread.
 */
#pragma once

#include "ipc/channel.h"
#include "lookup/driver.h"

struct questions {
	const struct lookup_driver *driver; /* the driver of the database */
	void *self;          /* the driver's own state, from lookup_driver.open */
	struct channel auth; /* to poplar-auth; fd -1: no channel */
	struct channel_inbox inbox;
	struct lookup_answer answer;
};

/* Take questions from the channel fd, which is taken over, in place of an earlier one.
 */
void questions_from(struct questions *q, int fd);

/* Receive a question, and answer it. If poplar-auth has closed its end, or the answer
 * cannot be sent, the channel is closed. False: poplar-auth has sent an illegal
 * message, or receiving has failed; that has been logged. */
MUST_USE bool questions_hear(struct questions *q);
