/* front/state.h - the state of a process that serves a line protocol: one struct front,
 * many struct conn.
 *
 * A connection is made of parts. Each part names the file that changes it; other files
 * only read it. The parts that belong to a protocol are in the state.h of its folder.
 */
#pragma once

#include "base/buf.h"
#include "base/nets.h"
#include "child/child.h"
#include "sys/connlimit.h"
#include "sys/loop.h"
#include "sys/sock.h"
#include "tls/tls.h"

enum {
	FRONT_INPUT_OCTETS = 8192,   /* the most that one call reads from a client */
	FRONT_OUTPUT_OCTETS = 65536, /* room of front->out, which collects replies */
	FRONT_RECORDS_OCTETS = 65536 + 16384, /* for as many octets as TLS records */
};

/* What came of one step for a connection. The comment of a function lists the results
 * that it can return. */
/* clang-format off */
#define RESULT_ENDS(X) \
	/* the connection ends; the text says in the log how */ \
	X(HANGUP,         "hangup")                 /* the client has closed its end */ \
	X(NO_MEMORY,      "out-of-memory") \
	X(REFUSED,        NULL)                     /* it has been logged */ \
	X(HEADER_MISSING, "proxy-header-missing") \
	X(HEADER_BROKEN,  "proxy-header-broken") \
	X(NOT_TLS,        "not-tls")                /* TLS must begin, and did not */ \
	X(TLS_FAILED,     "tls-failed") \
	X(TLS_FLOOD,      "tls-flood")              /* records without an octet */
/* clang-format on */

enum result {
	RESULT_DONE,    /* something was done; more may be possible at once */
	RESULT_EVENT,   /* the protocol has an event for its session */
	RESULT_WAIT,    /* nothing can be done until something comes */
	RESULT_YIELD,   /* more can be done once other connections had their turn */
	RESULT_ILLEGAL, /* another process sent an illegal message */
	RESULT_OVER,    /* the session has ended: conn.end says how */
#define X(name, text) RESULT_##name,
	RESULT_ENDS(X)
#undef X
		RESULT_COUNT
};

/* How far a connection is. */
enum phase {
	PHASE_ARRIVING,  /* at first: a PROXY header must come first */
	PHASE_HELLO,     /* the first octet of a TLS handshake must come */
	PHASE_HANDSHAKE, /* TLS is being set up */
	PHASE_OPEN,      /* commands and replies */
	PHASE_LINGER,    /* all replies are sent; further input is discarded */
	PHASE_GONE,      /* the client has gone; a result is still awaited */
	PHASE_CLOSED,    /* closed; freed at the end of this turn of the loop */
	PHASE_COUNT
};

/* front/deadline.c */
struct deadline {
	struct loop_timer timer;
	uint64_t accepted_at, active_at, handshake_at; /* loop time, ms */
	uint64_t look_at; /* when to check that the client is there; 0: never */
};

/* front/arrival.c: the client's address, and the counts that the connection is part of.
 */
struct arrival {
	bool tls_first;        /* TLS begins with the first octet */
	bool tls_at_proxy;     /* the client speaks TLS with its proxy */
	bool in_total;         /* counted among all connections */
	uint64_t address_key;  /* counted for this address; 0: not */
	struct header *header; /* the PROXY header so far; NULL: none is awaited */
};

/* front/client.c: what the client sends. */
struct client {
	bool readable;   /* the socket may have input that was not read */
	struct span in;  /* input that is not used yet: in front->input, or in `held` */
	char *held;      /* input kept from one event to the next; malloc'ed */
	struct tls *tls; /* NULL: clear text */
};

/* front/output.c: what the client has not taken yet. */
struct output {
	bool blocked; /* the socket takes no more */
	char *held;   /* octets to send when it takes more; malloc'ed */
	uint32_t held_at, held_len;
};

/* front/protocol.h */
struct protocol;

struct conn {
	struct loop_watch watch; /* first: a connection is the watch of its socket */
	struct front *front;
	enum phase phase : 8;
	bool unfinished; /* its turn ended before its work; the loop gives it another */
	uint32_t slot, generation;   /* front/slots.c */
	char peer[ADDRESS_TEXT_MAX]; /* as address_text writes it; "unix" */
	const char *end; /* with RESULT_OVER and while the connection lingers: how the
			    session has ended, for the log */

	struct deadline deadline;
	struct arrival arrival;
	struct client client;
	struct output output;

	union { /* the part of the protocol, in the same memory behind this struct */
		struct pop3_conn *pop3; /* front/pop3/state.h */
		struct lmtp_conn *lmtp; /* lmtpd/state.h */
	};
};

struct listener {
	struct loop_watch watch; /* first: a listener is a watch */
	struct front *front;
	struct listener *next;
	bool tls;
};

struct front {
	struct child child; /* first: the process is a child */
	const struct protocol *protocol;
	union {                          /* what the protocol has for all connections */
		struct pop3_front *pop3; /* front/pop3/state.h */
		struct lmtp_front *lmtp; /* lmtpd/state.h */
	};
	struct loop loop;
	struct loop_watch parent;
	struct loop_timer stop_timer; /* front/service.c */
	struct loop_timer tidy_timer; /* front/client.c */

	/* front/listener.c */
	struct listener *listeners;
	bool open;     /* the protocol is ready for clients */
	bool draining; /* no new connections; end with the last */
	bool stopping; /* draining, and idle connections are closed */
	bool resting;  /* accept(2) has failed, so the front accepts none for a while */
	struct loop_timer rest_timer;

	/* set once by front/turn.c, and called by front/listener.c */
	void (*accept)(struct front *f, int fd, bool tls,
		       const struct sock_address *peer);

	struct tls_server *tls; /* NULL: no TLS */

	struct auth_channel *auth; /* front/authchannel.c; NULL: none */

	/* front/arrival.c */
	struct nets proxies; /* a connection from there begins with a PROXY header */
	struct nets trusted; /* exempt from the limit for each address, not from the
				total */
	struct connlimit connlimit;
	uint64_t refusal_logged_at, refusals_unlogged;

	/* front/slots.c */
	struct conn **slots; /* by number; NULL: free */
	uint32_t slot_count, conn_count, slot_hint;
	uint32_t generation; /* tells a connection from earlier ones in its slot */

	/* Memory for the connection whose turn it is. Between two turns all of it is
	 * unused. */
	struct buf out;    /* replies, in `output` */
	struct buf sealed; /* the same as TLS records, in `records` */
	char input[FRONT_INPUT_OCTETS];
	char output[FRONT_OUTPUT_OCTETS];
	char records[FRONT_RECORDS_OCTETS];
	struct channel_inbox inbox;
};

/* The connection ends; `how` says in the log how. Returns RESULT_OVER. */
static inline enum result result_over(struct conn *c, const char *how)
{
	c->end = how;
	return RESULT_OVER;
}
