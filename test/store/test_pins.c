/* Pinned unique-ids and places: the register, and what sessions show of it. */
#include "box.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "mail/name.h"
#include "store/index.h"
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

/* ---- a file that is not as it was written ---- */

enum { DURABLE = 3 };

/* Three pins, and a fourth that the head does not tell of: its writer was interrupted.
 * Returns the length of the file; *out_end: so much is durable. */
static size_t make_file(int dir, char *room, size_t len, size_t *out_end)
{
	struct pins p;
	char head[64];

	unlinkat(dir, PINS_FILE, 0);
	assert_int_equal(pins_open(dir, &p, NULL), FAULT_NONE);
	assert_true(add(&p, "one", "ID1") && add(&p, "two", "ID2") &&
		    add(&p, "three", "ID3"));
	assert_int_equal(pins_append(&p, dir, NULL), FAULT_NONE);
	*out_end = p.end;
	OWN_FD fd = openat(dir, PINS_FILE, O_RDWR);
	assert_int_equal(pread(fd, head, sizeof head, 0), sizeof head);
	assert_true(add(&p, "four-of-a-longer-name", "ID4"));
	assert_int_equal(pins_append(&p, dir, NULL), FAULT_NONE);
	assert_int_equal(pwrite(fd, head, sizeof head, 0), sizeof head);
	pins_close(&p);
	const ssize_t n = pread(fd, room, len, 0);
	assert_true(n > 0 && (size_t)n < len);
	return (size_t)n;
}

static void put_file(int dir, const char *at, size_t len)
{
	OWN_FD fd = openat(dir, PINS_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, at, len), len);
}

/* What is there of the four, and that one more can be pinned. */
static void check_pins(int dir, uint32_t count)
{
	struct pins p;
	struct stat st;

	CHECK_EQ(pins_open(dir, &p, NULL), FAULT_NONE);
	CHECK_EQ(p.count, count);
	CHECK(has(&p, "one", "ID1") && has(&p, "two", "ID2") &&
	      has(&p, "three", "ID3") &&
	      has(&p, "four-of-a-longer-name", "ID4") == (count == 4));
	assert_true(add(&p, "five", "ID5"));
	CHECK_EQ(pins_append(&p, dir, NULL), FAULT_NONE);
	pins_close(&p);
	CHECK_EQ(pins_open(dir, &p, NULL), FAULT_NONE);
	CHECK_EQ(p.count, count + 1);
	CHECK(has(&p, "five", "ID5") && has(&p, "three", "ID3"));
	/* Nothing is left of what was cut. */
	CHECK(fstatat(dir, PINS_FILE, &st, 0) == 0 && (uint64_t)st.st_size == p.end);
	pins_close(&p);
}

static void a_last_record_that_is_cut_does_not_count(void **state)
{
	(void)state;
	struct box b;
	char room[1024];
	size_t end;

	box_open(&b);
	OWN_FD dir = folder_of(&b);
	const size_t len = make_file(dir, room, sizeof room, &end);
	for (size_t n = end; n <= len; n++) {
		put_file(dir, room, n);
		check_pins(dir, n == len ? 4 : DURABLE);
	}
	for (size_t i = end; i < len; i++) {
		room[i] ^= 1;
		put_file(dir, room, len);
		check_pins(dir, DURABLE);
		room[i] ^= 1;
	}
	box_close(&b);
}

