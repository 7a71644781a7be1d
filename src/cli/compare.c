/* cli/compare.c - compares what two POP3 servers say of one maildrop.
 *
 * Prefix: compare_.
 */
#include "cli/compare.h"

#include <stdlib.h>

/* ---- texts ---- */

void compare_add(void *text, struct span line)
{
	struct compare_text *t = text;
	const size_t needed = t->len + line.len + 1;

	if (needed > t->room) {
		const size_t room = 2 * needed + 1024;
		char *more = realloc(t->at, room);

		t->failed |= !more;
		if (!more)
			return;
		t->at = more;
		t->room = room;
	}
	memcpy(t->at + t->len, line.at, line.len);
	t->at[needed - 1] = '\n';
	t->len = needed;
}

void compare_done(struct compare_text *text)
{
	free(text->at);
	*text = (struct compare_text){ 0 };
}

bool compare_stat(struct span said, struct compare_view *out)
{
	struct span messages, octets;

	(void)span_cut(&said, ' ', &messages);
	(void)span_cut(&said, ' ', &octets);
	return span_u64(messages, &out->messages) && span_u64(octets, &out->octets);
}

/* ---- differences ---- */

static void put_or_nothing(struct span line, bool there, const char *where,
			   struct buf *out)
{
	buf_text(out, where);
	if (there) {
		buf_char(out, '"');
		buf_put(out, line);
		buf_char(out, '"');
	} else {
		buf_text(out, "nothing");
	}
}

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static struct span span_of_text(const struct compare_text *t)
{
	return (struct span){ t->at, t->len };
}

/* Compare line by line; *out gets the first pair that differs. Returns the number of
 * such pairs. */
static uint64_t compare_texts(const struct compare_text *old,
			      const struct compare_text *new, const char *command,
			      struct buf *out)
{
	struct span a = span_of_text(old), b = span_of_text(new);
	uint64_t count = 0;

	while (a.len > 0 || b.len > 0) {
		const bool has_a = a.len > 0, has_b = b.len > 0;
		struct span line_a, line_b;

		(void)span_cut(&a, '\n', &line_a);
		(void)span_cut(&b, '\n', &line_b);
		if (has_a == has_b && same(line_a, line_b))
			continue;
		if (count++ > 0)
			continue;
		buf_text(out, command);
		put_or_nothing(line_a, has_a, ": the old server says ", out);
		put_or_nothing(line_b, has_b, ", the new one ", out);
	}
	return count;
}

static void put_more(uint64_t count, struct buf *out)
{
	if (count <= 1)
		return;
	buf_text(out, " (and ");
	buf_u64(out, count - 1);
	buf_text(out, " more)");
}

static void put_counts(const struct compare_view *old, const struct compare_view *new,
		       struct buf *out)
{
	buf_text(out, "STAT: the old server says ");
	buf_u64(out, old->messages);
	buf_char(out, ' ');
	buf_u64(out, old->octets);
	buf_text(out, ", the new one ");
	buf_u64(out, new->messages);
	buf_char(out, ' ');
	buf_u64(out, new->octets);
}

bool compare_views(const struct compare_view *old, const struct compare_view *new,
		   bool sizes, struct buf *out)
{
	uint64_t count = compare_texts(&old->uidl, &new->uidl, "UIDL", out);

	if (count == 0 && sizes)
		count = compare_texts(&old->list, &new->list, "LIST", out);
	put_more(count, out);
	if (count > 0)
		return false;
	if (old->messages == new->messages && (!sizes || old->octets == new->octets))
		return true;
	put_counts(old, new, out);
	return false;
}
