/* mail/downgrade.c - a message for clients that know no UTF-8: its surrogate.
 *
 * Floor 1 (mail): does no I/O. Prefix: downgrade_. What may be a header field, or the
 * boundary of a part, is held until it is known what it is; all else passes.
 */
#include "mail/downgrade.h"

#include "base/utf8.h"
#include "mail/token.h"

/* Longer than any boundary, with some white space behind it. */
enum { BOUNDARY_LINE_MAX = 128 };

static bool in_header(const struct downgrade *d)
{
	return d->place == DOWNGRADE_HEADER || d->place == DOWNGRADE_STATUS;
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

static struct span held(const struct downgrade *d)
{
	return (struct span){ d->held, d->held_len };
}

/* ---- what is held goes ---- */

static void forget(struct downgrade *d)
{
	d->held_len = d->line = 0;
	d->ready.len = 0;
	d->rewriting = false;
}

static void release(struct downgrade *d)
{
	if (d->judging)
		forget(d);
	else
		d->ready = held(d);
}

/* The next part of the field that is being written. */
static void make_more(struct downgrade *d)
{
	struct fold f = { .out = BUF(d->made_of),
			  .skip = d->made,
			  .scratch = d->scratch };

	if (d->judging)
		f.out.room = 0;
	field_write(&f, (enum field_way)d->way, held(d));
	d->made += f.out.len;
	d->ready = buf_span(&f.out);
	d->rewriting = d->made < f.made;
	if (d->judging)
		d->difference += (int64_t)f.made;
}

/* Octets on the wire, as stored. */
static int64_t wire_octets(struct span s)
{
	struct wire w = { .line = 2 };

	wire_count(&w, s);
	wire_end(&w, NULL);
	return (int64_t)w.octets;
}

static void rewrite(struct downgrade *d)
{
	d->needed = true;
	if (d->way == DOWNGRADE_REFUSE) {
		release(d);
		return;
	}
	d->difference -= wire_octets(held(d));
	d->held_len = field_unfold(d->held, d->held_len);
	d->made = 0;
	make_more(d);
	if (d->judging || d->ready.len == 0)
		forget(d);
}

/* ---- the structure ---- */

static bool take_boundary(struct downgrade *d, struct span value)
{
	char *text = d->scratch + FOLD_FIELD_MAX / 2;
	const size_t len = value.len < FOLD_FIELD_MAX / 2 ? field_value(value, text)
							  : 0;

	if (len == 0 || len > DOWNGRADE_BOUNDARY_MAX)
		return false;
	memcpy(d->next.text, text, len);
	d->next.len = (uint8_t)len;
	return true;
}

static enum downgrade_content content_of(struct span type)
{
	static const struct {
		const char *type;
		enum downgrade_content content;
	} contents[] = {
		{ "message/rfc822", DOWNGRADE_CONTENT_MESSAGE },
		{ "message/global", DOWNGRADE_CONTENT_MESSAGE },
		{ "message/delivery-status", DOWNGRADE_CONTENT_STATUS },
		{ "message/global-delivery-status", DOWNGRADE_CONTENT_STATUS },
	};

	if (span_starts_nocase(type, "multipart/"))
		return DOWNGRADE_CONTENT_PARTS;
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
		if (span_is_nocase(type, contents[i].type))
			return contents[i].content;
	return DOWNGRADE_CONTENT_OTHER;
}

/* Content-Type says what follows the header. A field that is longer than half of what
 * can be held says nothing. */
static void take_content_type(struct downgrade *d)
{
	struct span name, value, type;
	struct field_parameter p;
	char squeezed[64];
	bool found = false;

	if (d->typed || d->held_len >= FOLD_FIELD_MAX / 2 ||
	    !span_starts_nocase(held(d), "Content-Type"))
		return;
	memcpy(d->scratch, d->held, d->held_len);
	const struct span plain = { d->scratch, field_unfold(d->scratch, d->held_len) };
	if (!field_cut(plain, &name, &value) || !span_is_nocase(name, "Content-Type"))
		return;
	token_cut(&value, ";", &type);
	d->typed = true;
	d->content = DOWNGRADE_CONTENT_OTHER;
	if (type.len <= sizeof squeezed) {
		type = (struct span){ squeezed, token_squeeze(type, squeezed) };
		d->content = content_of(type);
		d->next.digest = span_is_nocase(type, "multipart/digest");
	}
	while (!found && field_next_parameter(&value, &p))
		found = span_is_nocase(p.name, "boundary") && take_boundary(d, p.value);
	if (d->content == DOWNGRADE_CONTENT_PARTS &&
	    (!found || d->depth == DOWNGRADE_DEPTH_MAX))
		d->content = DOWNGRADE_CONTENT_OTHER;
}

static void begin_header(struct downgrade *d)
{
	const bool digest = d->depth > 0 && d->boundaries[d->depth - 1].digest;

	d->place = DOWNGRADE_HEADER;
	d->typed = false;
	d->content = digest ? DOWNGRADE_CONTENT_MESSAGE : DOWNGRADE_CONTENT_OTHER;
}

static void begin_body(struct downgrade *d)
{
	d->place = d->depth > 0 ? DOWNGRADE_BODY : DOWNGRADE_REST;
}

/* An empty line. */
static void end_header(struct downgrade *d)
{
	if (d->place == DOWNGRADE_STATUS)
		return;
	switch (d->content) {
	case DOWNGRADE_CONTENT_PARTS:
		d->boundaries[d->depth++] = d->next;
		d->place = DOWNGRADE_BODY;
		break;
	case DOWNGRADE_CONTENT_MESSAGE:
		d->place = DOWNGRADE_HEADER;
		d->typed = false;
		d->content = DOWNGRADE_CONTENT_OTHER;
		break;
	case DOWNGRADE_CONTENT_STATUS:
		d->place = DOWNGRADE_STATUS;
		break;
	case DOWNGRADE_CONTENT_OTHER:
		begin_body(d);
		break;
	}
}

/* RFC 2046 section 5.1.1: two hyphens and the boundary of a multipart that has not
 * ended yet, an outer one too; two more, and it ends. */
static bool take_delimiter(struct downgrade *d, struct span line)
{
	while (line.len > 0 && memchr("\r\n \t", line.at[line.len - 1], 4))
		line.len--;
	if (!span_starts(line, "--"))
		return false;
	line = span_after(line, 2);
	for (uint32_t i = d->depth; i-- > 0;) {
		const struct downgrade_boundary *b = &d->boundaries[i];

		if (line.len < b->len || memcmp(line.at, b->text, b->len) != 0)
			continue;
		const struct span more = span_after(line, b->len);
		if (more.len == 0) {
			d->depth = i + 1;
			begin_header(d);
			return true;
		}
		if (span_is(more, "--")) {
			d->depth = i;
			begin_body(d);
			return true;
		}
	}
	return false;
}

/* ---- what comes in ---- */

/* A field is whole. */
static void end_field(struct downgrade *d)
{
	struct span name, value;

	if (d->place == DOWNGRADE_HEADER)
		take_content_type(d);
	if (utf8_is_ascii(held(d))) {
		release(d);
	} else if (!utf8_is(held(d)) || !field_cut(held(d), &name, &value)) {
		d->broken = true;
		release(d);
	} else {
		rewrite(d);
	}
}

static void end_line(struct downgrade *d)
{
	const struct span line = span_after(held(d), d->line);
	const bool fresh = d->line == 0;

	d->line = d->held_len;
	if (in_header(d) && fresh && (span_is(line, "\n") || span_is(line, "\r\n"))) {
		end_header(d);
		release(d);
	} else if ((fresh && take_delimiter(d, line)) || !in_header(d)) {
		release(d);
	}
}

/* The line, or the field, is longer than what is held of such. */
static void overflow(struct downgrade *d)
{
	if (in_header(d)) {
		d->overlong = true;
		d->refused |= !utf8_is_ascii(held(d));
	}
	d->passing = true;
	release(d);
}

/* Hold what has to be held, up to the end of the line. */
static void collect(struct downgrade *d, struct span *io_in)
{
	const size_t most = in_header(d) ? FOLD_FIELD_MAX : BOUNDARY_LINE_MAX;
	const char *lf = memchr(io_in->at, '\n', io_in->len);
	size_t len = lf ? (size_t)(lf - io_in->at) + 1 : io_in->len;
	const bool whole = lf && len <= most - d->held_len;

	len = len < most - d->held_len ? len : most - d->held_len;
	memcpy(d->held + d->held_len, io_in->at, len);
	d->held_len += len;
	*io_in = span_after(*io_in, len);
	if (whole)
		end_line(d);
	else if (d->held_len == most)
		overflow(d);
}

/* The next octets, when nothing is ready: decide, pass or hold. */
static void take(struct downgrade *d, struct span *io_in)
{
	const char c = io_in->at[0];

	if (d->place == DOWNGRADE_BODY && d->held_len == 0 && c != '-') {
		d->passing = true;
	} else if (in_header(d) && d->overlong && d->held_len == 0) {
		d->overlong = is_white(c);
		d->passing = d->overlong;
	} else if (in_header(d) && d->held_len > 0 && d->line == d->held_len &&
		   !is_white(c)) {
		end_field(d);
	} else {
		collect(d, io_in);
	}
}

/* What of the input passes, if something does. */
static struct span passing(const struct downgrade *d, struct span in)
{
	const char *lf = NULL;

	if (d->place != DOWNGRADE_REST)
		lf = memchr(in.at, '\n', in.len);
	return (struct span){ in.at, lf ? (size_t)(lf - in.at) + 1 : in.len };
}

/* So much of it has. */
static void passed(struct downgrade *d, struct span *io_in, size_t len)
{
	if (d->overlong && !utf8_is_ascii((struct span){ io_in->at, len }))
		d->refused = true;
	if (len > 0 && io_in->at[len - 1] == '\n')
		d->passing = false;
	*io_in = span_after(*io_in, len);
}

static bool passes(const struct downgrade *d)
{
	return d->passing || (d->place == DOWNGRADE_REST && d->held_len == 0);
}

/* ---- judging ---- */

static void start(struct downgrade *d, enum downgrade_way way)
{
	memset(d, 0, offsetof(struct downgrade, boundaries));
	d->way = way;
	d->ready = (struct span){ d->made_of, 0 };
	d->held_len = d->line = 0;
	begin_header(d);
}

void downgrade_judge_start(struct downgrade *d, enum downgrade_way way)
{
	start(d, way);
	d->judging = true;
}

void downgrade_judge(struct downgrade *d, struct span in, bool last)
{
	if (last && d->held_len == 0 && utf8_is_ascii(in))
		return;
	while (in.len > 0)
		if (passes(d))
			passed(d, &in, passing(d, in).len);
		else
			take(d, &in);
}

enum surrogate downgrade_verdict(struct downgrade *d, int32_t *out_difference)
{
	if (in_header(d) && d->held_len > 0)
		end_field(d);
	*out_difference = 0;
	if (d->broken || !(d->needed || d->refused))
		return SURROGATE_NONE;
	if (d->refused || d->way == DOWNGRADE_REFUSE || d->difference > INT32_MAX ||
	    d->difference < INT32_MIN)
		return SURROGATE_REFUSED;
	*out_difference = (int32_t)d->difference;
	return SURROGATE_MADE;
}

/* ---- writing ---- */

void downgrade_start(struct downgrade *d, enum downgrade_way way, uint64_t octets)
{
	start(d, way);
	d->left = octets;
}

/* Send what is ready. False: there is no room for all of it. */
static bool send_ready(struct downgrade *d, struct wire *w, struct buf *out)
{
	while (d->ready.len > 0) {
		out->len +=
			wire_encode(w, &d->ready, out->at + out->len, buf_left(out));
		if (d->ready.len > 0 && !w->full)
			return false;
		d->ready.len = 0;
		if (d->rewriting)
			make_more(d);
		else
			forget(d);
	}
	return true;
}

/* Take some input. False: there is no more room. */
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
	take(d, io_in);
	d->left -= before - io_in->len;
	return true;
}

size_t downgrade_encode(struct downgrade *d, struct wire *w, struct span *io_in,
			char *out, size_t room)
{
	struct span in = d->owes ? span_after(*io_in, 1) : *io_in;
	struct buf b = { .at = out, .room = room };
	bool on = send_ready(d, w, &b);

	while (on && !w->full && in.len > 0)
		on = send_some(d, w, &in, &b) && send_ready(d, w, &b);
	if (on && !w->full && d->left == 0 && d->held_len > 0) {
		if (in_header(d))
			end_field(d);
		else
			release(d);
		on = send_ready(d, w, &b);
	}
	d->owes = !on && in.len == 0 && d->left == 0;
	*io_in = d->owes ? (struct span){ in.at - 1, 1 } : in;
	return b.len;
}
