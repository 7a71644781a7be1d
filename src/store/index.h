/* store/index.h - the file that keeps the listing of a maildrop between sessions.
 *
 * Prefix: index_. index.c reads it, indexwrite.c writes it. The index is a cache: if
 * anything is wrong with it, the store lists the maildrop as if the index were missing.
 * It consists of a head of one page and a listing (mail/listing.h): records in the
 * order of delivery, which keep their numbers, and names that only the kind of store
 * understands. A session goes on reading the file that it opened, even when another
 * file has replaced it.
 *
 * Writers are sessions, which hold the maildrop's lock, and deliveries, which do not.
 * So each writer of an existing file holds flock(2) on that file, too, and writes only
 * if the head is still the one that it has read.
 */
#pragma once

#include "base/fault.h"
#include "mail/listing.h"

/* The name has no leading dot: in a Maildir, such a name is a folder. */
#define INDEX_FILE "poplar-index"

/* More records than any maildrop has: this limits how much memory and time a forged
 * head can cost a reader. */
enum { INDEX_RECORDS_MAX = 1 << 26 };

/* The head: these numbers, eight octets each and little-endian; then the gaps; a sum at
 * the end of the page. */
/* clang-format off */
#define INDEX_HEAD_TABLE(X) \
	X(magic)      /* INDEX_MAGIC */ \
	X(version)    /* INDEX_VERSION */ \
	X(file)       /* inode of the index itself: a copy does not count */ \
	X(boot)       /* store_boot() when the index was written: after another boot the folders are read, but records of unchanged files count */ \
	X(generation) /* of the records */ \
	X(records)    /* in the file */ \
	X(messages)   /* records that are not gone */ \
	X(octets)     /* of the messages, on the wire */ \
	X(ascii_octets) /* ... for clients without UTF8 */ \
	X(downgrade)  /* enum downgrade_way: the surrogates that ascii_octets counts */ \
	X(stable)     /* the stable prefix: so many messages at the beginning lie in cur, and a change of new does not affect them */ \
	X(gaps)      /* runs of records that are gone */ \
	X(quiescent)    /* enum index_quiescence */ \
	X(source_1)   /* time stamps of the folders when they were read: of new in 1 to 3, of cur in 4 to 6 */ \
	X(source_2) \
	X(source_3) \
	X(source_4) \
	X(source_5) \
	X(source_6) \
	X(listed)     /* records that a session has listed; deliveries have appended those behind them */ \
	X(uids)       /* generation of the register (store/pins.h) that order and unique-ids come from; 0: there was none */ \
	X(uid_format) /* sum of the uidl-format: all its messages are pinned; 0: none */
/* clang-format on */

enum index_quiescence {
	INDEX_STALE,     /* the folders may have changed: they must be read */
	INDEX_QUIESCENT, /* the listing is right as long as the folders have these time
			    stamps */
	INDEX_DOUBTED, /* stale, and some size was not as listed: every message must be
			  measured */
};

struct index_head {
#define X(name) uint64_t name;
	INDEX_HEAD_TABLE(X)
#undef X
};

struct index {
	int fd;          /* read-only; -1: no index can be used */
	uint64_t device; /* the file system that it lies on */
	uint64_t sum;    /* of the head: another head has another sum */
	struct index_head head;
	struct listing_map map;
};

/* Open the index in the maildrop's folder `dir` and check its head, without reading
 * records. It follows no symbolic link, and does not block on a FIFO. False: no index
 * can be used; *why has the reason, or FAULT_NONE if the file does not exist. */
bool index_open(struct index *ix, int dir, struct why *why);
void index_close(struct index *ix);

/* Read record i and its name. False: reading failed, or one of them is damaged. */
MUST_USE bool index_read(const struct index *ix, uint32_t i, struct listing_record *r,
			 char name[LISTING_NAME_OCTETS]);

/* Remove the index: the next opening of the maildrop writes a new one. */
void index_forget(int dir);

