/* cli/originroom.c - memory for the messages of an origin.
 *
 * Prefix: origin_.
 */
#include "cli/originroom.h"

#include <stdlib.h>

#include "mail/name.h"

enum { BLOCK_OCTETS = 1 << 16 };

struct origin_block {
	struct origin_block *next;
	size_t len, room;
	char at[];
};

static bool add_block(struct origin *s, size_t wanted)
{
	const size_t room = wanted > BLOCK_OCTETS ? wanted : BLOCK_OCTETS;
	struct origin_block *b = malloc(sizeof *b + room);

	if (!b)
		return false;
	*b = (struct origin_block){ .next = s->blocks, .room = room };
	s->blocks = b;
	return true;
}

struct span origin_keep(struct origin *s, struct span text)
{
	struct origin_block *b = s->blocks;

	if (!b || b->room - b->len <= text.len) {
		if (!add_block(s, text.len + 1))
			return (struct span){ 0 };
		b = s->blocks;
	}
	char *at = b->at + b->len;
	if (text.len > 0)
		memcpy(at, text.at, text.len);
	at[text.len] = '\0';
	b->len += text.len + 1;
	return (struct span){ at, text.len };
}

bool origin_add(struct origin *s, const struct origin_message *m)
{
	if (s->count == s->room) {
		const size_t room = s->room * 2 + 64;
		struct origin_message *more = realloc(s->at, room * sizeof *more);

		if (!more)
			return false;
		s->at = more;
		s->room = room;
	}
	s->at[s->count++] = *m;
	return true;
}

void origin_empty(struct origin *s)
{
	s->count = 0;
}

void origin_sort(struct origin *s, origin_order_fn *order)
{
	if (s->count > 1)
		qsort(s->at, s->count, sizeof *s->at, order);
}

int origin_by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int origin_by_base(const struct origin_message *a, const struct origin_message *b)
{
	return name_base_order(a->base, b->base);
}

static int by_base_and_place(const void *a, const void *b)
{
	const struct origin_view *x = a, *y = b;
	const int by = origin_by_base(x->message, y->message);

	return by ? by : (x->message > y->message) - (x->message < y->message);
}

struct origin_view *origin_view_by_base(struct origin *s)
{
	struct origin_view *all = calloc(s->count + 1, sizeof *all);

	if (!all)
		return NULL;
	for (size_t i = 0; i < s->count; i++)
		all[i].message = &s->at[i];
	qsort(all, s->count, sizeof *all, by_base_and_place);
	return all;
}

enum fault origin_find_doubles(struct origin *s, struct why *why)
{
	struct origin_view *all = origin_view_by_base(s);

	if (!all)
		return fault_set(why, FAULT_NOMEM, 0, NULL, NULL);
	for (size_t i = 1; i < s->count; i++)
		all[i].message->is_double =
			origin_by_base(all[i - 1].message, all[i].message) == 0;
	free(all);
	return FAULT_NONE;
}

void origin_free_blocks(struct origin *s)
{
	while (s->blocks) {
		struct origin_block *next = s->blocks->next;

		free(s->blocks);
		s->blocks = next;
	}
}
