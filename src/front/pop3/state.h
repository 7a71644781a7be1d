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

/* What a connection waits for, apart from its client. While it waits, the driver reads
 * no further command from the client. */
enum awaits {
	AWAITS_NOTHING,
	AWAITS_QUEUE,    /* until its question can be sent to poplar-auth */
	AWAITS_AUTH,     /* the answer of poplar-auth */
	AWAITS_DELAY,    /* until its question may be sent again */
	AWAITS_REFUSAL,  /* until the client may be told of the refusal */
	AWAITS_MAILDROP, /* until poplar-drop has opened a maildrop: READY */
	AWAITS_BODY,     /* a message: BODIES_ARE */
	AWAITS_OCTETS,   /* octets of a message or of the listing: WARMED, COPIED */
	AWAITS_COMMIT,   /* until poplar-drop has removed the marked messages: DONE */
	AWAITS_COUNT
};

/* front/pop3/links.h */
struct auth_link;
struct drop_link;

/* pop3/input.c: lines of the client. */
struct input {
	struct line_reader lines;
	char line[LINE_POP3_MAX]; /* the memory of `lines` */
	bool heard; /* the first line has been checked for other protocols */
};

/* pop3/authlink.c and pop3/login.c: the question to poplar-auth. */
struct question {
	struct conn *next; /* in the queue */
	struct conn **at;  /* in the queue: the pointer to this connection */
	char *secret;      /* password, response, or name of a board; malloc'ed */
	uint16_t secret_len;
	bool in_exchange;   /* poplar-auth keeps a SASL exchange of this connection */
	bool waited;        /* the wait that poplar-auth demanded is over */
	uint32_t exchange;  /* counts this connection's exchanges */
	uint64_t asked_at;  /* when the question was sent, ms of loop_now() */
	uint64_t due_at;    /* with AWAITS_DELAY, AWAITS_REFUSAL: when it ends, ms */
	enum fault refusal; /* with AWAITS_REFUSAL: the fault to tell the client */
	char *ticket; /* the board ticket, which goes with each BOARD_ASK; malloc'ed;
			 NULL: none */
	uint16_t ticket_len;
};

/* pop3/droplink.c: the maildrop; `records` and `map` are pop3/records.c's. */
struct drop {
	struct drop_link *link; /* of the open maildrop; NULL: none */
	struct drop_link *next; /* of the board that XTND opens; NULL: none */
	char *next_name;        /* the name of that board; malloc'ed */
	struct reader *awaited; /* with AWAITS_OCTETS: the reader that lacks them */
	uint64_t awaited_at;    /* ... from this position on */
	uint32_t commit_at;     /* deletion marks below this message have been sent */
	bool committed;
	enum downgrade_way downgrade_way;
	struct reader records;  /* the listing */
	struct listing_map map; /* which record belongs to which message */
};

/* Where the octets of a message are. */
struct body_source {
	int fd; /* -1: none */
	enum reader_kind kind;
	uint64_t window; /* octets in the window, if it is one */
	uint64_t offset, length;
	uint64_t octets;       /* on the wire, as listed */
	uint64_t ascii_octets; /* the same for its surrogate message */
	enum surrogate surrogate;
	bool ready; /* WIRE_FORM_READY: sent as it is stored */
};

/* pop3/body.c: the message that is being sent. */
struct body {
	struct body_source source; /* the descriptor is the reader's */
	struct reader reader;
	uint64_t done; /* octets of the message as stored that have been encoded */
	struct wire wire;
	struct downgrade
		*downgrade; /* NULL: the message itself is sent, no surrogate */
};
