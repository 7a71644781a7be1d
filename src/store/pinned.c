/* store/pinned.c - pins unique-ids that messages had on another server.
 *
 * Prefix: store_pin.
 */
#include <stdlib.h>

#include "mail/name.h"
#include "store/index.h"
#include "store/kinds.h"
#include "store/store.h"

/* One call of store_pin. The places 1 to wish->count are those of the wishes; pins of
 * other messages come behind them. */
struct pinning {
	struct store_pins *wish;
	struct pins pins;
	uint64_t last; /* the place that the last wish with a pin had */
};

/* ---- one wish ---- */

static enum fault refuse(struct why *why, const char *doing, struct span key)
{
	struct why story;
	char what[sizeof story.what];
	const size_t len = key.len < sizeof what ? key.len : sizeof what - 1;

	memcpy(what, key.at, len);
	what[len] = '\0';
	return fault_set(why, FAULT_SETUP, 0, doing, what);
}

static bool key_is_good(struct span key)
{
	return key.len > 0 && key.len <= PINS_KEY_MAX && !span_has_any(key, "/");
}

static bool is_uid(const struct store_pin *w, struct span uid)
{
	return uid.len == w->given_len && memcmp(uid.at, w->given, uid.len) == 0;
}

static void set_given(struct store_pin *w, struct span uid)
{
	w->given_len = (uint8_t)uid.len;
	memcpy(w->given, uid.at, uid.len);
}

/* The unique-id that the wish could have, in `given`. */
static void shape(struct store_pin *w)
{
	w->outcome = STORE_PIN_MADE;
	w->given_len = 0;
	if (w->uid.len == 0)
		return;
	if (listing_uid_ok(w->uid)) {
		set_given(w, w->uid);
		return;
	}
	w->outcome = STORE_PIN_HASHED;
	w->given_len = (uint8_t)name_hash(w->uid, 0, w->given);
}

/* Pin the wish, which is the i-th, with the unique-id in `given`. */
static enum fault add(struct pinning *g, size_t i, struct why *why)
{
	const struct store_pin *w = &g->wish->at[i];
	const struct pin pin = {
		.key = w->key,
		.uid = { w->given, w->given_len },
		.place = i + 1,
		.number = w->number,
	};

	g->wish->changed = true;
	return pins_add(&g->pins, &pin) ? FAULT_NONE
					: fault_set(why, FAULT_NOMEM, 0, "pin", NULL);
}

/* The message has a pin. Returns whether it keeps its unique-id. */
static bool keeps(const struct pinning *g, struct store_pin *w, const struct pin *pin)
{
	if (w->given_len == 0 || is_uid(w, pin->uid)) {
		w->outcome = STORE_PIN_KEPT;
	} else if (pins_is_taken(&g->pins, (struct span){ w->given, w->given_len },
				 w->key)) {
		if (pin->uid.len == 0)
			return false;
		w->outcome = STORE_PIN_DUPLICATE;
	} else if (pin->uid.len > 0 && !g->wish->replaces) {
		w->outcome = STORE_PIN_OTHER;
	} else {
		return false;
	}
	set_given(w, pin->uid);
	return true;
}

/* Give the pin the place of the i-th wish. */
static void move(struct pinning *g, size_t i, const struct pin *pin)
{
	const struct store_pin *w = &g->wish->at[i];
	struct pin to = *pin;

	to.place = i + 1;
	if (to.number == 0 || g->wish->replaces)
		to.number = w->number > 0 ? w->number : to.number;
	g->wish->changed |= pin->place <= g->last || to.number != pin->number;
	g->last = pin->place;
	pins_change(&g->pins, &to);
}

/* *out_later: another message has the unique-id, so that one must be made once all
 * others are pinned. */
static enum fault grant(struct pinning *g, size_t i, bool *out_later, struct why *why)
{
	struct store_pin *w = &g->wish->at[i];

	if (!key_is_good(w->key))
		return refuse(why, "pin a message of this name:", w->key);
	const struct pin *pin = pins_find(&g->pins, w->key);
	if (pin && pin->place <= g->wish->count)
		return refuse(why, "pin twice", w->key);
	shape(w);
	if (pin && keeps(g, w, pin)) {
		move(g, i, pin);
		return FAULT_NONE;
	}
	*out_later = w->given_len > 0 &&
		     pins_is_taken(&g->pins, (struct span){ w->given, w->given_len },
				   w->key);
	return *out_later ? FAULT_NONE : add(g, i, why);
}

static enum fault grant_made(struct pinning *g, size_t i, struct why *why)
{
	struct store_pin *w = &g->wish->at[i];
	const struct pin *pin = pins_find(&g->pins, w->key);

