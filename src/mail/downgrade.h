/* mail/downgrade.h - make surrogate messages for clients without UTF8 (RFC 6856
 * section 2.1).
 *
 * Prefix: downgrade_.
 *
 * A message is internationalized if a field in its header, or in the header of one of
 * its parts, holds characters beyond ASCII in UTF-8 (RFC 6532). A message whose only
 * octets beyond ASCII are not UTF-8 is ordinary mail from an old program, and is sent
 * as stored. In a surrogate message all headers are ASCII. The same code judges and
 * counts for LIST, and writes for RETR and TOP, so that both always agree.
 */
#pragma once

#include "mail/field.h"
#include "mail/parts.h"
#include "mail/wire.h"

/* What the site has chosen (utf8-downgrade). */
enum downgrade_way {
	DOWNGRADE_FULL = FIELD_FULL,
	DOWNGRADE_SIMPLE = FIELD_SIMPLE,
	DOWNGRADE_REFUSE, /* no surrogates: only clients with UTF8 get internationalized
			     messages */
	DOWNGRADE_WAY_COUNT
};

/* What a client without UTF8 gets instead of a message. */
enum surrogate {
	SURROGATE_NONE,    /* the message itself */
	SURROGATE_MADE,    /* its surrogate message */
	SURROGATE_REFUSED, /* nothing: DOWNGRADE_REFUSE */
	SURROGATE_COUNT
};

enum {
	DOWNGRADE_MADE_OCTETS = 16384,
	DOWNGRADE_LOOKS_MAX = 32, /* after so many domains a call returns soon */
	/* Octets of fields that may be rewritten in one message; the text of further
	 * fields is left out. */
	DOWNGRADE_WORK_MAX = 4 << 20,
};

/* What `held` contains, of a field or of a line that may be the boundary of a part. */
enum downgrade_hold {
	DOWNGRADE_STORED,    /* as stored */
	DOWNGRADE_REWRITING, /* unfolded: the field is being rewritten */
	DOWNGRADE_LEAVING,   /* nothing: the rest of the field is being left out */
};

/* The state between two pieces of one message. It is large, so allocate it only for
 * messages that need it. */
struct downgrade {
	enum downgrade_way way;
	enum downgrade_hold hold;
	bool judging;
	bool passing;       /* the rest of this line is sent as stored */
	bool folded;        /* the first line of the field has ended */
	bool fresh;         /* a line has ended, and the next octet has not come */
	bool whole;         /* all of the field has come */
	bool working;       /* the next step of writing the field can be done */
	bool begun;         /* the name of the field is written */
	bool losing;        /* something was left out of the field */
	bool weighing;      /* UTF-8 in the field makes the message internationalized */
	bool fielded;       /* this header has a field so far */
	bool needed;        /* the message is internationalized */
	bool owes;          /* see downgrade_encode */
	int64_t difference; /* octets of the surrogate less the message, so far */
	uint64_t left;      /* octets of the message still to come */
	uint64_t lost;      /* number of fields from which something was left out */
	uint64_t enough;    /* the call returns when domains.looked has reached this */
	uint64_t work; /* octets of fields rewritten so far, see DOWNGRADE_WORK_MAX */

	struct span ready;       /* to be sent: part of held or of made_of */
	uint64_t made;           /* octets of the present step that are out already */
	size_t held_len;         /* octets in held */
	size_t used;             /* ... and those of them that have been rewritten */
	struct wire stored;      /* counts the stored field on the wire */
	struct field field;      /* progress of rewriting the field, */
	struct fold_place place; /* and of its lines */
	struct domains domains;

	struct parts parts;
	char held[FOLD_FIELD_MAX];
	char scratch[FOLD_FIELD_MAX + 8];
	char made_of[DOWNGRADE_MADE_OCTETS];
};

/* ---- judging ---- */

void downgrade_judge_start(struct downgrade *d, enum downgrade_way way);

/* Judge the next octets of the stored message. `last`: the message ends with them, so
 * that they are skipped if they are ASCII and begin no unfinished field. */
void downgrade_judge(struct downgrade *d, struct span in, bool last);

/* Is the verdict final, whatever octets follow? */
static inline bool downgrade_is_decided(const struct downgrade *d)
{
	return d->parts.place == PARTS_REST;
}

/* Call this at the end of the message. With SURROGATE_MADE, *out_difference becomes the
 * octets of the surrogate on the wire less those of the message; otherwise 0. */
enum surrogate downgrade_verdict(struct downgrade *d, int32_t *out_difference);

/* ---- writing ---- */

/* Begin to write the surrogate of a message of `octets` octets whose verdict was
 * SURROGATE_MADE. */
void downgrade_start(struct downgrade *d, enum downgrade_way way, uint64_t octets);

/* Like wire_encode, with two differences. It may return with room left, when it has
 * done enough work for one call: call it again. And it consumes the last input octet
 * only after all output has been produced, so callers need no separate flush. */
size_t downgrade_encode(struct downgrade *d, struct wire *w, struct span *io_in,
			char *out, size_t room);
