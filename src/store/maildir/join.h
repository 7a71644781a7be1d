/* store/maildir/join.h - joins the records of an index with the files that were found
 * in a Maildir.
 *
 * Prefix: maildir_.
 */
#pragma once

#include "store/maildir/maildir.h"

/* The flags of a record of a Maildir: see `duplicate`, `trouble` and `numberless` of
 * struct scan_file. */
enum {
	FLAG_DUPLICATE = 1,
	FLAG_CLOSED = 2,
	FLAG_PASSING = 4,
	FLAG_NUMBERLESS = 8,
	FLAG_PACKED = STORE_PACKED
};

struct update {
	struct maildir *d;
	const struct store_opening *opening;
	struct index old; /* the index before; fd -1: none can be used */
	bool whole;       /* skip no message of the stable prefix */
	bool counts;      /* only count the mail: unique-ids do not matter */
	bool keeps_names; /* some message without a pin may be known by its name,
			     whatever the uidl-format */
	struct pins pins;
	struct scan scan; /* the files, without those of the skipped messages */
	struct scan_seen seen;
	uint32_t skip; /* messages at the beginning that stay as in `old`, and are
			  skipped */
	/* sums over the records of all other messages of `old` */
	uint64_t joined_octets, joined_ascii_octets;
};

/* Join the files in u->scan with the records of u->old: a file that has a record gets
 * its measures from there. FAULT_CORRUPT: the index is damaged. */
MUST_USE enum fault maildir_join(struct update *u, struct why *why);

/* ---- store/maildir/record.c ---- */

/* Is the index right if the folders have the time stamps of its head? */
bool maildir_can_be_current(const struct index_head *h, const struct store_process *p);

/* The time stamps of the folders, in the head of the index. */
void maildir_get_stamps(const struct index_head *h, struct scan_stamp out[SCAN_DIRS]);
void maildir_put_stamps(struct index_head *h, const struct scan_stamp stamp[SCAN_DIRS]);

/* Make the record of f, and the name that belongs to it; returns the name's length. */
void maildir_put_record(const struct scan *s, const struct scan_file *f,
			struct listing_record *out);
size_t maildir_put_name(const struct scan *s, const struct scan_file *f,
			char out[LISTING_NAME_OCTETS]);

/* ---- store/maildir/unique.c ---- */

/* The uid_format of an index that this opening writes. */
uint64_t maildir_uid_format(const struct store_opening *o);

/* Read the register into u->pins, for u->scan. An index that comes from another
 * register is closed. If the maildrop gets a uidl-format, pin what the index lists, in
 * memory. FAULT_SETUP: the register is damaged, or missing though the index comes from
 * one. */
MUST_USE enum fault maildir_read_pins(struct update *u, struct why *why);

/* With a uidl-format, pin durably the files in u->scan that have no unique-id yet.
 * FAULT_SETUP: this session only reads, or the register cannot be written. */
MUST_USE enum fault maildir_pin_new(struct update *u, struct why *why);

/* Make the unique-id of f; returns its length. */
size_t maildir_uid(const struct scan *s, const struct scan_file *f,
		   char out[LISTING_UID_MAX]);

/* ---- store/maildir/duplicates.c ---- */

/* The base name from which the unique-id is made: for a duplicate that of
 * name_duplicate, in `room`, otherwise that of the file. */
struct span maildir_base(const struct scan *s, const struct scan_file *f,
			 char room[NAME_DUPLICATE_MAX]);

/* Where several files share a base name, rename all of them but the one that has a
 * record under that name: only the index knows which file was first. A file that cannot
 * be renamed keeps its name, and is a `duplicate`. */
MUST_USE enum fault maildir_separate_duplicates(struct update *u, struct why *why);
