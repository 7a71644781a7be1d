/* authd/throttle.h - the delays of those who guess, as poplar-auth applies them.
 *
 * Prefix: throttle_. For many threads. The rule is that of auth/delays.h;
 * here it gets its settings, its clock, and names as the databases know them.
 */
#pragma once

#include "auth/delays.h"
#include "auth/login.h"
#include "base/nets.h"
#include "config/settings.h"

struct throttle {
	struct delays *delays;
	const struct login_rules *rules; /* of names */
	struct nets trusted;             /* never delayed */
	uint32_t first_ms;
};

/* The rules stay the caller's and must stay there. False: no memory, or settings that
 * cannot be read. */
MUST_USE bool throttle_start(struct throttle *b, const struct settings *settings,
			     const struct login_rules *rules);

/* An attempt as `name` from `peer`: how many ms must it wait to be looked at? */
MUST_USE uint32_t throttle_ask(struct throttle *b, struct span peer, struct span name);

/* It was denied. So many ms after it was asked for the last time it may be told: how
 * long the check took tells nothing then. */
uint32_t throttle_denied(struct throttle *b, struct span peer, struct span name);
void throttle_good(struct throttle *b, struct span peer, struct span name);
