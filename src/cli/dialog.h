/* cli/dialog.h - the client's side of an LMTP session that delivers one message.
 *
 * Prefix: dialog_. RFC 2033, RFC 5321. A machine without I/O: the caller feeds it the
 * lines of the server, and does what each call asks for. Commands go out one at a time.
 * Either the server accepts all recipients, or the message is not sent to any of them:
 * the caller of a delivery command learns only one outcome, and tries again for all.
 */
#pragma once

#include "base/buf.h"

enum dialog_verdict {
	DIALOG_LATER, /* not delivered; a later attempt may succeed */
	DIALOG_DONE,
	DIALOG_NO_USER, /* refused: there is no such mailbox */
	DIALOG_REFUSED, /* refused for another reason that lasts */
	DIALOG_SPARED,  /* could be delivered, but another recipient was refused */
	DIALOG_VERDICTS
};

enum { DIALOG_SAID_MAX = 256 };

struct dialog_recipient {
	struct span address;        /* as the caller of the command wrote it */
	uint8_t verdict;            /* enum dialog_verdict */
	char said[DIALOG_SAID_MAX]; /* the server's reply, or what else is wrong */
};

/* What is to be delivered; the owner keeps all of it until the dialog is over. */
struct dialog_mail {
	struct span host;   /* the name of this machine, for LHLO */
	struct span sender; /* empty: the null sender */
	struct dialog_recipient *recipients;
	size_t count;
	uint64_t octets; /* on the wire: SIZE */
	bool is_8bit;    /* BODY=8BITMIME */
	bool has_utf8;   /* a header field has octets beyond ASCII: SMTPUTF8 */
};

/* What the caller must do next. */
enum dialog_ask {
	DIALOG_READ,    /* feed the next line */
	DIALOG_SAY,     /* send d->out, then feed the next line */
	DIALOG_CONTENT, /* send the message and its dot, then feed the next line */
	DIALOG_END      /* send d->out if it is not empty, and close the connection */
};

struct dialog {
	struct dialog_mail *mail;
	struct buf out;  /* one command with its CRLF */
	char room[2048]; /* of `out` */
	size_t next;     /* the recipient whose reply comes next */
	uint8_t state;   /* enum dialog_state: see dialog.c */
	bool takes_size, takes_8bit, takes_utf8; /* what LHLO announced */
};

/* Begin: the caller has connected, and reads the greeting first. Every verdict becomes
 * DIALOG_LATER. */
void dialog_begin(struct dialog *d, struct dialog_mail *mail);

/* The server has sent a line; it is given without its line end. */
enum dialog_ask dialog_line(struct dialog *d, struct span line);

/* The connection failed: each recipient whose outcome is not known yet gets
 * DIALOG_LATER, and `text` in `said`. */
void dialog_fail(struct dialog *d, const char *text);

/* Give a recipient the verdict of a reply of the server. RCPT's 250 means that the
 * recipient is spared: the message has not come yet. */
void dialog_judge_rcpt(struct dialog_recipient *r, struct span reply);
void dialog_judge_result(struct dialog_recipient *r, struct span reply);

/* Has every recipient been accepted, as DIALOG_SPARED says? Otherwise none gets the
 * message. */
MUST_USE bool dialog_may_send(const struct dialog_mail *mail);

/* Write an address as a mailbox of a path (RFC 5321 section 4.1.2), without the angle
 * brackets, which it may already have. A local part that needs quotes gets them. False:
 * no path can hold it, and *out may have a part of it. */
MUST_USE bool dialog_mailbox(struct span address, struct buf *out);
