/* Promises of base/address and base/nets: who is meant by an address or a network. */
#include "check.h"

#include "base/nets.h"

static struct address parse(const char *text)
{
	struct address a;

	if (!address_parse(span_of(text), &a))
		fail_msg("%s is no address", text);
	return a;
}

static void test_addresses_are_shown_as_they_are_read(void **state)
{
	static const char *const same[] = { "192.0.2.1", "0.0.0.0", "255.255.255.255" };
	static const char *const six[] = { "2001:db8::1", "::1", "::" };
	char shown[ADDRESS_TEXT_MAX], wanted[ADDRESS_TEXT_MAX];
	struct address none = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct address four = parse(same[i]), other = parse(six[i]);

		address_text(&four, 110, shown);
		snprintf(wanted, sizeof wanted, "%s:110", same[i]);
		CHECK_TEXT(shown, wanted);
		address_text(&other, 65535, shown);
		snprintf(wanted, sizeof wanted, "[%s]:65535", six[i]);
		CHECK_TEXT(shown, wanted);
	}
	address_text(&none, 0, shown);
	CHECK_TEXT(shown, "unknown");
}

/* One client must not have two names. */
static void test_a_mapped_address_is_the_ipv4_one(void **state)
{
	struct address mapped = parse("::ffff:127.0.0.5"), plain = parse("127.0.0.5");

	(void)state;
	CHECK(memcmp(&mapped, &plain, sizeof plain) == 0);
	CHECK(address_is_loopback(&mapped));
}

static void test_loopback(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "127.0.0.1", true },    { "127.255.255.255", true },
		{ "::1", true },          { "128.0.0.1", false },
		{ "126.255.0.1", false }, { "::2", false },
		{ "::", false },          { "100::1", false },
		{ "0.0.0.0", false },
	};
	struct address none = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address a = parse(cases[i].text);

		CHECK_EQ(address_is_loopback(&a), cases[i].is);
	}
	CHECK(!address_is_loopback(&none));
}

static void test_what_is_no_network_is_not_added(void **state)
{
	static const char *const bad[] = {
		"",           "local",       "1.2.3",
		"1.2.3.4/33", "1.2.3.4/",    "1.2.3.4/-1",
		"::/129",     "1.2.3.4/8/8", " 1.2.3.4",
		"1.2.3.4 ",   "[::1]",       "1.2.3.4:1",
		"01.2.3.4",   "/8",          "::ffff:1.2.3.4/96",
	};
	struct nets list = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (nets_add(&list, span_of(bad[i])))
			fail_msg("\"%s\" was added", bad[i]);
	CHECK_EQ(list.count, 0);
	for (size_t i = 0; i < NETS_MAX; i++)
		CHECK(nets_add(&list, SPAN("10.0.0.0/8")));
	CHECK(!nets_add(&list, SPAN("10.0.0.0/8")));
}

static void test_every_number_of_bits(void **state)
{
	struct address zero = { .bits = 128 };

	(void)state;
	for (unsigned bits = 0; bits <= 128; bits++) {
		struct nets list = { 1, { { zero, bits } } };

		CHECK(nets_hold(&list, &zero));
		for (unsigned flipped = 0; flipped < 128; flipped++) {
			struct address a = zero;

			a.octets[flipped / 8] ^= (unsigned char)(0x80 >> flipped % 8);
			CHECK_EQ(nets_hold(&list, &a), flipped >= bits);
		}
	}
}

static void test_a_list_as_text_holds_its_networks(void **state)
{
	static const struct {
		const char *list, *peer;
		bool in;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1:1", true },
		{ "127.0.0.1", "127.0.0.2:1", false },
		{ "127.0.0.0/8", "127.255.0.1:65535", true },
		{ "10.0.0.0/9", "10.127.0.1:1", true },
		{ "10.0.0.0/9", "10.128.0.1:1", false },
		{ "0.0.0.0/0", "8.8.8.8:1", true },
		{ "0.0.0.0/0", "[::1]:1", false },
		{ "::1", "[::1]:1", true },
		{ "2001:db8::/33", "[2001:db8:7fff::1]:1", true },
		{ "2001:db8::/33", "[2001:db8:8000::1]:1", false },
		{ "1.2.3.4,5.6.7.8", "5.6.7.8:1", true },
		{ "1.2.3.4,,5.6.7.8", "5.6.7.8:1", true },
		{ "1.2.3.4 ,5.6.7.8", "1.2.3.4:1", false },
		{ "1.2.3.4/33", "1.2.3.4:1", false },
		{ "1.2.3.4/-1", "1.2.3.4:1", false },
		{ "1.2.3.4/", "1.2.3.4:1", false },
		{ "local", "127.0.0.1:1", false },
		{ "", "127.0.0.1:1", false },
		{ "127.0.0.1", "127.0.0.1", false },
		{ "0.0.0.0/0", "[1.1.1.1]:1", true },
		{ "0.0.0.0/0", "[1.1.1.1x:1", false },
		{ "0.0.0.0/0", "x1.1.1.1]:1", false },
		{ "0.0.0.0/0", "[]:1", false },
		{ "127.0.0.1", "", false },
		{ "0.0.0.0/0,::/0", "unknown", false },
		{ "10.0.0.0/8", "[::ffff:10.1.2.3]:1", true },
		{ "::ffff:10.1.2.3", "10.1.2.3:1", true },
		{ "::/0", "10.1.2.3:1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (nets_text_holds(span_of(cases[i].list), span_of(cases[i].peer)) !=
		    cases[i].in)
			fail_msg("%s and %s", cases[i].list, cases[i].peer);
}

static void test_a_list_as_text_is_good_if_each_part_is_a_network(void **state)
{
	(void)state;
	CHECK(nets_text_good(SPAN("")));
	CHECK(nets_text_good(SPAN("127.0.0.1")));
	CHECK(nets_text_good(SPAN("10.0.0.0/8,::1/128")));
	CHECK(!nets_text_good(SPAN("local,10.0.0.0/8")));
	CHECK(!nets_text_good(SPAN("10.0.0.0/8,1.2.3.4/33")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses_are_shown_as_they_are_read),
		TEST(test_a_mapped_address_is_the_ipv4_one),
		TEST(test_loopback),
		TEST(test_what_is_no_network_is_not_added),
		TEST(test_every_number_of_bits),
		TEST(test_a_list_as_text_holds_its_networks),
		TEST(test_a_list_as_text_is_good_if_each_part_is_a_network),
	};

	return RUN(tests);
}
