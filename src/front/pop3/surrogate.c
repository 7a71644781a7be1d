/* front/pop3/surrogate.c - sends surrogate messages (RFC 6857, RFC 6858) to clients
 * that have not issued UTF8.
 *
 * Prefix: surrogate_. Few messages need one, so its memory is allocated only for those.
 */
#include "front/pop3/surrogate.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/own.h"

enum fault surrogate_refuses(const struct conn *c, enum surrogate surrogate)
{
	return surrogate == SURROGATE_REFUSED && !c->pop3->session.utf8
		       ? FAULT_NEEDS_UTF8
		       : FAULT_NONE;
}

enum fault surrogate_begin(struct conn *c)
{
	struct body *b = &c->pop3->body;

	if (b->source.surrogate == SURROGATE_NONE || c->pop3->session.utf8)
		return FAULT_NONE;
	if (b->source.surrogate == SURROGATE_REFUSED)
		return FAULT_NEEDS_UTF8;
	b->downgrade = malloc(sizeof *b->downgrade);
	if (!b->downgrade)
		return FAULT_NOMEM;
	b->source.octets = b->source.ascii_octets;
	b->source.ready = false;
	downgrade_start(b->downgrade, c->pop3->drop.downgrade_way, b->source.length);
	return FAULT_NONE;
}

void surrogate_close(struct conn *c)
{
	const struct downgrade *d = c->pop3->body.downgrade;

	if (d && d->lost > 0)
		log_event(LOG_NOTICE, "surrogate-shortened",
			  LOG_S("user", session_user(&c->pop3->session)),
			  LOG_N("message", c->pop3->session.command.msg),
			  LOG_N("fields", d->lost));
	free(TAKE(c->pop3->body.downgrade));
}

size_t surrogate_encode(struct body *b, struct span *io_in, char *out, size_t room)
{
	return b->downgrade ? downgrade_encode(b->downgrade, &b->wire, io_in, out, room)
			    : wire_encode(&b->wire, io_in, out, room);
}
