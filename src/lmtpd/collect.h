/* lmtpd/collect.h - collects the octets of a message, once for all its recipients.
 *
 * Prefix: collect_. The file has the octets that a Maildir stores, behind the fields of
 * lmtp/trace.h. A message begins in a memfd. If it outgrows COLLECT_MEMORY_MAX, or what
 * is left of lmtp-memory, it goes on in a spool file, which the maildrop process of a
 * recipient makes. If no process can make one, it goes on in the memfd. All memfds
 * together have at most lmtp-memory octets.
 */
#pragma once

#include "lmtpd/state.h"

enum { COLLECT_MEMORY_MAX = 128 << 10 };

/* DATA, or the first chunk: begin a message with its trace fields. A later chunk
 * continues it. */
void collect_begin(struct conn *c);

/* LMTP_ASK_DATA, LMTP_ASK_CHUNK: take the octets that have come, and read more if there
 * are none. RESULT_DONE: call it again. RESULT_EVENT: all octets of the content or
 * chunk have come; the message is kept, or *ev has the fault for which it is not.
 * RESULT_WAIT: nothing has come, or a spool file was asked for (LMTP_AWAITS_SPOOL).
 * Other results are those of client_read. */
MUST_USE enum result collect_next(struct conn *c, struct lmtp_event *ev);

/* The maildrop process has answered for the spool file: fd, which is taken over, or -1
 * if none can be had. Returns RESULT_DONE. */
enum result collect_spool(struct conn *c, int fd);

/* The message is whole: seal its memfd, so that nobody can change it any more. A spool
 * file cannot be sealed, and stays as it is. FAULT_IO: the kernel refuses. */
MUST_USE enum fault collect_seal(struct conn *c);

/* Forget the message. */
void collect_release(struct conn *c);
