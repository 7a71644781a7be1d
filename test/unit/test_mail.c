/* Promises of mail/listing and mail/name. */
#include "check.h"

#include "mail/downgrade.h"
#include "mail/listing.h"
#include "mail/name.h"
#include "mail/packed.h"
#include "mail/wire.h"

enum { GENERATION = 77, NUMBER = 5 };

static void test_a_record_comes_back_as_it_went(void **state)
{
	char at[LISTING_RECORD_OCTETS];
	struct listing_record in = { .octets = UINT64_C(0x0102030405060708),
				     .form = 1,
				     .surrogate = SURROGATE_MADE,
				     .difference = INT32_MIN + 2,
				     .file = UINT64_MAX,
				     .stored = 12,
				     .modified = 14,
				     .name_sum = 13,
				     .name_len = LISTING_NAME_OCTETS,
				     .flags = 255 },
			      out;

	(void)state;
	for (uint8_t len = 1; len <= LISTING_UID_MAX; len++) {
		in.uid_len = len;
		for (int i = 0; i < len; i++)
			in.uid[i] = (char)(0x21 + (i + len) % (0x7f - 0x21));
		listing_put(&in, GENERATION, NUMBER, at);
		CHECK(listing_get(at, GENERATION, NUMBER, &out));
		CHECK_EQ(out.octets, in.octets);
		CHECK_EQ(out.form, in.form);
		CHECK_EQ(out.surrogate, in.surrogate);
		CHECK_EQ(out.difference, in.difference);
		CHECK_EQ(out.uid_len, len);
		CHECK_EQ(memcmp(out.uid, in.uid, len), 0);
		CHECK(out.file == in.file && out.stored == in.stored &&
		      out.modified == in.modified && out.name_sum == in.name_sum &&
		      out.name_len == in.name_len && out.flags == in.flags);
	}
}

/* S21 of test_history.py: on its reader's side a record is input. Whatever octet is
 * another, it is none; nor is it elsewhere, or in another generation. */
static void test_a_bad_record_is_refused(void **state)
{
	char at[LISTING_RECORD_OCTETS];
	struct listing_record in = { .octets = 5,
				     .uid_len = 3,
				     .uid = "abc",
				     .name_len = 1 },
			      out;

	(void)state;
	listing_put(&in, GENERATION, NUMBER, at);
	CHECK(listing_get(at, GENERATION, NUMBER, &out));
	CHECK(!listing_get(at, GENERATION + 1, NUMBER, &out));
	CHECK(!listing_get(at, GENERATION, NUMBER + 1, &out));
	CHECK(!listing_get(at, GENERATION + 1, NUMBER - 1, &out));
	for (size_t i = 0; i < sizeof at; i++) {
		for (int octet = 1; octet < 256; octet++) {
			at[i] ^= (char)octet;
			CHECK(!listing_get(at, GENERATION, NUMBER, &out));
			at[i] ^= (char)octet;
		}
	}
}

/* A sum that is right does not make a field right. */
static void test_every_field_of_a_record_is_checked(void **state)
{
	static const struct listing_record good = {
		.octets = 5, .uid_len = 3, .uid = "abc", .name_len = 1
	};
	char at[LISTING_RECORD_OCTETS];
	struct listing_record out;

	(void)state;
	for (unsigned octet = 0; octet < 256; octet++) {
		struct listing_record r = good;

		r.form = (uint8_t)octet;
		listing_put(&r, 1, 0, at);
		CHECK_EQ(listing_get(at, 1, 0, &out), octet < WIRE_FORM_COUNT);
		r = good;
		r.uid[1] = (char)octet;
		listing_put(&r, 1, 0, at);
		CHECK_EQ(listing_get(at, 1, 0, &out), octet >= 0x21 && octet <= 0x7e);
	}
	for (unsigned len = 0; len < 65536; len++) {
		struct listing_record r = good;

		r.name_len = (uint16_t)len;
		listing_put(&r, 1, 0, at);
		CHECK_EQ(listing_get(at, 1, 0, &out), len >= 1 && len <= 256);
	}
	struct listing_record r = good;
	r.uid_len = 0;
	listing_put(&r, 1, 0, at);
	CHECK(!listing_get(at, 1, 0, &out));
}

