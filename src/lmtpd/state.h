/* lmtpd/state.h - the parts of a connection and of a process that LMTP needs.
 *
 * Each struct names the file that changes it; other files only read it.
 */
#pragma once

#include "front/state.h"
#include "lmtp/content.h"
#include "lmtp/session.h"
#include "net/line.h"

/* What a connection waits for, apart from its client. While it waits, the driver reads
 * nothing from the client. */
enum lmtp_awaits {
	LMTP_AWAITS_NOTHING,
	LMTP_AWAITS_QUEUE,    /* until RCPT_ASK can be sent to poplar-auth */
	LMTP_AWAITS_AUTH,     /* RCPT_OK or RCPT_FAILED */
	LMTP_AWAITS_MAILDROP, /* ACCEPTS or FAILED, for a recipient */
	LMTP_AWAITS_SPOOL,    /* SPOOL_IS */
	LMTP_AWAITS_STORED, /* DELIVERED or FAILED, for the next recipient to answer */
};

/* The socket of one delivery, to the recipient's maildrop process. It holds the right
 * to add one message to that maildrop. */
struct delivery_link {
	struct loop_watch watch; /* first: a link is a watch */
	struct conn *conn;
	struct delivery *delivery; /* NULL: detached */
	struct channel channel;
};

/* lmtpd/handover.c: one maildrop that the message goes to. */
struct delivery {
	struct delivery *next;
	struct delivery_link *link; /* NULL: closed, and `fault` has the outcome */
	enum fault fault;           /* FAULT_NONE: the message is stored */
	char user[];                /* who owns the maildrop; with a NUL */
};

/* One accepted recipient. */
struct recipient {
	struct delivery *delivery; /* shared by recipients with the same maildrop */
	char *address;             /* as the client gave it, unquoted; malloc'ed */
};

/* lmtpd/handover.c: the recipients of the transaction. */
struct envelope {
	struct recipient *recipients; /* in the order of RCPT; malloc'ed */
	uint32_t count, room;
	uint32_t answered; /* recipients who have got a reply to the message */
	bool sent;         /* the message has been handed over */
	uint64_t sent_at;  /* ... when; ms of loop_now() */
	struct delivery *deliveries; /* one for each maildrop, in the order of RCPT */
	struct delivery *pending;    /* awaits ACCEPTS */
	bool pending_is_new;         /* it is not among `deliveries` yet */
	struct delivery *spooler;    /* owes SPOOL_IS; NULL: none */
};

/* lmtpd/collect.c: the message. */
struct collect {
	struct content content;
	bool begun;       /* a message is being collected, or is whole */
	int fd;           /* the file; -1: none */
	bool in_memory;   /* the file is a memfd, counted in `memory_used` */
	bool spool_came;  /* ask for no spool file any more: the answer has come, or no
			     process could be asked */
	uint64_t octets;  /* in the file */
	uint64_t left;    /* octets of the chunk that have not been taken */
	enum fault fault; /* why the message cannot be kept */
	char id[48];      /* of the message, for trace and log */
};

enum asked_state {
	ASKED_WAITS,  /* the question cannot be sent yet */
	ASKED_SENT,   /* its answer must come */
	ASKED_OK,     /* the answer is `user` and `socket` */
	ASKED_FAILED, /* the answer is `fault` */
};

/* lmtpd/asked.c: a question to poplar-auth about a recipient. */
struct asked {
	struct asked *next;
	enum asked_state state;
	uint32_t number; /* distinguishes the questions of a connection */
	enum fault fault;
	int socket;     /* of the delivery; counts in links_open; -1: none */
	char *user;     /* malloc'ed */
	size_t len;     /* of `address` */
	char address[]; /* unquoted, without a NUL */
};

struct lmtp_conn {
	struct lmtp_session session; /* stepped by lmtpd/advance.c alone */
	enum lmtp_awaits awaits;
	uint64_t awaits_since; /* ms of loop_now() */
	uint32_t question;     /* counts the questions to poplar-auth */
	struct asked *asked;   /* in the order of the RCPT commands */
	struct envelope envelope;
	struct collect collect;
	struct line_reader lines;
	char line[LMTP_LINE_MAX]; /* the memory of `lines` */
};

struct lmtp_front {
	struct lmtp_policy policy;
	struct lmtp_policy unix_policy;  /* for Unix sockets, without STARTTLS */
	struct nets from;                /* lmtpd/trust.c: lmtp-from */
	uint32_t under_way, most;        /* questions in ASKED_SENT */
	uint32_t queued;                 /* questions in ASKED_WAITS */
	uint32_t queue_at;               /* the slot whose question is sent next */
	uint64_t memory_used;            /* lmtpd/collect.c: octets in memfds */
	uint64_t messages;               /* begun so far; a part of their ids */
	uint32_t links_open, links_most; /* lmtpd/handover.c */
	char host[256];                  /* the name of this machine */
	char stored[2 * 8192];           /* converted input; between two turns unused */
	/* The loop calls it when a delivery's socket has something. */
	void (*delivery_wake)(struct loop_watch *watch, unsigned events);
};

/* Fill *ev with LMTP_EVENT_FAILED. Returns RESULT_EVENT. */
static inline enum result lmtp_failed(struct lmtp_event *ev, enum fault f)
{
	*ev = (struct lmtp_event){ .kind = LMTP_EVENT_FAILED, .fault = f };
	return RESULT_EVENT;
}

/* Fill *ev with LMTP_EVENT_DONE. Returns RESULT_EVENT. */
static inline enum result lmtp_done(struct lmtp_event *ev)
{
	*ev = (struct lmtp_event){ .kind = LMTP_EVENT_DONE };
	return RESULT_EVENT;
}
