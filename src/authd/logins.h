/* authd/logins.h - answers the questions of fronts about logins and boards.
 *
 * Prefix: logins_. Several threads may call logins_hear at the same time. If a login is
 * good, the maildrop process gets one end of a new socket pair with GRANT, and the
 * front gets the other end, the session socket, with AUTH_OK (authd/grants.h).
 */
#pragma once

#include <stdatomic.h>

#include "auth/recipient.h"
#include "authd/answers.h"
#include "authd/exchanges.h"
#include "authd/grants.h"
#include "authd/throttle.h"

/* Shared by all threads, and set up before they start. */
struct logins {
	struct login_rules rules;
	struct recipient_rules recipients; /* borrows `rules` */
	struct throttle throttle;
	unsigned allowed; /* mechanisms that the settings allow, bits (MECHANISM_BIT) */
	atomic_bool is_useless; /* at the last look sasl_offers had no mechanism; that
				   has been logged */
	struct grants grants;
};

/* One front, as the link to it. */
struct logins_link {
	struct logins *logins;
	struct answers answers;
	uint64_t number;  /* no other link of this process ever had this one */
	atomic_uint told; /* the mechanisms of the last AUTH_OFFERS to the front; at
			     first all bits, which no AUTH_OFFERS has */
	struct exchanges exchanges;
};

/* fd is the link's channel, which the caller goes on owning. `number` is unique among
 * the links of this process. At the end the caller passes &link->exchanges to
 * exchanges_done. */
void logins_link_init(struct logins_link *link, struct logins *logins, int fd,
		      uint64_t number);

/* Answer the front's message in the inbox. False: the caller must end the link, because
 * the front does not read its answers, or has asked for what no front of ours asks;
 * that has been logged. */
MUST_USE bool logins_hear(struct logins_link *link, struct channel_inbox *in);