static void a_damaged_record_is_told_by_its_number(void **state)
{
	(void)state;
	struct box b;
	char room[1024];
	size_t end;
	bool told[DURABLE + 1] = { false };

	box_open(&b);
	OWN_FD dir = folder_of(&b);
	make_file(dir, room, sizeof room, &end);
	for (size_t i = 0; i < end; i++) {
		struct pins p;
		struct why why = { 0 };
		uint32_t number = 0;

		room[i] ^= 1;
		put_file(dir, room, end);
		CHECK_EQ(pins_open(dir, &p, &why), FAULT_SETUP);
		pins_close(&p);
		sscanf(why.what, PINS_FILE ", record %" SCNu32, &number);
		CHECK(number <= DURABLE && (number == 0) == (i < 64));
		told[number] = true;
		room[i] ^= 1;
	}
	for (int i = 0; i <= DURABLE; i++)
		CHECK(told[i]);
	for (size_t n = 0; n < end; n++) {
		struct pins p;

		put_file(dir, room, n);
		CHECK_EQ(pins_open(dir, &p, NULL), FAULT_SETUP);
		pins_close(&p);
	}
	box_close(&b);
}

static void a_file_of_somebody_else_is_refused(void **state)
{
	(void)state;
	struct box b;
	struct pins p;
	char room[1024];
	size_t end;

	box_open(&b);
	OWN_FD dir = folder_of(&b);
	make_file(dir, room, sizeof room, &end);
	assert_int_equal(linkat(dir, PINS_FILE, dir, "second", 0), 0);
	assert_int_equal(pins_open(dir, &p, NULL), FAULT_SETUP);
	pins_close(&p);
	assert_int_equal(unlinkat(dir, PINS_FILE, 0), 0);
	assert_int_equal(symlinkat("second", dir, PINS_FILE), 0);
	assert_int_equal(pins_open(dir, &p, NULL), FAULT_SETUP);
	pins_close(&p);
	assert_int_equal(unlinkat(dir, PINS_FILE, 0), 0);
	assert_int_equal(mkfifoat(dir, PINS_FILE, 0600), 0);
	assert_int_equal(pins_open(dir, &p, NULL), FAULT_SETUP);
	pins_close(&p);
	box_close(&b);
}

/* ---- interrupted writers ---- */

static void append_two(const struct box *b)
{
	struct pins p;
	OWN_FD dir = folder_of(b);

	if (pins_open(dir, &p, NULL) || !add(&p, "n1", "N1") || !add(&p, "n2", "N2") ||
	    pins_append(&p, dir, NULL))
		_exit(1);
	pins_close(&p);
}

static void replace_all(const struct box *b)
{
	struct pins p;
	OWN_FD dir = folder_of(b);

	if (pins_open(dir, &p, NULL) || !add(&p, "n1", "N1") || !add(&p, "n2", "N2") ||
	    pins_replace(&p, dir, NULL))
		_exit(1);
	pins_close(&p);
}

/* The old pins are there, with none of the new ones or some; and what was interrupted
 * can be done again. */
static void check_old_or_new(const struct box *b, bool had)
{
	struct pins p;
	OWN_FD dir = folder_of(b);

	CHECK_EQ(pins_open(dir, &p, NULL), FAULT_NONE);
	CHECK_EQ(has(&p, "one", "ID1") && has(&p, "two", "ID2") &&
			 has(&p, "three", "ID3"),
		 had);
	CHECK(!has(&p, "n2", "N2") || has(&p, "n1", "N1"));
	pins_close(&p);
}

static void killed_at_any_call_leaves_the_old_pins_or_the_new(void **state)
{
	static void (*const write_some[])(const struct box *) = { append_two,
								  replace_all };

	(void)state;
	for (int i = 0; i < 4; i++) {
		int n = 1;
		bool goes_on = true;

		for (; goes_on && n < 200; n++) {
			struct box b;
			char room[1024];
			size_t end;

			box_open(&b);
			OWN_FD dir = folder_of(&b);
			if (i < 2)
				make_file(dir, room, sizeof room, &end);
			goes_on = run_until_call(&b, write_some[i % 2], n);
			check_old_or_new(&b, i < 2);
			write_some[i % 2](&b);
			check_old_or_new(&b, i < 2);
			box_close(&b);
		}
		CHECK(n > 5 && n < 200);
	}
}

