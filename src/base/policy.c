/* base/policy.c - login delay and retention of messages.
 *
 * Prefix: policy_.
 */
#include "base/policy.h"

bool policy_parse_delay(struct span text, uint32_t *out)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	uint64_t n = 0, seconds = 1;

	for (size_t i = 0; i < sizeof units / sizeof *units && text.len > 0; i++) {
		if (text.at[text.len - 1] != units[i].unit)
			continue;
		seconds = units[i].seconds;
		text.len--;
		break;
	}
	if (!span_u64(text, &n) || n > POLICY_DELAY_MAX ||
	    n * seconds > POLICY_DELAY_MAX)
		return false;
	*out = (uint32_t)(n * seconds);
	return true;
}

static bool parse_days(struct span text, uint32_t *out)
{
	if (span_is_nocase(text, "never")) {
		*out = POLICY_NEVER;
		return true;
	}
	if (text.len > 1 && text.at[text.len - 1] == 'd')
		text.len--;
	return span_u32(text, out) && *out <= POLICY_DAYS_MAX;
}

bool policy_parse_expire(struct span text, struct policy *out)
{
	struct span first;
	uint32_t unread, retrieved;
	bool two = span_cut(&text, ',', &first);

	if (!parse_days(first, &unread) || (two && !parse_days(text, &retrieved)))
		return false;
	if (two && unread == 0)
		return false; /* nobody could ever read that mail */
	if (!two) {
		retrieved = unread;
		unread = unread == 0 ? POLICY_NEVER : unread;
	}
	out->unread = unread;
	out->retrieved = retrieved;
	return true;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

struct policy policy_of(const struct policy_site *site, bool has_delay, bool has_expire,
			const struct policy *own)
{
	struct policy p = site->standard;

	if (has_delay)
		p.login_delay = least(own->login_delay, site->delay_most);
	if (has_expire) {
		p.unread = most(own->unread, site->expire_least);
		p.retrieved = most(own->retrieved, site->expire_least);
	}
	return p;
}

uint32_t policy_expire(const struct policy *p)
{
	return least(p->unread, p->retrieved);
}

/* The generic cell rate algorithm: each login moves the due time on by the delay, and
 * the due time may be at most `quick` delays ahead of the clock. */
bool policy_may_log_in(const struct policy *p, uint32_t quick, uint64_t now_ms,
		       uint64_t *io_due)
{
	const uint64_t delay = p->login_delay * UINT64_C(1000);
	const uint64_t reach = delay * (quick > 0 ? quick : 1);
	if (delay == 0)
		return true;
	uint64_t due = *io_due > now_ms + reach ? now_ms : *io_due;

	if (due < now_ms)
		due = now_ms;
	if (due + delay > now_ms + reach)
		return false;
	*io_due = due + delay;
	return true;
}