static void test_the_size_of_a_surrogate_is_checked(void **state)
{
	static const struct {
		uint8_t surrogate;
		int32_t difference;
		bool good;
	} cases[] = {
		{ SURROGATE_NONE, 0, true },
		{ SURROGATE_NONE, 1, false },
		{ SURROGATE_MADE, 0, true },
		{ SURROGATE_MADE, INT32_MAX, true },
		{ SURROGATE_MADE, -5, true },
		{ SURROGATE_MADE, -6, false },
		{ SURROGATE_MADE, INT32_MIN, false },
		{ SURROGATE_REFUSED, 0, true },
		{ SURROGATE_REFUSED, -1, false },
		{ SURROGATE_COUNT, 0, false },
		{ 255, 0, false },
	};
	char at[LISTING_RECORD_OCTETS];
	struct listing_record out;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct listing_record r = { .octets = 5,
						  .surrogate = cases[i].surrogate,
						  .difference = cases[i].difference,
						  .uid_len = 1,
						  .uid = "a",
						  .name_len = 1 };

		listing_put(&r, 1, 0, at);
		CHECK_EQ(listing_get(at, 1, 0, &out), cases[i].good);
		if (cases[i].good)
			CHECK_EQ(listing_octets(&out, false),
				 5 + (int64_t)cases[i].difference);
	}
}

/* No two records or names share an octet, and none stands in the head. */
static void test_records_and_names_have_places_of_their_own(void **state)
{
	(void)state;
	CHECK_EQ(listing_at(0), LISTING_HEAD_OCTETS);
	CHECK_EQ(listing_end(0), LISTING_HEAD_OCTETS);
	for (uint32_t i = 0; i < 3 * LISTING_GROUP; i++) {
		bool last = i % LISTING_GROUP == LISTING_GROUP - 1;

		CHECK_EQ(listing_at(i + 1),
			 last ? listing_end(i + 1)
			      : listing_at(i) + LISTING_RECORD_OCTETS);
		CHECK(last || listing_name_at(i + 1) ==
				      listing_name_at(i) + LISTING_NAME_OCTETS);
		CHECK_EQ(listing_name_at(i / LISTING_GROUP * LISTING_GROUP),
			 listing_at(i / LISTING_GROUP * LISTING_GROUP) +
				 LISTING_GROUP * LISTING_RECORD_OCTETS);
	}
	CHECK(listing_end(UINT32_MAX) < INT64_MAX);
}

/* ---- gaps ---- */

enum { RECORDS = 2000 };

/* Message k is the k-th record that is not gone, whatever is gone. */
static void test_messages_are_the_records_that_are_left(void **state)
{
	struct listing_gap room[LISTING_GAPS_MAX], back[LISTING_GAPS_MAX];
	char octets[LISTING_GAPS_MAX * 8];
	unsigned seed = 1939;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct listing_map map = { .gaps = room };
		bool gone[RECORDS] = { false };
		unsigned odds = 1 + (unsigned)round % 40;

		for (uint32_t i = 0; i < RECORDS;) {
			uint32_t n = 1 + (uint32_t)rand_r(&seed) % (RECORDS - i);

			n = n > 50 ? 1 : n;
			if ((unsigned)rand_r(&seed) % 41 >= odds &&
			    listing_remove(&map, i, n))
				memset(gone + i, true, n);
			i += n;
		}
		uint32_t msg = 0;
		for (uint32_t i = 0; i < RECORDS; i++)
			if (!gone[i])
				CHECK_EQ(listing_number(&map, ++msg), i);
		struct buf b = BUF(octets);
		listing_put_gaps(&map, &b);
		CHECK(!b.cut);
		struct listing_map again = { 0, map.gap_count, back };
		CHECK(listing_get_gaps(&again, octets, RECORDS));
		CHECK_EQ(memcmp(room, back, map.gap_count * sizeof *room), 0);
	}
}

static void test_no_more_gaps_than_there_is_room_for(void **state)
{
	struct listing_gap room[LISTING_GAPS_MAX];
	struct listing_map map = { .gaps = room };

	(void)state;
	for (uint32_t h = 0; h < LISTING_GAPS_MAX; h++)
		CHECK(listing_remove(&map, 2 * h, 1));
	CHECK(!listing_remove(&map, 2 * LISTING_GAPS_MAX, 1));
	CHECK(listing_remove(&map, 2 * LISTING_GAPS_MAX - 1,
			     7)); /* the last one grows */
	CHECK(listing_remove(&map, 5, 0));
	CHECK_EQ(map.gap_count, LISTING_GAPS_MAX);
	CHECK_EQ(listing_number(&map, LISTING_GAPS_MAX), 2 * LISTING_GAPS_MAX + 6);
}

