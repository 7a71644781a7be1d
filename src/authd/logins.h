/* authd/logins.h - what fronts ask of poplar-auth, and what they are told.
 *
 * Prefix: logins_. A good AUTH_ASK makes a socket pair, one end of
 * which goes to the maildrop process inside GRANT and the other back to the front
 * inside AUTH_OK: whoever holds the front's end may use that one maildrop.
 */
#pragma once

#include <stdatomic.h>

#include "authd/exchanges.h"
#include "authd/grants.h"
#include "authd/throttle.h"

/* For all threads: set up before there are any. */
struct logins {
	struct login_rules rules;
	struct throttle throttle;
	unsigned allowed;       /* mechanisms, bits */
	atomic_bool is_useless; /* no mechanism can let anybody in */
	struct grants grants;
};

/* The channel of a front. */
struct logins_link {
	int fd;
	uint64_t number;     /* no other link of this process ever had it */
	atomic_uint told;    /* the mechanisms that the front knows of */
	atomic_uint answers; /* since it was last seen to have read most of them */
	struct exchanges exchanges;
};

/* The value of `told` of a front that has been told nothing yet. */
#define LOGINS_UNTOLD (~0u)

/* Answer what a front has said. False: it does not take the answer, or asked what none
 * of ours asks; its link must end. */
bool logins_hear(struct logins *l, struct logins_link *link, const struct message *m);
