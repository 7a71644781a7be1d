/* pop3/state.h - a POP3 session as data: what it asks for, what may answer, what it
 * holds.
 *
 * Does no I/O, knows no clock, allocates nothing. Prefix: session_. The commands of a
 * state (transaction.c, authorization.c, capa.c, lang.c, xtnd.c) work on this;
 * pop3/session.h has the step.
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

/* ---- asks and events ---- */

/* One row for each ask: the event that answers it, and any other that may. The driver
 * carries out the ask, then feeds exactly one of these events. A pipelined command
 * waits in the input meanwhile (RFC 2449 section 6.6): lines are fed with READ and
 * RESPONSE only.
 *
 * READ      feed the next line
 * LOGIN     check `mechanism`, user[] and `secret`, and open the maildrop
 * RESPONSE  feed the next line; it is a response of AUTH (RFC 5034 section 4)
 * TLS       send the reply, then start TLS
 * RECORDS   feed the record of message `next`, and so on to `last`
 * MARKS     allocate memory for the deletion marks, at the first DELE or, where
 *           retrieval is noted, the first RETR or TOP
 * BODY      open message `command.msg`
 * SEND      send that message (TOP: `command.lines` lines of its body)
 * BOARD     open the maildrop that `board` and `wanted` name. EACH: tell about board
 *           number `number`, or DONE if there is none. ABOUT: tell about one board
 * COMMIT    remove the marked messages
 * CLOSE     send the reply, then close the connection
 */
/* clang-format off */
#define SESSION_ASK_TABLE(X) \
	X(READ,     LINE,   OR(OVERLONG)) \
	X(LOGIN,    OPENED, OR(CHALLENGE) OR(FAILED)) \
	X(RESPONSE, LINE,   OR(OVERLONG)) \
	X(TLS,      DONE,   OR(FAILED)) \
	X(RECORDS,  RECORD, OR(FAILED)) \
	X(MARKS,    MARKS,  OR(FAILED)) \
	X(BODY,     BODY,   OR(FAILED)) \
	X(SEND,     DONE,   OR(FAILED)) \
	X(BOARD,    OPENED, OR(BOARD) OR(DONE) OR(FAILED)) \
	X(COMMIT,   DONE,   OR(FAILED)) \
	X(CLOSE,    NONE,   )

/* LINE       line
 * OVERLONG   a line over the limit has been dropped
 * DONE       SEND: octets, whole. COMMIT: count and octets that are left
 * FAILED     fault
 * CHALLENGE  line: in base64, at most SESSION_CHALLENGE_MAX octets
 * OPENED     count, octets, read_only, terms: the maildrop is locked and listed. BOARD:
 *            also its name in line, and maxima; the marks of the maildrop before are the
 *            driver's again
 * RECORD     octets and uid of message `next`; fault: this client cannot have it
 * MARKS      bits: session_marks_octets() zeroed octets, to stay until another maildrop
 *            is opened or the session ends
 * BODY       octets
 * BOARD      line: the name of a board that can be read, and maxima; an empty line: a
 *            board that cannot be opened at the moment
 */
#define SESSION_EVENT_TABLE(X) \
	X(LINE) X(OVERLONG) X(DONE) X(FAILED) X(CHALLENGE) X(OPENED) X(RECORD) X(MARKS) \
	X(BODY) X(BOARD)
/* clang-format on */

enum session_ask {
#define X(name, event, others) ASK_##name,
	SESSION_ASK_TABLE(X)
#undef X
};

enum session_event_kind {
#define X(name) EVENT_##name,
	SESSION_EVENT_TABLE(X)
#undef X
};

enum { SESSION_ASKS = ASK_CLOSE + 1, SESSION_EVENTS = EVENT_BOARD + 1 };

/* The names, as in the tables: for the log, and for tests. */
const char *session_ask_name(enum session_ask ask);
const char *session_event_name(enum session_event_kind kind);

/* May this event answer this ask? */
bool session_may_answer(enum session_ask ask, enum session_event_kind kind);

/* What the site asks of a user. */
struct session_terms {
	uint32_t login_delay; /* seconds between logins; 0: no delay */
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
	uint32_t maxima; /* OPENED and BOARD: how many messages the board has ever had
			    (RFC 1082); 0: it is no board, or never had one */
	bool read_only;  /* OPENED: nothing may be removed */
	struct session_terms terms; /* OPENED: the user's own */
	uint64_t *bits;
};

/* ---- the session ---- */

/* What all sessions of a server share; outlives them. */
struct session_policy {
	const char *greeting;       /* behind "+OK " */
	const char *implementation; /* IMPLEMENTATION of RFC 2449 section 6.9 */
	uint32_t errors_max;        /* refused lines in a row that end the session */
	uint32_t failures_max;      /* refused logins that end the session */
	unsigned mechanisms;    /* bits of enum mechanism: what poplar-auth can check */
	bool tls_offered;       /* the server has a certificate */
	enum language language; /* what LANG * means */
	bool xtnd;              /* the command XTND exists */
	/* Of all users, the longest delay and the shortest time, and whether users
	 * differ in them. */
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
	struct command command; /* the one being carried out; its words are gone */

