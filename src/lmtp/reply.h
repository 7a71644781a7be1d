/* lmtp/reply.h - the table of replies, and the writer of their lines.
 *
 * Prefix: lmtp_reply_. A line has at most LMTP_REPLY_LINE_MAX octets with its CRLF,
 * and always a text: Exim takes no longer line from a Unix socket, and OpenSMTPD none
 * without a text; both then deliver a stored message again.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"

enum { LMTP_REPLY_LINE_MAX = 254 };

/* One row for each reply: identifier, reply code (RFC 5321 section 4.2), enhanced
 * status code (RFC 3463; "" where RFC 2034 section 4 wants none), and text. Replies
 * with 221 and 421 name the server in front of the text (RFC 5321 section 4.2). */
/* clang-format off */
#define LMTP_REPLY_TABLE(X) \
	X(STARTTLS,      220, "2.0.0", "begin TLS") \
	X(QUIT,          221, "2.0.0", "closing connection") \
	X(HELP,          214, "2.0.0", "LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS QUIT") \
	X(NOOP,          250, "2.0.0", "nothing done") \
	X(RESET,         250, "2.0.0", "transaction forgotten") \
	X(SENDER,        250, "2.1.0", "sender accepted") \
	X(RECIPIENT,     250, "2.1.5", "recipient accepted") \
	X(CHUNK,         250, "2.0.0", "chunk received") \
	X(STORED,        250, "2.1.5", "message stored") \
	X(VRFY,          252, "2.0.0", "send mail to find out") \
	X(DATA,          354, "",      "send the message, end with CRLF.CRLF") \
	/* the client is at fault */ \
	X(MALFORMED,     500, "5.5.2", "malformed line") \
	X(OVERLONG,      500, "5.5.2", "line too long") \
	X(UNKNOWN,       500, "5.5.1", "unknown command, this is LMTP") \
	X(NO_NAME,       501, "",      "LHLO needs the name of the client") \
	X(ARGUMENTS,     501, "5.5.4", "malformed arguments") \
	X(BAD_SENDER,    501, "5.1.7", "malformed address of the sender") \
	X(BAD_RECIPIENT, 501, "5.1.3", "malformed address of the recipient") \
	X(NO_TLS,        502, "5.5.1", "TLS is not offered here") \
	X(NEEDS_LHLO,    503, "5.5.1", "say LHLO first") \
	X(NEEDS_MAIL,    503, "5.5.1", "say MAIL first") \
	X(NO_RECIPIENT,  503, "5.5.1", "no recipient was accepted") \
	X(SEQUENCE,      503, "5.5.1", "command not valid in this state") \
	X(PARAMETER,     555, "5.5.4", "parameter not supported") \
	X(NEEDS_UTF8,    553, "5.6.7", "an address in UTF-8 needs the parameter SMTPUTF8") \
	X(NEEDS_TLS,     530, "5.7.0", "start TLS first") \
	/* a client that is refused keeps its mail, and comes back when somebody has mended
	   the settings or its certificate */ \
	X(NOT_TRUSTED,   450, "4.7.1", "client may not deliver mail") \
	X(TOO_MANY,      452, "4.5.3", "too many recipients") \
	/* why a message is not taken, or not for a recipient */ \
	X(NO_USER,       550, "5.1.1", "no such user") \
	X(NO_DELIVERY,   550, "5.2.1", "user takes no mail") \
	X(QUOTA,         452, "4.2.2", "mailbox is full") \
	X(QUOTA_BOUNCE,  552, "5.2.2", "mailbox is full") \
	X(FULL,          452, "4.3.1", "no room at the moment, try again later") \
	X(TOO_LARGE,     552, "5.3.4", "message is too large") \
	X(TROUBLE,       451, "4.3.0", "temporary trouble, try again later") \
	/* the connection ends */ \
	X(LOST_CHUNK,    421, "4.5.4", "malformed BDAT, closing") \
	X(ERRORS,        421, "4.7.0", "too many errors, closing") \
	X(IDLE,          421, "4.4.2", "idle for too long, closing") \
	X(STOPPING,      421, "4.3.2", "server is stopping, closing") \
	X(CROWDED,       421, "4.3.2", "too many connections, try again later")
/* clang-format on */

enum lmtp_reply {
	LMTP_REPLY_NONE,
#define X(id, code, enhanced, text) LMTP_REPLY_##id,
	LMTP_REPLY_TABLE(X)
#undef X
		LMTP_REPLY_COUNT
};

unsigned lmtp_reply_code(enum lmtp_reply r); /* 250; 0 for LMTP_REPLY_NONE */
const char *lmtp_reply_enhanced(enum lmtp_reply r);

/* The reply for a fault: a permanent one only for the faults of the user's mailbox and
 * of the message. A full mailbox gets a permanent one only with `bounce`. */
enum lmtp_reply lmtp_reply_of(enum fault f, bool bounce);

/* Write a reply. `subject` comes before the text: the host's name, or "<address>"; it
 * is left out if the line would be too long, or if the subject is empty. */
void lmtp_reply_write(struct buf *out, enum lmtp_reply r, struct span subject);

/* Write "<code> <host> <text>" without an enhanced code (RFC 2034 section 4). Code 220
 * greets a client; a server that must refuse one greets it with 421: Exim bounces all
 * mail that waits for a server that greets it with 554. */
void lmtp_reply_greet(struct buf *out, unsigned code, const char *host,
		      const char *text);

/* Write "250-<text>" or, for the last line, "250 <text>", a line of the reply to LHLO,
 * which has no enhanced code (RFC 2034 section 4). */
void lmtp_reply_lhlo(struct buf *out, bool last, struct span text);
