/* front/front.c - poplar-front: the network, TLS and POP3.
 *
 * One event loop that never blocks. The process has no file system and no database of
 * users, and may open nothing: poplard and poplar-auth send it descriptors.
 */
#include <stdlib.h>

#include "base/version.h"
#include "front/pop3/offers.h"
#include "front/pop3/pop3.h"
#include "front/service.h"
#include "sys/proc.h"

enum { DESCRIPTORS_PER_CONN = 4 }; /* client, session, listing, body */

DISPATCH(from_parent, PARENT, FRONT, SERVICE_HEARS);

static void set_terms(struct session_policy *p, const struct settings *s)
{
	const struct policy_site site = settings_policy(s);

	p->terms = (struct session_terms){
		.login_delay = site.delay_most,
		.expire = site.expire_least,
	};
	p->delays_differ = site.delay_most != site.standard.login_delay;
	p->expires_differ = site.expire_least != policy_expire(&site.standard);
}

static void set_policy(struct session_policy *p, const struct settings *s)
{
	set_terms(p, s);
	p->greeting = s->greeting;
	p->language = s->language;
	p->implementation = POPLAR_IMPLEMENTATION;
	p->xtnd = s->xtnd;
	p->errors_max = s->max_errors;
	p->failures_max = s->max_login_failures;
}

/* A quarter of the descriptors is for bodies that are read ahead. */
static bool make_slots(struct front *f)
{
	const uint64_t limit = proc_raise_descriptor_limit();

	f->pop3->readahead_most = (uint32_t)(limit / 8);
	return service_make_slots(f, limit - limit / 4, DESCRIPTORS_PER_CONN);
}

int main(int argc, char **argv)
{
	static struct front f;
	static struct pop3_front pop3;

	pop3_start(&f, &pop3);
	if (!service_begin(&f))
		return EXIT_FAILURE;
	child_begin(&f.child, ROLE_FRONT, argc, argv, &from_parent);
	proc_lock(&f, sizeof f);
	proc_lock(&pop3, sizeof pop3);
	set_policy(&pop3.policy, &f.child.settings);
	if (!timestamp_start(&pop3.timestamps) || !make_slots(&f))
		return EXIT_FAILURE;
	offers_start(&f);
	service_run(&f);
}
