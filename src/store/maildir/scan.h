/* store/maildir/scan.h - finds, orders and measures the files of a Maildir.
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
#include "store/pins.h"

enum scan_dir { SCAN_NEW, SCAN_CUR, SCAN_DIRS };

/* The value of scan_file.record for a file without a record in the index. */
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
	SCAN_CLOSED,  /* this process may not read it: an administrator must act */
	SCAN_PASSING, /* a disk error or a shortage: a later attempt may succeed */
	SCAN_PACKED,  /* another program has compressed it */
};

struct scan_file {
	uint64_t name;     /* offset in names: "new/..." or "cur/...", ended by a NUL */
	uint64_t name_sum; /* listing_sum of the present name, as a record has it */
	uint64_t identity; /* scan_identity */
	uint64_t
		place; /* by its pin, or PINS_NO_PLACE: files are ordered by it first */
	struct name_time time;
	uint64_t stored;    /* octets on disk, when the file was measured */
	uint64_t modified;  /* time of modification in ns, when the file was measured */
	uint64_t octets;    /* on the wire */
	uint32_t record;    /* its record in the index, or SCAN_NO_RECORD */
	int32_t difference; /* octets of its surrogate minus `octets` */
	uint8_t form;       /* enum wire_form */
	uint8_t surrogate;  /* enum surrogate */
	uint8_t where;      /* enum scan_dir */
	uint8_t fate;       /* enum scan_fate */
	uint8_t trouble; /* enum scan_trouble; with CLOSED and PASSING, `octets` is the
			    size on disk */
	bool numberless; /* see scan_identity */
	/* stored, modified, octets, difference, form and surrogate are known */
	bool measured;
	/* another file had the base name first: the unique-id is made from more */
	bool duplicate;
	bool removed; /* a commit has removed one of its names */
	bool changed; /* the index must get a new record, or a new name in its record */
};

struct scan_files {
	struct scan_file *at;
	uint32_t count, room;
};

struct scan {
	char *names;
	size_t names_len, names_room;
	struct scan_files files;
	const struct pins *pins; /* borrowed; NULL: no message has a pin */
};

/* Free all but the pins, and empty it. */
void scan_done(struct scan *s);

/* The path of a file in the Maildir, "new/1234.x", and the name behind the slash. */
static inline const char *scan_path(const struct scan *s, const struct scan_file *f)
{
	return s->names + f->name;
}

static inline struct span scan_name(const struct scan *s, const struct scan_file *f)
{
	return span_of(s->names + f->name + strlen("new/"));
}

/* Octets on the wire, for clients without UTF8. */
static inline uint64_t scan_ascii_octets(const struct scan_file *f)
{
	return f->octets + (uint64_t)(int64_t)f->difference;
}

static inline uint64_t scan_ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The identity distinguishes a file from others of the same base name. It is the inode
 * number or, for `numberless` files, a sum over size and time of modification: some
 * file systems give a file another inode number at each look-up. */
uint64_t scan_identity(const struct stat *st, bool numberless);

/* Does *st have the identity of f? Does it have the size and the time of modification
 * that f had when it was measured? */
bool scan_is_file(const struct scan_file *f, const struct stat *st);
bool scan_is_unchanged(const struct scan_file *f, const struct stat *st);

/* The time stamp of a folder: which folder it is, and when it changed last. Programs
 * that restore a backup set the time of modification back, but nobody can set the time
 * of the last status change. All zero: no folder. */
struct scan_stamp {
	uint64_t inode;
	uint64_t modified_ns, status_ns;
};

/* Reads the clock from which files of the open Maildir get their time stamps: that of a
 * file server may differ from the machine's. False: it cannot be read. */
typedef bool scan_clock_fn(int dir, uint64_t *out_ns);

/* What scan_read has found out. */
struct scan_seen {
	struct scan_stamp stamp[SCAN_DIRS]; /* of the folders, before reading */
	bool read[SCAN_DIRS]; /* false: the folder has the known time stamp, and was not
				 read */
	bool quiescent; /* as long as the folders have these time stamps, nothing has
			   changed since */
};

/* Was the tick of this time stamp over at `now_ns`, so that later changes get another
 * stamp? */
bool scan_is_over(struct scan_stamp stamp, uint64_t now_ns);

struct scan_stamp scan_stamp_of(const struct stat *st);
bool scan_same_stamp(struct scan_stamp a, struct scan_stamp b);

