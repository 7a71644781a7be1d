/* child/threaded.h - a child of poplard with threads, which serve its links to other
 * processes.
 *
 * Prefix: threaded_. The process ends by itself: after poplard has sent DRAIN or died,
 * as soon as no link and nothing else that threaded_more has counted is left.
 */
#pragma once

#include <stdatomic.h>

#include "child/child.h"
#include "sys/pool.h"

/* What every process with threads has. Its own struct begins with it. */
struct threaded {
	struct child child; /* first: a threaded process is a child */
	struct pool *pool;  /* its threads wait here for the links */
	atomic_uint live;   /* links, and what threaded_more has counted besides */
	atomic_bool draining;
	struct pool_fd parent;
};

/* Call it before child_begin. False: out of memory, or no descriptor is free. */
MUST_USE bool threaded_init(struct threaded *t);

/* Receive poplard's messages in a thread of `pool`, which may be t->pool, and whose
 * pool_arg must be t. False: the kernel refuses. */
MUST_USE bool threaded_hear_parent(struct threaded *t, struct pool *pool);

/* The handler of DRAIN, for the process's list of poplard's messages. */
dispatch_fn threaded_on_drain;

/* Count one thing more, or one less, that keeps the process alive. threaded_less may
 * end the process. Several threads may call these functions at the same time. */
void threaded_more(struct threaded *t);
void threaded_less(struct threaded *t);

/* ---- links ---- */

struct threaded_link;

/* One kind of link: its functions. Several threads may call them at the same time. */
struct threaded_kind {
	enum role peer;
	/* Handle the message in the inbox. Meanwhile another thread may receive and
	 * handle the next one. False: the link must end, and `lost` is called. */
	bool (*hear)(struct threaded_link *link, struct channel_inbox *in);
	/* Watch the link for the next message. NULL: pool_again does. */
	void (*watch)(struct threaded_link *link);
	/* The watch has woken a thread: may it receive a message? If not, the link is
	 * watched again. NULL: always. */
	bool (*may_hear)(struct threaded_link *link);
	/* The peer has closed its end or sent an illegal message (which has been
	 * logged), `hear` has returned false, or the kernel refuses to watch the link:
	 * have all threads see the end of the link, by shutdown(2). It may be called
	 * several times for one link, by several threads at a time. NULL: closing the
	 * link is enough; then `hear` must never return false. */
	void (*lost)(struct threaded_link *link);
	/* No thread uses the link any more, and its descriptor is closed: free it. */
	void (*free)(struct threaded_link *link);
};

struct threaded_link {
	struct pool_fd post; /* first: a link is a watched descriptor */
	struct threaded *process;
	const struct threaded_kind *kind;
	struct channel channel;
	atomic_uint users; /* the watch, and threads that handle a message */
};

/* Begin to serve the peer at `fd`, which the link takes over. The link keeps the
 * process alive until it is freed. If the kernel refuses to watch fd, the link is lost
 * and freed at once. */
void threaded_link_begin(struct threaded *t, struct threaded_link *link,
			 const struct threaded_kind *kind, int fd);
