/* store/ledger.h - what is remembered of a maildrop that its messages do not tell.
 *
 * Prefix: ledger_. A file of its own in the maildrop's directory: when
 * the user may log in next, and when messages were retrieved or seen, the first one
 * first. It is no cache: what it forgets is gone. But all that comes of that is a
 * message that stays longer, or a login that is let pass; so it is not synced. Its
 * octets are input like any other: what is no record tells nothing.
 */
#pragma once

#include "base/fault.h"

enum { LEDGER_UID_MAX = 70 };

struct ledger {
	int fd;          /* -1: there is none, and nothing is remembered */
	uint64_t due_ms; /* as policy_may_log_in wants it */
	uint64_t look;   /* not before this time will any message be due to go */
	uint32_t count;  /* of records */
};

enum ledger_kind {
	LEDGER_RETRIEVED, /* it was sent as a whole */
	LEDGER_SEEN,      /* it was listed, and then was due to go */
};

struct ledger_record {
	uint64_t when; /* seconds since 1970; 0: it is none */
	uint8_t kind;  /* enum ledger_kind */
	uint8_t uid_len;
	char uid[LEDGER_UID_MAX];
	bool stays; /* for whoever reads them all; not in the file */
};

/* Open the one in this directory; when it is not there, it is made, or, with
 * `look_only`, there is none. What is no file of ours is left alone: FAULT_SETUP. */
MUST_USE enum fault ledger_open(int dir, bool look_only, struct ledger *out,
				struct why *why);
void ledger_close(struct ledger *l);

/* All records, each message's first alone, in order of unique-ids: malloc'ed. */
MUST_USE enum fault ledger_read(const struct ledger *l, struct ledger_record **out,
				uint32_t *out_count, struct why *why);

/* The record of this message among those; NULL: there is none. */
struct ledger_record *ledger_find(struct ledger_record *sorted, uint32_t count,
				  enum ledger_kind kind, struct span uid);

/* Add records behind the last. */
MUST_USE enum fault ledger_add(struct ledger *l, const struct ledger_record *r,
			       uint32_t count, struct why *why);

/* Write due_ms and look. */
MUST_USE enum fault ledger_save(struct ledger *l, struct why *why);

/* Put a new file in the place of the old one, with these records; those whose `when` is
 * 0 are left out. */
MUST_USE enum fault ledger_replace(int dir, struct ledger *l,
				   const struct ledger_record *r, uint32_t count,
				   struct why *why);
