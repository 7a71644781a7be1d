/* store/ledger.h - the file with the time of the user's next login, and with the times
 * when messages were retrieved or first seen.
 *
 * Prefix: ledger_. The file lies in the maildrop's folder. It is not a cache:
 * nothing can restore a lost ledger. But all that its loss costs is that messages stay
 * longer, or a login is not delayed; so it is written without fsync. Readers ignore
 * octets that are not a valid record.
 */
#pragma once

#include "base/fault.h"

enum { LEDGER_UID_MAX = 70 };

struct ledger {
	int fd;          /* -1: no file is open, and the ledger is empty */
	uint64_t due_ms; /* *io_due of policy_may_log_in */
	uint64_t look;   /* s since 1970: when to look for due messages next */
	uint32_t count;  /* records in the file */
};

enum ledger_kind {
	LEDGER_RETRIEVED, /* the message was sent whole */
	LEDGER_SEEN, /* the message was due when a session listed it for the first time
		      */
};

struct ledger_record {
	uint64_t when; /* seconds since 1970; 0: no record */
	uint8_t kind;  /* enum ledger_kind */
	uint8_t uid_len;
	char uid[LEDGER_UID_MAX];
	bool stays; /* a mark for the caller of ledger_read; not in the file */
};

/* Open the ledger in this folder: for reading and writing or, with `look_only`, only
 * for reading. If it does not exist, it is created; with `look_only`, FAULT_NONE is
 * returned and *out stays as it is. After a fault *out stays as it is, too.
 * FAULT_SETUP: the name belongs to another owner's file, or to something other than a
 * regular file with one name. */
MUST_USE enum fault ledger_open(int dir, bool look_only, struct ledger *out,
				struct why *why);
void ledger_close(struct ledger *l);

/* Read all records, sorted for ledger_find; of several records of the same kind and
 * message only the earliest is kept. The caller frees *out, which is written on success
 * only, and then is never NULL. */
MUST_USE enum fault ledger_read(const struct ledger *l, struct ledger_record **out,
				uint32_t *out_count, struct why *why);

/* Find the record of this kind and message among the `count` records of ledger_read.
 * NULL: it is missing. */
struct ledger_record *ledger_find(struct ledger_record *sorted, uint32_t count,
				  enum ledger_kind kind, struct span uid);

/* Append records, whose uid_len is at most LEDGER_UID_MAX. After a fault l->count is
 * unchanged: the next records overwrite those that were written. */
MUST_USE enum fault ledger_add(struct ledger *l, const struct ledger_record *r,
			       uint32_t count, struct why *why);

/* Write due_ms and look into the file. */
MUST_USE enum fault ledger_save(struct ledger *l, struct why *why);

/* Replace the file by a new one that has l->due_ms, l->look, and those of the `count`
 * records at r whose `when` is not 0. *l then has the new file; after a fault it still
 * has the old one. */
MUST_USE enum fault ledger_replace(int dir, struct ledger *l,
				   const struct ledger_record *r, uint32_t count,
				   struct why *why);
