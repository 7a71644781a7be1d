/* front/pop3/offers.c - which mechanisms poplar-auth can check.
 *
 * Prefix: offers_.
 */
#include "front/pop3/offers.h"

#include "front/authchannel.h"
#include "front/listener.h"

enum { OFFERS_MS = 1000 }; /* after which the offers are asked for again */

static bool ask(struct front *f)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };

	return authchannel_tell(f, &which) == FAULT_NONE;
}

/* Ask again later if the offers have not come by then. The kernel may have had no
 * memory for the question or for its answer, and poplar-auth does not repeat an answer.
 */
static void expect(struct front *f)
{
	loop_set(&f->loop, &f->pop3->offers_timer, loop_now(&f->loop) + OFFERS_MS);
}

static void on_late(struct loop_timer *timer)
{
	struct pop3_front *p = LOOP_OWNER(timer, struct pop3_front, offers_timer);
	struct front *f = p->front;

	if (f->draining)
		return;
	ask(f); /* if this fails, the timer tries again */
	expect(f);
}

/* If the question is lost, the timer repeats it in a front that knows no offers;
 * another one hears of new offers with its next login. */
void offers_ask(struct front *f)
{
	(void)ask(f);
}

void offers_start(struct front *f)
{
	f->pop3->offers_timer.due = on_late;
	expect(f);
}

void offers_known(struct front *f, unsigned mechanisms)
{
	const bool was_asked = !f->open;

	f->pop3->policy.mechanisms = mechanisms;
	loop_unset(&f->loop, &f->pop3->offers_timer);
	listener_open(f);
	if (was_asked && mechanisms == 0)
		listener_accept_all(f);
}

/* With no mechanism to offer, nobody can log in. A user who can may have been added
 * since, but poplar-auth reports new offers unasked only when a front asks about a
 * login, which does not happen. So the front asks for the offers before it accepts the
 * client. */
bool offers_hold_clients(struct front *f)
{
	if (f->pop3->policy.mechanisms != 0 || !ask(f))
		return false;
	expect(f);
	return true;
}
