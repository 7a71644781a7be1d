/* parent/brief.h - sends a child everything that poplard has for it.
 *
 * Prefix: tell_. None of these functions fails: if a child does not receive a message,
 * it has died or will soon, and parent/supervise.h handles its death.
 */
#pragma once

#include "parent/parent.h"

/* Send a message with the descriptor `pass` (-1: none), or a message without fields
 * (tell_kind). A worker that does not run gets nothing. */
void tell(const struct worker *k, const struct message *m, int pass);
void tell_kind(const struct worker *k, enum message_kind kind);

/* Send a message to every worker of the generation with this role. */
void tell_role(const struct generation *g, enum role role, const struct message *m);

/* Send a new process everything that it needs, and then GO. */
void tell_all(const struct parent *p, const struct worker *k);

/* Send a front, or poplar-lmtp, the listening sockets that the generation's settings
 * name for it. */
void tell_ports(const struct parent *p, const struct worker *k);

/* Send a front, or poplar-lmtp, the certificates and keys of its generation, and then
 * the ticket keys; or the ticket keys alone. */
void tell_tls(const struct parent *p, const struct worker *k);
void tell_ticket_keys(const struct parent *p, const struct worker *k);

/* Make a channel between a worker and poplar-auth, and send each its end. */
void tell_link(const struct worker *k, const struct worker *auth);
