/* mail/downgrade.h - makes surrogate messages for clients without UTF8 (RFC 6856
 * section 2.1).
 *
 * Prefix: downgrade_.
 *
 * A message is internationalized if a field in its header, or in the header of one of
 * its parts, holds characters beyond ASCII in UTF-8 (RFC 6532). If the only octets
 * beyond ASCII are not UTF-8, the message is ordinary mail of an old program, and is
 * sent as stored. A surrogate message has the same bodies, but only ASCII in its
 * headers. To judge a message is to find out whether it is internationalized, and how
 * long its surrogate is, for LIST. The same code judges and, for RETR and TOP, writes,
 * so that both always agree.
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
	DOWNGRADE_LOOKS_MAX = 32, /* after converting so many domains, a call returns */
	/* Octets of fields that are rewritten in one message; beyond that, a field that
	 * would be rewritten is cut or left out. */
	DOWNGRADE_WORK_MAX = 4 << 20,
};

/* What becomes of the octets in `held`: a field, or a line that may be the boundary of
 * a part. */
enum downgrade_hold {
	DOWNGRADE_STORED,    /* they are sent as stored */
	DOWNGRADE_REWRITING, /* they are unfolded, and the field is being rewritten */
	DOWNGRADE_LEAVING,   /* none are held: the rest of the field is left out */
};

/* The state between two pieces of one message. It is large, so allocate it only for
 * messages that need it. */
struct downgrade {
	enum downgrade_way way;
	enum downgrade_hold hold;
	bool judging;  /* downgrade_judge_start was called: nothing is written */
	bool passing;  /* the rest of this line is sent as stored */
	bool folded;   /* the first line of the field has ended */
	bool fresh;    /* a line of the field has ended, and the next octet, which may
			  continue the field, has not come */
	bool whole;    /* all of the field has come */
	bool working;  /* the next step of rewriting the field can be done */
	bool begun;    /* the name of the field is written */
	bool losing;   /* something was left out of the field */
	bool weighing; /* UTF-8 in this field makes the message internationalized */
	bool fielded;  /* this header has had a field */
	bool needed;   /* the message is internationalized */
	bool owes; /* the last octet of input is not consumed yet: see downgrade_encode
		    */
	int64_t difference; /* octets of the surrogate minus those of the message, so
			       far */
	uint64_t left;      /* octets of the message still to come */
	uint64_t lost;      /* number of fields from which something was left out */
	uint64_t enough; /* this call returns when domains.looked reaches this number */
	uint64_t work;   /* octets of fields that were rewritten so far: see
			    DOWNGRADE_WORK_MAX */

	struct span ready;  /* octets to send next: in held or in made_of */
	uint64_t made;      /* octets of the present step that have been sent */
	size_t held_len;    /* octets in held */
	size_t used;        /* octets in held that have been rewritten */
	struct wire stored; /* counts the octets that the stored field would have on the
			       wire */
	struct field field; /* how far the field has been rewritten */
	struct fold_place place; /* the same for its lines */
	struct domains domains;

	struct parts parts;
	char held[FOLD_FIELD_MAX];
	char scratch[FOLD_FIELD_MAX + 8];
	char made_of[DOWNGRADE_MADE_OCTETS];
};

/* ---- judging ---- */

void downgrade_judge_start(struct downgrade *d, enum downgrade_way way);

/* Judge the next octets of the stored message. `last`: the message ends with them; then
 * downgrade_judge may skip them if they are ASCII. */
void downgrade_judge(struct downgrade *d, struct span in, bool last);

/* Is the verdict final, whatever octets follow, because no header can? */
static inline bool downgrade_is_decided(const struct downgrade *d)
{
	return d->parts.place == PARTS_REST;
}

/* The verdict: what a client without UTF8 gets. Call this once, at the end of the
 * message. With SURROGATE_MADE, *out_difference becomes the octets of the surrogate on
 * the wire minus those of the message; otherwise 0. */
enum surrogate downgrade_verdict(struct downgrade *d, int32_t *out_difference);

/* ---- writing ---- */

/* Begin to write the surrogate of a message that has `octets` octets as stored, and
 * whose verdict was SURROGATE_MADE. */
void downgrade_start(struct downgrade *d, enum downgrade_way way, uint64_t octets);

/* Like wire_encode, with two differences. It may return with room left, when it has
 * done enough work for one call: call it again. And it consumes the last input octet
 * only after all output has been produced, so callers need no separate flush. */
size_t downgrade_encode(struct downgrade *d, struct wire *w, struct span *io_in,
			char *out, size_t room);