static void test_what_are_no_gaps(void **state)
{
	static const struct {
		struct listing_gap gap[2];
		bool good;
	} table[] = {
		{ { { 0, 1 }, { 2, 2 } }, true },
		{ { { 0, 1 }, { 1, 2 } }, false },
		{ { { 0, 1 }, { 0, 2 } }, false },
		{ { { 0, 0 }, { 2, 2 } }, false },
		{ { { 0, 1 }, { 2, 1 } }, false },
		{ { { 0, 2 }, { 3, 1 } }, false },
		{ { { 0, 1 }, { 99, 2 } }, true },
		{ { { 0, 1 }, { 99, 3 } }, false },
		{ { { 0, 1 }, { 100, 2 } }, false },
		{ { { 0, UINT32_MAX }, { 5, 2 } }, false },
		{ { { 9, 1 }, { 2, 2 } }, false },
		{ { { 98, 1 }, { UINT32_MAX, 9 } }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct listing_gap room[2], in[2];
		char octets[16];
		struct buf b = BUF(octets);
		struct listing_map map = { 0, 2, room };

		memcpy(in, table[i].gap, sizeof in);
		listing_put_gaps(&(struct listing_map){ 0, 2, in }, &b);
		if (listing_get_gaps(&map, octets, 100) != table[i].good)
			fail_msg("row %zu", i);
	}
}

static void test_the_base_name_stands_before_the_flags(void **state)
{
	(void)state;
	CHECK_SPAN(name_base(SPAN("1.M2P3.h,S=4:2,RS")), "1.M2P3.h,S=4");
	CHECK_SPAN(name_base(SPAN("1.x")), "1.x");
	CHECK_SPAN(name_base(SPAN("a:b:c")), "a");
	CHECK_SPAN(name_base(SPAN(":2,S")), "");
}

/* Delivery order: each name comes before all that follow it. */
static void test_delivery_order(void **state)
{
	static const char *const names[] = {
		"abc",
		"tmp.M5P1.h",
		"1.M5P1.h",
		"2.M1.h:2,S",
		"10.P1.h",
		"10.P2.h:2,",
		"10.M1P9.h",
		"10.M2P1.h",
		"10.M10P1.h:2,RS",
		"10.M10P1.i",
		"10.V801M11P1.h",
		"0000000011.M0.h",
		"1700000000.M999999P1.h",
		"1700000001.M1P1.h",
		"99999999999999999999999999.M1.h",
	};
	size_t count = sizeof names / sizeof *names;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			int by = name_order(span_of(names[i]), span_of(names[k]));

			if ((by < 0) != (i < k) || (by > 0) != (i > k))
				fail_msg("%s and %s: %d", names[i], names[k], by);
		}
	}
}

static void test_flags_never_move_a_message(void **state)
{
	(void)state;
	CHECK(name_order(SPAN("1.a:2,S"), SPAN("1.a-b:2,")) < 0);
	CHECK(name_order(SPAN("1.a"), SPAN("1.a-b")) < 0);
	CHECK(name_order(SPAN("1.a:2,"), SPAN("1.a:2,S")) < 0);
}

