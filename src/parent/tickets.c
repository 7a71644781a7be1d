/* parent/tickets.c - the keys of TLS session tickets, which all fronts and poplar-lmtp
 * share.
 *
 * Prefix: tickets_.
 */
#include "parent/tickets.h"

#include <errno.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/secret.h"
#include "parent/brief.h"

enum { ROTATE_MS = 2 * 3600 * 1000 };

static bool rotate(struct parent *p)
{
	char fresh[sizeof p->keys[0]];
	const bool ok = getrandom(fresh, sizeof fresh, 0) == (ssize_t)sizeof fresh;

	if (ok) {
		memcpy(p->keys[1], p->keys[0], sizeof p->keys[1]);
		memcpy(p->keys[0], fresh, sizeof p->keys[0]);
	}
	secret_wipe(fresh, sizeof fresh);
	return ok;
}

bool tickets_begin(struct parent *p, uint64_t now)
{
	p->has_before = false;
	p->rotate_at = now + ROTATE_MS;
	return rotate(p);
}

void tickets_do_due(struct parent *p, uint64_t now)
{
	if (now < p->rotate_at)
		return;
	p->rotate_at = now + ROTATE_MS;
	if (!rotate(p)) {
		log_event(LOG_ERR, "ticket-keys-kept",
			  LOG_T("error", strerrordesc_np(errno)));
		return;
	}
	p->has_before = true;
	for (const struct generation *g = p->generations; g; g = g->next)
		for (const struct worker *k = g->workers; k; k = k->next)
			if (worker_listens(k))
				tell_ticket_keys(p, k);
}
