/* pop3/session.h - one POP3 session as a machine: events in, replies and wishes out.
 *
 * Does no I/O, knows no clock, allocates nothing. Prefix: session_.
 *
 * The session says what it wants from the world (enum session_ask); the role does it
 * and answers with the next event. While an ask other than ASK_READ is open no further
 * line is fed: a pipelined command simply waits in the input (RFC 2449 section 6.6).
 */
#pragma once

#include "base/board.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/language.h"
#include "base/mechanism.h"
#include "base/policy.h"
#include "net/line.h"
#include "pop3/command.h"

/* A step writes at most this much; the caller keeps so much room free. A challenge is
 * the longest that it can be. */
enum { SESSION_CHALLENGE_MAX = 4096, SESSION_REPLY_MAX = SESSION_CHALLENGE_MAX + 8 };

enum session_ask {
	ASK_READ,  /* nothing: feed the next line */
	ASK_LOGIN, /* check `mechanism`, user[] and `secret`, open the maildrop: OPENED,
		      CHALLENGE or FAILED */
	ASK_RESPONSE, /* feed the next line, which is a response (RFC 5034 section 4) */
	ASK_TLS,      /* send the reply, then start TLS: DONE (hang up if it fails) */
	ASK_RECORDS,  /* feed the listing's records from `next` to `last`, each: RECORD
		       */
	ASK_MARKS,    /* memory for the deletion marks: MARKS or FAILED */
	ASK_BODY,     /* fetch message `command.msg`: BODY or FAILED */
	ASK_SEND, /* send it, `command.lines` of its body if `top`: DONE (or hang up) */
	ASK_BOARD, /* open another maildrop, as `board` says: OPENED or FAILED; of EACH,
		      tell: BOARD, or DONE where there are no more, or FAILED */
	ASK_COMMIT, /* remove what is marked: DONE or FAILED */
	ASK_CLOSE,  /* send the reply, then close */
};

enum session_event_kind {
	EVENT_LINE,     /* line */
	EVENT_OVERLONG, /* a line over the limit was dropped */
	EVENT_DONE,   /* octets, whole (ASK_SEND); count and octets left (ASK_COMMIT) */
	EVENT_FAILED, /* fault */
	EVENT_CHALLENGE, /* line: in base64, SESSION_CHALLENGE_MAX octets at most */
	EVENT_OPENED,    /* count, octets, read_only, terms: the maildrop is locked and
			    listed; behind ASK_BOARD, line: its name. The marks of
			    the one before are the caller's again */
	EVENT_RECORD,    /* octets, uid: the record of message s->next; fault: it is
			    not for this client */
	EVENT_MARKS, /* bits: session_marks_octets() zeroed octets, to stay until the
			end */
	EVENT_BODY,  /* octets */
	EVENT_BOARD, /* line, count: a board that can be read; line is empty: one that
			cannot be had now */
};

/* What the site asks of a user. */
struct session_terms {
	uint32_t login_delay; /* seconds; 0: nothing is asked */
	uint32_t expire;      /* days, or POLICY_NEVER */
	enum retrieval retrieval;
};

struct session_event {
	enum session_event_kind kind;
	enum fault fault;
	struct span line, uid;
	uint64_t octets;
	uint32_t count;
	bool whole;      /* DONE: the message was sent from its beginning to its end */
	uint32_t maxima; /* OPENED and BOARD: of a board, as RFC 1082 has it; 0: it is
			    none, or empty from the beginning */
	bool read_only;  /* OPENED: nothing may be removed */
	struct session_terms terms; /* OPENED: the user's own */
	uint64_t *bits;
};

/* What all sessions of a server share; outlives them. */
struct session_policy {
	const char *greeting;       /* behind "+OK " */
	const char *implementation; /* IMPLEMENTATION of RFC 2449 section 6.9 */
	uint32_t errors_max;        /* refused lines in a row that end the connection */
	uint32_t failures_max;      /* refused logins that do */
	unsigned mechanisms;    /* bits of enum mechanism: what poplar-auth can check */
	bool tls_offered;       /* a certificate is there */
	enum language language; /* what LANG * means */
	bool xtnd;              /* there is a command XTND */
	/* Of all users, the longest delay and the shortest time; do they differ? */
	struct session_terms terms;
	bool delays_differ, expires_differ;
};