static void test_only_plausible_sizes_can_be_true(void **state)
{
	static const struct {
		const char *name;
		uint64_t stored;
		bool ok;
		uint64_t octets;
	} cases[] = {
		{ "1.x,S=100,W=105", 100, true, 105 },
		{ "1.x,W=105", 100, true, 105 },
		{ "1.x,W=100", 100, true, 100 },
		{ "1.x,W=202", 100, true, 202 },
		{ "1.x,W=203", 100, false, 0 },
		{ "1.x,W=99", 100, false, 0 },
		{ "1.x,S=99,W=105", 100, false, 0 },
		{ "1.x,S=100", 100, false, 0 },
		{ "1.x", 100, false, 0 },
		{ "1.x,W=0", 0, true, 0 },
		{ "1.x,W=2", 0, false, 0 },
		{ "1.x,W=18446744073709551615", 100, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t octets = 0;

		CHECK_EQ(name_wire_octets(span_of(cases[i].name), cases[i].stored,
					  &octets),
			 cases[i].ok);
		CHECK_EQ(octets, cases[i].octets);
	}
}

static void test_fields_in_names(void **state)
{
	uint64_t n = 77;

	(void)state;
	CHECK(name_field(SPAN("1.x,S=12,W=34:2,S"), 'S', &n));
	CHECK_EQ(n, 12);
	CHECK(name_field(SPAN("1.x,S=12,W=34:2,S"), 'W', &n));
	CHECK_EQ(n, 34);
	CHECK(name_field(SPAN("1.x,S=5"), 'S', &n));
	CHECK(!name_field(SPAN("1.x:2,S=5"), 'S', &n));
	CHECK(!name_field(SPAN("1.x,S="), 'S', &n));
	CHECK(!name_field(SPAN("1.x,S=5x"), 'S', &n));
	CHECK(!name_field(SPAN("1.x,S=-5"), 'S', &n));
	CHECK(!name_field(SPAN("1.x,S=99999999999999999999"), 'S', &n));
	CHECK(!name_field(SPAN("S=5"), 'S', &n));
	CHECK(!name_field(SPAN("1.xS=5"), 'S', &n));
}

static struct span uid(struct span base, char room[LISTING_UID_MAX])
{
	return (struct span){ room, name_uid(base, room) };
}

static void test_unique_ids_are_base_names_where_they_fit(void **state)
{
	char a[LISTING_UID_MAX], name[300];

	(void)state;
	CHECK(name_start());
	CHECK_SPAN(uid(SPAN("1700000000.M1P2.host,S=5"), a),
		   "1700000000.M1P2.host,S=5");
	memset(name, '~', sizeof name);
	for (size_t len = 1; len <= 255; len++) {
		struct span base = { name, len }, u = uid(base, a);

		CHECK(listing_uid_ok(u));
		CHECK_EQ(u.len == len && memcmp(u.at, name, len) == 0,
			 len <= LISTING_UID_MAX);
	}
	CHECK(listing_uid_ok(uid(SPAN(""), a)));
	CHECK(listing_uid_ok(uid(SPAN("a b"), a)));
	CHECK(listing_uid_ok(uid(SPAN("a\xc3\xa4"), a)));
	CHECK(listing_uid_ok(uid(SPAN("a\x7f"), a)));
	CHECK(listing_uid_ok(uid(SPAN("a\nb"), a)));
}

/* Stable for ever: the hash must not change between versions. */
static void test_hashed_unique_ids_are_pinned(void **state)
{
	char a[LISTING_UID_MAX], b[LISTING_UID_MAX];
	struct span named_so = uid(uid(SPAN("a b"), a), b);

	(void)state;
	CHECK(named_so.len == 64 && memcmp(a, b, 64) != 0);
	CHECK_SPAN(uid(SPAN("a b"), a),
		   "d612e08239e3fc2f1e3f9634fdba62ddd75ff5e285017f25e2b1726a533d3070");
}

/* As long as there are files that have got such a name. */
static void test_names_of_duplicates_are_pinned(void **state)
{
	char a[NAME_DUPLICATE_MAX], u[LISTING_UID_MAX], longest[256];
	const struct span duplicate = name_duplicate(SPAN("1.M2.x,S=5"), 7, a);

	(void)state;
	CHECK_SPAN(duplicate, "1.M2.x,S=5,I=0000000000000007");
	CHECK_SPAN(uid(duplicate, u), "1.M2.x,S=5,I=0000000000000007");
	CHECK_EQ(name_time_order(name_time(duplicate), name_time(SPAN("1.M2.x,S=5"))),
		 0);
	memset(longest, 'x', sizeof longest);
	CHECK_EQ(name_duplicate((struct span){ longest, 256 }, UINT64_MAX, a).len,
		 NAME_DUPLICATE_MAX);
}

static void test_compressed_files_are_told_by_what_they_open_with(void **state)
{
	static const struct {
		struct span start;
		const char *format; /* NULL: none */
	} table[] = {
		{ SPAN("\x1f\x8b\x08\0"), "gzip" },
		{ SPAN("\x1f\x8b"), NULL },
		{ SPAN("BZh91AY&SY\xad"), "bzip2" },
		{ SPAN("BZh9\x17\x72\x45\x38\x50\x90\0"), "bzip2" },
		{ SPAN("BZh91AY&S"), NULL },
		{ SPAN("BZh9: a field"), NULL },
		{ SPAN("BZh"), NULL },
		{ SPAN("\xfd\x37zXZ\0"), "xz" },
		{ SPAN("\xfd\x37zXZ"), NULL },
		{ SPAN("\x28\xb5\x2f\xfd\x24"), "zstd" },
		{ SPAN("Dovecot-LZ4\x0d\x2a\x9b\xc5\0"), "lz4" },
		{ SPAN("Dovecot-LZ4: yes\r\n"), NULL },
		{ SPAN("Subject: \x1f\x8b\x08"), NULL },
		{ SPAN(""), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const char *format = packed_by(table[i].start);

		if (!format != !table[i].format ||
		    (format && strcmp(format, table[i].format) != 0))
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_compressed_files_are_told_by_what_they_open_with),
		TEST(test_a_record_comes_back_as_it_went),
		TEST(test_a_bad_record_is_refused),
		TEST(test_every_field_of_a_record_is_checked),
		TEST(test_the_size_of_a_surrogate_is_checked),
		TEST(test_records_and_names_have_places_of_their_own),
		TEST(test_messages_are_the_records_that_are_left),
		TEST(test_no_more_gaps_than_there_is_room_for),
		TEST(test_what_are_no_gaps),
		TEST(test_the_base_name_stands_before_the_flags),
		TEST(test_delivery_order),
		TEST(test_flags_never_move_a_message),
		TEST(test_only_plausible_sizes_can_be_true),
		TEST(test_fields_in_names),
		TEST(test_unique_ids_are_base_names_where_they_fit),
		TEST(test_hashed_unique_ids_are_pinned),
		TEST(test_names_of_duplicates_are_pinned),
	};

	return RUN(tests);
}
