/* authd/throttle.c - delays logins after failures, as the settings say.
 *
 * Prefix: throttle_.
 */
#include "authd/throttle.h"

#include <sodium.h>

#include "base/log.h"
#include "sys/clock.h"

bool throttle_start(struct throttle *t, const struct settings *s,
		    const struct login_rules *rules)
{
	const struct delays_rule rule = { s->failure_delay, s->failure_delay_max };
	unsigned char key[DELAYS_KEY_OCTETS];

	t->rules = rules;
	t->first_ms = s->failure_delay;
	for (unsigned i = 0; i < s->trusted_networks.count; i++)
		if (!nets_add(&t->trusted, span_of(s->trusted_networks.at[i])))
			return false;
	randombytes_buf(key, sizeof key);
	t->delays = delays_new(&rule, key);
	return t->delays != NULL;
}

/* The address and the name that an attempt counts for. */
struct subject {
	struct address from;
	struct login_name name;
};

/* An address that is unknown has no bits. A name that no user can have counts as it is
 * written. False: the client is in a trusted network, and the attempt does not count.
 */
static bool find_subject(const struct throttle *t, struct span peer, struct span name,
			 struct subject *out)
{
	*out = (struct subject){ 0 };
	if (nets_peer(peer, &out->from) && nets_hold(&t->trusted, &out->from))
		return false;
	if (!login_claimed_name(t->rules, name, &out->name)) {
		size_t n = name.len < LOGIN_NAME_OCTETS ? name.len : LOGIN_NAME_OCTETS;

		if (n > 0)
			memcpy(out->name.text, name.at, n);
		out->name.len = n;
	}
	return true;
}

static struct span name_of(const struct subject *s)
{
	return (struct span){ s->name.text, s->name.len };
}

uint32_t throttle_ask(struct throttle *t, struct span peer, struct span name)
{
	struct subject s;

	if (!find_subject(t, peer, name, &s))
		return 0;
	uint32_t ms = delays_ask(t->delays, &s.from, name_of(&s), clock_ms());
	if (ms > 0)
		log_event(LOG_DEBUG, "login-delayed", LOG_S("user", name),
			  LOG_S("peer", peer), LOG_MS("seconds", ms));
	return ms;
}

uint32_t throttle_denied(struct throttle *t, struct span peer, struct span name)
{
	struct subject s;

	if (find_subject(t, peer, name, &s))
		delays_failed(t->delays, &s.from, name_of(&s), clock_ms());
	return t->first_ms;
}

void throttle_good(struct throttle *t, struct span peer, struct span name)
{
	struct subject s;

	if (find_subject(t, peer, name, &s))
		delays_good(t->delays, &s.from, name_of(&s), clock_ms());
}
