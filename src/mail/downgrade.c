/* mail/downgrade.c - makes surrogate messages for clients without UTF8.
 *
 * Prefix: downgrade_. Octets that may be a header field, or the boundary of a part, are
 * held until it is clear which they are; all other octets are passed on. A field that
 * must be rewritten, or is too long to be held, is written in steps; the output of a
 * step is sent before the next step.
 */
#include "mail/downgrade.h"

#include "base/utf8.h"

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

static struct span held(const struct downgrade *d)
{
	return (struct span){ d->held, d->held_len };
}

/* ---- the held octets ---- */

/* Discard the held octets. */
static void forget(struct downgrade *d)
{
	d->hold = DOWNGRADE_STORED;
	d->held_len = d->used = 0;
	d->fresh = d->folded = d->whole = d->working = false;
}

/* Send the held octets as stored. */
static void release(struct downgrade *d)
{
	if (d->judging)
		forget(d);
	else
		d->ready = held(d);
}

/* A field that was rewritten, or left out, has ended. */
static void end_rewriting(struct downgrade *d)
{
	wire_end(&d->stored, NULL);
	d->difference -= (int64_t)d->stored.octets;
	d->lost += d->losing;
	forget(d);
}

/* Leave out the rest of the field. */
static void leave_rest(struct downgrade *d)
{
	d->working = false;
	d->held_len = d->used = 0;
	d->hold = DOWNGRADE_LEAVING;
	if (d->whole)
		end_rewriting(d);
}

/* Does `s`, a part of a field, make the message internationalized? A part that may
 * begin or end within a character (not `whole`) counts as UTF-8 if it is not ASCII. */
static void weigh(struct downgrade *d, struct span s, bool whole)
{
	if (!utf8_is_ascii(s) && (!whole || utf8_is(s)))
		d->needed |= d->weighing;
}

/* A step is done; `rest` is the input that it has not consumed. */
static void step_done(struct downgrade *d, enum field_went went, struct span rest)
{
	const size_t used = (size_t)(rest.at - d->held);

	weigh(d, (struct span){ d->held + d->used, used - d->used }, true);
	d->used = used;
	if (went == FIELD_DONE && d->whole) {
		end_rewriting(d);
	} else if (went == FIELD_CUT || went == FIELD_DONE) {
		weigh(d, rest, false);
		leave_rest(d);
	} else if (went == FIELD_MORE) {
		memmove(d->held, rest.at, rest.len);
		d->held_len = rest.len;
		d->used = 0;
		d->working = false;
	}
}

/* No honest header needs this much work: somebody wants to keep us busy. */
static bool has_worked_enough(const struct downgrade *d)
{
	return d->work > DOWNGRADE_WORK_MAX;
}

/* One step of writing the field. If there has been enough work, the field ends here. */
static enum field_went step(struct downgrade *d, struct fold *f, struct field *field,
			    struct span *io)
{
	enum field_have have = d->used > 0 ? FIELD_PART : FIELD_FILL;

	if (d->begun && has_worked_enough(d)) {
		struct span nothing = { io->at, 0 };

		f->lost = true;
		while (field_step(f, field, &nothing, FIELD_ALL) == FIELD_WENT)
			;
		return FIELD_CUT;
	}
	if (d->whole)
		have = FIELD_ALL;
	if (d->begun)
		return field_step(f, field, io, have);
	return field_begin(f, field, io, have, d->parts.place == PARTS_STATUS)
		       ? FIELD_WENT
		       : FIELD_CUT;
}

/* Do the next step of writing a field. A step whose output does not fit is repeated,
 * and skips the octets that are out. */
static void make_more(struct downgrade *d)
{
	struct fold f = { .out = BUF(d->made_of),
			  .skip = d->made,
			  .at = d->place,
			  .scratch = d->scratch,
			  .domains = &d->domains };
	struct field field = d->field;
	struct span rest = span_after(held(d), d->used);

	if (d->judging)
		f.out.room = 0;
	const enum field_went went = step(d, &f, &field, &rest);
	d->ready = buf_span(&f.out);
	if (!d->judging && d->made + f.out.len < f.made) {
		d->made += f.out.len;
		return;
	}
	d->made = 0;
	d->difference += (int64_t)f.made;
	d->losing |= f.lost;
	d->begun = true;
	d->field = field;
	d->place = f.at;
	step_done(d, went, rest);
}

/* ---- what comes in ---- */

/* `held` is a field, or its beginning. */
static void look_at_field(struct downgrade *d, bool *out_is_field)
{
	struct span name, value;

	parts_read_field(&d->parts, held(d));
	*out_is_field = field_cut(held(d), &name, &value);
	d->fielded |= *out_is_field;
}

