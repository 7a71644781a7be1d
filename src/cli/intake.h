/* cli/intake.h - takes a message from standard input.
 *
 * Prefix: intake_. The message is kept in a file without a name, in the form that a
 * store keeps: a CRLF becomes LF, a missing line end of the last line is added, and
 * every other octet, NUL and a CR alone included, stays. The "From " line of an mbox is
 * taken off the beginning.
 */
#pragma once

#include "base/fault.h"

enum { INTAKE_SENDER_MAX = 512 };

struct intake {
	int fd;               /* of the file; -1: none. Its offset has no meaning */
	uint64_t octets;      /* in the file */
	uint64_t wire_octets; /* with CRLF as line ends, as SIZE counts */
	bool is_8bit;         /* an octet is beyond ASCII */
	bool has_utf8;        /* an octet of the header is */
	/* Who sent it: from the "From " line or else a Return-Path field at the
	 * beginning; "": a bounce, or unknown. */
	char sender[INTAKE_SENDER_MAX];
};

/* Read a message up to the end of `from`. The caller passes *out to intake_end, also
 * after a fault. FAULT_SYNTAX: the message is empty. FAULT_FULL: there is no space for
 * it. FAULT_IO. */
MUST_USE enum fault intake_read(int from, struct intake *out, struct why *why);

/* Make an empty file without a name, for a message: on disk, since it may be large, or
 * else in memory. The caller owns the descriptor. -1 and errno. */
MUST_USE int intake_file(void);

void intake_end(struct intake *m);