static void a_full_disk_leaves_the_old_pins(void **state)
{
	(void)state;
	struct box b;
	char room[1024];
	size_t end;
	struct rlimit limit = { 0, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	box_open(&b);
	OWN_FD dir = folder_of(&b);
	for (rlim_t most = 0; most < 400; most += 8) {
		struct pins p;

		const size_t len = make_file(dir, room, sizeof room, &end);
		assert_int_equal(pins_open(dir, &p, NULL), FAULT_NONE);
		assert_true(add(&p, "n1", "N1"));
		limit.rlim_cur = most;
		setrlimit(RLIMIT_FSIZE, &limit);
		const enum fault f = most % 16 ? pins_append(&p, dir, NULL)
					       : pins_replace(&p, dir, NULL);
		limit.rlim_cur = RLIM_INFINITY;
		setrlimit(RLIMIT_FSIZE, &limit);
		pins_close(&p);
		CHECK_EQ(f != FAULT_NONE, most < len + 32);
		assert_int_equal(pins_open(dir, &p, NULL), FAULT_NONE);
		CHECK_EQ(has(&p, "n1", "N1"), f == FAULT_NONE);
		CHECK(has(&p, "four-of-a-longer-name", "ID4"));
		pins_close(&p);
		CHECK(!there(&b, PINS_FILE ".new"));
	}
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

static enum fault try_pin(const struct box *b, struct store_pins *p)
{
	const struct store_opening o = opening_of(b);
	struct why why = { 0 };

	return store_pin(&o, p, &why);
}

static void pin_all(const struct box *b, struct store_pins *p)
{
	assert_int_equal(try_pin(b, p), FAULT_NONE);
}

#define PIN(key_, uid_)                                                                \
	{                                                                              \
		.key = SPAN(key_), .uid = SPAN(uid_)                                   \
	}
#define PINS(at_)                                                                      \
	{                                                                              \
		.at = (at_), .count = sizeof(at_) / sizeof *(at_)                      \
	}

static void check_given(const struct store_pin *p, enum store_pin_outcome outcome,
			const char *uid)
{
	CHECK_EQ(p->outcome, outcome);
	CHECK_EQ(p->given_len, strlen(uid));
	CHECK(memcmp(p->given, uid, p->given_len) == 0);
}

static void pins_what_is_asked(void **state)
{
	(void)state;
	struct box b;
	struct store_pin at[] = { PIN("b", "B"), PIN("a", "A"), PIN("c", "A"),
				  PIN("d", "c"), PIN("e", ""),  PIN("f", "a b") };
	struct store_pins p = PINS(at);

	box_open(&b);
	put(&b, "new/b", SPAN("B\n"));
	p.dry_run = true;
	pin_all(&b, &p);
	CHECK(p.changed && !there(&b, PINS_FILE));
	p.dry_run = false;
	pin_all(&b, &p);
	CHECK(p.changed);
	check_given(&at[0], STORE_PIN_MADE, "B");
	check_given(&at[1], STORE_PIN_MADE, "A");
	check_given(&at[3], STORE_PIN_MADE, "c");
	check_given(&at[4], STORE_PIN_MADE, "");
	/* "A" is another message's, and so is the key. */
	CHECK_EQ(at[2].outcome, STORE_PIN_DUPLICATE);
	CHECK_EQ(at[2].given_len, 64);
	CHECK_EQ(at[5].outcome, STORE_PIN_HASHED);
	CHECK_EQ(at[5].given_len, 64);

	pin_all(&b, &p);
	CHECK(!p.changed);
	check_given(&at[0], STORE_PIN_KEPT, "B");
	CHECK_EQ(at[2].outcome, STORE_PIN_DUPLICATE);
	check_given(&at[4], STORE_PIN_KEPT, "");
	CHECK_EQ(at[5].outcome, STORE_PIN_KEPT);
	box_close(&b);
}

static void a_message_keeps_its_unique_id_unless_it_is_replaced(void **state)
{
	(void)state;
	struct box b;
	struct store_pin first[] = { PIN("a", "A"), PIN("b", "B") };
	struct store_pin second[] = { PIN("a", "A2"), PIN("b", "B") };
	struct store_pin third[] = { PIN("c", "A"), PIN("a", "A") };
	struct store_pins one = PINS(first), two = PINS(second), three = PINS(third);

	box_open(&b);
	put(&b, "new/b", SPAN("B\n"));
	pin_all(&b, &one);
	pin_all(&b, &two);
	CHECK(!two.changed);
	check_given(&second[0], STORE_PIN_OTHER, "A");
	two.replaces = true;
	pin_all(&b, &two);
	CHECK(two.changed);
	check_given(&second[0], STORE_PIN_MADE, "A2");
	/* It had "A" once: no other message ever gets that. */
	three.replaces = true;
	pin_all(&b, &three);
	check_given(&third[0], STORE_PIN_DUPLICATE, "c");
	check_given(&third[1], STORE_PIN_MADE, "A");
	box_close(&b);
}

static void a_key_that_cannot_be_is_refused(void **state)
{
	(void)state;
	struct box b;
	struct store_pin twice[] = { PIN("a", "A"), PIN("b", "B"), PIN("a", "C") };
	struct store_pin later[] = { PIN("b", "A"), PIN("a", "A"), PIN("a", "A") };
	struct store_pin slash[] = { PIN("a/b", "A") };
	struct store_pin none[] = { PIN("", "A") };
	struct store_pins all[] = { PINS(twice), PINS(later), PINS(slash), PINS(none) };

	box_open(&b);
	put(&b, "new/b", SPAN("B\n"));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(try_pin(&b, &all[i]), FAULT_SETUP);
	CHECK(!there(&b, PINS_FILE));
	box_close(&b);
}

static void see_key(void *arg, const struct pin *pin)
{
	struct buf *b = arg;

	buf_put(b, pin->key);
	buf_char(b, ' ');
}

static void check_order(const struct box *b, const char *keys)
{
	const struct store_opening o = opening_of(b);
	char room[200];
	struct buf seen = BUF(room);

	CHECK_EQ(store_pinned(&o, see_key, &seen, NULL), FAULT_NONE);
	CHECK(span_is(buf_span(&seen), keys));
}

static void pins_are_in_the_order_of_the_last_call(void **state)
{
	(void)state;
	struct box b;
	struct store_pin first[] = { PIN("d", "D"), PIN("c", "C"), PIN("b", "B") };
	struct store_pin second[] = { PIN("c", "C"), PIN("d", "D"), PIN("a", "A") };
	struct store_pin third[] = { PIN("c", "C"), PIN("d", "D") };
	struct store_pins one = PINS(first), two = PINS(second), three = PINS(third);

	box_open(&b);
	put(&b, "new/b", SPAN("B\n"));
	pin_all(&b, &one);
	check_order(&b, "d c b ");
	pin_all(&b, &two);
	CHECK(two.changed);
	check_order(&b, "c d a b ");
	pin_all(&b, &three);
	CHECK(!three.changed);
	check_order(&b, "c d a b ");
	box_close(&b);
}

/* ---- what a session shows ---- */

/* The unique-ids of all messages, with a blank behind each. */
static void check_uids(const struct box *b, const char *uids)
{
	struct maildrop *m = open_box(b);
	char room[1000];
	struct buf seen = BUF(room);

	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		const struct listing_record r = record(m, msg);

		buf_put(&seen, listing_uid(&r));
		buf_char(&seen, ' ');
	}
	store_close(m);
	if (!span_is(buf_span(&seen), uids))
		print_message("%.*s\n", (int)seen.len, seen.at);
	CHECK(span_is(buf_span(&seen), uids));
}

/* With the index, and without. */
static void check_same(struct box *b, const char *uids)
{
	check_uids(b, uids);
	b->index = STORE_INDEX_IGNORE;
	check_uids(b, uids);
	b->index = STORE_INDEX_KEEP;
	check_uids(b, uids);
}

/* Remove the messages of these bits. */
static void remove_messages(const struct box *b, uint64_t marks)
{
	struct maildrop *m = open_box(b);
	uint32_t left;

	assert_int_equal(store_commit(m, &marks, NULL, &left, NULL), FAULT_NONE);
	store_close(m);
}

static void pinned_messages_come_first_with_their_unique_ids(void **state)
{
	(void)state;
	struct box b;
	struct store_pin at[] = { PIN("300.c", "C"), PIN("gone", "200.b"),
				  PIN("100.a", "A"), PIN("400.d", "") };
	struct store_pins p = PINS(at);

	box_open(&b);
	put(&b, "new/100.a", SPAN("A\n"));
	put(&b, "new/200.b", SPAN("B\n"));
	put(&b, "cur/300.c:2,S", SPAN("C\n"));
	put(&b, "new/400.d", SPAN("D\n"));
	check_same(&b, "100.a 200.b 300.c 400.d ");
	pin_all(&b, &p);
	CHECK(!there(&b, "poplar-index"));
	/* The name of 200.b is the unique-id of another message, though that is gone.
	 */
	char hash[LISTING_UID_MAX + 1] = { 0 }, all[200];
	name_hash(SPAN("200.b"), 1, hash);
	snprintf(all, sizeof all, "C A 400.d %s ", hash);
	check_same(&b, all);

	/* Whatever the name says behind the colon. */
	move(&b, "new/100.a", "cur/100.a:2,RS");
	move(&b, "cur/300.c:2,S", "cur/300.c:2,");
	check_same(&b, all);
	put(&b, "new/050.e", SPAN("E\n"));
	put(&b, "new/500.f", SPAN("F\n"));
	snprintf(all, sizeof all, "C A 400.d 050.e %s 500.f ", hash);
	check_same(&b, all);
	/* A message that comes in the place of one that is gone: its name is known. */
	remove_messages(&b, 1 << 1);
	put(&b, "new/A", SPAN("another\n"));
	char second[LISTING_UID_MAX + 1] = { 0 };
	name_hash(SPAN("A"), 1, second);
	snprintf(all, sizeof all, "C 400.d %s 050.e %s 500.f ", second, hash);
	check_same(&b, all);
	box_close(&b);
}

static void damage_register(const struct box *b)
{
	OWN_FD fd = openat(b->root, "u/Maildir/" PINS_FILE, O_WRONLY);

	assert_int_equal(pwrite(fd, "x", 1, 100), 1);
}

static void a_damaged_register_changes_no_unique_id(void **state)
{
	(void)state;
	struct box b;
	struct store_pin at[] = { PIN("200.b", "B"), PIN("100.a", "A") };
	struct store_pins p = PINS(at);
	struct maildrop *m;

	box_open(&b);
	put(&b, "new/100.a", SPAN("A\n"));
	put(&b, "new/200.b", SPAN("B\n"));
	pin_all(&b, &p);
	settle(&b);
	check_uids(&b, "B A ");
	damage_register(&b);
	/* An index that is current needs no register. */
	check_uids(&b, "B A ");
	put(&b, "new/300.c", SPAN("C\n"));
	CHECK_EQ(try_open(&b, &m), FAULT_SETUP);
	drop(&b, PINS_FILE);
	CHECK_EQ(try_open(&b, &m), FAULT_SETUP);
	/* Without both, nobody knows that there was one. */
	drop(&b, "poplar-index");
	check_uids(&b, "100.a 200.b 300.c ");
	box_close(&b);
}

/* ---- uidl-format ---- */

static struct uidformat format_of(const char *text)
{
	struct uidformat f;
	const char *wrong;

	assert_true(uidformat_parse(span_of(text), &f, &wrong));
	return f;
}

static void numbers_are_pinned_before_anybody_sees_them(void **state)
{
	(void)state;
	struct box b;
	struct uidformat format = format_of("x%u");

	box_open(&b);
	b.uidl_format = &format;
	put(&b, "new/200.b", SPAN("B\n"));
	put(&b, "new/100.a", SPAN("A\n"));
	check_same(&b, "x1 x2 ");
	/* In the order in which they are listed first, which stays. */
	put(&b, "new/050.c", SPAN("C\n"));
	check_same(&b, "x1 x2 x3 ");
	remove_messages(&b, 1 << 2);
	put(&b, "new/300.d", SPAN("D\n"));
	check_same(&b, "x1 x2 x4 ");
	/* A name that the format would make, and that is taken. */
	put(&b, "new/400.e", SPAN("E\n"));
	drop(&b, "poplar-index");
	check_same(&b, "x1 x2 x4 x5 ");
	box_close(&b);
}

static void a_format_that_comes_later_leaves_what_was_listed(void **state)
{
	(void)state;
	struct box b;
	struct uidformat number = format_of("x%u"), other = format_of("y%u");

	box_open(&b);
	put(&b, "new/100.a", SPAN("A\n"));
	put(&b, "cur/200.b:2,", SPAN("B\n"));
	settle(&b);
	check_uids(&b, "100.a 200.b ");
	b.uidl_format = &number;
	check_same(&b, "100.a 200.b ");
	put(&b, "new/300.c", SPAN("C\n"));
	check_same(&b, "100.a 200.b x1 ");
	b.uidl_format = &other;
	put(&b, "new/400.d", SPAN("D\n"));
	check_same(&b, "100.a 200.b x1 y2 ");
	b.uidl_format = NULL;
	put(&b, "new/500.e", SPAN("E\n"));
	put(&b, "new/x1", SPAN("no other message\n"));
	char hash[LISTING_UID_MAX + 1] = { 0 }, all[200];
	name_hash(SPAN("x1"), 1, hash);
	snprintf(all, sizeof all, "100.a 200.b x1 y2 %s 500.e ", hash);
	check_same(&b, all);
	b.uidl_format = &number;
	check_same(&b, all);
	box_close(&b);
}

static void what_an_unreadable_index_lists_keeps_its_unique_id(void **state)
{
	static const off_t damaged[] = { 8,
					 4096 + 50 }; /* the head, the first record */

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct box b;
		struct uidformat number = format_of("x%u");

		box_open(&b);
		put(&b, "new/100.a", SPAN("A\n"));
		put(&b, "cur/200.b:2,", SPAN("B\n"));
		settle(&b);
		check_uids(&b, "100.a 200.b ");
		OWN_FD fd = openat(b.root, "u/Maildir/poplar-index", O_WRONLY);
		assert_int_equal(pwrite(fd, "x", 1, damaged[i]), 1);
		b.uidl_format = &number;
		b.index = i ? STORE_INDEX_IGNORE : STORE_INDEX_KEEP;
		check_uids(&b, i ? "200.b 100.a " : "100.a 200.b ");
		put(&b, "new/300.c", SPAN("C\n"));
		b.index = STORE_INDEX_RENEW;
		check_uids(&b, i ? "200.b 100.a x1 " : "100.a 200.b x1 ");
		check_same(&b, i ? "200.b 100.a x1 " : "100.a 200.b x1 ");
		box_close(&b);
	}
}

