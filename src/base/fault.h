/* base/fault.h - the kinds of faults, with reply, response code and log priority.
 *
 * Prefix: fault_.
 */
#pragma once

#include <syslog.h>

#include "base/span.h"

/* One row per fault: identifier, POP3 response code (RFC 2449 section 8, RFC 3206),
 * log priority, whether a second try may succeed, and the text of the client's reply.
 * The POP3 reply writer, the logger and the message codec are generated from this
 * table. lmtp_reply_of (lmtp/reply.h) has the replies of LMTP. */
/* clang-format off */
#define FAULT_TABLE(X) \
	X(UNKNOWN_COMMAND, "",           LOG_DEBUG,   false, "unknown command") \
	X(STATE,           "",           LOG_DEBUG,   false, "command not valid in this state") \
	X(SYNTAX,          "",           LOG_DEBUG,   false, "malformed command") \
	X(OVERLONG,        "",           LOG_DEBUG,   false, "line too long") \
	X(NO_MESSAGE,      "",           LOG_DEBUG,   false, "no such message") \
	X(DELETED,         "",           LOG_DEBUG,   false, "message is marked as deleted") \
	X(NEEDS_TLS,       "",           LOG_INFO,    false, "start TLS before logging in") \
	X(NO_MECHANISM,    "",           LOG_DEBUG,   false, "no such mechanism here") \
	X(CANCELLED,       "",           LOG_DEBUG,   false, "authentication cancelled") \
	X(NO_LANGUAGE,     "",           LOG_DEBUG,   false, "no such language") \
	X(NO_BOARD,        "",           LOG_DEBUG,   false, "no such bboard") \
	X(READ_ONLY,       "",           LOG_DEBUG,   false, "maildrop is read-only") \
	X(BAD_RESPONSE,    "",           LOG_DEBUG,   false, "malformed response") \
	X(BINDING,         "",           LOG_NOTICE,  false, "channel binding does not fit this connection") \
	X(BOUND,           "",           LOG_DEBUG,   false, "this connection was bound to before, make another") \
	X(NOT_UTF8,        "[AUTH]",     LOG_INFO,    false, "user names and passwords are UTF-8") \
	X(DENIED,          "[AUTH]",     LOG_INFO,    false, "invalid user name or password") \
	X(BUSY,            "[IN-USE]",   LOG_INFO,    true,  "maildrop is in use by another session") \
	/* RFC 2449 section 8.1.2 allows [IN-USE] only in replies to a login */ \
	X(BOARD_BUSY,      "[SYS/TEMP]", LOG_INFO,    true,  "maildrop is in use by another session") \
	X(GONE,            "",           LOG_INFO,    false, "message has been removed by someone else") \
	/* translators: UTF8 is a command and stays as it is */ \
	X(NEEDS_UTF8,      "[UTF8]",     LOG_DEBUG,   false, "message needs UTF8, say UTF8 before logging in") \
	X(CHANGED,         "[SYS/TEMP]", LOG_WARNING, true,  "message has been changed, log in again to read it") \
	X(LIMIT,           "[SYS/TEMP]", LOG_WARNING, true,  "too much at once, try again later") \
	X(CROWDED,         "[SYS/TEMP]", LOG_NOTICE,  true,  "too many connections from your address") \
	X(NO_USER,         "",           LOG_INFO,    false, "no such user") \
	X(NO_DELIVERY,     "",           LOG_INFO,    false, "user takes no mail") \
	X(QUOTA,           "",           LOG_INFO,    true,  "maildrop is full") \
	X(FULL,            "[SYS/TEMP]", LOG_ERR,     true,  "disk is full") \
	X(TOO_LARGE,       "",           LOG_INFO,    false, "message is too large") \
	X(TOO_SOON,        "[LOGIN-DELAY]", LOG_INFO, true,  "minimum time between logins has not passed") \
	X(IO,              "[SYS/TEMP]", LOG_ERR,     true,  "temporary trouble, try again later") \
	X(NOMEM,           "[SYS/TEMP]", LOG_ERR,     true,  "temporary trouble, try again later") \
	X(PEER,            "[SYS/TEMP]", LOG_CRIT,    true,  "temporary trouble, try again later") \
	X(SETUP,           "[SYS/PERM]", LOG_ERR,     false, "maildrop needs repair by its administrator") \
	X(CORRUPT,         "[SYS/PERM]", LOG_ERR,     false, "maildrop needs repair by its administrator") \
	X(UNSENDABLE,      "[SYS/PERM]", LOG_CRIT,    false, "maildrop needs repair by its administrator")
/* clang-format on */

enum fault {
	FAULT_NONE = 0,
#define X(id, code, priority, retry, text) FAULT_##id,
	FAULT_TABLE(X)
#undef X
		FAULT_COUNT
};

/* The details of a fault: filled in where it occurs, logged by the caller that handles
 * it. */
struct why {
	enum fault fault;
	int sys;           /* errno, or 0 */
	const char *doing; /* static text: "open", "rename"; may be NULL */
	char what[192]; /* path or object, may be cut; "": unknown; the log escapes it
			 */
};

/* Fill *why and return f, so that an error path is one line: "return fault_set(why,
 * FAULT_IO, errno, "open", path);". `why` and `what` may be NULL. */
enum fault fault_set(struct why *why, enum fault f, int sys, const char *doing,
		     const char *what);

/* Append "doing what: error" for a person to read, without the parts that *why lacks. A
 * long `what` is cut so that the error fits. If the text does not fit even so, out->cut
 * is set. */
struct buf;
void fault_story(const struct why *why, struct buf *out);

/* Ignore the fault of a call: the caller learns in another way whether it succeeded. */
static inline void fault_ignore(enum fault f)
{
	(void)f;
}

/* For FAULT_NONE, and for a value that is no fault, all three texts are empty. */
const char *fault_name(enum fault f); /* the identifier: "NO_MESSAGE" */

/* The name in logs and in JSON: "no-message". It lies in `room`. */
enum { FAULT_LABEL_MAX = 32 };
struct span fault_label(enum fault f, char room[FAULT_LABEL_MAX]);
const char *fault_code(enum fault f); /* "[IN-USE]" or "" */
const char *fault_text(enum fault f); /* the text for the client */
int fault_priority(enum fault f);     /* a syslog priority: LOG_ERR and so on */
bool fault_retry(enum fault f);       /* may a later attempt succeed? */
