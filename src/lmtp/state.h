/* lmtp/state.h - an LMTP session as data: its asks, the events that answer them, and
 * its state.
 *
 * Prefix: lmtp_. The files that carry out commands (greeting.c, envelope.c, delivery.c)
 * work on this state; lmtp/session.h has the step.
 */
#pragma once

#include "lmtp/command.h"

/* ---- asks and events ---- */

enum {
	LMTP_LINE_MAX = 4096,      /* a command line, CRLF included */
	LMTP_RECIPIENTS_MAX = 1000 /* of a transaction; RFC 5321 section 4.5.3.1.8 */
};

/* One row for each ask: the event that usually answers it, and the other that may. The
 * driver carries out the ask, then feeds exactly one of these events. It feeds a line
 * only for READ; until then a pipelined command waits in the input.
 *
 * READ       feed the next line
 * RECIPIENT  ask whether the mailbox `address` takes a message of `octets`
 * DATA       send the reply, and take the message, whose end is a line with a dot
 *            (lmtp/content.h)
 * CHUNK      take the `chunk` octets that follow, 0 or more. If `keep` is false, drop
 *            them
 * DELIVER    hand the message to all accepted recipients, and feed one RESULT for each
 *            of them, in the order of their RCPT commands
 * REPLY      nothing but to wait until the output has room for another reply
 * RESET      forget the recipients and the message
 * TLS        send the reply, then start TLS
 * CLOSE      send the reply, then close the connection
 *
 * DATA and CHUNK are answered when all octets have come, also if the driver could not
 * keep them: the octets of a message are never read as commands. */
/* clang-format off */
#define LMTP_ASK_TABLE(X) \
	X(READ,      LINE,   OR(OVERLONG)) \
	X(RECIPIENT, DONE,   OR(FAILED)) \
	X(DATA,      DONE,   OR(FAILED)) \
	X(CHUNK,     DONE,   OR(FAILED)) \
	X(DELIVER,   RESULT, ) \
	X(REPLY,     DONE,   ) \
	X(RESET,     DONE,   ) \
	X(TLS,       DONE,   OR(FAILED)) \
	X(CLOSE,     NONE,   )

/* The members of struct lmtp_event that each event sets:
 *
 * LINE      line
 * OVERLONG  line: the beginning of a line over the limit, which has been dropped
 * DONE      none
 * FAILED    fault
 * RESULT    fault: FAULT_NONE if the message is stored. line: the address of the
 *           recipient, for the reply; may be empty
 */
#define LMTP_EVENT_TABLE(X) \
	X(LINE) X(OVERLONG) X(DONE) X(FAILED) X(RESULT)
/* clang-format on */

enum lmtp_ask {
#define X(name, event, others) LMTP_ASK_##name,
	LMTP_ASK_TABLE(X)
#undef X
};

enum lmtp_event_kind {
#define X(name) LMTP_EVENT_##name,
	LMTP_EVENT_TABLE(X)
#undef X
};

enum { LMTP_ASKS = LMTP_ASK_CLOSE + 1, LMTP_EVENTS = LMTP_EVENT_RESULT + 1 };

/* The names, as in the tables: for the log, and for tests. */
const char *lmtp_ask_name(enum lmtp_ask ask);
const char *lmtp_event_name(enum lmtp_event_kind kind);

/* May this event answer this ask, by the table of asks? */
bool lmtp_may_answer(enum lmtp_ask ask, enum lmtp_event_kind kind);

struct lmtp_event {
	enum lmtp_event_kind kind;
	enum fault fault;
	struct span line;
};

/* ---- the session ---- */

/* What the settings say about sessions. Sessions share it, and it outlives them. */
struct lmtp_policy {
	const char *host;    /* the name of this server */
	uint64_t size_max;   /* octets of a message; 0: no limit (RFC 1870 section 4) */
	uint32_t errors_max; /* lines in a row that are no command; so many end the
				session */
	bool tls_offered;    /* the server has a certificate */
	bool bounce;         /* a full mailbox is a permanent failure */
};

