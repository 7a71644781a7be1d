/* front/pop3/timeout.c - the time limits of POP3: for the login, and for an idle
 * client.
 *
 * Prefix: timeout_.
 */
#include "front/pop3/timeout.h"

#include "front/deadline.h"

/* The longest time that the server may work on one login, as a multiple of login-
 * timeout. */
enum { WORK_TIMES = 4 };

void timeout_work(struct conn *c)
{
	c->pop3->work.since = loop_now(&c->front->loop);
}

void timeout_rest(struct conn *c)
{
	struct work *w = &c->pop3->work;

	if (w->since)
		w->done_ms += loop_now(&c->front->loop) - w->since;
	w->since = 0;
	deadline_set(c);
}

static bool has_due_question(const struct conn *c)
{
	return c->pop3->awaits == AWAITS_DELAY || c->pop3->awaits == AWAITS_REFUSAL;
}

uint64_t timeout_due(const struct conn *c)
{
	const struct settings *s = &c->front->child.settings;
	const struct work *w = &c->pop3->work;
	const uint64_t login_ms = s->login_timeout * UINT64_C(1000);

	if (conn_is_logged_in(c))
		return c->deadline.active_at + s->idle_timeout * UINT64_C(1000);
	if (w->since)
		return w->since + WORK_TIMES * login_ms;
	const uint64_t at = c->deadline.accepted_at + w->done_ms + login_ms;
	return has_due_question(c) && c->pop3->question.due_at < at
		       ? c->pop3->question.due_at
		       : at;
}

enum timeout timeout_which(const struct conn *c)
{
	if (has_due_question(c) &&
	    c->pop3->question.due_at <= loop_now(&c->front->loop))
		return TIMEOUT_QUESTION;
	return c->pop3->work.since && !conn_is_logged_in(c) ? TIMEOUT_LOGIN
							    : TIMEOUT_CLIENT;
}

const char *timeout_text(const struct conn *c)
{
	return conn_is_logged_in(c) ? "idle-timeout" : "login-timeout";
}
