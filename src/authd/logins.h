/* authd/logins.h - the questions of fronts about logins and boards, answered.
 *
 * Prefix: logins_. A good AUTH_ASK makes a socket pair. One end goes to the maildrop
 * process with GRANT, the other one to the front with AUTH_OK: whoever holds the
 * front's end may use that one maildrop.
 */
#pragma once

#include <stdatomic.h>

#include "authd/answers.h"
#include "authd/exchanges.h"
#include "authd/grants.h"
#include "authd/throttle.h"

/* Shared by all threads, and set up before they start. */
struct logins {
	struct login_rules rules;
	struct throttle throttle;
	unsigned allowed;       /* mechanisms by the settings, bits */
	atomic_bool is_useless; /* nobody can log in, which has been logged */
	struct grants grants;
};

/* What is known of a front, by its link. */
struct logins_link {
	struct logins *logins;
	struct answers answers;
	uint64_t number; /* no other link of this process ever had this one */
	atomic_uint
		told; /* the mechanisms that the front knows of; at first all bits */
	struct exchanges exchanges;
};

/* fd is the link's channel, which stays the caller's; exchanges_done ends what is begun
 * here. */
void logins_link_init(struct logins_link *link, struct logins *logins, int fd,
		      uint64_t number);

/* Answer the front's message in the inbox, in any thread. False: the link must end. The
 * front does not read its answers, or it asked what no front of ours asks; that has
 * been logged. */
MUST_USE bool logins_hear(struct logins_link *link, struct channel_inbox *in);