/* The counts of the session, for the log line at its end. */
struct lmtp_tally {
	uint64_t messages; /* that at least one recipient has got */
	uint64_t stored;   /* recipients who have got a message */
	uint64_t refused;  /* recipients whom RCPT refused, or who did not get it */
};

struct lmtp_session {
	const struct lmtp_policy *policy;
	enum lmtp_state state;
	enum lmtp_ask ask; /* the open one */

	/* The connection. lmtp_init sets `trusted`; after TLS has begun, the driver may
	 * set it, because of the client's certificate. */
	bool tls;        /* TLS is on */
	bool trusted;    /* this client may deliver mail */
	uint32_t errors; /* lines in a row that were no command */

	/* The transaction. */
	bool utf8;           /* SMTPUTF8 (RFC 6531) */
	uint64_t octets;     /* SIZE= of MAIL; 0: not stated */
	uint32_t recipients; /* that were accepted */
	uint32_t results;    /* of them, those who have got a reply to the message */
	bool stored;         /* one of them has got the message */
	enum fault spoilt;   /* why the message could not be kept */

	/* CHUNK */
	uint64_t chunk;          /* octets */
	bool keep;               /* it is part of the message */
	bool last;               /* it ends the message */
	enum lmtp_reply refusal; /* the reply to a chunk that is not kept */

	/* RESET: the command that gets its reply when it is done, LHLO or RSET.
	 * LMTP_COMMAND_COUNT: none, the message has had all its replies. */
	enum lmtp_command_id resets;

	/* CLOSE */
	const char *end; /* how the session ended, for the log; a static text */
	/* The driver has fed an event that is no answer to the open ask: that ask, and
	 * the event. */
	bool broken;
	enum lmtp_ask broken_ask;
	enum lmtp_event_kind broken_event;

	struct lmtp_tally tally;

	uint16_t name_len, sender_len, address_len, first_len;
	char name[PATH_DOMAIN_MAX];     /* of the client, by LHLO; empty: no domain */
	char sender[PATH_MAILBOX_MAX];  /* as it was written, without brackets */
	char address[PATH_MAILBOX_MAX]; /* of the last RCPT, its local part unquoted */
	char first[PATH_MAILBOX_MAX];   /* the first accepted recipient, as written */
};

/* The client's name; "" if it gave none that is a domain or an address literal. */
static inline struct span lmtp_name(const struct lmtp_session *s)
{
	return (struct span){ s->name, s->name_len };
}

/* The sender as it was written, without brackets; empty: the null sender. */
static inline struct span lmtp_sender(const struct lmtp_session *s)
{
	return (struct span){ s->sender, s->sender_len };
}

/* The recipient of the last RCPT command, with its local part unquoted. */
static inline struct span lmtp_address(const struct lmtp_session *s)
{
	return (struct span){ s->address, s->address_len };
}

/* ---- for the commands ---- */

/* Carry out *c, which is legal in s->state: write its reply, or return an ask for what
 * the reply needs. Returns the next ask. */
typedef enum lmtp_ask lmtp_command_fn(struct lmtp_session *s,
				      const struct lmtp_command *c, struct buf *out);

/* Write a reply of the server: 221 and 421 name it. */
void lmtp_say(const struct lmtp_policy *policy, enum lmtp_reply r, struct buf *out);

/* Write a reply about an address, which it names if it is not empty. */
void lmtp_reply_about(enum lmtp_reply r, struct span address, struct buf *out);

/* Write the reply r. If its code is below 400, set s->errors to 0: the lines in a row
 * that are no command end with it. Returns LMTP_ASK_READ. */
enum lmtp_ask lmtp_reply(struct lmtp_session *s, enum lmtp_reply r, struct buf *out);

/* Returns LMTP_ASK_CLOSE; `how` is a static text for the log. */
enum lmtp_ask lmtp_end(struct lmtp_session *s, const char *how);
