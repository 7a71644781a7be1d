/* Promises of mail/listing and mail/name. */
#include "check.h"

#include "mail/listing.h"
#include "mail/name.h"
#include "mail/wire.h"

static void test_a_record_comes_back_as_it_went(void **state)
{
	char at[LISTING_RECORD_OCTETS];
	struct listing_record in = { .octets = UINT64_C(0x0102030405060708),
				     .form = 1 },
			      out;

	(void)state;
	for (uint8_t len = 1; len <= LISTING_UID_MAX; len++) {
		in.uid_len = len;
		for (int i = 0; i < len; i++)
			in.uid[i] = (char)(0x21 + (i + len) % (0x7f - 0x21));
		listing_put(&in, at);
		CHECK(listing_get(at, &out));
		CHECK_EQ(out.octets, in.octets);
		CHECK_EQ(out.form, in.form);
		CHECK_EQ(out.uid_len, len);
		CHECK_EQ(memcmp(out.uid, in.uid, len), 0);
	}
}

/* PEERS S21: on its reader's side a record is input. */
static void test_a_bad_record_is_refused(void **state)
{
	char good[LISTING_RECORD_OCTETS], at[LISTING_RECORD_OCTETS];
	struct listing_record in = { .octets = 5, .uid_len = 3, .uid = "abc" }, out;

	(void)state;
	listing_put(&in, good);
	for (int octet = 0; octet < 256; octet++) {
		memcpy(at, good, sizeof at);
		at[8] = (char)octet;
		CHECK_EQ(listing_get(at, &out), octet < WIRE_FORM_COUNT);
		memcpy(at, good, sizeof at);
		at[9] = (char)octet; /* the zeros behind a shorter id are none of its
					octets */
		CHECK_EQ(listing_get(at, &out), octet >= 1 && octet <= 3);
		memcpy(at, good, sizeof at);
		at[11] = (char)octet;
		CHECK_EQ(listing_get(at, &out), octet >= 0x21 && octet <= 0x7e);
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

static void test_only_plausible_sizes_are_trusted(void **state)
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

static struct span uid(struct span base, uint64_t twin, char room[LISTING_UID_MAX])
{
	return (struct span){ room, name_uid(base, twin, room) };
}

static void test_unique_ids_are_base_names_where_they_fit(void **state)
{
	char a[LISTING_UID_MAX], name[300];

	(void)state;
	CHECK(name_start());
	CHECK_SPAN(uid(SPAN("1700000000.M1P2.host,S=5"), 0, a),
		   "1700000000.M1P2.host,S=5");
	memset(name, '~', sizeof name);
	for (size_t len = 1; len <= 255; len++) {
		struct span base = { name, len }, u = uid(base, 0, a);

		CHECK(listing_uid_ok(u));
		CHECK_EQ(u.len == len && memcmp(u.at, name, len) == 0,
			 len <= LISTING_UID_MAX);
	}
	CHECK(listing_uid_ok(uid(SPAN(""), 0, a)));
	CHECK(listing_uid_ok(uid(SPAN("a b"), 0, a)));
	CHECK(listing_uid_ok(uid(SPAN("a\xc3\xa4"), 0, a)));
	CHECK(listing_uid_ok(uid(SPAN("a\x7f"), 0, a)));
	CHECK(listing_uid_ok(uid(SPAN("a\nb"), 0, a)));
}

/* Stable for ever: the hash must not change between versions. */
static void test_hashed_unique_ids_are_pinned(void **state)
{
	char a[LISTING_UID_MAX], b[LISTING_UID_MAX];
	struct span named_so = uid(uid(SPAN("a b"), 0, a), 0, b);

	(void)state;
	CHECK(named_so.len == 64 && memcmp(a, b, 64) != 0);
	CHECK_SPAN(uid(SPAN("a b"), 0, a),
		   "d612e08239e3fc2f1e3f9634fdba62ddd75ff5e285017f25e2b1726a533d3070");
}

static void test_twins_get_unique_ids_of_their_own(void **state)
{
	char a[LISTING_UID_MAX], b[LISTING_UID_MAX];
	struct span base = SPAN("1.x"), ua = uid(base, 7, a), ub = uid(base, 8, b);

	(void)state;
	CHECK(listing_uid_ok(ua) && listing_uid_ok(ub));
	CHECK(ua.len != ub.len || memcmp(ua.at, ub.at, ua.len) != 0);
	CHECK(!span_is(ua, "1.x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_record_comes_back_as_it_went),
		TEST(test_a_bad_record_is_refused),
		TEST(test_the_base_name_stands_before_the_flags),
		TEST(test_delivery_order),
		TEST(test_flags_never_move_a_message),
		TEST(test_fields_in_names),
		TEST(test_only_plausible_sizes_are_trusted),
		TEST(test_unique_ids_are_base_names_where_they_fit),
		TEST(test_hashed_unique_ids_are_pinned),
		TEST(test_twins_get_unique_ids_of_their_own),
	};

	return RUN(tests);
}