	if (pin && pin->place <= g->wish->count)
		return refuse(why, "pin twice", w->key);
	w->outcome = STORE_PIN_DUPLICATE;
	w->given_len = (uint8_t)pins_derive(&g->pins, w->key, w->given);
	return add(g, i, why);
}

/* ---- all of them ---- */

/* Make room for the places of the wishes, in front of all pins. */
static void push_back(struct pinning *g)
{
	for (uint32_t i = 0; i < g->pins.count; i++)
		g->pins.at[i].pin.place += g->wish->count;
	g->last = g->wish->count;
}

static enum fault grant_all(struct pinning *g, struct why *why)
{
	const size_t count = g->wish->count;
	bool *later = calloc(count + 1, sizeof *later);
	enum fault f = FAULT_NONE;

	if (!later)
		return fault_set(why, FAULT_NOMEM, 0, "pin", NULL);
	for (size_t i = 0; i < count && f == FAULT_NONE; i++)
		f = grant(g, i, &later[i], why);
	for (size_t i = 0; i < count && f == FAULT_NONE; i++)
		if (later[i])
			f = grant_made(g, i, why);
	free(later);
	return f;
}

/* Did a pin that no wish has stand in front of one that a wish has? */
static bool jumps(const struct pinning *g)
{
	for (uint32_t i = 0; i < g->pins.count; i++)
		if (g->pins.at[i].live && g->pins.at[i].pin.place > g->wish->count &&
		    g->pins.at[i].pin.place < g->last)
			return true;
	return false;
}

static void set_bounds(struct pinning *g)
{
	struct store_pins *w = g->wish;

	if (w->validity > 0 && w->validity != g->pins.validity) {
		g->pins.validity = w->validity;
		w->changed = true;
	}
	if (g->pins.next > 0 && w->next > g->pins.next) {
		g->pins.next = w->next;
		w->changed = true;
	}
}

/* The index goes first: it must not survive with the unique-ids from before. */
static enum fault pin_all(struct pinning *g, int dir, struct why *why)
{
	enum fault f = pins_open(dir, &g->pins, why);

	g->wish->changed = false;
	if (f)
		return f;
	push_back(g);
	f = grant_all(g, why);
	if (f)
		return f;
	set_bounds(g);
	g->wish->changed |= jumps(g);
	if (!g->wish->changed || g->wish->dry_run)
		return FAULT_NONE;
	index_forget(dir);
	return pins_replace(&g->pins, dir, why);
}

enum fault store_pin(const struct store_opening *o, struct store_pins *p,
		     struct why *why)
{
	const struct store_kind *kind = store_kind(o->place.kind);
	struct store_opening opening = *o;
	struct pinning g = { .wish = p };
	struct maildrop *m;

	opening.use.read_only = p->dry_run;
	opening.rules = NULL;
	enum fault f = kind->open(&opening, &m, why);
	if (f)
		return f;
	f = pin_all(&g, m->dir, why);
	pins_close(&g.pins);
	kind->close(m);
	return f;
}

/* ---- the pins that there are ---- */

static int by_place(const void *a, const void *b)
{
	const struct pin *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

static enum fault see_all(const struct pins *p,
			  void (*see)(void *arg, const struct pin *pin), void *arg,
			  struct why *why)
{
	struct pin *sorted = malloc(p->count * sizeof *sorted + 1);
	uint32_t count = 0;

	if (!sorted)
		return fault_set(why, FAULT_NOMEM, 0, "read", PINS_FILE);
	for (uint32_t i = 0; i < p->count; i++)
		if (p->at[i].live)
			sorted[count++] = p->at[i].pin;
	qsort(sorted, count, sizeof *sorted, by_place);
	for (uint32_t i = 0; i < count; i++)
		see(arg, &sorted[i]);
	free(sorted);
	return FAULT_NONE;
}

enum fault store_pinned(const struct store_opening *o,
			void (*see)(void *arg, const struct pin *pin), void *arg,
			struct why *why)
{
	const struct store_kind *kind = store_kind(o->place.kind);
	struct store_opening opening = *o;
	struct pins pins;
	struct maildrop *m;

	opening.use.read_only = opening.use.as_is = true;
	opening.rules = NULL;
	enum fault f = kind->open(&opening, &m, why);
	if (f)
		return f;
	f = pins_open(m->dir, &pins, why);
	if (f == FAULT_NONE)
		f = see_all(&pins, see, arg, why);
	pins_close(&pins);
	kind->close(m);
	return f;
}
