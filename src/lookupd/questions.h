/* lookupd/questions.h - what poplar-lookup answers poplar-auth.
 *
 * Prefix: questions_. One question at a time; the database is asked in this thread.
 */
#pragma once

#include "ipc/channel.h"
#include "lookup/driver.h"

struct questions {
	const struct lookup_driver *driver; /* of the database */
	void *self;                         /* the driver's */
	struct channel auth; /* to poplar-auth; its fd is -1 while there is none */
	struct channel_inbox inbox;
	struct lookup_answer answer;
};

/* Questions come from this descriptor, which is taken over, and from no earlier one. */
void questions_from(struct questions *q, int fd);

/* Answer the question that is there. Closes the channel if poplar-auth has, or if the
 * answer cannot be sent. False: poplar-auth has said what it may not say, or the kernel
 * refuses to receive; the log has the reason. */
MUST_USE bool questions_hear(struct questions *q);
