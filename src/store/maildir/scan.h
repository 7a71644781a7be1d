/* store/maildir/scan.h - the files of a Maildir, found, ordered and measured.
 *
 * Prefix: scan_.
 */
#pragma once

#include <sys/stat.h>
#include <time.h>

#include "base/fault.h"
#include "mail/downgrade.h"
#include "mail/name.h"

enum scan_dir { SCAN_NEW, SCAN_CUR, SCAN_DIRS };

/* Of a file that no record of an index stands for. */
enum { SCAN_NO_RECORD = UINT32_MAX };

/* What became of a file that was looked for under its base name. */
enum scan_fate {
	SCAN_THERE,
	SCAN_GONE,
	SCAN_REPLACED, /* gone, and another file has its base name */
};

/* Why a file that is listed cannot be sent. */
enum scan_trouble {
	SCAN_SOUND,
	SCAN_CLOSED,  /* not ours to read: takes the administrator */
	SCAN_PASSING, /* the disk, or a shortage: time may heal it */
	SCAN_PACKED,  /* compressed: its octets are no message's */
};

struct scan_file {
	uint64_t name;     /* offset in names: "new/..." or "cur/...", ended by a NUL */
	uint64_t name_sum; /* as its record has it */
	uint64_t identity; /* scan_identity */
	struct name_time time;
	uint64_t stored;    /* octets on disk when measured */
	uint64_t modified;  /* when, in nanoseconds, as of then */
	uint64_t octets;    /* on the wire */
	uint32_t record;    /* of the index */
	int32_t difference; /* of its surrogate */
	uint8_t form;       /* enum wire_form */
	uint8_t surrogate;  /* enum surrogate */
	uint8_t where;      /* enum scan_dir */
	uint8_t fate;       /* enum scan_fate */
	uint8_t trouble;    /* enum scan_trouble; if any, its size is a guess */
	bool numberless;    /* see scan_identity */
	bool measured;      /* stored to form are known */
	bool duplicate;     /* its base name is another's */
	bool removed;       /* one of its names has been */
	bool changed;       /* it is not any more as its record says */
};

struct scan_files {
	struct scan_file *at;
	uint32_t count, room;
};

struct scan {
	char *names;
	size_t names_len, names_room;
	struct scan_files files;
};

void scan_done(struct scan *s);

/* "new/1234.x" and the name proper behind the slash. */
static inline const char *scan_path(const struct scan *s, const struct scan_file *f)
{
	return s->names + f->name;
}

static inline struct span scan_name(const struct scan *s, const struct scan_file *f)
{
	return span_of(s->names + f->name + strlen("new/"));
}

/* On the wire, for clients that know no UTF-8. */
static inline uint64_t scan_ascii_octets(const struct scan_file *f)
{
	return f->octets + (uint64_t)(int64_t)f->difference;
}

static inline uint64_t scan_ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Tells the file from others of its base name. Mostly that is its inode number. Where
 * the file system has `numberless` files, which get numbers at every look-up, the
 * identity is made of size and time of modification. */
uint64_t scan_identity(const struct stat *st, bool numberless);

/* Is this the file, and as it was when it was measured? */
bool scan_is_file(const struct scan_file *f, const struct stat *st);
bool scan_is_unchanged(const struct scan_file *f, const struct stat *st);

/* A folder as it was: which one it is, and when it changed last. Anybody can set the
 * time of modification again, as those do who restore a backup, and nobody that of the
 * last change of status. All zero: none. */
struct scan_stamp {
	uint64_t inode;
	uint64_t modified_ns, status_ns;
};

/* Tells the time by the clock that the time stamps in the open Maildir come from; a
 * file server's may be behind ours. Returns false when that cannot be asked. */
typedef bool scan_clock_fn(int dir, uint64_t *out_ns);

/* What a reading says of itself. */
struct scan_seen {
	struct scan_stamp stamp[SCAN_DIRS]; /* of the two folders */
	bool read[SCAN_DIRS]; /* false: it was as known, and was not read */
	bool quiescent; /* as long as the stamps are these, nothing has changed since */
};

