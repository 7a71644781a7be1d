/* authd/throttle.h - delays logins after failures, as the settings say.
 *
 * Prefix: throttle_. Several threads may call these functions at the same time, except
 * for throttle_start. auth/delays.h has the rule; throttle.c gives it the settings, the
 * time, and names in the form in which the databases know them.
 */
#pragma once

#include "auth/delays.h"
#include "auth/login.h"
#include "base/nets.h"
#include "config/settings.h"

struct throttle {
	struct delays *delays;
	const struct login_rules *rules; /* for names */
	struct nets trusted; /* clients from these networks are never delayed */
	uint32_t first_ms;   /* failure-delay */
};

/* `rules` must outlive t. False: out of memory, or a network in the settings is
 * malformed. */
MUST_USE bool throttle_start(struct throttle *t, const struct settings *settings,
			     const struct login_rules *rules);

/* Queue an attempt to log in as `name` from `peer` (a text of address_text). Returns
 * how many milliseconds the attempt must wait; then the caller checks it without
 * calling this function again. */
MUST_USE uint32_t throttle_ask(struct throttle *t, struct span peer, struct span name);

/* The attempt failed: count it. Returns after how many milliseconds, from its last
 * question on, the front may tell the client: a fixed time, so that the client cannot
 * measure the check. */
uint32_t throttle_denied(struct throttle *t, struct span peer, struct span name);

/* The attempt succeeded: remember the pair of name and network. */
void throttle_good(struct throttle *t, struct span peer, struct span name);
