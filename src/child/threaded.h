/* child/threaded.h - a child of poplard whose threads serve links to other processes.
 *
 * Prefix: threaded_. The process ends by itself: once poplard has said DRAIN or is
 * gone, as soon as neither a link nor anything else that was counted is left.
 */
#pragma once

#include <stdatomic.h>

#include "child/child.h"
#include "sys/pool.h"

/* The first member of what a threaded process knows of itself. */
struct threaded {
	struct child child; /* first: a threaded process is a child */
	struct pool *pool;  /* its threads wait here for links */
	atomic_uint live;   /* links, and what the process counts beside them */
	atomic_bool draining;
	struct pool_fd parent;
};

/* Before child_begin. False: no memory, or no descriptor is free. */
MUST_USE bool threaded_init(struct threaded *t);

/* Hear poplard in a thread of `pool`, which may be t->pool; its pool_arg must be t.
 * False: the kernel refuses. */
MUST_USE bool threaded_hear_parent(struct threaded *t, struct pool *pool);

/* The handler of DRAIN, for the process's list of poplard's messages. */
dispatch_fn threaded_on_drain;

/* Count one thing more, or one less, that keeps the process alive. The second may end
 * the process. */
void threaded_more(struct threaded *t);
void threaded_less(struct threaded *t);

/* ---- links ---- */

struct threaded_link;

/* What a kind of link does. */
struct threaded_kind {
	enum role peer;
	/* Handle the message in the inbox, while other threads may receive the next one
	 * and handle that. False: the link is closed (`lost`). */
	bool (*hear)(struct threaded_link *link, struct channel_inbox *in);
	/* Watch for the next message. NULL: pool_again. */
	void (*watch)(struct threaded_link *link);
	/* The watch has woken: is a message to be received? Otherwise the link is
	 * watched again. NULL: it is. */
	bool (*may_hear)(struct threaded_link *link);
	/* The link serves no more: the peer has closed its end or said what it may not
	 * say, which has been logged, `hear` returned false, or the kernel refused to
	 * watch. May be called more than once, by several threads. NULL: nothing is to
	 * be done beside closing the link. */
	void (*lost)(struct threaded_link *link);
	/* The last thread has left the link, whose descriptor is closed: free it. */
	void (*free)(struct threaded_link *link);
};

struct threaded_link {
	struct pool_fd post; /* first: a link is a watched descriptor */
	struct threaded *process;
	const struct threaded_kind *kind;
	struct channel channel;
	atomic_uint users; /* the watch, and threads that handle a message */
};

/* Serve the peer at `fd` from now on; fd is the link's. The process counts the link as
 * live until it is freed. Where the kernel refuses, the link is lost and freed at once.
 */
void threaded_link_begin(struct threaded *t, struct threaded_link *link,
			 const struct threaded_kind *kind, int fd);
