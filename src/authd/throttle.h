/* authd/throttle.h - delays logins after failures, as the settings say.
 *
 * Prefix: throttle_. For many threads. auth/delays.h has the rule; here it gets its
 * settings, the clock, and names in the form in which the databases know them.
 */
#pragma once

#include "auth/delays.h"
#include "auth/login.h"
#include "base/nets.h"
#include "config/settings.h"

struct throttle {
	struct delays *delays;
	const struct login_rules *rules; /* for names */
	struct nets trusted;             /* clients from here are never delayed */
	uint32_t first_ms;               /* failure-delay */
};

/* The caller keeps `rules`, which must outlive t. False: no memory, or a network in the
 * settings is malformed. */
MUST_USE bool throttle_start(struct throttle *t, const struct settings *settings,
			     const struct login_rules *rules);

/* Count an attempt as `name` from `peer`. Returns how many ms it must wait before it is
 * checked; then it is checked without another call. */
MUST_USE uint32_t throttle_ask(struct throttle *t, struct span peer, struct span name);

/* The attempt failed. Returns how many ms after the front's last question the client
 * may be told: a fixed time, so that the client cannot measure the check. */
uint32_t throttle_denied(struct throttle *t, struct span peer, struct span name);

/* The attempt succeeded. */
void throttle_good(struct throttle *t, struct span peer, struct span name);