/* Octets beyond ASCII in text that is no field count only if a field came before it in
 * this header. */
static void begin_rewriting(struct downgrade *d, bool whole)
{
	d->hold = DOWNGRADE_REWRITING;
	d->whole = whole;
	d->working = true;
	d->begun = d->losing = false;
	d->weighing = d->fielded;
	d->used = d->made = 0;
	d->field = (struct field){ .way = d->way == DOWNGRADE_SIMPLE ? FIELD_SIMPLE
								     : FIELD_FULL };
	d->place = (struct fold_place){ 0 };
	d->stored = (struct wire){ .line = 2 };
	wire_count(&d->stored, held(d));
	if (whole) {
		weigh(d, held(d), true);
		d->weighing = false;
	}
	if (has_worked_enough(d)) {
		weigh(d, held(d), false);
		d->losing = true;
		leave_rest(d);
		return;
	}
	d->work += d->held_len;
	d->held_len = field_unfold(d->held, d->held_len);
}

static void end_field(struct downgrade *d)
{
	bool is_field;

	d->fresh = false;
	switch (d->hold) {
	case DOWNGRADE_STORED:
		look_at_field(d, &is_field);
		if (utf8_is_ascii(held(d)))
			release(d);
		else
			begin_rewriting(d, true);
		break;
	case DOWNGRADE_REWRITING:
		d->whole = d->working = true;
		break;
	case DOWNGRADE_LEAVING:
		end_rewriting(d);
		break;
	}
}

static void end_line(struct downgrade *d)
{
	const bool first = !d->folded;
	const struct span line = held(d);

	d->folded = d->fresh = true;
	if (parts_in_header(&d->parts) && first &&
	    (span_is(line, "\n") || span_is(line, "\r\n"))) {
		parts_end_header(&d->parts);
		d->fielded &= d->parts.place == PARTS_STATUS;
		release(d);
	} else if ((first && parts_read_line(&d->parts, line)) ||
		   !parts_in_header(&d->parts)) {
		d->fielded = false;
		release(d);
	}
}

/* The line or field is longer than `held` may become. */
static void overflow(struct downgrade *d)
{
	bool is_field;

	if (parts_in_header(&d->parts)) {
		look_at_field(d, &is_field);
		begin_rewriting(d, false);
	} else {
		d->passing = true;
		release(d);
	}
}

/* Octets up to and including the line end, but at most `most`. */
static size_t line_len(struct span in, size_t most, bool *out_ends)
{
	in.len = in.len < most ? in.len : most;
	const char *lf = memchr(in.at, '\n', in.len);

	*out_ends = lf != NULL;
	return lf ? (size_t)(lf - in.at) + 1 : in.len;
}

/* Hold octets, up to the end of the line. */
static void collect(struct downgrade *d, struct span *io_in)
{
	const size_t most = parts_in_header(&d->parts) ? (size_t)FOLD_FIELD_MAX
						       : (size_t)PARTS_LINE_MAX;
	bool ends;
	const size_t len = line_len(*io_in, most - d->held_len, &ends);

	memcpy(d->held + d->held_len, io_in->at, len);
	d->held_len += len;
	d->fresh = false;
	*io_in = span_after(*io_in, len);
	if (ends)
		end_line(d);
	else if (d->held_len == most)
		overflow(d);
}

/* Hold more of a field that is being rewritten. The next step waits until `held` is
 * full or the field ends. */
static void collect_more(struct downgrade *d, struct span *io_in)
{
	const size_t len = line_len(*io_in, FOLD_FIELD_MAX - d->held_len, &d->fresh);

	memcpy(d->held + d->held_len, io_in->at, len);
	d->work += len;
	wire_count(&d->stored, (struct span){ io_in->at, len });
	d->held_len += len;
	*io_in = span_after(*io_in, len);
	if (d->fresh) {
		d->held_len--;
		if (d->held_len > 0 && d->held[d->held_len - 1] == '\r')
			d->held_len--;
	}
	d->working = d->held_len == FOLD_FIELD_MAX;
}

static void leave(struct downgrade *d, struct span *io_in)
{
	const struct span s = { io_in->at, line_len(*io_in, SIZE_MAX, &d->fresh) };

	weigh(d, s, false);
	wire_count(&d->stored, s);
	*io_in = span_after(*io_in, s.len);
}

/* Consume some octets while nothing is ready to be sent: decide, pass on or hold. */
static void consume(struct downgrade *d, struct span *io_in)
{
	const char c = io_in->at[0];

	if (d->parts.place == PARTS_BODY && d->held_len == 0 && c != '-')
		d->passing = true;
	else if (d->fresh && !is_white(c))
		end_field(d);
	else if (d->hold == DOWNGRADE_LEAVING)
		leave(d, io_in);
	else if (d->hold == DOWNGRADE_REWRITING)
		collect_more(d, io_in);
	else
		collect(d, io_in);
}

