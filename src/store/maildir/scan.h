/* store/maildir/scan.h - the files of a Maildir, found, ordered and measured.
 *
 * Prefix: scan_. scan.c finds and orders files; measure.c measures them, and finds them
 * again when they have moved.
 */
#pragma once

#include <sys/stat.h>
#include <time.h>

#include "base/fault.h"
#include "mail/downgrade.h"
#include "mail/name.h"

enum scan_dir { SCAN_NEW, SCAN_CUR, SCAN_DIRS };

/* scan_file.record of a file that has no record in the index. */
enum { SCAN_NO_RECORD = UINT32_MAX };

/* What became of a file that scan_chase looked for by its base name. */
enum scan_fate {
	SCAN_THERE,
	SCAN_GONE,
	SCAN_REPLACED, /* gone, and another file has its base name */
};

/* Why a file that is listed cannot be sent. */
enum scan_trouble {
	SCAN_SOUND,
	SCAN_CLOSED,  /* we may not read it: an administrator must act */
	SCAN_PASSING, /* a disk error or a shortage: a later attempt may succeed */
	SCAN_PACKED,  /* another program has compressed it */
};

struct scan_file {
	uint64_t name;     /* offset in names: "new/..." or "cur/...", ended by a NUL */
	uint64_t name_sum; /* listing_sum of the present name, as a record has it */
	uint64_t identity; /* scan_identity */
	struct name_time time;
	uint64_t stored;    /* octets on disk when measured */
	uint64_t modified;  /* time of modification in ns, when measured */
	uint64_t octets;    /* on the wire */
	uint32_t record;    /* its record in the index, or SCAN_NO_RECORD */
	int32_t difference; /* octets of its surrogate less its own */
	uint8_t form;       /* enum wire_form */
	uint8_t surrogate;  /* enum surrogate */
	uint8_t where;      /* enum scan_dir */
	uint8_t fate;       /* enum scan_fate */
	uint8_t trouble;    /* enum scan_trouble; CLOSED, PASSING: octets is a guess */
	bool numberless;    /* see scan_identity */
	/* stored, modified, octets, difference, form and surrogate are known */
	bool measured;
	/* another file had the base name first: the unique-id is made from more */
	bool duplicate;
	bool removed; /* a commit has removed one of its names */
	bool changed; /* the record, or the name in it, must be written anew */
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

/* "new/1234.x", and the name behind the slash. */
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

/* The identity tells a file from others of its base name. It is the inode number, or,
 * for `numberless` files (of a file system that gives them a new number at each
 * look-up), a sum over size and time of modification. */
uint64_t scan_identity(const struct stat *st, bool numberless);

/* Has this the identity of the file? Has it the size and time that were measured? */
bool scan_is_file(const struct scan_file *f, const struct stat *st);
bool scan_is_unchanged(const struct scan_file *f, const struct stat *st);

/* The state of a folder: which folder it is, and when it changed last. Programs that
 * restore a backup set the time of modification back; nobody can set the time of the
 * last status change. All zero: no folder. */
struct scan_stamp {
	uint64_t inode;
	uint64_t modified_ns, status_ns;
};

/* Tells the time of the clock that makes the time stamps in the open Maildir: the clock
 * of a file server may differ from ours. False: nobody can tell it. */
typedef bool scan_clock_fn(int dir, uint64_t *out_ns);

/* What scan_read has done. */
struct scan_seen {
	struct scan_stamp stamp[SCAN_DIRS]; /* of the two folders */
	bool read[SCAN_DIRS]; /* false: the folder was as known, and was not read */
	bool quiescent; /* as long as the stamps are these, nothing has changed since */
};

/* At this time, was the tick of the stamp over, so that later changes get another
 * stamp?
 */
bool scan_is_over(struct scan_stamp stamp, uint64_t now_ns);

/* Is the folder as known? Are both? Looks at their stamps only. False also if a folder
 * cannot be looked at. */
bool scan_is_as(int dir, enum scan_dir where, struct scan_stamp known);
bool scan_is_known(int dir, const struct scan_stamp known[SCAN_DIRS]);

/* Read the folders of the open Maildir `dir` that are not as `known`: all messages in
 * them, in delivery order, each once. While other programs move files, a name may be an
 * old one. clock NULL: the reading is not quiescent. *out is for scan_done also after a
 * fault. */
MUST_USE enum fault scan_read(int dir, const struct scan_stamp known[SCAN_DIRS],
			      scan_clock_fn *clock, struct scan *out,
			      struct scan_seen *seen, struct why *why);

/* Add a file, and its name to s->names. False: out of memory. */
MUST_USE bool scan_keep(struct scan *s, struct scan_files *files, enum scan_dir where,
			struct span name, const struct scan_file *file);

MUST_USE bool scan_add(struct scan_files *files, const struct scan_file *file);

/* Give the file another name, in s alone. False: out of memory. */
MUST_USE bool scan_rename(struct scan *s, struct scan_file *file, enum scan_dir where,
			  struct span name);

/* What orders messages, and tells them apart. */
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

/* Compare in delivery order; 0: the same message. */
int scan_order(const struct scan *s, const struct scan_file *f,
	       const struct scan_key *key);

void scan_sort(struct scan *s);

/* Where one file has several names, keep the first in order and remove the others from
 * the scan. True: a file has names in both folders. */
bool scan_leave_out_doubles(struct scan *s);

bool scan_same_base(const struct scan *s, const struct scan_file *a,
		    const struct scan_file *b);

/* Reading a file of this many octets takes longer than a login may. */
enum { SCAN_LARGE = 64 << 20 };

/* Measure every file that is not; what someone removed meanwhile is left out, and so is
 * what someone put another file in place of: *out_replaced tells that the other may not
 * be in the scan. A file that cannot be read is kept, so that the others keep their
 * numbers and no unique-id vanishes. `believe`: the size on the wire of a file of
 * SCAN_LARGE octets or more is what W= in its name tells, where that can be true. */
MUST_USE enum fault scan_measure(int dir, struct scan *s, bool believe,
				 enum downgrade_way way, bool *out_replaced,
				 struct why *why);

/* Is the file as it was when it was measured? True also if it is not found, because
 * then it has moved. */
bool scan_is_same(int dir, const struct scan *s, const struct scan_file *file);

/* Has the open file, whose time of modification is another, still the sizes that it was
 * listed with? *out_form is its form. */
bool scan_is_as_large(int fd, const struct scan *s, const struct scan_file *file,
		      enum downgrade_way way, uint8_t *out_form);

/* Rename a file, but never replace another. Returns -1 and errno on failure. */
int scan_move(int dir, const char *from, const char *to);

/* Returns true if the file was not where its name says. */
typedef bool scan_do_fn(void *arg, struct scan *s, struct scan_file *file);

/* Call `act` for each file whose number is in list[]. Look for files that have moved by
 * base name and identity, and call `act` again, until each file is done or has a fate
 * that says it is not there. Overwrites the list. FAULT_IO: some files kept moving. */
MUST_USE enum fault scan_chase(int dir, struct scan *s, uint32_t *list, uint32_t count,
			       scan_do_fn *act, void *arg, struct why *why);
