/* front/service.h - what every process that serves a line protocol does with poplard:
 * its beginning, the messages of poplard, its end.
 *
 * Prefix: service_.
 */
#pragma once

#include "front/state.h"

/* The messages of poplard, as the list of handlers of such a process. */
#define SERVICE_HEARS(X)                                                               \
	CHILD_HEARS(X)                                                                 \
	X(LISTENER, service_on_listener)                                               \
	X(TLS_FILES, service_on_tls_files)                                             \
	X(TICKET_KEYS, service_on_ticket_keys)                                         \
	X(CONNLIMIT, service_on_connlimit)                                             \
	X(AUTH_LINK, service_on_auth_link)                                             \
	X(DRAIN, service_on_drain)                                                     \
	X(STOP, service_on_stop)
dispatch_fn service_on_listener, service_on_tls_files, service_on_ticket_keys,
	service_on_connlimit, service_on_auth_link, service_on_drain, service_on_stop;

/* Make the loop, the timers and the buffers. Call it before child_begin; f->protocol
 * has been set. False: the kernel refuses. */
MUST_USE bool service_begin(struct front *f);

/* The settings are known: make the slots, one for each connection that may be open at a
 * time, and read the networks of the settings. There are at most max-connections slots,
 * and no more than `descriptors` allows, of which a connection needs `each`. False: out
 * of memory, or a network is malformed. */
MUST_USE bool service_make_slots(struct front *f, uint64_t descriptors, unsigned each);

/* Enter the sandbox, and serve clients until the process ends. */
_Noreturn void service_run(struct front *f);
