/* store/index.h - the file that remembers what a maildrop holds, so that it need not be
 * looked through again.
 *
 * Prefix: index_. A cache: whatever is wrong with the file, the
 * maildrop is looked through as if there were none. A head of one page, and behind it
 * what mail/listing.h says: records in delivery order, which stay where they are, and
 * names that only the kind of store understands. Whoever writes holds the maildrop's
 * lock. A session reads the file that it opened to its end, also when a new one has got
 * its name since.
 */
#pragma once

#include "base/fault.h"
#include "mail/listing.h"

/* Not dotted: a Maildir takes such a name for a folder. */
#define INDEX_FILE "poplar-index"

/* More than any maildrop has. A head that lies must not make others count to the end of
 * 32 bits. */
enum { INDEX_RECORDS_MAX = 1 << 26 };

/* The head, a number of eight octets each; then come the gaps, and at the end of the
 * page a sum. */
/* clang-format off */
#define INDEX_HEAD_TABLE(X) \
	X(magic)      /* INDEX_MAGIC */ \
	X(version)    /* INDEX_VERSION */ \
	X(file)       /* inode of the index itself: a copy is none */ \
	X(boot)       /* of the machine, that wrote it: what others wrote may not all be on the disk */ \
	X(generation) /* of the records */ \
	X(records)    /* in the file */ \
	X(messages)   /* of them that are not gone */ \
	X(octets)     /* of those, on the wire */ \
	X(ascii_octets) /* ... for clients that know no UTF-8 */ \
	X(downgrade)  /* enum downgrade_way, by which those are counted */ \
	X(stable)     /* messages, the first so many, that source_1 and source_2 tell nothing of */ \
	X(gaps)      /* runs of records that are gone */ \
	X(quiescent)    /* enum index_quiescence */ \
	X(source_1)   /* what the store saw of itself when it was looked through */ \
	X(source_2) \
	X(source_3) \
	X(source_4) \
	X(source_5) \
	X(source_6)
/* clang-format on */

enum index_quiescence {
	INDEX_STALE,
	INDEX_QUIESCENT, /* as long as the source is this, so is the content */
	INDEX_DOUBTED, /* not quiescent, and a size on the wire was another than listed
			*/
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

/* Read the head of the maildrop's index and check all that can be without reading
 * records. Never follows a link, never waits. False: there is none that can be used;
 * why not stands in *why, fault FAULT_NONE where there is just no file. */
bool index_open(struct index *ix, int dir, struct why *why);
void index_close(struct index *ix);

/* Record i and its name. False: it cannot be read, or is damaged. */
MUST_USE bool index_read(const struct index *ix, uint32_t i, struct listing_record *r,
			 char name[LISTING_NAME_OCTETS]);

/* The index is not what it should be: the next to open the maildrop makes a new one. */
void index_forget(int dir);

/* The maildrop is not as the index says: the next to open it looks through it, by what
 * the records say of the messages. */
void index_mark_stale(int dir);

/* A size is not as the index says: the next to open the maildrop measures every message
 * by reading it. */
void index_doubt(int dir);

/* What time it is by the clock of the file system: the stamp of the index, or of a file
 * in its place, that has just been written. False: nothing can be written. */
MUST_USE bool index_clock(int dir, uint64_t *out_ns);

/* ---- reading many, some at a time ---- */

/* Those that are held, of one group. */
struct index_run {
	uint32_t first, count;
};

struct index_reader {
	const struct index *ix;
	uint32_t most; /* to be read at a time */
	struct index_run records_held, names_held;
	char records[LISTING_GROUP][LISTING_RECORD_OCTETS];
	char names[LISTING_GROUP][LISTING_NAME_OCTETS];
};

/* `most`: up to LISTING_GROUP. */
static inline void index_reader_init(struct index_reader *rd, const struct index *ix,
				     uint32_t most)
{
	rd->ix = ix;
	rd->most = most;
	rd->records_held = rd->names_held = (struct index_run){ 0 };
}

/* As index_read, without the name. */
MUST_USE bool index_next(struct index_reader *rd, uint32_t i, struct listing_record *r);

/* The name of record i, which is *r; borrowed until the next call. Few need it: names
 * are two thirds of the file. */
MUST_USE bool index_name(struct index_reader *rd, uint32_t i,
			 const struct listing_record *r, struct span *out);

/* ---- writing ---- */

enum index_way {
	INDEX_MEMORY, /* where nothing can be written: sealed in the end, for one
			 session */
	INDEX_NEW,    /* takes the place of the old file in the end */
	INDEX_GO_ON,  /* behind the records of the old one */
};

/* Records are added behind the last; those that are there already can be replaced. What
 * is written counts when index_finish has written the head. */
struct index_writer {
	enum index_way way;
	int dir, fd;
	uint64_t generation;
	uint32_t count, kept; /* records; those up to `kept` have been written */
	char records[LISTING_GROUP][LISTING_RECORD_OCTETS];
	char names[LISTING_GROUP][LISTING_NAME_OCTETS];
};

/* `old` is for INDEX_GO_ON; with first == 0 its records are forgotten, and a generation
 * begins in the same file. */
MUST_USE enum fault index_begin(struct index_writer *w, enum index_way way, int dir,
				const struct index *old, uint32_t first,
				struct why *why);

/* r->name_len and r->name_sum are filled in. */
MUST_USE enum fault index_add(struct index_writer *w, struct listing_record *r,
			      struct span name, struct why *why);
MUST_USE enum fault index_replace(struct index_writer *w, uint32_t i,
				  struct listing_record *r, struct span name,
				  struct why *why);

/* Write the head: boot, messages, octets, quiescent and the sources are the caller's.
 * The gaps become *out's, whose descriptor cannot write. */
MUST_USE enum fault index_finish(struct index_writer *w, const struct index_head *head,
				 struct listing_map *gaps, struct index *out,
				 struct why *why);
void index_writer_done(struct index_writer *w);
