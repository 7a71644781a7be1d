/* front/pop3/state.h - the parts of a connection and of the front that are POP3's.
 *
 * Each struct names the file that changes it; other files only read it.
 */
#pragma once

#include "front/pop3/timestamp.h"
#include "front/reader.h"
#include "front/state.h"
#include "mail/downgrade.h"
#include "mail/listing.h"
#include "mail/wire.h"
#include "net/line.h"
#include "pop3/session.h"

enum {
	POP3_BODY_OCTETS = 65536, /* the most that one call reads from a message */
};

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
struct drop_link;

/* pop3/timeout.c: the time that the server works on a login. */
struct work {
	uint64_t since;   /* loop time, ms; 0: it does not work on one */
	uint64_t done_ms; /* how long it has worked before that */
};

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

/* What struct conn has for POP3. */
struct pop3_conn {
	struct session session; /* stepped by pop3/advance.c alone */
	enum awaits awaits;
	struct work work;
	struct input input;
	struct question question;
	struct drop drop;
	struct body body;
	struct readahead *readahead; /* pop3/readahead.c; NULL: no body was asked for */
	char *timestamp; /* of the greeting, for APOP; malloc'ed; NULL: it had none */
};

/* What struct front has for POP3. */
struct pop3_front {
	struct front *front;
	struct session_policy policy;
	struct timestamps timestamps;   /* for APOP */
	struct loop_timer offers_timer; /* pop3/offers.c */

	/* set once by pop3/pop3.c, and called for session sockets */
	void (*drop_wake)(struct loop_watch *watch, unsigned events);

	/* pop3/authlink.c */
	struct conn *queue;       /* questions that wait to be sent, oldest first */
	struct conn **queue_last; /* where the next one goes */

	/* pop3/readahead.c: bodies that were asked for or are held, for all
	 * connections, and their maximum */
	uint32_t readahead_open, readahead_most;

	/* pop3/body.c: memory for the connection whose turn it is */
	char body[POP3_BODY_OCTETS];
};

static inline bool conn_is_logged_in(const struct conn *c)
{
	return c->pop3->session.state & (POP3_TRANSACTION | POP3_UPDATE);
}

/* Fill *ev with EVENT_FAILED. Returns RESULT_EVENT. */
static inline enum result result_failed(struct session_event *ev, enum fault f)
{
	*ev = (struct session_event){ .kind = EVENT_FAILED, .fault = f };
	return RESULT_EVENT;
}
