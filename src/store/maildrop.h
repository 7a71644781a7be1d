/* store/maildrop.h - a maildrop: how to open one, and what an open one is.
 *
 * Prefix: store_. These types are shared by the users of the store (store/store.h) and
 * the kinds below it (store/kind.h).
 */
#pragma once

#include "base/fault.h"
#include "base/policy.h"
#include "mail/downgrade.h"
#include "mail/listing.h"
#include "store/ledger.h"

struct store_kind;
struct store_locks;

/* The kinds of store, which are the rows of store/kinds.c. */
enum store_kind_id { STORE_MAILDIR, STORE_KINDS };

/* ---- how to open one ---- */

/* Which maildrop. */
struct store_place {
	enum store_kind_id kind;
	int root;         /* the directory that all maildrops lie beneath */
	const char *path; /* relative to root */
};

/* What is the same for every maildrop that a process opens. */
struct store_process {
	struct store_locks *locks;
	uint64_t boot;                /* from store_boot */
	enum downgrade_way downgrade; /* which surrogates clients without UTF8 get */
};

/* How to use the index that the maildrop has. The listing is the same in any case. */
enum store_index {
	STORE_INDEX_KEEP,   /* use it, and bring it up to date unless read_only */
	STORE_INDEX_RENEW,  /* write a new one without reading the old one */
	STORE_INDEX_READ,   /* use it, and write nothing */
	STORE_INDEX_IGNORE, /* neither read nor write it */
};

/* What this opening may do. */
struct store_use {
	bool read_only;  /* shares the lock with others that only read; no commit */
	bool as_is;      /* create nothing that is missing of the maildrop */
	bool makes_home; /* create the folder above the maildrop, too */
	enum store_index index;
};

/* When to look for messages that are due to be removed. */
enum store_look {
	STORE_LOOK_DAILY, /* at most once a day */
	STORE_LOOK_NOW,   /* at this opening */
	STORE_LOOK_ONLY,  /* at this opening, only to count them (maildrop.expired) */
};

/* The rules for the maildrop's user. */
struct store_rules {
	struct policy policy;
	uint32_t quick_logins; /* see policy_may_log_in */
	enum store_look look;
	bool mark_seen;  /* show other programs which messages were retrieved */
	uint64_t now_ms; /* since 1970; the owner sets it before opening and commit */
};

struct store_opening {
	struct store_place place;
	struct store_process process;
	struct store_use use;
	/* NULL: no rules. A read-only opening has rules only with STORE_LOOK_ONLY. The
	 * maildrop borrows them until it is closed. */
	const struct store_rules *rules;
};

/* ---- an open one ---- */

/* A flag of a listing's record that all kinds share: another program has compressed the
 * message, so that Poplar refuses to send it. */
enum { STORE_PACKED = 0x80 };

/* The file that a session reads (its format is in mail/listing.h). Message k is the
 * same message until the end of the session. The owner of the maildrop may damage the
 * file at any time. The maildrop owns the descriptor and the map. */
struct store_listing {
	int fd;                       /* read-only */
	uint64_t device;              /* the file system of the file */
	uint32_t count;               /* of messages */
	uint64_t octets;              /* of all messages, on the wire */
	uint64_t ascii_octets;        /* the same, for clients without UTF8 */
	enum downgrade_way downgrade; /* the surrogates that ascii_octets counts */
	const struct listing_map *map;
};

/* The octets of a message, as they are stored. The caller owns the descriptor. */
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
	struct why
		trouble;  /* with index or ledger; the listing is right all the same */
	uint32_t expired; /* messages that the opening removed (or only counted) */
	uint64_t expired_octets;
	bool has_new_home; /* the opening created the folder above the maildrop */

	/* ---- for the store alone ---- */

	const struct store_kind *kind;
	int dir; /* directory of Poplar's own files for this maildrop */
	const struct store_rules *rules;
	struct ledger ledger;
	struct why ledger_trouble;
	/* Bit i: no listing before this opening's had message i + 1. NULL: none is new.
	 * malloc'ed. The kind fills it in if store_expires. */
	uint64_t *fresh;
	bool kept; /* the next session will know which messages this listing has */
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

/* Read the record of message msg. False: reading failed, or the record is damaged. */
MUST_USE bool store_record(const struct store_listing *l, uint32_t msg,
			   struct listing_record *out);

/* Octets of the messages that are not marked (bit i: message i + 1). marks may be NULL.
 */
void store_left(const struct store_listing *l, const uint64_t *marks,
		uint64_t *out_octets, uint64_t *out_ascii_octets);