/* The part of the input that may be passed on. */
static struct span passing(const struct downgrade *d, struct span in)
{
	const char *lf = NULL;

	if (d->parts.place != PARTS_REST)
		lf = memchr(in.at, '\n', in.len);
	return (struct span){ in.at, lf ? (size_t)(lf - in.at) + 1 : in.len };
}

/* `len` octets have been passed on. */
static void passed(struct downgrade *d, struct span *io_in, size_t len)
{
	if (len > 0 && io_in->at[len - 1] == '\n')
		d->passing = false;
	*io_in = span_after(*io_in, len);
}

static bool passes(const struct downgrade *d)
{
	return d->passing || (d->parts.place == PARTS_REST && d->held_len == 0);
}

/* The input has ended. */
static void end_input(struct downgrade *d)
{
	if (d->hold != DOWNGRADE_STORED ||
	    (d->held_len > 0 && parts_in_header(&d->parts)))
		end_field(d);
	else if (d->held_len > 0)
		release(d);
}

/* ---- judging ---- */

static void start(struct downgrade *d, enum downgrade_way way)
{
	memset(d, 0, offsetof(struct downgrade, parts));
	d->way = way;
	d->ready = (struct span){ d->made_of, 0 };
	parts_start(&d->parts);
}

void downgrade_judge_start(struct downgrade *d, enum downgrade_way way)
{
	start(d, way);
	d->judging = true;
}

void downgrade_judge(struct downgrade *d, struct span in, bool last)
{
	if (last && d->held_len == 0 && d->hold == DOWNGRADE_STORED &&
	    utf8_is_ascii(in))
		return;
	while (in.len > 0 || d->working)
		if (d->working)
			make_more(d);
		else if (passes(d))
			passed(d, &in, passing(d, in).len);
		else
			consume(d, &in);
}

enum surrogate downgrade_verdict(struct downgrade *d, int32_t *out_difference)
{
	int64_t more;

	end_input(d);
	while (d->working)
		make_more(d);
	*out_difference = 0;
	if (!d->needed)
		return SURROGATE_NONE;
	if (d->way == DOWNGRADE_REFUSE)
		return SURROGATE_REFUSED;
	more = d->difference < INT32_MAX ? d->difference : INT32_MAX;
	*out_difference = (int32_t)(more > INT32_MIN ? more : INT32_MIN);
	return SURROGATE_MADE;
}

/* ---- writing ---- */

void downgrade_start(struct downgrade *d, enum downgrade_way way, uint64_t octets)
{
	start(d, way);
	d->left = octets;
}

/* Send what is ready, and do the steps that are due. False: the room is full, or this
 * call has done enough work. */
static bool send_ready(struct downgrade *d, struct wire *w, struct buf *out)
{
	while (d->ready.len > 0 || d->working) {
		out->len +=
			wire_encode(w, &d->ready, out->at + out->len, buf_left(out));
		if (w->full) {
			w->cut |= d->working;
			return true;
		}
		if (d->ready.len > 0)
			return false;
		if (d->working && d->domains.looked >= d->enough)
			return false;
		if (d->working)
			make_more(d);
		else if (d->hold == DOWNGRADE_STORED)
			forget(d);
	}
	return true;
}

/* Consume some input. False: the room is full. */
static bool send_some(struct downgrade *d, struct wire *w, struct span *io_in,
		      struct buf *out)
{
	const size_t before = io_in->len;

	if (passes(d)) {
		struct span part = passing(d, *io_in);
		const size_t all = part.len;

		out->len += wire_encode(w, &part, out->at + out->len, buf_left(out));
		passed(d, io_in, all - part.len);
		d->left -= before - io_in->len;
		return part.len == 0;
	}
	consume(d, io_in);
	d->left -= before - io_in->len;
	return true;
}

size_t downgrade_encode(struct downgrade *d, struct wire *w, struct span *io_in,
			char *out, size_t room)
{
	struct span in = d->owes ? span_after(*io_in, 1) : *io_in;
	struct buf b = { .at = out, .room = room };

	d->enough = d->domains.looked + DOWNGRADE_LOOKS_MAX;
	bool on = send_ready(d, w, &b);
	while (on && !w->full && in.len > 0)
		on = send_some(d, w, &in, &b) && send_ready(d, w, &b);
	if (on && !w->full && d->left == 0) {
		end_input(d);
		on = send_ready(d, w, &b);
	}
	d->owes = !on && in.len == 0 && d->left == 0;
	*io_in = d->owes ? (struct span){ in.at - 1, 1 } : in;
	return b.len;
}
