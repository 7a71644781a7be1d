/* front/front.h - what the files of poplar-front share.
 *
 * One event loop that never blocks; one struct front, many struct conn.
 */
#pragma once

#include "base/buf.h"
#include "base/nets.h"
#include "child/child.h"
#include "front/pop3/stamp.h"
#include "front/reader.h"
#include "mail/downgrade.h"
#include "mail/listing.h"
#include "mail/wire.h"
#include "net/line.h"
#include "pop3/session.h"
#include "sys/connlimit.h"
#include "sys/loop.h"
#include "sys/sock.h"
#include "tls/tls.h"

enum {
	FRONT_INPUT_OCTETS =
		8192, /* read from a connection at a time, and held for it */
	FRONT_OUTPUT_OCTETS =
		65536, /* collected before it is sent, and held for a client */
	FRONT_RECORDS_OCTETS = 65536 + 16384, /* the same, as TLS records */
	FRONT_BODY_OCTETS = 65536,            /* read from a message at a time */
};

struct conn;
struct readahead;
struct arrival;
struct auth_link;
struct drop_link;

struct listener {
	struct loop_watch watch; /* first: a listener is a watch */
	struct front *front;
	struct listener *next;
	bool tls;
};

struct front {
	struct child child;
	struct loop loop;
	struct loop_watch parent;
	struct listener *listeners;
	bool draining; /* no new connections; end with the last */
	bool stopping; /* draining, and what has nothing under way is closed */
	bool resting;  /* no connections are accepted for now */
	struct loop_timer stop_timer, rest_timer, tidy_timer;

	struct tls_server *tls; /* NULL: no TLS */
	struct session_policy policy;

	struct stamper stamper; /* of greetings, for APOP */

	/* who comes in: front/arrival.c */
	struct nets proxies; /* from there a PROXY header comes first */
	struct nets trusted; /* never limited */
	struct connlimit connlimit;
	uint64_t refusal_logged_at, refusals_unlogged;

	/* the link to poplar-auth: front/pop3/login.c */
	struct auth_link *auth; /* NULL: none */
	struct conn
		*asking; /* connections whose question waits to be sent, oldest first */
	struct conn **asking_last; /* where the next one goes */

	/* connections: front/conn.c */
	struct conn **slots; /* by number; NULL: free */
	uint32_t slot_count, conn_count, slot_hint;
	bool knows_offers;   /* what poplar-auth can check is known */
	uint32_t generation; /* tells a connection from earlier ones in its slot */
	uint32_t readahead_open,
		readahead_most; /* bodies asked for, or held for later */

	/* room for the connection at work; nothing stays in it between two events */
	struct buf out, sealed; /* sealed: what goes out over TLS, as records */
	char input[FRONT_INPUT_OCTETS];
	char body[FRONT_BODY_OCTETS];
	char output[FRONT_OUTPUT_OCTETS];
	char records[FRONT_RECORDS_OCTETS];
	struct channel_inbox inbox;
};

enum conn_phase {
	CONN_ARRIVING,  /* a proxy's header is to come */
	CONN_HANDSHAKE, /* TLS is being set up */
	CONN_OPEN,
	CONN_LINGER, /* all is said: the rest of the client's words is thrown away */
};

/* Where the octets of a message are. */
struct body_source {
	int fd; /* -1: none */
	enum reader_kind kind;
	uint64_t window; /* octets that a window gives */
	uint64_t offset, length;
	uint64_t octets;       /* as listed */
	uint64_t ascii_octets; /* ... for clients that know no UTF-8 */
	enum surrogate surrogate;
	bool ready; /* stored as it goes over the wire */
};

/* A message on its way to the client. */
struct conn_body {
	struct body_source source; /* its descriptor is the reader's now */
	struct reader reader;
	uint64_t done;
	struct wire wire;
	struct downgrade *downgrade; /* a surrogate is sent; NULL: the message itself */
};

