/* front/pop3/state.h - the parts of a connection that POP3 needs.
 *
 * Each struct names the file that changes it; other files only read it.
 */
#pragma once

#include "front/reader.h"
#include "mail/downgrade.h"
#include "mail/listing.h"
#include "mail/wire.h"
#include "net/line.h"
#include "pop3/session.h"
#include "sys/loop.h"

struct conn;
struct front;

/* For what a connection waits that does not come from its client. While it waits, the
 * driver reads no further command from the client. */
enum awaits {
	AWAITS_NOTHING,
	AWAITS_QUEUE,    /* its question cannot be sent to poplar-auth yet */
	AWAITS_AUTH,     /* the answer of poplar-auth */
	AWAITS_DELAY,    /* until its question may be sent again */
	AWAITS_REFUSAL,  /* until the client may be told of the refusal */
	AWAITS_MAILDROP, /* poplar-drop opens a maildrop: READY */
	AWAITS_BODY,     /* a message: BODIES_ARE */
	AWAITS_OCTETS,   /* octets of a message or of the listing: WARMED, COPIED */
	AWAITS_COMMIT,   /* poplar-drop removes messages: DONE */
	AWAITS_COUNT
};

/* front/pop3/links.h */
struct auth_link;
struct drop_link;

/* pop3/input.c: lines of the client. */
struct input {
	struct line_reader lines;
	char line[LINE_POP3_MAX]; /* of `lines` */
	bool heard; /* the client has sent a line that is no other protocol's */
};

/* pop3/authlink.c and pop3/login.c: the question to poplar-auth. */
struct question {
	struct conn *next; /* in the queue */
	struct conn **at;  /* what points to this connection while it is in the queue */
	char *secret;      /* password, response, or name of a board; malloc'ed */
	uint16_t secret_len;
	bool in_exchange;   /* poplar-auth keeps a SASL exchange of this connection */
	bool waited;        /* the login has had its delay */
	uint32_t exchange;  /* counts exchanges, to tell one from the next */
	uint64_t asked_at;  /* loop time, ms */
	uint64_t due_at;    /* with AWAITS_DELAY and AWAITS_REFUSAL: the end of that */
	enum fault refusal; /* with AWAITS_REFUSAL */
	char *ticket; /* poplar-auth wants it with each question for a board; malloc'ed;
			 NULL: none */
	uint16_t ticket_len;
};

/* pop3/droplink.c: the maildrop; `records` and `map` are pop3/records.c's. */
struct drop {
	struct drop_link *link; /* of the open maildrop; NULL: none */
	struct drop_link *next; /* of the board that XTND opens; NULL: none */
	char *next_name;        /* the name of that board; malloc'ed */
	struct reader *awaited; /* with AWAITS_OCTETS: where they are missing */
	uint64_t awaited_at;    /* ... from this position on */
	uint32_t commit_at;     /* deletion marks below this message have been sent */
	bool committed;
	enum downgrade_way downgrade_way;
	struct reader records;  /* the listing */
	struct listing_map map; /* which record of the listing is which message's */
};

/* Where the octets of a message are. */
struct body_source {
	int fd; /* -1: none */
	enum reader_kind kind;
	uint64_t window; /* octets that a window holds */
	uint64_t offset, length;
	uint64_t octets;       /* on the wire, as listed */
	uint64_t ascii_octets; /* ... for clients without UTF8 */
	enum surrogate surrogate;
	bool ready; /* stored as it goes over the wire */
};

/* pop3/body.c: the message that is being sent. */
struct body {
	struct body_source source; /* the descriptor is the reader's */
	struct reader reader;
	uint64_t done; /* octets of the file that have been encoded */
	struct wire wire;
	struct downgrade
		*downgrade; /* NULL: the message itself is sent, no surrogate */
};
