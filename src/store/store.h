/* store/store.h - what a kind of maildrop must be able to do.
 *
 * Prefix: store_. Calls may block. Every call answers done
 * (FAULT_NONE), busy (FAULT_BUSY) or refused with a fault and its story.
 */
#pragma once

#include "base/fault.h"
#include "base/policy.h"
#include "mail/downgrade.h"
#include "mail/listing.h"

struct store_locks;

/* The one flag of a listing's record that all stores share: another program has
 * compressed the message, which is refused. */
enum { STORE_PACKED = 0x80 };

/* What becomes of the index that a maildrop has. The listing is the same in any case.
 */
enum store_index {
	STORE_INDEX_KEEP,   /* used, and, unless read_only, brought up to date */
	STORE_INDEX_RENEW,  /* made anew */
	STORE_INDEX_READ,   /* used, and left as it is */
	STORE_INDEX_IGNORE, /* neither looked at nor made */
};

/* When all messages are looked at for those that are due to go. */
enum store_look {
	STORE_LOOK_DAILY, /* once a day at most */
	STORE_LOOK_NOW,
	STORE_LOOK_ONLY, /* now, and nothing is removed: maildrop.expired tells */
};

/* What is asked of the maildrop's user. */
struct store_rules {
	struct policy policy;
	uint32_t quick_logins; /* see policy_may_log_in */
	enum store_look look;
	bool mark_seen;  /* others are to see what was retrieved */
	uint64_t now_ms; /* since 1970 */
};

/* Which maildrop. */
struct store_place {
	int root;         /* directory that all maildrops lie beneath */
	const char *path; /* relative to root */
	struct store_locks *locks;
	bool read_only; /* for any number of sessions that do not commit, at a time */
	uint64_t boot;  /* as store_boot says */
	enum store_index index;
	/* NULL: nothing is asked; so it must be where read_only, but to look only.
	 * Outlives the maildrop. */
	const struct store_rules *rules;
	bool as_is;                   /* what is missing of the Maildir is not made */
	bool makes_home;              /* a home that is missing is made, too */
	enum downgrade_way downgrade; /* what clients get that know no UTF-8 */
};

/* What a session gets to read: a file as mail/listing.h says, in which message k stays
 * the same to the end. The owner of the maildrop may spoil it at any time. Descriptor
 * and map belong to the maildrop. */
struct store_listing {
	int fd;          /* which cannot write */
	uint64_t device; /* the file system that it lies on */
	uint32_t count;
	uint64_t octets, ascii_octets; /* the latter where no UTF-8 is known */
	enum downgrade_way downgrade;  /* as that is counted */
	const struct listing_map *map;
};

/* Where the octets of a message are, as they are stored. The caller owns the
 * descriptor, which is read-only. */
struct store_body {
	int fd;
	uint64_t device,
		inode; /* the file system that it lies on, and its number there */
	uint64_t offset, length;
	uint64_t octets, ascii_octets; /* on the wire */
	uint8_t form;                  /* enum wire_form */
	uint8_t surrogate;             /* enum surrogate */
	struct why why;                /* a fault: there is none */
};

/* An open maildrop begins with this. */
struct maildrop {
	const struct store *store;
	struct store_listing listing;
	struct why trouble; /* with its index, of which the listing is independent */
	uint32_t expired;   /* messages that were removed at the opening, */
	uint64_t expired_octets;
	bool has_new_home; /* which was made at the opening */
};

struct store {
	const char *name;

	/* Lock the maildrop, remove what is due to go, and list the messages in
	 * delivery order. FAULT_BUSY: another session has it. FAULT_TOO_SOON: its user
	 * was here too short a time ago. FAULT_SETUP: it is not there or not ours to
	 * use. */
	enum fault (*open)(const struct store_place *place, struct maildrop **out,
			   struct why *why);

	/* `count` messages from `first` on, of which the first of all is 1. FAULT_GONE:
	 * someone has removed it. FAULT_CHANGED: it is no longer what was listed.
	 * FAULT_NO_MESSAGE: it never was. */
	void (*bodies)(struct maildrop *m, uint32_t first, uint32_t count,
		       struct store_body out[]);

	/* Remove the messages whose bit is set (bit i: message i + 1), those that
	 * someone else removed already counting as removed, and make that durable. Note
	 * that of the others those were retrieved whose bit is set in `retrieved`,
	 * which may be NULL like `marks`.
	 * After a fault some may be removed; never one that is not marked. Releases the
	 * lock in any case. */
	enum fault (*commit)(struct maildrop *m, const uint64_t *marks,
			     const uint64_t *retrieved, uint32_t *out_left,
			     struct why *why);

	/* Whoever reads the listing has found a record that is none. */
	void (*doubt)(struct maildrop *m);

	/* Change nothing, release the lock, free. */
	void (*close)(struct maildrop *m);
};

extern const struct store store_maildir;

/* One of them; why may be NULL. */
static inline enum fault store_body(struct maildrop *m, uint32_t msg,
				    struct store_body *out, struct why *why)
{
	m->store->bodies(m, msg, 1, out);
	if (why)
		*why = out->why;
	return out->why.fault;
}

/* Must have succeeded once before any store is used, before threads and sandboxes: what
 * libraries would otherwise do at first use. */
MUST_USE bool store_start(void);

/* Which boot of the machine this is. Opens a file: before sandboxes. */
uint64_t store_boot(void);

/* The record of message msg. False: it cannot be read, or is none. */
MUST_USE bool store_record(const struct store_listing *l, uint32_t msg,
			   struct listing_record *out);

/* Octets of the messages whose bit is not set (bit i: message i + 1); marks may be
 * NULL.
 */
void store_left(const struct store_listing *l, const uint64_t *marks,
		uint64_t *out_octets, uint64_t *out_ascii_octets);

/* Waiting for locks, shared by the threads of a process: at most `waiters` at a time
 * wait, each for `wait_ms`, for a lock that is taken. NULL: out of memory. */
MUST_USE struct store_locks *store_locks_new(unsigned waiters, unsigned wait_ms);
void store_locks_free(struct store_locks *locks);

/* Lock the open directory for this descriptor alone, or with others that only read; the
 * kernel releases it when the last copy of the descriptor is closed. FAULT_BUSY after
 * the wait. */
MUST_USE enum fault store_lock(const struct store_place *place, int dir,
			       struct why *why);
/* A lock has been released in this process: whoever waits may look again. */
void store_lock_released(struct store_locks *locks);

/* Open the folder `home` beneath root, and make it and those above it that are missing:
 * the home for its owner alone, which is who calls this, the others to be passed
 * through. -1 and errno. */
MUST_USE int store_make_home(int root, struct span home);

/* The fault that an errno means for a maildrop: what time heals, and what an operator
 * must. */
enum fault store_fault(int sys);
