/* Pinned unique-ids and places: the register, and what sessions show of it. */
#include "box.h"

#include "mail/name.h"
#include "store/pins.h"
#include "traced.h"

/* ---- the register ---- */

static int folder_of(const struct box *b)
{
	mkdirat(b->root, "u/Maildir", 0700);
	int dir = openat(b->root, "u/Maildir", O_RDONLY | O_DIRECTORY);

	assert_true(dir >= 0);
	return dir;
}

static bool add(struct pins *p, const char *key, const char *uid)
{
	const struct pin pin = { .key = span_of(key),
				 .uid = span_of(uid),
				 .place = p->place };

	return pins_add(p, &pin);
}

static bool has(const struct pins *p, const char *key, const char *uid)
{
	const struct pin *pin = pins_find(p, span_of(key));

	return pin && span_is(pin->uid, uid);
}

static void is_empty_without_a_file(void **state)
{
	(void)state;
	struct box b;
	struct pins p;
	char uid[LISTING_UID_MAX];

	box_open(&b);
	OWN_FD dir = folder_of(&b);
	assert_int_equal(pins_open(dir, &p, NULL), FAULT_NONE);
	assert_int_equal(p.generation, 0);
	assert_null(pins_find(&p, SPAN("x")));
	assert_false(pins_is_taken(&p, SPAN("x"), SPAN("y")));
	assert_int_equal(pins_derive(&p, SPAN("1.x"), uid), 3);
	assert_memory_equal(uid, "1.x", 3);
	assert_int_equal(pins_append(&p, dir, NULL), FAULT_NONE);
	pins_close(&p);
	assert_false(there(&b, PINS_FILE));
	box_close(&b);
}

static void keeps_what_was_appended(void **state)
{
	(void)state;
	struct box b;
	struct pins p;

	box_open(&b);
	OWN_FD dir = folder_of(&b);
	for (int i = 0; i < 300; i++) {
		char key[32], uid[32];

		assert_int_equal(pins_open(dir, &p, NULL), FAULT_NONE);
		assert_int_equal(p.count, i);
		snprintf(key, sizeof key, "key-%d", i);
		snprintf(uid, sizeof uid, "uid-%d", i);
		assert_true(add(&p, key, uid));
		assert_int_equal(pins_append(&p, dir, NULL), FAULT_NONE);
		pins_close(&p);
	}
	assert_int_equal(pins_open(dir, &p, NULL), FAULT_NONE);
	assert_int_equal(p.generation, PINS_GENERATION_LISTED);
	assert_true(p.validity > 0);
	for (int i = 0; i < 300; i++) {
		char key[32], uid[32];

		snprintf(key, sizeof key, "key-%d", i);
		snprintf(uid, sizeof uid, "uid-%d", i);
		assert_true(has(&p, key, uid));
		assert_int_equal(pins_find(&p, span_of(key))->place, i + 1);
		assert_true(pins_is_taken(&p, span_of(uid), SPAN("other")));
		assert_false(pins_is_taken(&p, span_of(uid), span_of(key)));
	}
	pins_close(&p);
	box_close(&b);
}

/* ---- store_pin ---- */

static struct store_opening opening_of(const struct box *b)
{
	return (struct store_opening){
		.place = { b->kind->id, b->root, b->kind->path },
		.process = { .locks = b->locks, .boot = b->boot },
	};
}

static void pin_all(const struct box *b, struct store_pins *p)
{
	const struct store_opening o = opening_of(b);
	struct why why = { 0 };

	assert_int_equal(store_pin(&o, p, &why), FAULT_NONE);
}

#define PIN(key_, uid_)                                                                \
	{                                                                              \
		.key = SPAN(key_), .uid = SPAN(uid_)                                   \
	}

static void assert_given(const struct store_pin *p, enum store_pin_outcome outcome,
			 const char *uid)
{
	assert_int_equal(p->outcome, outcome);
	assert_int_equal(p->given_len, strlen(uid));
	assert_memory_equal(p->given, uid, p->given_len);
}

static void pins_what_is_asked(void **state)
{
	(void)state;
	struct box b;
	struct store_pin at[] = { PIN("b", "B"), PIN("a", "A"), PIN("c", "A"),
				  PIN("d", "c"), PIN("e", "") };
	struct store_pins p = { .at = at, .count = 5, .validity = 7, .next = 99 };

	box_open(&b);
	put(&b, "new/b", SPAN("B\n"));
	pin_all(&b, &p);
	assert_true(p.changed);
	assert_given(&at[0], STORE_PIN_MADE, "B");
	assert_given(&at[1], STORE_PIN_MADE, "A");
	assert_given(&at[3], STORE_PIN_MADE, "c");
	assert_given(&at[4], STORE_PIN_MADE, "");
	assert_int_equal(at[2].outcome, STORE_PIN_DUPLICATE);
	assert_int_equal(at[2].given_len, 64);

	pin_all(&b, &p);
	assert_false(p.changed);
	assert_given(&at[0], STORE_PIN_KEPT, "B");
	assert_int_equal(at[2].outcome, STORE_PIN_DUPLICATE);
	assert_given(&at[4], STORE_PIN_KEPT, "");
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_empty_without_a_file),
		cmocka_unit_test(keeps_what_was_appended),
		cmocka_unit_test(pins_what_is_asked),
	};

	return store_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
