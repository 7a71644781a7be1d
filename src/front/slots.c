/* front/slots.c - gives connections the numbers by which other processes name them.
 *
 * Prefix: slots_.
 */
#include "front/slots.h"

bool slots_take(struct front *f, struct conn *c)
{
	for (uint32_t i = 0; i < f->slot_count; i++) {
		uint32_t slot = (f->slot_hint + i) % f->slot_count;

		if (f->slots[slot])
			continue;
		f->slots[slot] = c;
		f->slot_hint = slot + 1;
		f->conn_count++;
		c->slot = slot;
		c->generation = ++f->generation;
		return true;
	}
	return false;
}

void slots_leave(struct conn *c)
{
	c->front->slots[c->slot] = NULL;
	c->front->conn_count--;
}

struct conn *slots_find(const struct front *f, uint64_t id)
{
	uint32_t slot = (uint32_t)id;
	struct conn *c = slot < f->slot_count ? f->slots[slot] : NULL;

	return c && slots_id(c) == id ? c : NULL;
}
