/* front/protocol.h - what a line protocol gives to the parts that all protocols share.
 *
 * A protocol's driver (front/pop3/pop3.c) has one struct protocol. Its part of a
 * connection follows struct conn in the same memory, and begins all zero.
 */
#pragma once

#include "front/state.h"

/* What a connection in PHASE_OPEN waits for, apart from its client. */
enum waits {
	WAITS_FOR_NOTHING,
	WAITS_FOR_ANSWER, /* of another process */
	WAITS_FOR_RESULT, /* of another process; it must be heard and logged, even if
			     the client has gone meanwhile (PHASE_GONE) */
	WAITS_FOR_TIME,   /* the client is delayed, and must stay connected */
};

struct protocol {
	size_t conn_octets; /* of its part of a connection */
	size_t reply_most;  /* room that `advance` may need in front->out */
	bool has_proxies;   /* proxy-from holds for it */
	const char *name;   /* in ALPN */

	/* ---- the front ---- */

	/* Are clients asked for a certificate? NULL: as tls-client-verify says. */
	enum tls_verify (*verify)(const struct settings *s);

	/* ---- poplar-auth (front/authchannel.h) ---- */

	/* The front has a new channel. */
	void (*auth_opened)(struct front *f);

	/* The channel takes messages again: send what waits. */
	void (*auth_takes)(struct front *f);

	/* Handle the message in front->inbox, and take over its descriptors. `cut`: it
	 * has lost them, because this process has too many open files. */
	void (*auth_says)(struct front *f, bool cut);

	/* The channel is closed: fail every question that was sent, and do not repeat
	 * it, since it may be what killed poplar-auth. */
	void (*auth_lost)(struct front *f);

	/* ---- clients ---- */

	/* Clients wait to be accepted. True: not yet; the protocol calls
	 * listener_open later. NULL: they are accepted at once. */
	bool (*holds_clients)(struct front *f);

	/* ---- a connection ---- */

	/* The client is not admitted: write the reply that says why to *out. */
	void (*refuse)(struct buf *out, enum fault fault);

	/* The client is admitted: initialize the session and, in PHASE_OPEN, greet the
	 * client. `host` has no address if the peer is a Unix socket. `is_local`: the
	 * client is on this machine. */
	void (*begin)(struct conn *c, const struct address *host, bool is_local);

	/* TLS is set up (PHASE_OPEN). */
	void (*secured)(struct conn *c);

	/* PHASE_OPEN, and nothing is waited for: do one step. The result is one that
	 * turn_resume takes. */
	enum result (*advance)(struct conn *c);

	enum waits (*waits)(const struct conn *c);

	/* Does the session ask for the client's next line? A front that stops then
	 * closes the connection. */
	bool (*wants_line)(const struct conn *c);

	/* The front stops, and the connection is idle: tell the client, and end the
	 * connection. NULL: it is closed without a word. */
	void (*stop)(struct conn *c);

	/* May the input hold a password? Then it is wiped after use. */
	bool (*has_secrets)(const struct conn *c);

	/* The time by which the client, or the server, must have done its next step
	 * (loop_now, ms). A handshake and lingering have limits of their own. */
	uint64_t (*due)(const struct conn *c);

	/* That time has come: go on, or end the connection. */
	void (*late)(struct conn *c);

	/* Log that the connection ends; `how` says how. */
	void (*log_end)(const struct conn *c, const char *how);

	/* The connection ends: free what the protocol has allocated for it. `begin` may
	 * not have been called. */
	void (*release)(struct conn *c);
};
