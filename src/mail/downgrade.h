/* mail/downgrade.h - a message for clients that know no UTF-8: its surrogate (RFC 6856
 * section 2.1).
 *
 * Floor 1 (mail): does no I/O. Prefix: downgrade_.
 *
 * An internationalized message has characters beyond ASCII in its header, or in that of
 * one of its parts (RFC 6532), and nothing in them that is not UTF-8. Whatever else has
 * octets beyond ASCII in a header is ordinary mail, and goes out as it is stored. One
 * routine both judges and counts for LIST, and writes for RETR and TOP.
 */
#pragma once

#include "mail/field.h"
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
	SURROGATE_REFUSED, /* nothing: a field is too long to be rewritten, too */
	SURROGATE_COUNT
};

enum {
	DOWNGRADE_DEPTH_MAX = 32,    /* of parts within parts; what lies deeper stays */
	DOWNGRADE_BOUNDARY_MAX = 70, /* RFC 2046 section 5.1.1 */
	DOWNGRADE_MADE_OCTETS = 65536,
};

/* Where in a message. */
enum downgrade_place {
	DOWNGRADE_HEADER,
	DOWNGRADE_STATUS, /* groups of fields (RFC 3464 section 2.1) */
	DOWNGRADE_BODY,   /* a line may be the boundary of a part */
	DOWNGRADE_REST,   /* no header can follow */
};

/* What a header leads to. */
enum downgrade_content {
	DOWNGRADE_CONTENT_OTHER,
	DOWNGRADE_CONTENT_PARTS,
	DOWNGRADE_CONTENT_MESSAGE,
	DOWNGRADE_CONTENT_STATUS,
};

struct downgrade_boundary {
	uint8_t len;
	bool digest; /* its parts are messages, unless they say otherwise */
	char text[DOWNGRADE_BOUNDARY_MAX];
};

/* State between two pieces of one message: large, so that only whoever needs it has
 * one. */
struct downgrade {
	enum downgrade_way way;
	enum downgrade_place place;
	bool judging;
	bool passing;  /* the rest of this line is of no interest */
	bool overlong; /* ... and of this field: it was too long to be held */
	bool typed;    /* this header has had its Content-Type */
	bool needed, broken, refused; /* what was found */
	bool owes;                    /* see downgrade_encode */
	bool rewriting;               /* the field held is being written */
	int64_t difference;           /* octets that the surrogate has more so far */
	uint64_t left;                /* octets of the message that have not come */

	enum downgrade_content content;
	struct downgrade_boundary next; /* of the parts that this header announces */
	uint32_t depth;
	struct downgrade_boundary boundaries[DOWNGRADE_DEPTH_MAX];

	struct span ready;     /* to go out: of what is held, or made of it */
	uint64_t made;         /* octets made of the field that is being written */
	size_t held_len, line; /* what is held; where its last line begins */
	char held[FOLD_FIELD_MAX];
	char scratch[FOLD_FIELD_MAX];
	char made_of[DOWNGRADE_MADE_OCTETS];
};

/* ---- judging ---- */

void downgrade_judge_start(struct downgrade *d, enum downgrade_way way);

/* The next octets of the message as it is stored. `last`: no more will come, so that
 * they need not be looked into where they are ASCII. */
void downgrade_judge(struct downgrade *d, struct span in, bool last);

/* Can nothing that follows change the verdict? */
static inline bool downgrade_is_settled(const struct downgrade *d)
{
	return d->place == DOWNGRADE_REST;
}

/* The end. *out_difference: octets on the wire that the surrogate, if one is made, has
 * more than the message. */
enum surrogate downgrade_verdict(struct downgrade *d, int32_t *out_difference);

/* ---- writing ---- */

/* Begin with the surrogate of a message of `octets`, for which it was found to be made.
 */
void downgrade_start(struct downgrade *d, enum downgrade_way way, uint64_t octets);

/* As wire_encode. The last octet of the message is taken when all of the surrogate is
 * out, so that whoever offers octets until they are taken need not know more. */
size_t downgrade_encode(struct downgrade *d, struct wire *w, struct span *io_in,
			char *out, size_t room);
