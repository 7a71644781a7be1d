/* tls/server.h - a TLS server: certificates, keys and policy, which many connections
 * share.
 *
 * Prefix: tls_server_.
 */
#pragma once

#include "base/tlspolicy.h"
#include "tls/pair.h"

struct tls_server; /* tls/context.h */

/* Make a server. It keeps no pointer to the arguments. The server and its connections
 * are for one thread. *out is written on success only. FAULT_SETUP, with why->doing and
 * why->what saying what is wrong. FAULT_NOMEM. */
MUST_USE enum fault tls_server_new(const struct tls_files *files,
				   const struct tls_policy *policy,
				   struct tls_server **out, struct why *why);

/* Drop the maker's reference: the server is freed with its last connection. NULL is
 * allowed. */
void tls_server_free(struct tls_server *server);

static inline void tls_server_done_p(struct tls_server **p)
{
	tls_server_free(*p);
}
