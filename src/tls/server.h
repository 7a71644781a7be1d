/* tls/server.h - certificates, keys and policy, which many connections share.
 *
 * Prefix: tls_server_.
 */
#pragma once

#include "base/tlspolicy.h"
#include "tls/pair.h"

struct tls_server; /* tls/context.h */

/* Make a server; nothing of the arguments is kept. FAULT_SETUP, with why->doing and
 * why->what saying what is wrong. FAULT_NOMEM. */
MUST_USE enum fault tls_server_new(const struct tls_files *files,
				   const struct tls_policy *policy,
				   struct tls_server **out, struct why *why);

/* Give it up. It is freed when its last connection is. */
void tls_server_free(struct tls_server *server);

static inline void tls_server_done_p(struct tls_server **p)
{
	tls_server_free(*p);
}
