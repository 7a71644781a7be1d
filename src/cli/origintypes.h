/* cli/origintypes.h - an origin and its messages.
 *
 * Prefix: origin_. What an origin is, cli/origin.h says.
 */
#pragma once

#include "base/fault.h"
#include "base/uidformat.h"

struct origin_message {
	struct span
		base; /* base name of the file, or of the file that an import makes */
	const char *path;   /* below the Maildir: "new/1234.x"; NULL in an mbox */
	const char *target; /* where an import puts a copy, below the maildrop */
	struct span text;   /* in an mbox: the message */
	struct span uid; /* unique-id, any octets; empty: the server has given none */
	uint64_t order;  /* see uidlist_record.order */
	uint64_t time;   /* of modification or, in an mbox, of delivery, in seconds */
	uint32_t number; /* the server's uid; 0: none */
	bool is_listed;  /* the server had listed the message */
	bool is_double;  /* an earlier message of the origin has the base name */
};

/* Memory for the names and unique-ids of an origin. */
struct origin_block;

struct origin {
	struct origin_message *at; /* in the order of the server */
	size_t count, room;
	uint32_t validity, next; /* UIDVALIDITY and next uid of the server; 0: none */
	uint32_t list_next; /* next uid, without the messages that the list lacks */
	bool has_list;      /* false: the kind needs a list, and there is none */
	uint32_t broken;    /* lines of the list that are no records */
	uint32_t ties; /* messages whose place the server did not fix: equal times */
	bool is_mbox;
	bool hides_fields; /* sessions of the server do not show mboxfile_is_hidden */
	char *map;         /* the mbox */
	size_t map_len;
	struct origin_block *blocks;
};

/* Where to read. The owner of the descriptors is the caller. */
struct origin_place {
	const char *path; /* in the Maildir: "new/1234.x"; of an mbox: where a copy goes
			   */
	int fd;           /* the Maildir, or the mbox */
	const char *control;            /* the folder of the list, for messages */
	int list;                       /* the same, as a descriptor */
	const struct uidformat *format; /* Dovecot's pop3_uidl_format */
};