struct conn {
	struct loop_watch client; /* first: a connection is the watch of its socket */
	struct loop_timer timer;
	struct front *front;
	struct drop_link *drop; /* the session socket; NULL: none */
	struct drop_link *next; /* that of the maildrop that XTND opens; NULL: none */
	enum conn_phase phase : 8;
	bool asked; /* what the session asks for is under way */
	bool logged_in;
	bool committed;
	bool heard;     /* a line has been understood */
	bool tls_first; /* TLS begins with the first octet */
	bool readable;  /* the socket may have more input */
	bool hello;     /* the client has begun a TLS handshake */
	bool in_asking;
	bool proving; /* poplar-auth is in the midst of a SASL exchange with the client
		       */
	bool joined;  /* counted among all connections */
	bool waited;  /* the login has had its delay */
	bool full;    /* the socket takes no more, and there is nothing to be held */
	bool eager; /* there is more to do, as soon as the others have had their turn */
	bool gone;  /* the client has: only the answer to a commit is waited for */
	bool closing;
	uint32_t slot, generation;
	uint32_t exchange; /* how often poplar-auth was asked: tells exchanges apart */
	uint64_t counted_as; /* in the connlimit; 0: not */

	struct reader records; /* of the listing */
	struct listing_map listing;
	struct reader *awaiting; /* poplar-drop brings octets for it; NULL: for none */
	uint64_t awaited_at;     /* ... from there on */
	enum downgrade_way downgrade_way;
	struct arrival *arrival; /* while arriving */
	struct tls *tls;
	struct session session;
	struct line_reader reader;
	struct conn_body body;
	struct readahead *readahead; /* bodies fetched early; NULL: none ever was */
	uint32_t commit_at; /* deletion marks below this message have been sent */

	struct span in; /* unread input: in front->input, or in held_in */
	char *held_in;  /* input kept between two events; NULL: none */
	char *held_out; /* output that the socket did not take; NULL: none */
	uint32_t held_at, held_len;

	struct conn *next_asking;
	struct conn **asking_at; /* what points to this one, while it is in line */
	char *secret;            /* what poplar-auth is asked with; NULL: nothing */
	uint16_t secret_len;
	char *timestamp; /* of the greeting, for APOP; NULL: it had none */
	char *ticket;    /* what poplar-auth believes when it is asked for boards */
	char *board;     /* the name of the maildrop that XTND opens; NULL: none */
	uint16_t ticket_len;

	uint64_t accepted_at, active_at, asked_at, handshake_at; /* loop time, ms */
	uint64_t works_since; /* the server is at work for the login; 0: it is not */
	uint64_t worked_ms;   /* ... and was, so long */
	uint64_t told_at;     /* a refused login may be told, a delayed one asked; 0:
				 neither */
	uint64_t look_at;     /* when to look whether the client is there: something was
				 sent;  0: nothing */
	enum fault told;      /* the refusal; FAULT_NONE: a delayed login */
	char peer[ADDRESS_TEXT_MAX];
};

/* ---- front/front.c ---- */

/* What poplar-auth can check. Nobody is let in before that is known: CAPA must be right
 * from the first connection on. */
void front_set_offers(struct front *f, unsigned mechanisms);
void front_conn_ended(struct front *f); /* there is one connection less */
void front_tidy_later(struct front *f); /* a handshake has left holes in the heap */

/* ---- front/conn.c: the life of a connection ---- */

void conn_accept(struct front *f, int fd, bool tls, const struct sock_address *peer);

/* Close it, with a word for the log on how it ended; NULL: that has been logged. */
void conn_close(struct conn *c, const char *end);

/* Has it nothing under way? Then a stopping front closes it. */
bool conn_is_idle(const struct conn *c);

/* The connection of this number, if it is still the same; NULL: it has gone. */
struct conn *conn_find(const struct front *f, uint64_t id);
static inline uint64_t conn_id(const struct conn *c)
{
	return (uint64_t)c->generation << 32 | c->slot;
}

