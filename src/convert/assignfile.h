/* convert/assignfile.h - reads files that are a list of names and values.
 *
 * Prefix: assignfile_.
 */
#pragma once

#include "convert/source.h"

enum assign_style {
	ASSIGN_SHELL, /* NAME="value": Courier's pop3d and authdaemonrc, /etc/default */
	ASSIGN_BLANK, /* NAME value: Courier's authldaprc and the like */
	ASSIGN_COLON, /* name: value: imapd.conf of Cyrus */
};

/* Read a file into a new section of type "file". A '#' at the beginning of a line
 * begins a comment, a backslash at its end continues it. In a shell's file, $NAME is
 * the value that the file gave NAME before. False: a mistake (s->mistake). */
MUST_USE bool assignfile_read(struct source *s, enum assign_style style,
			      struct span path, struct span text,
			      unsigned *out_section);
