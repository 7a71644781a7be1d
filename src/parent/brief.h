/* parent/brief.h - all that poplard tells a child.
 *
 * Prefix: tell_. A child that does not take a message has died or is about to; its
 * death is handled elsewhere (parent/supervise.h), so none of these functions fails.
 */
#pragma once

#include "parent/parent.h"

/* Send a message, with the descriptor `pass` (-1: none), or one without fields. A
 * worker that does not run gets nothing. */
void tell(const struct worker *k, const struct message *m, int pass);
void tell_kind(const struct worker *k, enum message_kind kind);

/* Send it to every worker of the generation with this role. */
void tell_role(const struct generation *g, enum role role, const struct message *m);

/* Everything that a process needs before its first GO, and GO. */
void tell_all(const struct parent *p, const struct worker *k);

/* The listening sockets that its generation's settings name. */
void tell_ports(const struct parent *p, const struct worker *k);

/* The certificates and keys of its generation, then the ticket keys. */
void tell_tls(const struct parent *p, const struct worker *k);
void tell_ticket_keys(const struct parent *p, const struct worker *k);

/* Give a worker and poplar-auth a new channel to each other. */
void tell_link(const struct worker *k, const struct worker *auth);