/* Has the folder the time stamp `known`? Have both folders? False also if the stamp of
 * a folder cannot be read. */
bool scan_is_as(int dir, enum scan_dir where, struct scan_stamp known);
bool scan_is_known(int dir, const struct scan_stamp known[SCAN_DIRS]);

/* Read those folders of the open Maildir `dir` whose time stamp is not `known`. *out
 * lists all files in them, in the order of delivery, each once; if another program
 * renames a file meanwhile, it may be listed with its old name. If `clock` is NULL,
 * seen->quiescent is false. The caller passes *out to scan_done, also after a fault. */
MUST_USE enum fault scan_read(int dir, const struct scan_stamp known[SCAN_DIRS],
			      scan_clock_fn *clock, struct scan *out,
			      struct scan_seen *seen, struct why *why);

/* Add a file to *files, and its name to s->names. False: out of memory. */
MUST_USE bool scan_keep(struct scan *s, struct scan_files *files, enum scan_dir where,
			struct span name, const struct scan_file *file);

MUST_USE bool scan_add(struct scan_files *files, const struct scan_file *file);

/* Change folder, name and place of the file in s, but not on disk. False: out of
 * memory. */
MUST_USE bool scan_rename(struct scan *s, struct scan_file *file, enum scan_dir where,
			  struct span name);

/* The place of files with this name. */
uint64_t scan_place(const struct scan *s, struct span name);

/* The values that scan_order compares. */
struct scan_key {
	struct span name;
	uint64_t place;
	struct name_time time;
	uint64_t identity;
};
static inline struct scan_key scan_key(const struct scan *s, struct span name,
				       uint64_t identity)
{
	return (struct scan_key){ name, scan_place(s, name), name_time(name),
				  identity };
}
static inline struct scan_key scan_key_of(const struct scan *s,
					  const struct scan_file *f)
{
	return (struct scan_key){ scan_name(s, f), f->place, f->time, f->identity };
}

/* Compare by place and time alone; 0: the names decide. */
int scan_rough_order(const struct scan_file *a, const struct scan_file *b);

/* Compare in delivery order; 0: the same message. */
int scan_order(const struct scan *s, const struct scan_file *f,
	       const struct scan_key *key);

void scan_sort(struct scan *s);

/* If one file is listed with several names, keep the first and remove the others from
 * s. True: some file had names in both folders. */
bool scan_leave_out_doubles(struct scan *s);

bool scan_same_base(const struct scan *s, const struct scan_file *a,
		    const struct scan_file *b);

/* A file of so many octets takes too long to read during a login. */
enum { SCAN_LARGE = 64 << 20 };

/* Measure every file that is not measured yet. A file that another program has removed
 * meanwhile is left out of s. So is a file that another file of the same base name has
 * replaced; then *out_replaced is true, and that other file may be missing in s. A file
 * that cannot be read stays, so that the others keep their numbers and no unique-id
 * vanishes. `believe`: for a file of SCAN_LARGE octets or more, take the size on the
 * wire from W= in its name, if it is plausible. */
MUST_USE enum fault scan_measure(int dir, struct scan *s, bool believe,
				 enum downgrade_way way, bool *out_replaced,
				 struct why *why);

/* Has the file that is now under this name the identity of `file`, and the size and
 * time of modification that `file` had when it was measured? True also if no file can
 * be found under the name: then it has moved. */
bool scan_is_same(int dir, const struct scan *s, const struct scan_file *file);

/* The time of modification of the open file is not as measured: read the file. Has it
 * still the sizes with which it was listed? *out_form becomes its form. */
bool scan_is_as_large(int fd, const struct scan *s, const struct scan_file *file,
		      enum downgrade_way way, uint8_t *out_form);

/* Rename a file on disk, but never replace another file. Returns -1 and errno on
 * failure. */
int scan_move(int dir, const char *from, const char *to);

/* Works on one file. Returns true if the file does not exist under its name. */
typedef bool scan_do_fn(void *arg, struct scan *s, struct scan_file *file);

/* Call `act` for each file whose number in s is in list[]. If a file does not exist
 * under its name, look in the folders for a file with its base name and identity, and
 * call `act` again; if no such file exists, set file->fate. The list is overwritten.
 * FAULT_IO: another program kept renaming some file. */
MUST_USE enum fault scan_chase(int dir, struct scan *s, uint32_t *list, uint32_t count,
			       scan_do_fn *act, void *arg, struct why *why);
