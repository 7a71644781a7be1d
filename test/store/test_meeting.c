/* A session, and a neighbour who acts between any two of its system calls: what was
 * there before is listed once, under its own unique-id; each message that is listed is
 * sent as it is, or found to be gone or replaced; what is marked goes, and nothing
 * else. */
#include "traced.h"

enum { MESSAGES = 4, STAYING = 1 << 3 | 1 << 4 };

static void text_of(int n, char out[32])
{
	snprintf(out, 32, "message %d\n", n);
}

/* The number of the message by its unique-id, which is its base name. */
static int number_of(const struct listing_record *r)
{
	return r->uid_len == 3 && memcmp(r->uid + 1, ".x", 2) == 0 ? r->uid[0] - '0'
								   : -1;
}

static int replaced; /* the number of the message that a neighbour replaces; 0: none */

static bool is_right(struct maildrop *m, uint32_t msg, int n)
{
	char want[32], got[32] = "";
	struct store_body body;
	enum fault f = store_body(m, msg, &body, NULL);

	text_of(n, want);
	if (f)
		return f == FAULT_GONE || (f == FAULT_CHANGED && n == replaced);
	bool whole = pread(body.fd, got, sizeof got - 1, (off_t)body.offset) ==
		     (ssize_t)strlen(want);
	close(body.fd);
	return whole && strcmp(want, got) == 0;
}

/* Reads all, and removes the second. */
static void hold_session(const struct box *b)
{
	struct maildrop *m = open_box(b);
	uint64_t marks = 0;
	uint32_t left, seen = 0;
	int last = 0;

	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		const struct listing_record r = record(m, msg);
		const int n = number_of(&r);

		if (n <= last || r.octets != strlen("message 1\r\n") ||
		    !is_right(m, msg, n))
			_exit(1);
		last = n;
		seen |= 1u << n;
		if (n == 2)
			marks |= UINT64_C(1) << (msg - 1);
	}
	if ((seen & STAYING) != STAYING)
		_exit(3);
	if (store_commit(m, &marks, NULL, &left, NULL) ||
	    left != m->listing.count - (marks != 0))
		_exit(2);
}

/* ---- what others do ---- */

static void rename_marked(const struct box *b)
{
	if (there(b, "new/2.x"))
		move(b, "new/2.x", "cur/2.x:2,S");
}

static void rename_other(const struct box *b)
{
	move(b, "new/3.x", "cur/3.x:2,RS");
}

static void remove_marked(const struct box *b)
{
	if (there(b, "new/2.x"))
		drop(b, "new/2.x");
}

static void remove_other(const struct box *b)
{
	drop(b, "new/1.x");
}

static void deliver_last(const struct box *b)
{
	char text[32];

	text_of(MESSAGES + 1, text);
	put(b, "other", span_of(text));
	move(b, "other", "new/5.x");
}

/* The same octets in another file, as programs write who change a message. */
static void replace_other(const struct box *b)
{
	char text[32];

	text_of(3, text);
	put(b, "other", span_of(text));
	move(b, "other", "new/3.x");
}

static void replace_and_move_other(const struct box *b)
{
	replace_other(b);
	rename_other(b);
}

static void remove_index(const struct box *b)
{
	unlinkat(b->root, "u/Maildir/poplar-index", 0);
}

static const struct {
	void (*act)(const struct box *);
	bool removes_first; /* 1.x */
	bool adds;
	bool replaces; /* 3.x */
} neighbours[] = {
	{ .act = rename_marked },
	{ .act = rename_other },
	{ .act = remove_marked },
	{ .act = remove_other, .removes_first = true },
	{ .act = deliver_last, .adds = true },
	{ .act = remove_index },
	{ .act = replace_other, .replaces = true },
	{ .act = replace_and_move_other, .replaces = true },
};

static void fill(const struct box *b)
{
	char name[16], text[32];

	for (int n = 1; n <= MESSAGES; n++) {
		snprintf(name, sizeof name, "new/%d.x", n);
		text_of(n, text);
		put(b, name, span_of(text));
	}
	settle(b);
}

/* What is there in the end, by another session: bit n for message n. */
static void check_end(const struct box *b, uint32_t want)
{
	struct maildrop *m = open_box(b);
	uint32_t seen = 0;

	for (uint32_t msg = 1; msg <= m->listing.count; msg++) {
		const struct listing_record r = record(m, msg);

		CHECK(number_of(&r) > 0 && is_right(m, msg, number_of(&r)));
		seen |= 1u << number_of(&r);
	}
	CHECK_EQ(seen, want);
	store_close(m);
}

/* What the index knows when the session begins. */
enum known { NOTHING, ALL, ALL_OF_OLD, KNOWNS };

/* Does the session meet the neighbour at its n-th call? */
static bool meet(size_t i, enum known known, int n)
{
	struct box b;

	box_open(&b);
	fill(&b);
	if (known != NOTHING) {
		struct maildrop *m = open_box(&b);
		store_close(m);
	}
	if (known == ALL_OF_OLD)
		touch_folder(&b, "new");
	replaced = neighbours[i].replaces ? 3 : 0;
	pid_t pid = traced_start(&b, hold_session);
	bool met = pid > 0 && traced_go_on(pid, n);
	if (met) {
		neighbours[i].act(&b);
		while (traced_go_on(pid, 1000))
			;
	}
	if (pid > 0)
		check_end(&b, (met && neighbours[i].removes_first ? 0u : 2u) | 8u |
				      16u | (met && neighbours[i].adds ? 32u : 0u));
	box_close(&b);
	return met;
}

static void test_a_neighbour_between_any_two_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++)
		for (int known = 0; known < KNOWNS; known++) {
			int n = 1;

			while (n < 500 && meet(i, (enum known)known, n))
				n++;
			CHECK(n < 500);
		}
}

static void open_and_close(const struct box *b)
{
	struct maildrop *m = open_box(b);

	store_close(m);
}

/* Does the listing meet a removal at its n-th call? What it saw of a folder that
 * changed meanwhile is not what the index says of the folder as it is then. */
static bool lose_one(int n)
{
	struct box b;

	box_open(&b);
	fill(&b);
	open_and_close(&b);
	touch_folder(&b, "new");
	pid_t pid = traced_start(&b, open_and_close);
	bool met = pid > 0 && traced_go_on(pid, n);
	if (met) {
		drop(&b, "new/1.x");
		touch_folder(&b, "new");
		while (traced_go_on(pid, 1000))
			;
		check_end(&b, 4 | 8 | 16);
	}
	box_close(&b);
	return met;
}

static void test_what_is_removed_while_it_is_listed_does_not_stay_listed(void **state)
{
	int n = 1;

	(void)state;
	no_tick_lasts = true;
	while (n < 500 && lose_one(n))
		n++;
	no_tick_lasts = false;
	CHECK(n < 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_neighbour_between_any_two_calls),
		TEST(test_what_is_removed_while_it_is_listed_does_not_stay_listed),
	};

	if (!store_start())
		return 1;
	return RUN(tests);
}
