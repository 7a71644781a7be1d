/* convert/dovecottable.h - the table of Dovecot's settings.
 *
 * Prefix: dovecot_. Each setting that Dovecot has had in 2.3 or 2.4 has a row: how it
 * is converted, or a sentence that says why it is not.
 */
#pragma once

#include "convert/source.h"

/* How a setting is converted. */
enum dovecot_how {
	DOVECOT_RULE,     /* elsewhere */
	DOVECOT_TEXT,     /* to a setting of Poplar with the same text */
	DOVECOT_COUNT,    /* to one with the same number */
	DOVECOT_SECONDS,  /* to one that is a time */
	DOVECOT_MILLIS,   /* the same, in milliseconds */
	DOVECOT_NETWORKS, /* to a list of networks */
	DOVECOT_SEEN,     /* pop3_no_flag_updates */
	DOVECOT_LOG,      /* log_path */
	DOVECOT_DEBUG,    /* to log-level, if it is on */
	DOVECOT_NONE,     /* to nothing: Poplar has no counterpart */
	/* the same, unless the value is no, empty, 0, or "default" */
	DOVECOT_IF_YES,
	DOVECOT_IF_NO,    /* the same, unless the value is yes */
	DOVECOT_NEEDLESS, /* to nothing, and nothing is to be done */
};

struct dovecot_row {
	const char *name; /* with a '*' at its end: of all names that begin so */
	enum dovecot_how how;
	const char *other; /* a setting of Poplar, or a sentence */
};

/* The same for what is in a section, by the section's type and title. */
struct dovecot_part {
	const char *type, *title; /* "": any */
	enum dovecot_how how;     /* DOVECOT_NONE or DOVECOT_NEEDLESS */
	const char *other;        /* a sentence */
};

/* The row of a setting outside of all sections. NULL: Dovecot has no such setting. */
const struct dovecot_row *dovecot_row_of(struct span name);

/* The row of a section. There is always one: the last says that the section is
 * unknown. */
const struct dovecot_part *dovecot_part_of(const struct source_section *section);

/* What the table says about a setting outside of all sections. */
enum dovecot_known {
	DOVECOT_UNKNOWN,
	DOVECOT_CONVERTED, /* by a rule, or by the table */
	DOVECOT_NOTED,     /* with a sentence */
};
enum dovecot_known dovecot_knows(struct span name);
