/* store/index.h - the file that remembers what a maildrop holds between sessions.
 *
 * Prefix: index_. index.c reads it, indexwrite.c writes it. It is a cache: if anything
 * is wrong with it, the store lists the maildrop as if there were no index. It is a
 * head of one page, followed by a listing (mail/listing.h): records in delivery order,
 * which keep their places, and names that only the kind of store understands. A writer
 * holds the maildrop's lock. A session keeps reading the file that it opened, even if
 * another file has replaced it since.
 */
#pragma once

#include "base/fault.h"
#include "mail/listing.h"

/* Not dotted: a Maildir takes such a name for a folder. */
#define INDEX_FILE "poplar-index"

/* More than any maildrop has. It limits what a false head can cost its readers. */
enum { INDEX_RECORDS_MAX = 1 << 26 };

/* The head: numbers of eight octets each; the gaps follow, and a sum ends the page. */
/* clang-format off */
#define INDEX_HEAD_TABLE(X) \
	X(magic)      /* INDEX_MAGIC */ \
	X(version)    /* INDEX_VERSION */ \
	X(file)       /* inode of the index itself: a copy does not count */ \
	X(boot)       /* of the machine, when it was written: after another boot the records still count, but the folders are read */ \
	X(generation) /* of the records */ \
	X(records)    /* in the file */ \
	X(messages)   /* records that are not gone */ \
	X(octets)     /* of the messages, on the wire */ \
	X(ascii_octets) /* ... for clients without UTF8 */ \
	X(downgrade)  /* enum downgrade_way: the surrogates that ascii_octets counts */ \
	X(stable)     /* messages at the beginning that all lie in cur: a change of new does not affect them */ \
	X(gaps)      /* runs of records that are gone */ \
	X(quiescent)    /* enum index_quiescence */ \
	X(source_1)   /* stamps of the folders when they were read: new (1 to 3), cur (4 to 6) */ \
	X(source_2) \
	X(source_3) \
	X(source_4) \
	X(source_5) \
	X(source_6)
/* clang-format on */

enum index_quiescence {
	INDEX_STALE,
	INDEX_QUIESCENT, /* the listing is right as long as the sources are the same */
	INDEX_DOUBTED,   /* stale, and some size on the wire was not as listed */
};

struct index_head {
#define X(name) uint64_t name;
	INDEX_HEAD_TABLE(X)
#undef X
};

struct index {
	int fd;          /* read-only; -1: there is none */
	uint64_t device; /* the file system that it lies on */
	struct index_head head;
	struct listing_map map;
};

/* Open the maildrop's index and check its head, without reading records. Never follows
 * a link, never waits. False: there is no index that can be used; *why has the reason,
 * and FAULT_NONE if there is just no file. */
bool index_open(struct index *ix, int dir, struct why *why);
void index_close(struct index *ix);

/* Read record i and its name. False: reading failed, or one of them is damaged. */
MUST_USE bool index_read(const struct index *ix, uint32_t i, struct listing_record *r,
			 char name[LISTING_NAME_OCTETS]);

/* Remove the index: the next opening writes a new one. */
void index_forget(int dir);

/* The maildrop is not as the index says: the next opening reads the folders. Records
 * still count for files that have not changed. */
void index_mark_stale(int dir);

/* A size is not as the index says: the next opening measures every message. */
void index_doubt(int dir);

/* The time by the clock of the file system: the stamp of the index after a write, or of
 * a file made for this. False: nothing can be written. */
MUST_USE bool index_clock(int dir, uint64_t *out_ns);

/* ---- reading many, some at a time ---- */

/* The records, or names, that a reader holds; all of one group. */
struct index_run {
	uint32_t first, count;
};

struct index_reader {
	const struct index *ix;
	uint32_t most; /* records to read at a time, up to LISTING_GROUP */
	struct index_run records_held, names_held;
	char records[LISTING_GROUP][LISTING_RECORD_OCTETS];
	char names[LISTING_GROUP][LISTING_NAME_OCTETS];
};

static inline void index_reader_init(struct index_reader *rd, const struct index *ix,
				     uint32_t most)
{
	rd->ix = ix;
	rd->most = most;
	rd->records_held = rd->names_held = (struct index_run){ 0 };
}

/* As index_read, without the name. */
MUST_USE bool index_next(struct index_reader *rd, uint32_t i, struct listing_record *r);

/* The name of record i, which is *r; borrowed until the next call. Names are two thirds
 * of the file: ask for them only where they are needed. */
MUST_USE bool index_name(struct index_reader *rd, uint32_t i,
			 const struct listing_record *r, struct span *out);

/* ---- writing ---- */

enum index_way {
	INDEX_MEMORY, /* memory for one session; index_finish seals it */
	INDEX_NEW,    /* a new file; index_finish replaces the old one by it */
	INDEX_GO_ON,  /* the old file, behind its records */
};

/* Adds records behind the last, and replaces records in place. What was written counts
 * once index_finish has written the head. */
struct index_writer {
	enum index_way way;
	int dir, fd;
	uint64_t generation;
	uint32_t count; /* records */
	uint32_t kept;  /* ... of which so many are in the file */
	char records[LISTING_GROUP][LISTING_RECORD_OCTETS];
	char names[LISTING_GROUP][LISTING_NAME_OCTETS];
};

/* `old` is the index until now, or NULL; a new generation comes after its generation.
 * INDEX_GO_ON goes on behind `first` records of it in the same generation; with
 * first == 0 it drops them and begins a new generation in the same file. */
MUST_USE enum fault index_begin(struct index_writer *w, enum index_way way, int dir,
				const struct index *old, uint32_t first,
				struct why *why);

/* Both fill in r->name_len and r->name_sum. */
MUST_USE enum fault index_add(struct index_writer *w, struct listing_record *r,
			      struct span name, struct why *why);
MUST_USE enum fault index_replace(struct index_writer *w, uint32_t i,
				  struct listing_record *r, struct span name,
				  struct why *why);

/* Write the head. The caller sets all of *head but magic, version, file, generation,
 * records and gaps, which index_finish fills in. *out takes over the gaps; its
 * descriptor is read-only. */
MUST_USE enum fault index_finish(struct index_writer *w, const struct index_head *head,
				 struct listing_map *gaps, struct index *out,
				 struct why *why);
void index_writer_done(struct index_writer *w);
