/* pop3/session.h - one POP3 session as a machine: events in, replies and wishes out.
 *
 * Floor 1 (pop3): does no I/O, knows no clock, allocates nothing. Prefix: session_.
 *
 * The session says what it wants from the world (enum session_ask); the role does it
 * and answers with the next event. While an ask other than ASK_READ is open no further
 * line is fed: a pipelined command simply waits in the input (RFC 2449 section 6.6).
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "pop3/command.h"
#include "pop3/line.h"

/* A step writes at most this much; the caller keeps so much room free. */
enum { SESSION_REPLY_MAX = 1024 };

enum session_ask {
	ASK_READ,  /* nothing: feed the next line */
	ASK_LOGIN, /* check user[] and `secret`, open the maildrop: OPENED or FAILED */
	ASK_TLS,   /* send the reply, then start TLS: DONE (hang up if it fails) */
	ASK_RECORDS, /* feed the listing's records from `next` to `last`, each: RECORD
		      */
	ASK_MARKS,   /* memory for the deletion marks: MARKS or FAILED */
	ASK_BODY,    /* fetch message `command.msg`: BODY or FAILED */
	ASK_SEND, /* send it, `command.lines` of its body if `top`: DONE (or hang up) */
	ASK_COMMIT, /* remove what is marked: DONE or FAILED */
	ASK_CLOSE,  /* send the reply, then close */
};

enum session_event_kind {
	EVENT_LINE,     /* line */
	EVENT_OVERLONG, /* a line over the limit was dropped */
	EVENT_DONE,     /* octets (ASK_SEND) or count of messages left (ASK_COMMIT) */
	EVENT_FAILED,   /* fault */
	EVENT_OPENED,   /* count, octets: the maildrop is locked and listed */
	EVENT_RECORD,   /* octets, uid: the record of message s->next */
	EVENT_MARKS,    /* bits: session_marks_octets() zeroed octets, to stay until the
			   end */
	EVENT_BODY,     /* octets */
};

struct session_event {
	enum session_event_kind kind;
	enum fault fault;
	struct span line, uid;
	uint64_t octets;
	uint32_t count;
	uint64_t *bits;
};

/* What all sessions of a server share; outlives them. */
struct session_policy {
	const char *greeting;       /* behind "+OK " */
	const char *implementation; /* IMPLEMENTATION of RFC 2449 section 6.9 */
	uint32_t errors_max;        /* refused lines in a row that end the connection */
	bool tls_offered;           /* a certificate is there */
};

/* What was done, for the log's summary line. */
struct session_tally {
	uint64_t retr, retr_octets, top, top_octets;
};

struct session {
	const struct session_policy *policy;
	enum pop3_state state;
	enum session_ask ask;
	struct command command; /* the one being carried out; its word is not kept */
	struct span secret;     /* with ASK_LOGIN only: borrowed from the line */
	uint32_t errors;        /* refused lines in a row */
	bool tls;               /* TLS is on */
	bool clear_ok;          /* credentials may pass in clear text here */
	const char *end;        /* with ASK_CLOSE: how it ended, for the log */

	uint32_t count, next, last; /* messages; the records wanted, 1-based */
	uint64_t octets;
	uint64_t *bits; /* deletion marks: bit i is message i + 1; NULL: none */
	uint32_t marked;
	uint64_t marked_octets;
	struct session_tally tally;

	uint8_t user_len;
	char user[LINE_OCTETS_MAX];
};

/* `clear_ok` says whether credentials may come in clear text on this connection. */
void session_init(struct session *s, const struct session_policy *policy, bool tls,
		  bool clear_ok);

void session_greet(const struct session *s, struct buf *out);

/* One event in; a reply (maybe empty) and one ask out. */
enum session_ask session_step(struct session *s, const struct session_event *ev,
			      struct buf *out);

static inline struct span session_user(const struct session *s)
{
	return (struct span){ s->user, s->user_len };
}

/* Was message msg (1-based) marked as deleted? */
bool session_is_marked(const struct session *s, uint32_t msg);

/* Octets of zeroed memory for the deletion marks. */
static inline size_t session_marks_octets(const struct session *s)
{
	return ((size_t)s->count + 63) / 64 * sizeof(uint64_t);
}
