/* parent/drops.c - the maildrop processes, one for each uid that owns mail.
 *
 * Prefix: drop_.
 */
#include "parent/drops.h"

#include "base/log.h"
#include "parent/brief.h"
#include "parent/workers.h"
#include "sys/clock.h"
#include "sys/owner.h"

/* The maildrop process of these ids: the one that was told to end (`leaving`), or the
 * one that was not. NULL: there is none. */
static struct worker *find_drop(const struct generation *g, struct ids ids,
				bool leaving)
{
	struct worker *k = g->workers;

	while (k && (k->role != ROLE_DROP || k->ids.uid != ids.uid ||
		     k->ids.gid != ids.gid || k->leaving != leaving))
		k = k->next;
	return k;
}

static struct message late_message(struct ids ids)
{
	return (struct message){ .kind = MESSAGE_DROP_LATE,
				 .DROP_LATE = { ids.uid, ids.gid } };
}

void drop_tell_late(const struct worker *k)
{
	const struct message m = late_message(k->ids);

	if (k->role == ROLE_DROP && k->start_at > clock_ms())
		tell_role(k->generation, ROLE_AUTH, &m);
}

static void refuse(const struct parent *p, const struct worker *auth,
		   const struct message_DROP_WANTED *m)
{
	const struct message no = { .kind = MESSAGE_DROP_REFUSED,
				    .DROP_REFUSED = { m->uid, m->gid } };

	log_event(LOG_ERR, "drop-refused", LOG_N("uid", m->uid), LOG_N("gid", m->gid),
		  LOG_T("hint",
			p->is_root ? "see first-uid in poplar.conf(5)"
				   : "without root, mail must belong to the uid and "
				     "gid that poplard runs as"));
	tell(auth, &no, -1);
}

/* Give poplar-auth a link to the process if it runs. If it was never started, start it:
 * the link is part of the start. If it waits to be started again, poplar-auth gets
 * DROP_LATE. */
static void provide(struct parent *p, struct worker *k, const struct worker *auth)
{
	const struct message late = late_message(k->ids);

	if (k->channel.fd >= 0)
		tell_link(k, auth);
	else if (k->pid == 0 && k->start_at == 0)
		worker_start(p, k);
	else if (k->start_at > clock_ms())
		tell(auth, &late, -1);
}

void drop_wanted(struct parent *p, struct worker *auth,
		 const struct message_DROP_WANTED *m)
{
	struct generation *g = auth->generation;
	const struct ids ids = { (uid_t)m->uid, (gid_t)m->gid };
	struct worker *k = find_drop(g, ids, false);
	const bool allowed = (k && k->standard) ||
			     owner_may_be(m->uid, m->gid, g->settings.first_uid);

	if (allowed && !k)
		k = worker_new(g, ROLE_DROP, ids);
	if (allowed && k)
		provide(p, k, auth);
	else
		refuse(p, auth, m);
}

void drop_idle(const struct parent *p, struct worker *k)
{
	const struct generation *g = k->generation;
	const struct message m = { .kind = MESSAGE_DROP_LEAVES,
				   .DROP_LEAVES = { k->ids.uid, k->ids.gid } };

	if (k->standard || k->leaving || p->stopping || g->draining || !g->ready ||
	    find_drop(g, k->ids, true))
		return;
	k->leaving = true;
	tell_role(g, ROLE_AUTH, &m);
	tell_kind(k, MESSAGE_DRAIN);
}
