/* store/pins.h - the register of a maildrop: the file that keeps unique-ids and places
 * for messages.
 *
 * Prefix: pins_. A pin gives a message its unique-id and its place in the listing,
 * whatever its name would say. A message is known by a key that the kind of store
 * chooses: in a Maildir, the base name of its file. A key may be pinned before its
 * message is there, and stays pinned when the message is gone: no other message ever
 * gets a unique-id that the register has.
 *
 * The register is no cache: nothing can restore a lost pin. A record counts only when
 * it is on disk. Writers hold the lock of the maildrop exclusively; readers need no
 * lock.
 */
#pragma once

#include "base/fault.h"
#include "mail/listing.h"

/* The name has no leading dot: in a Maildir, such a name is a folder. */
#define PINS_FILE "poplar-uids"

enum { PINS_KEY_MAX = 255 };

/* The place of messages without a pin: behind all others. */
#define PINS_NO_PLACE UINT64_MAX

/* What the register says of a message. */
struct pin {
	struct span key;
	struct span uid; /* empty: the message has a place, and is named as messages
			    without a pin are */
	uint64_t place;  /* messages are listed by ascending place */
	uint32_t number; /* the number of the message in its maildrop (the UID of IMAP);
			    0: it has none */
};

/* ---- for the store and its kinds ---- */

struct pins_entry {
	struct pin pin;
	bool live; /* the pin of its key; otherwise the key had this unique-id once */
};

/* The register in memory. Zeros: an empty register that no file has. */
struct pins {
	uint64_t generation; /* of the file; 0: there is no register */
	uint32_t validity;   /* 0: none so far */
	uint32_t next;       /* the next number to give; 0: they are used up */
	uint64_t place;      /* the next place to give */
	uint64_t end;        /* octets of the file, up to the last record that counts */
	struct pins_entry *at; /* in the order of the file */
	uint32_t count, room;
	uint32_t written; /* entries that the file has */
	uint32_t *by_key,
		*by_uid;         /* hash tables: number of the entry plus 1; 0: free */
	uint32_t table;          /* slots in each of them, a power of two, or 0 */
	char *file;              /* contents, in which keys and unique-ids lie */
	struct pins_text *texts; /* ... and those of entries that were added */
};

/* The generation that pins_append gives to a new register. An index that was made
 * without a register stays in use beside it: all that such an index says about its
 * messages is true with the register, too. */
enum { PINS_GENERATION_LISTED = 1 };

/* Read the register in the maildrop's folder `dir`. If there is none, *out is empty.
 * The caller passes *out to pins_close, also after a fault. FAULT_SETUP: it is damaged,
 * and why->what has the number of the record; or it is not ours to use. A last record
 * that is cut is no damage: the writer was interrupted. */
MUST_USE enum fault pins_open(int dir, struct pins *out, struct why *why);
void pins_close(struct pins *p);

/* The pin of the message `key`; NULL: it has none. The pointer is good until entries
 * are added (pins_add, pins_add_used) or sorted (pins_replace). */
const struct pin *pins_find(const struct pins *p, struct span key);

/* Does another message than `key` have this unique-id, or had it once? */
bool pins_is_taken(const struct pins *p, struct span uid, struct span key);

/* Make the unique-id of a message without a pin: name_uid of the key or, if that is
 * taken, a hash of the key. Returns its length. */
size_t pins_derive(const struct pins *p, struct span key, char out[LISTING_UID_MAX]);

/* What %v of a uidl-format stands for in a register that is made at this moment. */
uint32_t pins_new_validity(void);

/* Pin a message, whose unique-id is not taken, in memory alone: pins_append or
 * pins_replace write it. It copies key and unique-id. False: out of memory. */
MUST_USE bool pins_add(struct pins *p, const struct pin *pin);

/* Give the pin of pin->key, which must have one, this place and number, in memory
 * alone: if the file has the pin, only pins_replace writes them. */
void pins_change(struct pins *p, const struct pin *pin);

/* Note in memory alone that the message `key` had this unique-id, which is not taken.
 * False: out of memory. */
MUST_USE bool pins_add_used(struct pins *p, struct span key, struct span uid);

/* Write what was added behind the last record and sync it, or make the register if
 * there is none. After a fault, the next reader finds none of the new records; but it
 * finds some or all of them if they could not be removed again, or if only the head of
 * the file, or its folder, could not be written. */
MUST_USE enum fault pins_append(struct pins *p, int dir, struct why *why);

/* Replace the register by a new one of another generation with all entries of p: first
 * those that are not live, then the pins by ascending place, with the places 1, 2 and
 * so on. It is durable when the call returns. */
MUST_USE enum fault pins_replace(struct pins *p, int dir, struct why *why);
