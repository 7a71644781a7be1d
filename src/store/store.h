/* store/store.h - the interface of the store: opens, reads and commits maildrops, and
 * delivers to them.
 *
 * Prefix: store_. Calls may block. A call that can fail returns FAULT_NONE, or a fault
 * with its story in *why (why may be NULL). Only one thread at a time may use a
 * maildrop; several threads may use different ones.
 */
#pragma once

#include "store/kind.h"
#include "store/lock.h"
#include "store/pins.h"

/* Call this once and with success before any other function of the store, before
 * threads start, and before the process enters its sandbox: it has the libraries do
 * what they would otherwise do at first use. */
MUST_USE bool store_start(void);

/* A number for the present boot of the machine, never 0. Call it before the process
 * enters its sandbox, since it opens a file. */
uint64_t store_boot(void);

/* Lock the maildrop, remove the messages that are due by the rules, and list the others
 * in the order of their delivery. The caller passes *out to store_close; *out is
 * written on success only. FAULT_BUSY: another session has the lock. FAULT_TOO_SOON:
 * the rules' login delay is not over. FAULT_SETUP: the maildrop is missing, or is not
 * ours to use. */
MUST_USE enum fault store_open(const struct store_opening *o, struct maildrop **out,
			       struct why *why);

/* Open `count` messages from message `first` on (see store_kind.bodies). */
static inline void store_bodies(struct maildrop *m, uint32_t first, uint32_t count,
				struct store_body out[])
{
	m->kind->bodies(m, first, count, out);
}

/* Open one message. */
static inline enum fault store_body(struct maildrop *m, uint32_t msg,
				    struct store_body *out, struct why *why)
{
	store_bodies(m, msg, 1, out);
	if (why)
		*why = out->why;
	return out->why.fault;
}

/* Remove the marked messages (bit i: message i + 1) durably, note the retrieval of the
 * others in `retrieved`, and release the lock, also after a fault. A message that
 * another program has removed counts as removed. `marks` or `retrieved` may be NULL: no
 * message. *out_left becomes the number of messages that are left. After a fault
 * *out_left is untouched, and some of the marked messages may be removed, but never an
 * unmarked one. The caller still passes m to store_close. */
enum fault store_commit(struct maildrop *m, const uint64_t *marks,
			const uint64_t *retrieved, uint32_t *out_left, struct why *why);

/* A reader of the listing has found a damaged record or a wrong size: the next opening
 * measures every message anew. */
static inline void store_doubt(struct maildrop *m)
{
	m->kind->doubt(m);
}

/* Release the lock and free the maildrop; removes nothing. m may be NULL. */
void store_close(struct maildrop *m);

/* ---- delivery: these calls need no open maildrop, and any thread may make them, also
 * while a session has the maildrop's lock. They do not use o->rules, o->use.read_only
 * and o->use.as_is. ---- */

/* Could the maildrop take a message of `octets` octets on the wire (0: not known)?
 * Creates nothing. FAULT_QUOTA: the quota does not allow it. FAULT_SETUP: the maildrop
 * is missing and may not be created (as store_open says), or is not ours to use. */
MUST_USE enum fault store_accepts(const struct store_opening *o,
				  const struct store_quota *quota, uint64_t octets,
				  struct why *why);

/* Store a message durably as the last one of the maildrop; creates missing folders as
 * store_open does. A message becomes visible as a whole and after a fault it is not in
 * the maildrop; if the process or the machine stops during the call it may be. *out is
 * written on success only. FAULT_QUOTA: the quota does not allow it. FAULT_FULL: the
 * disk has no space, or its quota is used up. FAULT_PEER: the file is not as long as m
 * says. FAULT_GONE: nobody waits for the outcome (m->is_wanted). FAULT_BUSY: another
 * program keeps the lock of deliveries. */
MUST_USE enum fault store_deliver(const struct store_opening *o,
				  const struct store_message *m,
				  const struct store_quota *quota,
				  struct store_delivered *out, struct why *why);

/* Make an empty file without a name on the maildrop's file system, for a large message
 * that is to be delivered. The caller owns *out_fd, which is readable and writable.
 * Creates missing folders as store_open does. FAULT_IO also where writing to the file
 * could take as long as somebody else likes: on a network file system, or FUSE. */
MUST_USE enum fault store_spool(const struct store_opening *o, int *out_fd,
				struct why *why);

/* Count the mail of the maildrop: exactly what a session that begins at this moment
 * would list. A maildrop that does not exist yet, but could be created, is empty. */
MUST_USE enum fault store_usage(const struct store_opening *o, struct store_usage *out,
				struct why *why);

/* Write anew the file in which other programs keep this maildrop's quota and usage
 * (maildirsize of Maildir++), after counting the mail by their rules. A quota without a
 * limit leaves the limits in the file as they are. If there is no such file, nothing
 * happens, unless `create`. */
MUST_USE enum fault store_recount(const struct store_opening *o,
				  const struct store_quota *quota, bool create,
				  struct why *why);

/* ---- pins: unique-ids and places that messages keep (store/pins.h) ---- */

/* What store_pin has done with a pin. */
enum store_pin_outcome {
	STORE_PIN_MADE,      /* the message is pinned as asked */
	STORE_PIN_KEPT,      /* it was pinned so before */
	STORE_PIN_HASHED,    /* RFC 1939 does not allow the unique-id: a hash of it is
				pinned */
	STORE_PIN_DUPLICATE, /* another message has the unique-id: one that is made from
				the key is pinned */
	STORE_PIN_OTHER, /* the message had another unique-id before, and keeps it */
};

struct store_pin {
	struct span key; /* 1 to PINS_KEY_MAX octets without NUL and '/' */
	struct span uid; /* any octets; empty: the message gets a place, and is named as
			    messages without a pin are */
	uint32_t number; /* see struct pin */

	/* set by store_pin */
	enum store_pin_outcome outcome;
	uint8_t given_len; /* 0: the unique-id is not pinned */
	char given[LISTING_UID_MAX];
};

struct store_pins {
	struct store_pin *at; /* in the order of the listing */
	size_t count;
	uint32_t validity; /* what %v of a uidl-format stands for; 0: as it is */
	uint32_t next; /* no number below this one is given to a message that has none;
			  0: no such bound */
	bool replaces; /* a message that is pinned with another unique-id gets the one
			  of `at`. The old one is never given to another message. */
	bool dry_run;  /* set the outcomes, and write nothing */
	bool changed;  /* set by store_pin: the register was, or would be, changed */
};

/* Pin unique-ids and places durably, under the exclusive lock of the maildrop: the
 * messages of p->at come first, in the order of p->at, and then those that are pinned
 * already. If two have one unique-id, the message that was pinned before, or else the
 * first one in p->at, keeps it. A second call with the same pins changes nothing. After
 * a fault either all or none of them are pinned. The messages need not be there yet.
 * FAULT_BUSY: a session has the lock. FAULT_SETUP: the maildrop is missing or not ours
 * to use; the register is damaged; a key is not allowed, or twice in p->at. */
MUST_USE enum fault store_pin(const struct store_opening *o, struct store_pins *p,
			      struct why *why);

/* Tell `see` all pins of the maildrop, by ascending place, under the shared lock. */
MUST_USE enum fault store_pinned(const struct store_opening *o,
				 void (*see)(void *arg, const struct pin *pin),
				 void *arg, struct why *why);
