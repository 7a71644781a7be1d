/* parent/drops.h - the maildrop processes, one for each uid that owns mail.
 *
 * Prefix: drop_.
 */
#pragma once

#include "parent/parent.h"

/* poplar-auth needs a link to the maildrop process of a uid and gid. Send a link, start
 * the process, say that it will be started later (DROP_LATE), or refuse (DROP_REFUSED).
 * poplar-auth may be captured, so poplard checks the ids. The process of mail-user is
 * always allowed. As root, poplard starts no other process for uid 0, for gid 0 or for
 * a uid below first-uid; without root, it allows only its own uid and gid. */
void drop_wanted(struct parent *p, struct worker *auth,
		 const struct message_DROP_WANTED *m);

/* The process has had no session for drop-idle, and asks to end. poplard lets it end
 * (DROP_LEAVES, DRAIN), unless it is the process of mail-user, the server stops, its
 * generation drains or is not in service, or an earlier process of its uid has not
 * ended yet. A grant may still be under way on its link to poplar-auth; then the
 * process ends after that session. */
void drop_idle(const struct parent *p, struct worker *k);

/* The process has died, and poplard will start it again after a delay: tell poplar-auth
 * (DROP_LATE), so that at most a few of its threads wait for the process. */
void drop_tell_late(const struct worker *k);
