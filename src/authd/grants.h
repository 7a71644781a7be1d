/* authd/grants.h - hands maildrops to sessions whose users poplar-auth has let in.
 *
 * Prefix: grants_. For many threads. A grant is a new session socket: the maildrop
 * process gets one end inside GRANT, and whoever holds the other end may use that one
 * maildrop.
 */
#pragma once

#include "auth/login.h"
#include "auth/place.h"
#include "auth/ticket.h"
#include "authd/drops.h"
#include "config/settings.h"

struct grants {
	const struct settings *settings;
	const struct login_rules *rules;
	struct policy_site policy;
	struct drops drops;
	struct tickets *tickets; /* NULL: xtnd is off, and there are no boards */
};

/* The caller keeps `settings` and `rules`, which must outlive g; g->drops is already
 * set up. False: out of memory. */
MUST_USE bool grants_start(struct grants *g, const struct settings *settings,
			   const struct login_rules *rules);

/* Add a board that the parent has sent. False: its settings are malformed, or there are
 * too many boards. */
MUST_USE bool grants_add_board(struct settings *settings,
			       const struct message_BOARD *m);

/* The path of the user's own maildrop: see place_maildrop. */
MUST_USE enum fault grants_place(const struct grants *g, const struct user *user,
				 char out[PLACE_PATH_MAX], struct why *why);

/* Grant the user's own maildrop. *out_fd is the caller's: the session's end of the
 * socket. The board ticket with which `holder` may ask for boards is appended to
 * *ticket; nothing is appended where there are no boards. Faults are those of
 * place_maildrop, channel_pair and drops_send. */
MUST_USE enum fault grants_own(struct grants *g, struct ticket_holder holder,
			       const struct user *user, struct span peer,
			       struct buf *ticket, int *out_fd, struct why *why);

/* Grant the user's own maildrop to an operator: the session can read it, and the
 * maildrop process changes, creates and records nothing. */
MUST_USE enum fault grants_look(struct grants *g, const struct user *user,
				struct span peer, int *out_fd, struct why *why);

/* Grant the maildrop that `ask` names to the user of its ticket: a board, or the user's
 * own maildrop once more. Its name is appended to *name. FAULT_NO_BOARD: the user may
 * read no such board. FAULT_PEER: the ticket is not one that this process gave
 * `holder`.
 */
MUST_USE enum fault grants_board(struct grants *g, struct ticket_holder holder,
				 const struct message_BOARD_ASK *ask, struct buf *name,
				 int *out_fd, struct why *why);
