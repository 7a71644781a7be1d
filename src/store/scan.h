/* store/scan.h - the files of a Maildir, found, ordered and measured.
 *
 * Floor 2 (store). Prefix: scan_.
 */
#pragma once

#include "base/fault.h"

enum scan_dir { SCAN_NEW, SCAN_CUR };

struct scan_file {
	uint64_t name;    /* offset in names: "new/..." or "cur/...", ended by a NUL */
	uint64_t inode;
	uint64_t stored;  /* octets on disk when measured */
	uint64_t octets;  /* on the wire */
	uint8_t form;     /* enum wire_form */
	bool twin;        /* another file has the same base name */
	bool unread;      /* could not be read, so that its size is a guess: not to be sent */
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

/* All messages in new and cur of the open Maildir `dir`, in delivery order, each once.
 * Tries again while others move files about. *out is for scan_done also after a fault. */
MUST_USE enum fault scan_read(int dir, struct scan *out, struct why *why);

/* Fill in stored, octets and form of every file. *out_moved tells that a file was no longer
 * where it was found, so that all must be read again. A file that cannot be read is kept,
 * so that the others keep their numbers and no unique-id vanishes. */
MUST_USE enum fault scan_measure(int dir, struct scan *s, bool *out_moved, struct why *why);

/* Put what has moved back into view: for each file of `s` whose number is in wanted[], look
 * for the same base name and inode in the directories as they are now and write its new
 * place, or SCAN_GONE, into s. */
enum { SCAN_GONE = 0 }; /* as scan_file.name: the first octet of names is no file's */
MUST_USE enum fault scan_relocate(int dir, struct scan *s, const uint32_t *wanted, uint32_t count,
				  struct why *why);
