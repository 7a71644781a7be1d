/* foreign/sizelist.h - reads and writes courierpop3dsizelist, Courier's list of the
 * messages of a Maildir.
 *
 * Prefix: sizelist_. Spans point into the text of the list. The versions, of which the
 * present Courier reads 2 and 3:
 *
 *	3	/3 <next number> <validity>
 *		<file name> <octets> <number>:<validity>:<1: has an 8-bit header>
 *	2	/2 <next number> <validity>
 *		<file name> <octets> <number>:<validity>
 *	1	/1 <next number>
 *		<file name> <octets> <number>
 *	0	no first line
 *		<file name> <octets>
 *
 * A file name may hold blanks, so the other fields are cut off from the right. Names
 * are compared here up to the first ':', though Courier does so only if both names have
 * one.
 */
#pragma once

#include "base/buf.h"

struct sizelist {
	uint32_t version;
	uint32_t next, validity; /* 0: the version has none */
	uint32_t line;           /* the number of the line that was read last */
	struct span rest;
};

struct sizelist_record {
	struct span name;  /* with its flags */
	uint64_t octets;   /* as Courier's LIST shows it */
	uint32_t number;   /* 0: the base name is the unique-id */
	uint32_t validity; /* 0: the unique-id has none */
	bool escaped;      /* a list of version 0: see sizelist_uidl */
	bool is_8bit;      /* the header has octets above 0x7F */
};

enum sizelist_found {
	SIZELIST_END,
	SIZELIST_RECORD,
	SIZELIST_BROKEN, /* this line is no record; the lines behind it can be read */
};

/* Read the first line. False: no version that is described above. */
MUST_USE bool sizelist_begin(struct sizelist *l, struct span text);

/* Read the next record. */
enum sizelist_found sizelist_next(struct sizelist *l, struct sizelist_record *out);

/* Append the unique-id of the message: "UID<number>-<validity>", "UID<number>", or the
 * base name. Version 0 writes octets of the base name that are not printable, quotes
 * and plus signs as +XX. */
void sizelist_uidl(const struct sizelist_record *r, struct buf *out);

/* Read such a unique-id into *io: number and validity, both 0 for the base name of
 * io->name. False: Courier cannot give the message this unique-id. */
MUST_USE bool sizelist_take_uidl(struct sizelist_record *io, struct span uidl);

/* Compare two base names in the order of Courier's messages: by the number at the
 * front, then by octets. */
int sizelist_order(struct span a, struct span b);

/* Append the first line, or the line of a record, in version 3. out->cut: no room. */
void sizelist_put_head(const struct sizelist *l, struct buf *out);
void sizelist_put(const struct sizelist_record *r, struct buf *out);