	/* The ask that is open, and what belongs to it. The members of an ask stay
	 * until another ask writes its own; `secret` and `wanted` borrow from the line,
	 * and the next step empties them. */
	enum session_ask ask;
	union {
		struct { /* LOGIN; RESPONSE has mechanism alone */
			enum mechanism mechanism;
			bool has_secret; /* false: AUTH had no initial response */
			struct span secret;
		};
		struct {                     /* RECORDS */
			uint32_t next, last; /* messages, from 1 on */
		};
		struct { /* BOARD */
			enum board_wish board;
			uint32_t number; /* EACH: from 0 on */
			struct span wanted;
		};
		struct {                 /* CLOSE */
			const char *end; /* how the session ended, for the log */
			/* The driver broke the table above: the ask that was open, and
			 * the event that cannot answer it. */
			bool broken;
			enum session_ask broken_ask;
			enum session_event_kind broken_event;
		};
	};

	/* The connection. The driver sets binds, certified and timestamp. */
	bool tls;              /* TLS is on */
	bool clear_ok;         /* credentials may pass in clear text here */
	bool binds;            /* TLS can be bound to (RFC 5929, RFC 9266) */
	bool certified;        /* the client's certificate names a user */
	const char *timestamp; /* of the greeting, for APOP; NULL: it had none */

	/* The client. */
	bool bound;        /* an exchange was bound to TLS: no other can be */
	bool utf8;         /* UTF8 was said: messages are sent as they are stored */
	uint8_t language;  /* of the replies: enum language */
	uint32_t errors;   /* refused lines in a row */
	uint32_t failures; /* refused logins */

	/* The maildrop: of the user, or (away) a board. */
	bool away;
	bool read_only;  /* nothing may be removed */
	uint32_t count;  /* messages */
	uint32_t maxima; /* of the board that is open; 0: none is */
	uint64_t octets;
	struct session_terms terms;
	uint64_t *bits; /* deletion marks: bit i is message i + 1; NULL: none. Behind
			   them, where retrieval is noted, a bit for each message that
			   was retrieved */
	uint32_t retrieved; /* bits that are set there */
	uint32_t marked;    /* deletion marks that are set */
	uint64_t marked_octets;
	uint32_t left; /* messages and octets after a commit */
	uint64_t left_octets;
	struct session_tally tally;

	uint8_t user_len;
	char user[LINE_POP3_MAX]; /* who logged in, or tries to */
};

static inline struct span session_user(const struct session *s)
{
	return (struct span){ s->user, s->user_len };
}

void session_set_user(struct session *s, struct span user);

/* Does this connection need a timestamp in the greeting, so that APOP works? */
bool session_wants_timestamp(const struct session *s);

/* Can the client log in by this mechanism, here and now? */
bool session_offers(const struct session *s, enum mechanism m);

/* The first SASL mechanism from *io on that session_offers. False: there is none. */
bool session_find_sasl(const struct session *s, enum mechanism *io);

/* Is the client in the middle of logging in? */
static inline bool session_is_proving(const struct session *s)
{
	return s->ask == ASK_LOGIN || s->ask == ASK_RESPONSE;
}

/* Is message msg (1-based) marked as deleted? */
bool session_is_marked(const struct session *s, uint32_t msg);

/* The maxima of message msg of the board that is open; 0: no board is open. */
uint32_t session_maxima(const struct session *s, uint32_t msg);

/* Octets of one bit for each message. */
static inline size_t session_bits_octets(const struct session *s)
{
	return ((size_t)s->count + 63) / 64 * sizeof(uint64_t);
}

/* Octets of the memory that ASK_MARKS asks for. */
static inline size_t session_marks_octets(const struct session *s)
{
	const bool two = s->terms.retrieval != RETRIEVAL_FORGOTTEN;

	return session_bits_octets(s) * (two ? 2 : 1);
}

/* A bit for each message that was retrieved; NULL: none was, or nobody notes it. */
static inline uint64_t *session_retrieved(const struct session *s)
{
	return s->retrieved > 0 ? s->bits + ((size_t)s->count + 63) / 64 : NULL;
}

/* ---- for the commands ---- */

/* "-ERR", with the text of the fault in the client's language; then the next line. */
enum session_ask session_refuse(const struct session *s, enum fault f, struct buf *out);

/* Ask for the records of messages `first` to `last`. */
enum session_ask session_ask_records(struct session *s, uint32_t first, uint32_t last);

/* Close the connection; `how` is for the log. */
enum session_ask session_end(struct session *s, const char *how);