/* What was done, for the log's summary line. */
struct session_tally {
	uint64_t retr, retr_octets, top, top_octets;
};

struct session {
	const struct session_policy *policy;
	enum pop3_state state;
	enum session_ask ask;
	struct command command;   /* the one being carried out; its word is not kept */
	struct span secret;       /* with ASK_LOGIN only: borrowed from the line */
	bool has_secret;          /* ... an initial response may be missing */
	bool bound;               /* an exchange was bound to TLS: no other can be */
	struct span wanted;       /* with ASK_BOARD only: borrowed from the line */
	enum board_wish board;    /* ... which one */
	enum mechanism mechanism; /* with ASK_LOGIN and ASK_RESPONSE: which one */
	uint32_t errors;          /* refused lines in a row */
	uint32_t failures;        /* refused logins */
	bool tls;                 /* TLS is on */
	bool clear_ok;            /* credentials may pass in clear text here */
	bool binds;               /* TLS can be bound to (RFC 5929, RFC 9266) */
	bool certified;           /* the client's certificate names a user */
	bool read_only;           /* nothing may be removed */
	bool away;                /* the maildrop is not the user's own */
	uint8_t language;         /* of the replies: enum language */
	bool utf8;                /* the client takes messages as they are stored */
	const char *timestamp;    /* of the greeting, for APOP; NULL: it had none */
	const char *end;          /* with ASK_CLOSE: how it ended, for the log */

	uint32_t count, next, last; /* messages; the records wanted, 1-based */
	uint32_t maxima;            /* of the board that is open; 0: it is none */
	uint64_t octets;
	struct session_terms terms;
	uint64_t *bits; /* deletion marks: bit i is message i + 1; NULL: none. Behind
			   them the same of what was retrieved, where that matters */
	uint32_t retrieved; /* ... so many */
	uint32_t left;      /* behind a commit */
	uint64_t left_octets;
	uint32_t marked;
	uint64_t marked_octets;
	struct session_tally tally;

	uint8_t user_len;
	char user[LINE_OCTETS_MAX];
};

/* `clear_ok` says whether credentials may come in clear text on this connection. */
void session_init(struct session *s, const struct session_policy *policy, bool tls,
		  bool clear_ok);

/* The greeting. For APOP, `timestamp` has been set before. */
void session_greet(const struct session *s, struct buf *out);

/* One event in; a reply (maybe empty) and one ask out. */
enum session_ask session_step(struct session *s, const struct session_event *ev,
			      struct buf *out);

static inline struct span session_user(const struct session *s)
{
	return (struct span){ s->user, s->user_len };
}

/* May APOP be used here, so that the greeting is to have a timestamp? */
bool session_wants_timestamp(const struct session *s);

/* Can the client log in by this mechanism, here and now? */
bool session_offers(const struct session *s, enum mechanism m);

/* Is poplar-auth in the midst of an exchange with the client? */
static inline bool session_is_proving(const struct session *s)
{
	return s->ask == ASK_LOGIN || s->ask == ASK_RESPONSE;
}

/* Who logged in, or tried to, when it was not told by USER. */
void session_set_user(struct session *s, struct span user);

/* Was message msg (1-based) marked as deleted? */
bool session_is_marked(const struct session *s, uint32_t msg);

/* Octets of one bit for each message. */
static inline size_t session_bits_octets(const struct session *s)
{
	return ((size_t)s->count + 63) / 64 * sizeof(uint64_t);
}

/* Octets of zeroed memory for the marks. */
static inline size_t session_marks_octets(const struct session *s)
{
	const bool two = s->terms.retrieval != RETRIEVAL_FORGOTTEN;

	return session_bits_octets(s) * (two ? 2 : 1);
}

/* A bit for each message that was retrieved; NULL: that does not matter, or none was.
 */
static inline uint64_t *session_retrieved(const struct session *s)
{
	return s->retrieved > 0 ? s->bits + ((size_t)s->count + 63) / 64 : NULL;
}