/* The server begins or ends its work for a login, which is not the client's time. */
void conn_work(struct conn *c);
void conn_rest(struct conn *c);

/* Look at the deadlines anew: one may have come nearer. */
void conn_set_timer(struct conn *c);

/* Something has been sent: in a while, look whether the client is still there. */
void conn_watch(struct conn *c);

/* How the client's octets are kept secret, for the log: a version of TLS; "proxy",
 * which speaks TLS with it; "no". */
const char *conn_tls_text(const struct conn *c);

/* ---- front/arrival.c: for whom a connection is, and whether there is room ---- */

/* What the settings say of it. False: they cannot be read. */
MUST_USE bool arrival_start(struct front *f);

/* The table of connections and our column have come; the descriptor is taken over. */
void arrival_take_connlimit(struct front *f, int fd, uint64_t column);

/* Begin with a connection from `peer`; there may be no room for it, then it is closed.
 */
void arrival_begin(struct conn *c, const struct sock_address *peer);

/* Read the header that the proxy owes. False: wait, or the connection has ended. */
MUST_USE bool arrival_read(struct conn *c);
void arrival_forget(struct conn *c); /* the connection goes away */

/* ---- front/pop3/pop3.c: the conversation ---- */

/* Do what can be done now: read, answer, send. The connection may be closed afterwards.
 */
void talk_go(struct conn *c);
void talk_begin(struct conn *c); /* a new connection */
void talk_wake(struct loop_watch *client, unsigned events);
void talk_greet(struct conn *c); /* the first word, unless TLS comes first */

void talk_narrow(struct conn *c); /* no room for long lines any more */

/* Step the session; the reply is collected in front->out. */
void talk_step(struct conn *c, const struct session_event *ev);
void talk_failed(struct conn *c, enum fault f);

/* ---- front/output.c: octets to the client ---- */

/* Send what is collected in front->out; what the socket does not take is held. False:
 * the connection is broken. */
MUST_USE bool output_flush(struct conn *c);
MUST_USE bool output_end(struct conn *c);   /* the same, and it was the last */
MUST_USE bool output_drain(struct conn *c); /* the socket takes some: what is held */

/* Send what is collected, and behind it octets of a file, as they are: in the clear
 * alone. As sendfile(2): less than `len` or EAGAIN when the socket takes no more. */
MUST_USE ssize_t output_file(struct conn *c, int fd, uint64_t offset, size_t len);
static inline bool output_blocked(const struct conn *c)
{
	return c->held_out != NULL || c->full;
}

/* ---- front/pop3/login.c: questions to poplar-auth ---- */

/* Ask for the maildrop that XTND means, by the ticket that came with the login. The
 * answer comes as a session socket, or as EVENT_FAILED or EVENT_DONE. */
void asks_board(struct conn *c);

/* Ask whether what the client has said proves who it is. The answer comes as a session
 * socket (maildrop_attach), as EVENT_CHALLENGE or as EVENT_FAILED. */
void asks_login(struct conn *c);
void asks_forget(struct conn *c); /* the client gives up, or goes away */
/* Is the question held until its delay has passed? poplar-auth may have its exchange.
 */
static inline bool asks_is_delayed(const struct conn *c)
{
	return c->told_at > 0 && c->told == FAULT_NONE;
}
void asks_due(struct conn *c); /* the time has come to tell a refusal, or to ask */
void asks_link(struct front *f,
	       int fd); /* a new channel to poplar-auth, now the front's */
void asks_log_refusal(const struct conn *c, enum fault f);

/* For boards: is an answer from poplar-auth awaited? Send it this; forget what was
 * asked with. */
bool asks_is_awaiting(const struct conn *c);
struct message;
MUST_USE enum fault asks_tell(const struct front *f, const struct message *m);
void asks_drop_secret(struct conn *c);