static void a_session_that_only_reads_makes_no_unique_id(void **state)
{
	(void)state;
	struct box b;
	struct uidformat format = format_of("x%u");
	struct maildrop *m;

	box_open(&b);
	b.uidl_format = &format;
	put(&b, "new/100.a", SPAN("A\n"));
	check_uids(&b, "x1 ");
	b.read_only = true;
	check_same(&b, "x1 ");
	put(&b, "new/200.b", SPAN("B\n"));
	CHECK_EQ(try_open(&b, &m), FAULT_SETUP);
	b.read_only = false;
	check_same(&b, "x1 x2 ");
	box_close(&b);
}

static void equal_unique_ids_are_made_different(void **state)
{
	(void)state;
	struct box b;
	struct uidformat format = format_of("%1f"), bad = format_of("%f%f%f");
	char hash[LISTING_UID_MAX + 1] = { 0 }, all[200];
	char name[] = "new/000000000000000000000000000000000000000000.b";

	box_open(&b);
	b.uidl_format = &format;
	put(&b, "new/100.a", SPAN("A\n"));
	put(&b, "new/150.b", SPAN("B\n"));
	check_same(&b, "1 150.b ");
	b.uidl_format = &bad;
	put(&b, name, SPAN("C\n"));
	char base[200];
	snprintf(base, sizeof base, "%s%s%s", name + 4, name + 4, name + 4);
	name_hash(span_of(base), 0, hash);
	snprintf(all, sizeof all, "1 150.b %s ", hash);
	check_same(&b, all);
	box_close(&b);
}

