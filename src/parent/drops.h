/* parent/drops.h - the maildrop processes, one for each uid that owns mail.
 *
 * Prefix: drop_.
 */
#pragma once

#include "parent/parent.h"

/* poplar-auth wants a link to the maildrop process of a uid and gid. Send one, start
 * the process, or refuse (DROP_REFUSED), since poplar-auth may be captured: as root no
 * process runs for root, for gid 0 or for a uid below first-uid; otherwise poplard's
 * own uid and gid alone are allowed. */
void drop_wanted(struct parent *p, struct worker *auth,
		 const struct message_DROP_WANTED *m);

/* The process has had no session for drop-idle and asks to end. It may, unless it is
 * that of mail-user, the server is stopping or its generation is not in full service,
 * or an earlier process of its uid has not ended yet. poplar-auth then closes its link,
 * on which a grant may still be under way; the process ends when that session has
 * ended. */
void drop_idle(const struct parent *p, struct worker *k);

/* The process has died and starts again after a delay: tell poplar-auth (DROP_LATE), so
 * that no thread there waits for it. */
void drop_tell_late(const struct worker *k);