/* ---- front/pop3/drop.c: the session socket ---- */

/* A session socket has come: that of the login, or of the maildrop that XTND opens. */
MUST_USE bool maildrop_attach(struct conn *c, int fd);
void maildrop_detach(struct conn *c); /* both */

/* Let go of the one that XTND opens, or put it in the place of the other, of which
 * nothing stays. */
void maildrop_detach_next(struct conn *c);
void maildrop_switch(struct conn *c);

/* Ask for the bodies of `count` messages from `first` on. */
MUST_USE enum fault maildrop_ask_bodies(struct conn *c, uint32_t first, uint32_t count);

/* Ask for octets that are not at hand; ask for the commit. What cannot be sent steps
 * the session with EVENT_FAILED. */
void maildrop_ask_octets(struct conn *c, struct reader *r, uint64_t at);

/* Tell poplar-drop that the listing is not as its mail is: the next session gets
 * another. */
void maildrop_doubt(const struct conn *c);
void maildrop_ask_commit(struct conn *c);

/* Feed records of the listing to the session, as far as there is room for replies.
 * False: wait. */
MUST_USE bool maildrop_records(struct conn *c);

/* Octets of the listing: its descriptor, and what READY says of it. False: that is not
 * so. */
struct message_READY;
MUST_USE bool maildrop_take_listing(struct conn *c, const struct message_READY *m,
				    int fd);
struct session_event maildrop_opened(const struct conn *c,
				     const struct message_READY *m);

/* ---- front/pop3/board.c: another maildrop ---- */

/* What poplar-auth is to be shown when it is asked; it may be nothing. False: out of
 * memory. */
MUST_USE bool boards_keep_ticket(struct conn *c, struct span ticket);
MUST_USE enum fault boards_send_ask(const struct conn *c);

/* What poplar-auth says: a socket for the maildrop of this name; none, or a fault. */
struct message_BOARD_OK;
void boards_take_ok(struct front *f, const struct message_BOARD_OK *m, int fd);
void boards_take_failed(struct front *f, uint64_t id, uint64_t fault);

/* The next maildrop is open, or cannot be had. False: its listing cannot be read. */
MUST_USE bool boards_take_ready(struct conn *c, const struct message_READY *m, int fd);
void boards_take_refusal(struct conn *c, enum fault f);

/* ---- front/pop3/body.c: a message to the client ---- */

/* Begin to send what was asked for: the descriptor is the body's now. Steps the
 * session. */
void body_begin(struct conn *c, const struct body_source *source);

/* Collect its next octets in front->out; steps the session at its end. False: wait. */
MUST_USE bool body_send(struct conn *c);
void body_failed(struct conn *c, enum fault f); /* what was awaited cannot be had */
void body_close(struct conn *c);

/* ---- front/pop3/downgrade.c: messages for clients that know no UTF-8 ---- */

/* FAULT_NEEDS_UTF8: such a message is not for this client. */
enum fault surrogate_refuses(const struct conn *c, enum surrogate surrogate);

/* What is to be sent has a source: begin with a surrogate, if the client needs one. A
 * fault: it gets none. */
MUST_USE enum fault surrogate_begin(struct conn *c);
void surrogate_close(struct conn *c);

/* As wire_encode, for what is being sent. */
size_t surrogate_encode(struct conn_body *b, struct span *io_in, char *out,
			size_t room);

/* ---- front/pop3/readahead.c: bodies fetched early ---- */

/* The session wants the body of a message: begin to send it, fail, or wait for it. */
void readahead_want(struct conn *c, uint32_t msg);

/* The next answer has come: a fault, or where the octets are. False: nothing was asked.
 * The descriptor is taken over in any case. */
MUST_USE bool readahead_take(struct conn *c, enum fault fault,
			     struct body_source *source);
bool readahead_is_awaited(const struct conn *c);
void readahead_free(struct conn *c);