/* Was the tick of the stamp over at that time, so that any later change has another? */
bool scan_is_over(struct scan_stamp stamp, uint64_t now_ns);

/* Is the folder, or are both, as they were? Reads neither. False also when that cannot
 * be told. */
bool scan_is_as(int dir, enum scan_dir where, struct scan_stamp known);
bool scan_is_known(int dir, const struct scan_stamp known[SCAN_DIRS]);

/* All messages in those folders of the open Maildir `dir` that are not as `known`, in
 * delivery order, each once, also while others move files about; then a name may be an
 * old one. clock NULL: the reading is not quiescent. *out is for scan_done also after a
 * fault. */
MUST_USE enum fault scan_read(int dir, const struct scan_stamp known[SCAN_DIRS],
			      scan_clock_fn *clock, struct scan *out,
			      struct scan_seen *seen, struct why *why);

/* Add a file, and its name to s->names. False: out of memory. */
MUST_USE bool scan_keep(struct scan *s, struct scan_files *files, enum scan_dir where,
			struct span name, const struct scan_file *file);

MUST_USE bool scan_add(struct scan_files *files, const struct scan_file *file);

/* The file has another name now. */
MUST_USE bool scan_rename(struct scan *s, struct scan_file *file, enum scan_dir where,
			  struct span name);

/* What tells messages apart, and puts them in order. */
struct scan_key {
	struct span name;
	struct name_time time;
	uint64_t identity;
};
static inline struct scan_key scan_key(struct span name, uint64_t identity)
{
	return (struct scan_key){ name, name_time(name), identity };
}
static inline struct scan_key scan_key_of(const struct scan *s,
					  const struct scan_file *f)
{
	return (struct scan_key){ scan_name(s, f), f->time, f->identity };
}

/* Place in delivery order; 0: it is the same message. */
int scan_order(const struct scan *s, const struct scan_file *f,
	       const struct scan_key *key);

void scan_sort(struct scan *s);

/* Of several names of one file, which stand together in order, the first stays. True:
 * a file has names in both folders. */
bool scan_leave_out_doubles(struct scan *s);

bool scan_same_base(const struct scan *s, const struct scan_file *a,
		    const struct scan_file *b);

/* A file of so many octets takes longer to read than a login may. */
enum { SCAN_LARGE = 64 << 20 };

/* Measure every file that is not; what someone removed meanwhile is left out, and so is
 * what someone put another file in place of: *out_replaced tells that the other may not
 * be in the scan. A file that cannot be read is kept, so that the others keep their
 * numbers and no unique-id vanishes. `believe`: the size on the wire of a file of
 * SCAN_LARGE octets or more is what W= in its name tells, where that can be true. */
MUST_USE enum fault scan_measure(int dir, struct scan *s, bool believe,
				 enum downgrade_way way, bool *out_replaced,
				 struct why *why);

/* Is the file as it was when it was measured? True also when it is not found: then it
 * has moved. */
bool scan_is_same(int dir, const struct scan *s, const struct scan_file *file);

/* Has the open file, whose time of modification is another, still the sizes that it was
 * listed with? *out_form is its form. */
bool scan_is_as_large(int fd, const struct scan *s, const struct scan_file *file,
		      enum downgrade_way way, uint8_t *out_form);

/* Rename a file; no other that has the name already is replaced. -1 and errno. */
int scan_move(int dir, const char *from, const char *to);

/* Returns true when the file was not where its name says. */
typedef bool scan_do_fn(void *arg, struct scan *s, struct scan_file *file);

/* Do something with each file whose number is in list[]. Those that have moved are
 * looked for, by base name and identity, and tried again, until all are done or found
 * not to be there, as their fate then says. The list is used up. FAULT_IO: some never
 * stood still. */
MUST_USE enum fault scan_chase(int dir, struct scan *s, uint32_t *list, uint32_t count,
			       scan_do_fn *act, void *arg, struct why *why);
