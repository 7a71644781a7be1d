/* store/scan.h - the files of a Maildir, found, ordered and measured.
 *
 * Floor 2 (store). Prefix: scan_.
 */
#pragma once

#include "base/fault.h"

enum scan_dir { SCAN_NEW, SCAN_CUR };

struct scan_file {
	uint64_t name; /* offset in names: "new/..." or "cur/...", ended by a NUL */
	uint64_t inode;
	uint64_t stored; /* octets on disk when measured */
	uint64_t octets; /* on the wire */
	uint8_t form;    /* enum wire_form */
	bool twin;       /* another file has the same base name */
	bool unread; /* could not be read, so that its size is a guess: not to be sent
		      */
};

struct scan {
	char *names;
	size_t names_len, names_room;
	struct scan_file *files;
	uint32_t count, room;
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

/* All messages in new and cur of the open Maildir `dir`, in delivery order, each once,
 * also while others move files about; then a name may be an old one. *out is for
 * scan_done also after a fault. */
MUST_USE enum fault scan_read(int dir, struct scan *out, struct why *why);

/* Fill in stored, octets and form of every file; what someone removed meanwhile is left
 * out. A file that cannot be read is kept, so that the others keep their numbers and no
 * unique-id vanishes. */
MUST_USE enum fault scan_measure(int dir, struct scan *s, struct why *why);

/* As scan_file.name: the file is nowhere any more. */
enum { SCAN_GONE = 0 };

/* Returns true when the file was not where its name says. */
typedef bool scan_do_fn(void *arg, struct scan *s, struct scan_file *file);

/* Do something with each file whose number is in list[]. Those that have moved are
 * looked for, by base name and inode, and tried again, until all are done or found to
 * be gone; then they are skipped. The list is used up. FAULT_IO: some never stood
 * still. */
MUST_USE enum fault scan_chase(int dir, struct scan *s, uint32_t *list, uint32_t count,
			       scan_do_fn *act, void *arg, struct why *why);
