/* authd/grants.h - maildrops for those whom poplar-auth has let in.
 *
 * Prefix: grants_. For many threads.
 */
#pragma once

#include "auth/login.h"
#include "auth/ticket.h"
#include "authd/drops.h"
#include "config/settings.h"

struct grants {
	const struct settings *settings;
	const struct login_rules *rules;
	struct policy_site policy;
	struct drops drops;
	struct tickets
		*tickets; /* NULL: no maildrop but the user's own is ever asked for
			   */
};

/* What the settings say. False: out of memory. */
MUST_USE bool grants_start(struct grants *g, const struct settings *settings,
			   const struct login_rules *rules);

/* A board has come from the parent; False: it cannot be read. */
MUST_USE bool grants_add_board(struct settings *settings,
			       const struct message_BOARD *m);

/* Hand the user's maildrop to whoever will hold *out_fd. What the holder must show to
 * ask for another is appended to *ticket; it may be nothing. */
MUST_USE enum fault grants_own(struct grants *g, struct ticket_holder holder,
			       const struct user *user, struct span peer,
			       struct buf *ticket, int *out_fd, struct why *why);

/* Hand it to be looked at: nothing in it is changed or made, and nothing is recorded.
 */
MUST_USE enum fault grants_look(struct grants *g, const struct user *user,
				struct span peer, int *out_fd, struct why *why);

/* Hand another maildrop, which the ticket's user may have, to whoever will hold
 * *out_fd. What it is called is appended to *name. FAULT_NO_BOARD: there is none. */
MUST_USE enum fault grants_board(struct grants *g, struct ticket_holder holder,
				 const struct message_BOARD_ASK *ask, struct buf *name,
				 int *out_fd, struct why *why);
