/* parent/drops.c - poplard's children that keep mail.
 *
 * Prefix: drop_.
 */
#include "base/log.h"
#include "parent/parent.h"
#include "sys/clock.h"
#include "sys/owner.h"

/* The maildrop process of these ids that is leaving, or the one that is not. */
static struct worker *find_drop(const struct generation *g, struct ids ids,
				bool leaving)
{
	struct worker *k = g->workers;

	while (k && (k->role != ROLE_DROP || k->ids.uid != ids.uid ||
		     k->ids.gid != ids.gid || k->leaving != leaving))
		k = k->next;
	return k;
}

/* The process has died, and waits to be started again: poplar-auth is told, so that
 * its threads need not wait for it. */
static void tell_late(const struct worker *drop, const struct worker *auth)
{
	const struct message late = { .kind = MESSAGE_DROP_LATE,
				      .DROP_LATE = { drop->ids.uid, drop->ids.gid } };

	if (drop->start_at > clock_ms())
		worker_say(auth, &late, -1);
}

void drop_tell_late(const struct worker *k)
{
	for (const struct worker *other = k->generation->workers; other;
	     other = other->next)
		if (k->role == ROLE_DROP && other->role == ROLE_AUTH)
			tell_late(k, other);
}

/* Someone's mail belongs to a uid that has no process yet. What poplar-auth asks for is
 * not believed: as root, never for root or a uid of the system; otherwise only our own.
 */
void drop_wanted(struct parent *p, struct worker *auth,
		 const struct message_DROP_WANTED *m)
{
	struct generation *g = auth->generation;
	struct ids ids = { (uid_t)m->uid, (gid_t)m->gid };
	struct worker *k = find_drop(g, ids, false);
	bool ok = (k && k->standard) ||
		  owner_may_be(m->uid, m->gid, g->settings.first_uid);

	if (ok && k && k->channel >= 0) {
		worker_link_to_auth(k, auth);
		return;
	}
	if (ok && !k)
		k = worker_new(g, ROLE_DROP, ids);
	if (ok && k && k->pid == 0 && k->start_at == 0) {
		worker_start(p, k);
		return;
	}
	if (ok && k) {
		tell_late(k, auth);
		return;
	}
	const struct message no = { .kind = MESSAGE_DROP_REFUSED,
				    .DROP_REFUSED = { m->uid, m->gid } };
	log_event(LOG_ERR, "drop-refused", LOG_N("uid", m->uid), LOG_N("gid", m->gid),
		  LOG_T("hint",
			p->is_root ? "see first-uid in poplar.conf(5)"
				   : "without root, mail must belong to our own uid"));
	worker_say(auth, &no, -1);
}

/* A maildrop process has had no session for drop-idle. poplar-auth closes its link, on
 * which a login may be under way, so that the process ends when it has served that; one
 * that comes later finds no link, and asks for a process. mail-user's stays; and so
 * does one whose forerunner has not ended yet, so that no uid has more than two.
 */
void drop_idle(const struct parent *p, struct worker *k)
{
	const struct generation *g = k->generation;
	const struct message m = { .kind = MESSAGE_DROP_LEAVES,
				   .DROP_LEAVES = { k->ids.uid, k->ids.gid } };

	if (k->standard || k->leaving || p->stopping || g->draining || !g->ready ||
	    find_drop(g, k->ids, true))
		return;
	k->leaving = true;
	for (const struct worker *auth = g->workers; auth; auth = auth->next)
		if (auth->role == ROLE_AUTH)
			worker_say(auth, &m, -1);
	worker_tell(k, MESSAGE_DRAIN);
}
