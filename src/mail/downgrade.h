/* mail/downgrade.h - a message for clients that know no UTF-8: its surrogate (RFC 6856
 * section 2.1).
 *
 * Prefix: downgrade_.
 *
 * An internationalized message has a field with characters beyond ASCII in its header,
 * or in that of one of its parts (RFC 6532). Each field is judged for itself: one that
 * is UTF-8 makes the message such a one. What has octets beyond ASCII that are not
 * UTF-8, and no such field, is ordinary mail of an old program, and goes out as it is
 * stored. In a surrogate everything in a header is ASCII. One routine both judges and
 * counts for LIST, and writes for RETR and TOP.
 */
#pragma once

#include "mail/field.h"
#include "mail/parts.h"
#include "mail/wire.h"

/* What the site wants. */
enum downgrade_way {
	DOWNGRADE_FULL = FIELD_FULL,
	DOWNGRADE_SIMPLE = FIELD_SIMPLE,
	DOWNGRADE_REFUSE, /* no surrogates: the message is for clients of UTF8 only */
	DOWNGRADE_WAY_COUNT
};

/* What a client without UTF8 gets instead of a message. */
enum surrogate {
	SURROGATE_NONE,    /* nothing else: the message itself */
	SURROGATE_MADE,    /* its surrogate */
	SURROGATE_REFUSED, /* nothing: the site wants it so */
	SURROGATE_COUNT
};

enum {
	DOWNGRADE_MADE_OCTETS = 16384,
	DOWNGRADE_LOOKS_MAX = 32, /* after so many domains a call returns soon */
	/* Octets of fields that may be rewritten in one message; the text of further
	 * fields is left out. */
	DOWNGRADE_WORK_MAX = 4 << 20,
};

/* What is held: of a field, or of a line that may be the boundary of a part. */
enum downgrade_hold {
	DOWNGRADE_STORED,    /* as it is stored */
	DOWNGRADE_REWRITING, /* without its line ends: it is being written */
	DOWNGRADE_LEAVING,   /* nothing: the rest of the field is left out */
};

/* State between two pieces of one message: large, so that only whoever needs it has
 * one. */
struct downgrade {
	enum downgrade_way way;
	enum downgrade_hold hold;
	bool judging;
	bool passing;  /* the rest of this line is of no interest */
	bool folded;   /* the first line of the field has ended */
	bool fresh;    /* nothing of its next line has come */
	bool whole;    /* it has come to its end */
	bool working;  /* the next step of writing it can be done */
	bool begun;    /* its name is written */
	bool losing;   /* something was left out of it */
	bool weighing; /* what it holds may make the message an internationalized one */
	bool fielded;  /* this header has had a field */
	bool needed;   /* some field is UTF-8 */
	bool owes;     /* see downgrade_encode */
	int64_t difference; /* octets that the surrogate has more so far */
	uint64_t left;      /* octets of the message that have not come */
	uint64_t lost;      /* fields of which something was left out */
	uint64_t enough;    /* domains that have been looked at when a call returns */
	uint64_t work;      /* octets of fields that were to be rewritten */

	struct span ready;       /* to go out: of what is held, or made of it */
	uint64_t made;           /* octets made by the step that is being done */
	size_t held_len;         /* what is held */
	size_t used;             /* ... and has been written */
	struct wire stored;      /* counts the field that is rewritten */
	struct field field;      /* ... how far its writing has come, */
	struct fold_place place; /* ... and where */
	struct domains domains;

	struct parts parts;
	char held[FOLD_FIELD_MAX];
	char scratch[FOLD_FIELD_MAX + 8];
	char made_of[DOWNGRADE_MADE_OCTETS];
};

/* ---- judging ---- */

void downgrade_judge_start(struct downgrade *d, enum downgrade_way way);

/* The next octets of the message as it is stored. `last`: no more will come, so that
 * they need not be looked into where they are ASCII. */
void downgrade_judge(struct downgrade *d, struct span in, bool last);

/* Can nothing that follows change the verdict? */
static inline bool downgrade_is_decided(const struct downgrade *d)
{
	return d->parts.place == PARTS_REST;
}

/* The end. *out_difference: octets on the wire that the surrogate, if one is made, has
 * more than the message. */
enum surrogate downgrade_verdict(struct downgrade *d, int32_t *out_difference);

/* ---- writing ---- */

/* Begin with the surrogate of a message of `octets`, for which it was found to be made.
 */
void downgrade_start(struct downgrade *d, enum downgrade_way way, uint64_t octets);

/* As wire_encode, but for two things. It may stop with room left when enough work has
 * been done: to be called again. The last octet of the message is taken when all of the
 * surrogate is out, so that whoever offers octets until they are taken need not know
 * more. */
size_t downgrade_encode(struct downgrade *d, struct wire *w, struct span *io_in,
			char *out, size_t room);
