/* cli/movepair.h - compares what two POP3 servers show to one user.
 *
 * Prefix: pair_.
 */
#pragma once

#include "cli/compare.h"
#include "cli/moveside.h"

struct pair_servers {
	struct move_side old, new;
	uint32_t sample; /* messages of each user whose octets are compared */
	bool sizes;      /* compare the sizes that STAT and LIST show */
};

enum pair_verdict { PAIR_SAME, PAIR_DIFFERS, PAIR_NOT_COMPARED, PAIR_VERDICTS };

enum { PAIR_SAID_MAX = 2048 };

/* One user's comparison. */
struct pair {
	const struct pair_servers *servers;
	const char *user;
	struct pop old_pop, new_pop;
	struct compare_view old, new;
	struct buf said; /* about a difference, or about what kept us from comparing */
	char room[PAIR_SAID_MAX]; /* of `said` */
};

/* Log in to both servers as the user, and compare STAT, LIST, UIDL and some messages.
 * The servers and the name must outlive *p, which the caller passes to pair_done. */
MUST_USE enum pair_verdict pair_compare(struct pair *p,
					const struct pair_servers *servers,
					const char *user);
void pair_done(struct pair *p);
