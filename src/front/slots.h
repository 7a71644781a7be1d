/* front/slots.h - gives connections the numbers by which other processes name them.
 *
 * Prefix: slots_. A number consists of a slot and a generation, so that an answer for a
 * connection that has ended never reaches the next connection in the same slot.
 */
#pragma once

#include "front/state.h"

/* Give c a free slot, or free its slot again. False: all slots are taken. */
MUST_USE bool slots_take(struct front *f, struct conn *c);
void slots_leave(struct conn *c);

/* The connection with this number; NULL: it has ended. */
struct conn *slots_find(const struct front *f, uint64_t id);

static inline uint64_t slots_id(const struct conn *c)
{
	return (uint64_t)c->generation << 32 | c->slot;
}
