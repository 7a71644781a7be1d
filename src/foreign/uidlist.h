/* foreign/uidlist.h - reads and writes dovecot-uidlist, Dovecot's list of the messages
 * of a Maildir.
 *
 * Prefix: uidlist_. Spans point into the text of the list.
 *
 * Version 3, which Dovecot 1.1 and later write; order and kind of the fields are free:
 *
 *	3 V<uidvalidity> N<next uid> G<guid of the folder>
 *	<uid> [O<order>] [P<unique-id>] [S<octets>] [W<octets on the wire>] :<file name>
 *
 * Version 1 has "1 <uidvalidity> <next uid>" and lines "<uid> <file name>". A file name
 * may have flags, which do not count; names are compared up to the first ':'. Records
 * of messages that are gone stay in the file until Dovecot rewrites it.
 */
#pragma once

#include "base/buf.h"

struct uidlist {
	uint32_t version;        /* 1 or 3 */
	uint32_t validity, next; /* UIDVALIDITY, and the uid of the next new message */
	struct span guid;        /* of the folder; empty: none */
	uint32_t line;           /* the number of the line that was read last */
	struct span rest;
};

#define UIDLIST_NO_ORDER UINT64_MAX

struct uidlist_record {
	uint32_t uid;
	/* POP3 sessions list messages by ascending order, and by uid where it is equal.
	 * UIDLIST_NO_ORDER: the record has none */
	uint64_t order;
	bool has_uidl;
	struct span uidl; /* unique-id of POP3 sessions; empty: the base name */
	struct span guid; /* empty: the base name */
	struct span base; /* up to the ':' in front of the flags */
};

enum uidlist_found {
	UIDLIST_END,
	UIDLIST_RECORD,
	UIDLIST_BROKEN, /* this line is no record; the lines behind it can be read */
};

/* Read the first line. False: Dovecot would not use this list: it has another version,
 * or no valid first line. */
MUST_USE bool uidlist_begin(struct uidlist *l, struct span text);

/* Read the next record. A last line without a line end is a record here, though Dovecot
 * drops it. */
enum uidlist_found uidlist_next(struct uidlist *l, struct uidlist_record *out);

/* Compare two base names in the order in which Dovecot gives uids to messages that are
 * not in the list: by seconds, then by microseconds where both names have an 'M' field
 * (names without come later), then by octets. */
int uidlist_order_new(struct span a, struct span b);

/* Append the first line, or the line of a record, in version 3. out->cut: no room. */
void uidlist_put_head(const struct uidlist *l, struct buf *out);
void uidlist_put(const struct uidlist_record *r, struct buf *out);
