/* store/maildrop.h - the types of a maildrop: of its opening, and of an open one.
 *
 * Prefix: store_. The users of the store (store/store.h) and the kinds of store
 * (store/kind.h) share these types.
 */
#pragma once

#include "base/fault.h"
#include "base/policy.h"
#include "base/uidformat.h"
#include "mail/downgrade.h"
#include "mail/listing.h"
#include "store/ledger.h"

struct store_kind;
struct store_arrivals;
struct store_locks;

/* The kinds of store, which are the rows of store/kinds.c. */
enum store_kind_id { STORE_MAILDIR, STORE_KINDS };

/* ---- how to open one ---- */

/* Which maildrop. */
struct store_place {
	enum store_kind_id kind;
	int root;         /* the folder that all maildrops lie beneath */
	const char *path; /* relative to root */
};

/* The part of an opening that is the same for every maildrop of a process. */
struct store_process {
	struct store_locks *locks;
	uint64_t boot;                /* from store_boot */
	enum downgrade_way downgrade; /* which surrogates clients without UTF8 get */
	/* From store_arrivals_new. NULL: the index is not told of deliveries. */
	struct store_arrivals *arrivals;
};

/* How to use the maildrop's index. The listing is the same in any case. */
enum store_index {
	STORE_INDEX_KEEP, /* use it and, unless read_only is set, bring it up to date */
	STORE_INDEX_RENEW,  /* write a new one without reading the old one */
	STORE_INDEX_READ,   /* use it, and write nothing */
	STORE_INDEX_IGNORE, /* neither read nor write it */
};

/* What this opening may do. */
struct store_use {
	bool read_only;  /* share the lock with other read-only sessions; nothing can be
			    committed */
	bool as_is;      /* create no missing folder or file of the maildrop */
	bool makes_home; /* create a missing folder above the maildrop, too */
	enum store_index index;
};

/* When to look for messages that are due to be removed. */
enum store_look {
	STORE_LOOK_DAILY, /* a day after the last look, or earlier: when a message is
			     due that was there at that look */
	STORE_LOOK_NOW,   /* at this opening */
	STORE_LOOK_ONLY,  /* at this opening, and only count them (maildrop.expired) */
};

/* The rules for the maildrop's user. */
struct store_rules {
	struct policy policy;
	uint32_t quick_logins; /* see policy_may_log_in */
	enum store_look look;
	bool mark_seen;  /* show other programs which messages were retrieved */
	uint64_t now_ms; /* since 1970; the owner of the rules sets it before opening
			    and before commit */
};

struct store_opening {
	struct store_place place;
	struct store_process process;
	struct store_use use;
	/* The maildrop borrows the rules until it is closed. NULL: no rules. A
	 * read-only opening has rules only with STORE_LOOK_ONLY. */
	const struct store_rules *rules;
	/* How unique-ids are made for messages that come. Deliveries do not use it.
	 * NULL: of their names, as with an empty struct. */
	const struct uidformat *uidl_format;
};

/* ---- delivery ---- */

/* Limits for the mail in a maildrop; 0: no limit. Octets count as on the wire. A
 * message that comes while the maildrop has fewer than `octets` octets may pass that
 * limit by `grace`. */
struct store_quota {
	uint64_t octets, messages, grace;
};

/* How much mail a maildrop has; octets as on the wire. */
struct store_usage {
	uint64_t octets, messages;
};

/* A message to deliver: the first `octets` octets of an open file, in the form in which
 * a store keeps messages (each line ends with LF). Who has sent the file may go on
 * changing it. */
struct store_message {
	int fd; /* readable; its offset is neither used nor moved */
	uint64_t octets;
	/* Does anybody still wait for the outcome? Asked when the message is complete
	 * on disk, and not yet visible. NULL: yes. */
	bool (*is_wanted)(void *arg);
	void *arg;
};

/* The outcome of a delivery. */
struct store_delivered {
	char name[LISTING_NAME_OCTETS]; /* the message's base name */
	uint64_t octets;                /* of the message, on the wire */
	/* With a quota: the mail in the maildrop without this message, and with it. All
	 * zero without a quota. */
	struct store_usage before, after;
	bool has_new_home; /* the folder above the maildrop was created */
};

/* ---- an open one ---- */

/* A flag in listing_record.flags that all kinds of store share: another program has
 * compressed the message, and Poplar refuses to send it. */
enum { STORE_PACKED = 0x80 };

/* The listing that a session reads, a file in the format of mail/listing.h. Message k
 * stays the same message until the end of the session. The user who owns the maildrop
 * may damage the file at any time. struct maildrop owns the descriptor and the map. */
struct store_listing {
	int fd;                       /* read-only */
	uint64_t device;              /* the file system of the file */
	uint32_t count;               /* of messages */
	uint64_t octets;              /* of all messages, on the wire */
	uint64_t ascii_octets;        /* the same, for clients without UTF8 */
	enum downgrade_way downgrade; /* the surrogates that ascii_octets counts */
	const struct listing_map *map;
};

/* Where the octets of a message are, as stored. The caller owns the descriptor. */
struct store_body {
	int fd;                  /* read-only; -1: why has a fault */
	uint64_t device, inode;  /* of the file */
	uint64_t offset, length; /* of the message in the file */
	uint64_t octets;         /* on the wire */
	uint64_t ascii_octets;   /* the same, for clients without UTF8 */
	uint8_t form;            /* enum wire_form */
	uint8_t surrogate;       /* enum surrogate */
	struct why why;
};

struct maildrop {
	struct store_listing listing;
	struct why trouble; /* the last trouble with index or ledger; the listing is
			       right nevertheless */
	uint32_t expired;   /* messages that the opening removed (or only counted) */
	uint64_t expired_octets;
	bool has_new_home; /* the opening created the folder above the maildrop */

	/* ---- for the store alone ---- */

	const struct store_kind *kind;
	int dir; /* the folder with Poplar's own files for this maildrop */
	const struct store_rules *rules;
	struct ledger ledger;
	struct why ledger_trouble;
	/* The messages (bit i: message i + 1) that no earlier listing had, as far as
	 * the index knows. malloc'ed; NULL: none. The kind sets it if store_expires. */
	uint64_t *fresh;
	bool kept; /* the index on disk has all messages of this listing as listed ones:
		      the next session will know that they are not new */
};

/* Do the rules remove messages after some time? */
static inline bool store_expires(const struct maildrop *m)
{
	return m->rules && (m->rules->policy.unread != POLICY_NEVER ||
			    m->rules->policy.retrieved != POLICY_NEVER);
}

/* Is the bit of message i + 1 set in these marks? */
static inline bool store_is_marked(const uint64_t *marks, uint32_t i)
{
	return marks[i / 64] >> i % 64 & 1;
}

/* Read the record of message msg, from 1 to l->count. False, and *out untouched:
 * reading failed, or the record is damaged. */
MUST_USE bool store_record(const struct store_listing *l, uint32_t msg,
			   struct listing_record *out);

/* Sum up the octets of the messages that are not marked (bit i: message i + 1). `marks`
 * NULL: none is marked. A record that cannot be read counts as 0 octets. */
void store_left(const struct store_listing *l, const uint64_t *marks,
		uint64_t *out_octets, uint64_t *out_ascii_octets);