/* Mark the index INDEX_STALE, because the maildrop is not as the index says: the next
 * opening reads the folders. Records of unchanged files still count. An index that is
 * INDEX_DOUBTED stays so. If the mark cannot be written, the index is removed. */
void index_mark_stale(int dir);

/* Mark the index INDEX_DOUBTED, because a record is damaged or a size wrong: the next
 * opening measures every message. If the mark cannot be written, the index is removed.
 */
void index_doubt(int dir);

/* Read the clock of the file system, in ns since 1970: write to the index, or to a file
 * made for this, and read the time stamp of that file. False: nothing can be written.
 */
MUST_USE bool index_clock(int dir, uint64_t *out_ns);

/* Read the same clock: write the first octets of the index again, which is open for
 * writing at `fd`. */
MUST_USE bool index_file_clock(int fd, uint64_t *out_ns);

/* ---- reading many, some at a time ---- */

/* A run of records, or of names, of one group. */
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

/* As index_read, without the name, and with a buffer: it reads rd->most records at a
 * time. */
MUST_USE bool index_next(struct index_reader *rd, uint32_t i, struct listing_record *r);

/* Read the name of record i, which index_next has read into *r. *out borrows from rd
 * until the next call. Names are two thirds of the file, so call this only for the
 * names that you need. */
MUST_USE bool index_name(struct index_reader *rd, uint32_t i,
			 const struct listing_record *r, struct span *out);

/* ---- writing ---- */

enum index_way {
	INDEX_MEMORY, /* a memfd for one session, which index_finish seals */
	INDEX_NEW, /* a new file, which index_finish puts in the place of the old one */
	INDEX_GO_ON,  /* the old file: new records come behind the old ones */
	INDEX_SETTLE, /* the same, for index_settle; begins only if no other writer has
			 the file's lock at this moment */
};

/* Writes an index: appends records, and replaces records in place. Readers see the
 * changes once index_finish has written the head. */
struct index_writer {
	enum index_way way;
	int dir, fd;
	uint64_t generation;
	uint32_t count; /* records */
	uint32_t kept;  /* ... of which so many are written to the file */
	char records[LISTING_GROUP][LISTING_RECORD_OCTETS];
	char names[LISTING_GROUP][LISTING_NAME_OCTETS];
};

/* Begin to write the index of the maildrop's folder `dir`. `old` is the present index,
 * or NULL; a new generation gets a higher number than that of `old`. INDEX_GO_ON keeps
 * the first `first` records of `old` and its generation; if `first` is 0, it drops all
 * records and begins a new generation in the same file. INDEX_GO_ON and INDEX_SETTLE
 * fail with ESTALE in why->sys if `old` is no longer the index, or if its head has
 * changed. */
MUST_USE enum fault index_begin(struct index_writer *w, enum index_way way, int dir,
				const struct index *old, uint32_t first,
				struct why *why);

/* Append a record, or replace record i, which index_begin has kept. Both fill in
 * r->name_len and r->name_sum. */
MUST_USE enum fault index_add(struct index_writer *w, struct listing_record *r,
			      struct span name, struct why *why);
MUST_USE enum fault index_replace(struct index_writer *w, uint32_t i,
				  struct listing_record *r, struct span name,
				  struct why *why);

/* Write the head, and open the finished index as *out, read-only. The caller sets all
 * of *head but magic, version, file, generation, records, gaps and listed, which
 * index_finish fills in: a session lists all records. *out takes over gaps->gaps. */
MUST_USE enum fault index_finish(struct index_writer *w, const struct index_head *head,
				 struct listing_map *gaps, struct index *out,
				 struct why *why);

/* The same for INDEX_SETTLE: write the head that `ix` has, with the changes that the
 * caller has made to ix->head, and update `ix` (its records and its sum).
 * ix->head.listed stays: no session has seen the new records. */
MUST_USE enum fault index_settle(struct index_writer *w, struct index *ix,
				 struct why *why);
void index_writer_done(struct index_writer *w);
