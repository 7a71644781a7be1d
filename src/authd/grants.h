/* authd/grants.h - hands maildrops to sessions whose users poplar-auth has let in, and
 * to deliveries.
 *
 * Prefix: grants_. Several threads may call these functions at the same time, except
 * for grants_start and grants_add_board. A grant is a new socket pair: the maildrop
 * process gets one end with the message GRANT, and the process that holds the other
 * end, the session socket, may use that one maildrop. For a delivery the message is
 * GRANT_DELIVERY, and the holder may add one message and do nothing else.
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
	struct quota quota; /* of users who have none of their own */
	struct drops drops;
	struct tickets *tickets; /* NULL: xtnd is off, and there are no boards */
};

/* Call it after drops_init(&g->drops). `settings` and `rules` must outlive g. False:
 * out of memory, or the setting quota is malformed. */
MUST_USE bool grants_start(struct grants *g, const struct settings *settings,
			   const struct login_rules *rules);

/* Add a board that poplard has sent to the settings. False: its settings are malformed,
 * or there are too many boards. */
MUST_USE bool grants_add_board(struct settings *settings,
			       const struct message_BOARD *m);

/* The path of the user's own maildrop: see place_maildrop. */
MUST_USE enum fault grants_place(const struct grants *g, const struct user *user,
				 char out[PLACE_PATH_MAX], struct why *why);

/* How much mail the user may have: the user's own quota or, without one, the site's. */
struct quota grants_quota(const struct grants *g, const struct user *user);

/* How unique-ids of the user's messages are made: the user's own format or, without
 * one, the site's. It borrows from *user or the settings. */
struct span grants_uidl_format(const struct grants *g, const struct user *user);

/* Grant the user's own maildrop. *out_fd becomes the session socket, which the caller
 * owns. `peer` is the client's address, for the log. If the setting xtnd is on, the
 * board ticket with which `holder` may ask for boards is appended to *ticket. Faults
 * are those of place_maildrop, channel_pair and drops_send. */
MUST_USE enum fault grants_own(struct grants *g, struct ticket_holder holder,
			       const struct user *user, struct span peer,
			       struct buf *ticket, int *out_fd, struct why *why);

/* Grant the user's own maildrop to the operator's tool, read-only: the maildrop process
 * changes and creates nothing. The rest is as with grants_own. */
MUST_USE enum fault grants_look(struct grants *g, const struct user *user,
				struct span peer, int *out_fd, struct why *why);

/* Grant one delivery of about `octets` (0: nobody knows) to the user's own maildrop,
 * within grants_quota. `peer` is the address of the client that delivers. The rest is
 * as with grants_own. */
MUST_USE enum fault grants_delivery(struct grants *g, const struct user *user,
				    struct span peer, uint64_t octets, int *out_fd,
				    struct why *why);

/* Grant the maildrop that `ask` names to the user whom the ticket in `ask` names: a
 * board, or the user's own maildrop once more. The maildrop's name is appended to
 * *name. FAULT_NO_BOARD: no such board exists, or the user may not read it. FAULT_PEER:
 * this process has not given the ticket to `holder`. The rest is as with grants_own. */
MUST_USE enum fault grants_board(struct grants *g, struct ticket_holder holder,
				 const struct message_BOARD_ASK *ask, struct buf *name,
				 int *out_fd, struct why *why);
