/* lmtp/content.c - turns the octets of a message on the wire into those that a Maildir
 * stores.
 *
 * Prefix: content_. Two stages: the first finds the line ends and the dots, and calls
 * put() for each run of stored octets; the second, put(), takes fields off the header.
 */
#include "lmtp/content.h"

#include "base/ascii.h"

/* Of the first stage: where in a line end or dot. The octets that a name mentions have
 * been taken, and are held back. */
enum at {
	AT_BEGINNING, /* of a line: of the message, or behind a CRLF */
	AT_INSIDE,
	AT_CR,
	AT_DOT,   /* at the beginning of a line */
	AT_DOT_CR /* at the beginning of a line */
};

/* Of the second stage: the part of a header line. */
enum part {
	PART_NAME, /* the beginning, in `start`: it may become "Return-Path:" */
	PART_REST
};

static const char name[] = "return-path";
enum { NAME_LEN = sizeof name - 1 };

/* ---- the second stage ---- */

static void flush(struct content *c, struct buf *out)
{
	buf_put(out, (struct span){ c->start, c->held });
	c->held = 0;
}

/* Does `next` continue what `start` has of "Return-Path", and spaces before the colon
 * (RFC 5322 section 4.5.3)? */
static bool goes_on(const struct content *c, char next)
{
	if (c->held < NAME_LEN)
		return ascii_lower(next) == name[c->held];
	return (next == ' ' || next == '\t') && c->held < sizeof c->start;
}

/* Take the next octet at the beginning of a header line. Returns how many were taken: 1
 * or 0. */
static size_t take_name(struct content *c, char next, struct buf *out)
{
	const bool first = c->held == 0;
	const bool folded = first && (next == ' ' || next == '\t');

	if (first && next == '\n') {
		c->in_body = true;
		return 0;
	}
	if (first && !folded)
		c->dropping = false;
	if (!folded && goes_on(c, next)) {
		c->start[c->held++] = next;
		return 1;
	}
	if (c->held >= NAME_LEN && next == ':') {
		c->dropping = true;
		c->held = 0;
	}
	flush(c, out);
	c->part = PART_REST;
	return 0;
}

/* Take the rest of a header line from the front of `run`. Returns how many octets were
 * taken. */
static size_t take_rest(struct content *c, struct span run, struct buf *out)
{
	const char *lf = memchr(run.at, '\n', run.len);
	const struct span rest = { run.at, lf ? (size_t)(lf - run.at) + 1 : run.len };

	if (!c->dropping)
		buf_put(out, rest);
	if (lf)
		c->part = PART_NAME;
	return rest.len;
}

static void put(struct content *c, struct span run, struct buf *out)
{
	while (run.len > 0 && !c->in_body) {
		const size_t n = c->part == PART_NAME ? take_name(c, run.at[0], out)
						      : take_rest(c, run, out);
		run = span_after(run, n);
	}
	buf_put(out, run);
}

/* ---- the first stage ---- */

void content_init(struct content *c, enum content_form form)
{
	*c = (struct content){ .form = form, .at = AT_BEGINNING, .part = PART_NAME };
}

/* Take the octets up to the next CR, and the CR. Returns how many. */
static size_t take_inside(struct content *c, struct span in, struct buf *out)
{
	const char *cr = memchr(in.at, '\r', in.len);
	const struct span run = { in.at, cr ? (size_t)(cr - in.at) : in.len };

	put(c, run, out);
	c->octets += run.len;
	c->at = cr ? AT_CR : AT_INSIDE;
	return run.len + (cr ? 1 : 0);
}

/* Take the octet behind a CR, if it is an LF. Returns how many: 1 or 0. */
static size_t take_after_cr(struct content *c, char next, struct buf *out)
{
	const bool ends = next == '\n';

	put(c, ends ? SPAN("\n") : SPAN("\r"), out);
	c->octets += ends ? 2 : 1;
	c->at = ends ? AT_BEGINNING : AT_INSIDE;
	return ends;
}

/* Take octets from the front of `in`, which is not empty. Returns how many; 0: c->at
 * has changed. */
static size_t take(struct content *c, struct span in, struct buf *out)
{
	const char next = in.at[0];

	switch ((enum at)c->at) {
	case AT_BEGINNING:
		if (c->form == CONTENT_DOTTED && next == '.') {
			c->at = AT_DOT;
			return 1;
		}
		return take_inside(c, in, out);
	case AT_INSIDE:
		return take_inside(c, in, out);
	case AT_CR:
		return take_after_cr(c, next, out);
	case AT_DOT:
		c->at = next == '\r' ? AT_DOT_CR : AT_INSIDE;
		return next == '\r';
	case AT_DOT_CR:
		c->ended = next == '\n';
		c->at = c->ended ? AT_BEGINNING : AT_CR;
		return c->ended;
	}
	return 0;
}

size_t content_take(struct content *c, struct span *io_in, char *out, size_t room)
{
	struct buf to = { .at = out, .room = room };
	const size_t most = room > CONTENT_HELD_MAX ? room - CONTENT_HELD_MAX : 0;
	struct span in = { io_in->at, io_in->len < most ? io_in->len : most };

	while (in.len > 0 && !c->ended)
		in = span_after(in, take(c, in, &to));
	*io_in = (struct span){ in.at, (size_t)(io_in->at + io_in->len - in.at) };
	return to.len;
}

size_t content_end(struct content *c, char *out)
{
	struct buf to = { .at = out, .room = CONTENT_HELD_MAX };

	if (c->at == AT_CR) {
		put(c, SPAN("\r"), &to);
		c->octets++;
	}
	flush(c, &to);
	return to.len;
}
