/* authd/throttle.c - the delays of those who guess, as poplar-auth applies them.
 *
 * Prefix: throttle_.
 */
#include "authd/throttle.h"

#include <sodium.h>

#include "base/log.h"
#include "sys/clock.h"

bool throttle_start(struct throttle *b, const struct settings *s,
		    const struct login_rules *rules)
{
	const struct delays_rule rule = { s->failure_delay, s->failure_delay_max };
	unsigned char key[DELAYS_KEY_OCTETS];

	b->rules = rules;
	b->first_ms = s->failure_delay;
	for (unsigned i = 0; i < s->trusted_networks.count; i++)
		if (!nets_add(&b->trusted, span_of(s->trusted_networks.at[i])))
			return false;
	randombytes_buf(key, sizeof key);
	b->delays = delays_new(&rule, key);
	return b->delays != NULL;
}

/* Who is delayed as whom. */
struct subject {
	struct address from;
	struct login_name name;
};

/* A name that nobody can have is a guess, too. False: from a trusted network. */
static bool find_subject(const struct throttle *b, struct span peer, struct span name,
			 struct subject *out)
{
	if (!nets_peer(peer, &out->from))
		out->from = (struct address){ 0 };
	if (out->from.bits > 0 && nets_hold(&b->trusted, &out->from))
		return false;
	if (!login_claimed_name(b->rules, name, &out->name)) {
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

uint32_t throttle_ask(struct throttle *b, struct span peer, struct span name)
{
	struct subject s;

	if (!find_subject(b, peer, name, &s))
		return 0;
	uint32_t ms = delays_ask(b->delays, &s.from, name_of(&s), clock_ms());
	if (ms > 0)
		log_event(LOG_DEBUG, "login-delayed", LOG_S("user", name),
			  LOG_S("peer", peer), LOG_MS("seconds", ms));
	return ms;
}

uint32_t throttle_denied(struct throttle *b, struct span peer, struct span name)
{
	struct subject s;

	if (find_subject(b, peer, name, &s))
		delays_failed(b->delays, &s.from, name_of(&s), clock_ms());
	return b->first_ms;
}

void throttle_good(struct throttle *b, struct span peer, struct span name)
{
	struct subject s;

	if (find_subject(b, peer, name, &s))
		delays_good(b->delays, &s.from, name_of(&s), clock_ms());
}
