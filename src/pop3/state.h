/* pop3/state.h - a POP3 session as data: its asks, the events that answer them, and its
 * state.
 *
 * Prefix: session_. The files that carry out commands (transaction.c, authorization.c,
 * capa.c, lang.c, xtnd.c) work on this state; pop3/session.h has the step.
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

/* One row for each ask: the event that usually answers it, and the others that may. The
 * driver carries out the ask, then feeds exactly one of these events. It feeds a line
 * only for READ and RESPONSE; until then a pipelined command waits in the input (RFC
 * 2449 section 6.6).
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
 * BOARD     by `board`: NAMED, ARCHIVE: open the maildrop that `wanted` names: OPENED.
 *           EACH: describe board number `number`: BOARD, or DONE behind the last one.
 *           ABOUT: describe the board that `wanted` names: BOARD
 * COMMIT    remove the marked messages
 * CLOSE     send the reply, then close the connection */
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

/* The members of struct session_event that each event sets:
 *
 * LINE       line
 * OVERLONG   none: a line over the limit has been dropped
 * DONE       after SEND: octets, whole. After COMMIT: count and octets of the messages
 *            that are left
 * FAILED     fault
 * CHALLENGE  line: in base64, at most SESSION_CHALLENGE_MAX octets
 * OPENED     count, octets, read_only, terms: the maildrop is locked and listed. After
 *            BOARD also its name in line, and maxima; the driver may then free the bits
 *            of the maildrop before
 * RECORD     octets and uid of message `next`; fault, if this client cannot get it
 * MARKS      bits: session_marks_octets() zeroed octets, which the driver keeps until
 *            another maildrop is opened or the session ends
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

/* May this event answer this ask, by the table of asks? */
bool session_may_answer(enum session_ask ask, enum session_event_kind kind);

/* The login delay and retention that CAPA announces. */
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
	bool whole;      /* DONE after SEND: the whole message was sent */
	uint32_t maxima; /* OPENED and BOARD: the board's maxima, how many messages it
			    has ever had (RFC 1082); 0: it is no board, or has never had
			    a message */
	bool read_only;  /* OPENED: nothing may be removed */
	struct session_terms terms; /* OPENED: the user's own */
	uint64_t *bits;
};

/* ---- the session ---- */

/* The settings that all sessions of a front share. They outlive the sessions. */
struct session_policy {
	const char *greeting;       /* behind "+OK " */
	const char *implementation; /* IMPLEMENTATION of RFC 2449 section 6.9 */
	uint32_t errors_max;        /* refused lines in a row that end the session */
	uint32_t failures_max;      /* refused logins that end the session */
	unsigned mechanisms;    /* bits of enum mechanism: what poplar-auth can check */
	bool tls_offered;       /* the server has a certificate */
	enum language language; /* the language that LANG * chooses */
	bool xtnd;              /* the command XTND exists */
	/* Announced before login: the longest login delay and the shortest retention of
	 * any user, and whether users differ in them. */
	struct session_terms terms;
	bool delays_differ, expires_differ;
};

/* The counts of the session, for the log line at its end. */
struct session_tally {
	uint64_t retr, retr_octets, top, top_octets;
};

struct session {
	const struct session_policy *policy;
	enum pop3_state state;
	struct command command; /* the one being carried out; its spans are empty after
				   the step */

	/* The open ask, and its arguments. The arguments stay until another ask sets
	 * its own; `secret` and `wanted` borrow from the line, and the next step
	 * empties them. */
	enum session_ask ask;
	union {
		struct { /* LOGIN; of RESPONSE only the mechanism */
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
			/* The driver has fed an event that is no answer to the open
			 * ask: that ask, and the event. */
			bool broken;
			enum session_ask broken_ask;
			enum session_event_kind broken_event;
		};
	};

	/* The connection. The driver sets binds, certified and timestamp. */
	bool tls;      /* TLS is on */
	bool clear_ok; /* credentials may be sent in clear text on this connection */
	bool binds; /* the TLS connection has a channel binding (RFC 5929, RFC 9266) */
	bool certified;        /* the client's certificate names a user */
	const char *timestamp; /* of the greeting, for APOP; NULL: it had none */

	/* The client. */
	bool bound; /* an exchange was bound to the TLS connection: another one cannot
		       be */
	bool utf8;  /* the client has issued UTF8: messages are sent as they are stored
		     */
	uint8_t language;  /* of the replies: enum language */
	uint32_t errors;   /* refused lines in a row */
	uint32_t failures; /* refused logins */

	/* The maildrop: the user's own or, if `away` is set, a board. */
	bool away;
	bool read_only;  /* nothing may be removed */
	uint32_t count;  /* messages */
	uint32_t maxima; /* of the board that is open; 0: no board is open, or it has
			    never had a message */
	uint64_t octets;
	struct session_terms terms;
	uint64_t *bits;     /* deletion marks: bit i is message i + 1; NULL: none. If
			       retrieval is noted, as many bits follow for messages that
			       were retrieved */
	uint32_t retrieved; /* messages whose retrieval is noted */
	uint32_t marked;    /* deletion marks that are set */
	uint64_t marked_octets;
	uint32_t left; /* messages and octets that are left after a commit */
	uint64_t left_octets;
	struct session_tally tally;

	uint8_t user_len;
	char user[LINE_POP3_MAX]; /* the user who has logged in, or the claimed name */
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

/* Move *io to the first SASL mechanism from *io on that session_offers. False: no
 * further mechanism is offered. */
bool session_find_sasl(const struct session *s, enum mechanism *io);

/* Is a login under way: is the open ask LOGIN or RESPONSE? */
static inline bool session_is_proving(const struct session *s)
{
	return s->ask == ASK_LOGIN || s->ask == ASK_RESPONSE;
}

/* Is message msg (1-based) marked as deleted? */
bool session_is_marked(const struct session *s, uint32_t msg);

/* The number of message msg among all messages that the open board has ever had; 0: no
 * board is open. */
uint32_t session_maxima(const struct session *s, uint32_t msg);

/* Octets of a row of bits, one for each message. */
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

/* The row of bits for retrieved messages; NULL: none was retrieved, or retrieval is not
 * noted. */
static inline uint64_t *session_retrieved(const struct session *s)
{
	return s->retrieved > 0 ? s->bits + ((size_t)s->count + 63) / 64 : NULL;
}

/* ---- for the commands ---- */

/* Carry out s->command, which is legal in s->state: write its reply, or return an ask
 * for what the reply needs. Returns the next ask. */
typedef enum session_ask session_command_fn(struct session *s, struct buf *out);

/* Write "-ERR" with the text of the fault in the client's language. Returns ASK_READ.
 */
enum session_ask session_refuse(const struct session *s, enum fault f, struct buf *out);

/* Returns ASK_RECORDS for messages `first` to `last`. */
enum session_ask session_ask_records(struct session *s, uint32_t first, uint32_t last);

/* Returns ASK_CLOSE; `how` is a static text for the log. */
enum session_ask session_end(struct session *s, const char *how);
