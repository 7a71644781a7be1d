/* foreign/mboxfile.h - cuts an mbox into its messages, and reads the uids that Dovecot
 * and UW keep in it.
 *
 * Prefix: mboxfile_. Spans point into the file.
 *
 * A message begins with a line "From ..." at the beginning of the file or behind an
 * empty line. It ends in front of the empty line before the next one, or at the end of
 * the file. Content-Length has no influence.
 */
#pragma once

#include "base/span.h"

struct mboxfile_message {
	struct span from; /* the "From " line, with its line end */
	struct span text; /* header and body */
};

/* Cut the next message off *io_file. False: there is none, or the file is no mbox.
 * `strict`: an empty line is LF alone, as for popa3d, and not CRLF. */
MUST_USE bool mboxfile_cut(struct span *io_file, bool strict,
			   struct mboxfile_message *out);

/* The pseudo message at the beginning of an mbox, in which UW keeps its uids. */
bool mboxfile_is_pseudo(struct span message);

/* The time in the "From " line, as seconds since 1970, read as UTC; 0: there is none.
 */
uint64_t mboxfile_time(struct span from);

/* ---- uids ---- */

/* The state while the messages of one mbox are read, in their order. */
struct mboxfile_uids {
	bool strict;       /* as Dovecot: exactly one blank follows a colon */
	uint32_t validity; /* UIDVALIDITY; 0: the file has no uids */
	uint32_t last;     /* the highest uid that was given */
	uint32_t previous; /* of the message that was read last; 0: none yet */
};

/* Read "X-IMAPbase: <validity> <last uid>" (X-IMAP in a pseudo message) of the first
 * message into *io, of which the caller has set `strict`. Without it, no uid in the
 * file counts. */
void mboxfile_base(struct mboxfile_uids *io, struct span message);

/* The uid of the next message. *out_new: the message has no field X-UID that counts, so
 * this is the uid that the server would give it. Without io->validity, 0. */
uint32_t mboxfile_uid(struct mboxfile_uids *io, struct span message, bool *out_new);

/* Is this field the server's own, which POP3 sessions of Dovecot do not show? */
bool mboxfile_is_hidden(struct span field);