/* A delivery must not bring an index up to date that knows nothing of the register. */
static void check_no_stale_index(const struct box *b)
{
	OWN_FD dir = folder_of(b);
	struct index ix;
	struct why why;

	if (!index_open(&ix, dir, &why))
		return;
	CHECK(ix.head.uids == PINS_GENERATION_LISTED ||
	      ix.head.quiescent != INDEX_QUIESCENT || !there(b, PINS_FILE));
	index_close(&ix);
}

static void open_once(const struct box *b)
{
	struct maildrop *m = open_box(b);

	store_close(m);
}

/* A session that is killed while it pins has shown nothing; the next one shows the same
 * as if there had been none. */
static void a_session_killed_while_it_pins_gives_no_unique_id_twice(void **state)
{
	(void)state;
	struct uidformat format = format_of("x%u");
	bool goes_on = true;
	int n = 1;

	for (; goes_on && n < 300; n++) {
		struct box b;

		box_open(&b);
		put(&b, "cur/100.a:2,", SPAN("A\n"));
		if (n % 2)
			check_uids(&b, "100.a ");
		b.uidl_format = &format;
		put(&b, "new/200.b", SPAN("B\n"));
		put(&b, "new/300.c", SPAN("C\n"));
		settle(&b);
		goes_on = run_until_call(&b, open_once, n);
		check_no_stale_index(&b);
		check_same(&b, n % 2 ? "100.a x1 x2 " : "x1 x2 x3 ");
		box_close(&b);
	}
	CHECK(n > 20 && n < 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_empty_without_a_file),
		cmocka_unit_test(keeps_what_was_appended),
		cmocka_unit_test(a_last_record_that_is_cut_does_not_count),
		cmocka_unit_test(a_damaged_record_is_told_by_its_number),
		cmocka_unit_test(a_file_of_somebody_else_is_refused),
		cmocka_unit_test(killed_at_any_call_leaves_the_old_pins_or_the_new),
		cmocka_unit_test(a_full_disk_leaves_the_old_pins),
		cmocka_unit_test(pins_what_is_asked),
		cmocka_unit_test(a_message_keeps_its_unique_id_unless_it_is_replaced),
		cmocka_unit_test(a_key_that_cannot_be_is_refused),
		cmocka_unit_test(pins_are_in_the_order_of_the_last_call),
		cmocka_unit_test(pinned_messages_come_first_with_their_unique_ids),
		cmocka_unit_test(a_damaged_register_changes_no_unique_id),
		cmocka_unit_test(numbers_are_pinned_before_anybody_sees_them),
		cmocka_unit_test(a_format_that_comes_later_leaves_what_was_listed),
		cmocka_unit_test(what_an_unreadable_index_lists_keeps_its_unique_id),
		cmocka_unit_test(a_session_that_only_reads_makes_no_unique_id),
		cmocka_unit_test(equal_unique_ids_are_made_different),
		cmocka_unit_test(
			a_session_killed_while_it_pins_gives_no_unique_id_twice),
	};

	return store_start() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
