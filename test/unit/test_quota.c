/* Promises of base/quota: the limits of a maildrop as an operator writes them. */
#include "check.h"

#include "base/buf.h"
#include "base/quota.h"

#define KIB UINT64_C(1024)

static void test_a_size_has_a_unit_or_counts_octets(void **state)
{
	static const struct {
		const char *text;
		uint64_t octets;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "007", 7 },
		{ "1k", KIB },
		{ "1K", KIB },
		{ "500M", 500 * KIB * KIB },
		{ "500m", 500 * KIB * KIB },
		{ "2G", 2 * KIB * KIB * KIB },
		{ "3T", 3 * KIB * KIB * KIB * KIB },
		{ "0T", 0 },
		{ "9223372036854775807", INT64_MAX },
		{ "9007199254740991k", INT64_MAX - 1023 },
		{ "8388607T", 8388607 * KIB * KIB * KIB * KIB },
	};
	static const char *const bad[] = { "",
					   "k",
					   "-1",
					   "+1",
					   "1 k",
					   " 1",
					   "1 ",
					   "1kk",
					   "1kB",
					   "1.5G",
					   "1P",
					   "0x10",
					   "9223372036854775808",
					   "18446744073709551616",
					   "9007199254740992k",
					   "8388608T",
					   "18014398509481985k" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint64_t n = 42;

		CHECK(quota_parse_octets(span_of(good[i].text), &n));
		CHECK_EQ(n, good[i].octets);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint64_t n = 42;

		CHECK(!quota_parse_octets(span_of(bad[i]), &n));
		CHECK_EQ(n, 42);
	}
	uint64_t n = 42;
	CHECK(!quota_parse_octets((struct span){ "1\0k", 3 }, &n));
	CHECK(!quota_parse_octets((struct span){ "1\0", 2 }, &n));
}

static void test_a_quota_is_read_as_it_is_written(void **state)
{
	static const struct {
		const char *text;
		struct quota is;
		const char *printed;
	} good[] = {
		{ "", { 0, 0 }, "none" },
		{ "  ", { 0, 0 }, "none" },
		{ "none", { 0, 0 }, "none" },
		{ " None\t", { 0, 0 }, "none" },
		{ "500M", { 500 * KIB * KIB, 0 }, "500M" },
		{ "524288000", { 500 * KIB * KIB, 0 }, "500M" },
		{ "1536k", { 1536 * KIB, 0 }, "1536k" },
		{ "1025", { 1025, 0 }, "1025" },
		{ "2048M", { 2 * KIB * KIB * KIB, 0 }, "2G" },
		{ "4096T", { 4096 * KIB * KIB * KIB * KIB, 0 }, "4096T" },
		{ "10000 messages", { 0, 10000 }, "10000 messages" },
		{ "10000messages", { 0, 10000 }, "10000 messages" },
		{ "1 message", { 0, 1 }, "1 message" },
		{ "2\tMESSAGES", { 0, 2 }, "2 messages" },
		{ "500M, 10000 messages",
		  { 500 * KIB * KIB, 10000 },
		  "500M, 10000 messages" },
		{ "10000 messages,500M",
		  { 500 * KIB * KIB, 10000 },
		  "500M, 10000 messages" },
		{ " 10 messages , 1k ", { KIB, 10 }, "1k, 10 messages" },
		{ "18446744073709551615 messages",
		  { 0, UINT64_MAX },
		  "18446744073709551615 messages" },
		{ "1, 1 message", { 1, 1 }, "1, 1 message" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char room[64];
		struct buf b = BUF(room);
		struct quota q = { 7, 8 };

		CHECK(!quota_parse(span_of(good[i].text), &q));
		CHECK_EQ(q.octets, good[i].is.octets);
		CHECK_EQ(q.messages, good[i].is.messages);
		quota_print(&q, &b);
		CHECK_TEXT(buf_cstr(&b), good[i].printed);
		struct quota again = { 7, 8 };
		CHECK(!quota_parse(buf_span(&b), &again));
		CHECK_EQ(again.octets, q.octets);
		CHECK_EQ(again.messages, q.messages);
	}
}

/* A number that means something else to its writer must not become a quota. */
static void test_another_text_is_no_quota(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "0", "0" },
		{ "0k", "0" },
		{ "0 messages", "0" },
		{ "500M, 0 messages", "0" },
		{ "500M, 600M", "two limits" },
		{ "1 message, 2 messages", "two limits" },
		{ "1k, 1 message, 1k", "two limits" },
		{ "500M,", "neither" },
		{ ",", "neither" },
		{ ",500M", "neither" },
		{ "none, 500M", "neither" },
		{ "500M, none", "neither" },
		{ "nonee", "neither" },
		{ "messages", "neither" },
		{ "message", "neither" },
		{ "k messages", "neither" },
		{ "1k messages", "neither" },
		{ "1 mail", "neither" },
		{ "1 messagess", "neither" },
		{ "500 M", "neither" },
		{ "500MB", "neither" },
		{ "-1", "neither" },
		{ "80%", "neither" },
		{ "8388608T", "neither" },
		{ "18446744073709551616 messages", "neither" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct quota q = { 7, 8 };
		const char *wrong = quota_parse(span_of(bad[i].text), &q);

		CHECK(wrong && strstr(wrong, bad[i].why));
		CHECK_EQ(q.octets, 7);
		CHECK_EQ(q.messages, 8);
	}
}

static void test_rules_of_dovecot_are_read(void **state)
{
	static const struct {
		const char *text;
		struct quota is;
	} good[] = {
		{ "*:storage=500M:messages=100", { 500 * KIB * KIB, 100 } },
		{ "*:messages=100:storage=500M", { 500 * KIB * KIB, 100 } },
		{ "*:storage=1000", { 1000 * KIB, 0 } },
		{ "*:storage=1000b", { 1000, 0 } },
		{ "*:storage=1000B", { 1000, 0 } },
		{ "*:storage=1g", { KIB * KIB * KIB, 0 } },
		{ "*:bytes=1000", { 1000, 0 } },
		{ "*:bytes=1000b", { 1000, 0 } },
		{ "*:bytes=1k", { KIB, 0 } },
		{ "*:messages=3", { 0, 3 } },
		{ "?:messages=3", { 0, 3 } },
		{ "*:storage=0", { 0, 0 } },
		{ "*:storage=0:messages=0", { 0, 0 } },
		{ "Trash:storage=+10%", { 7, 8 } },
		{ "**:storage=1", { 7, 8 } },
	};
	static const char *const bad[] = {
		"",
		"*",
		"500M",
		"*:",
		"*:storage",
		"*:storage=",
		"*:storage=b",
		"*:storage=10%",
		"*:storage=+1",
		"*:storage=1:",
		"*:messages=1k",
		"*:messages=",
		"*:space=1",
		"*:Storage=1",
		"*:storage=9007199254740992",
		"*:storage=18446744073709551616b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct quota q = { 7, 8 };

		CHECK(!quota_parse_rule(span_of(good[i].text), &q));
		CHECK_EQ(q.octets, good[i].is.octets);
		CHECK_EQ(q.messages, good[i].is.messages);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct quota q = { 7, 8 };

		CHECK(quota_parse_rule(span_of(bad[i]), &q) != NULL);
		CHECK_EQ(q.octets, 7);
		CHECK_EQ(q.messages, 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_size_has_a_unit_or_counts_octets),
		TEST(test_a_quota_is_read_as_it_is_written),
		TEST(test_another_text_is_no_quota),
		TEST(test_rules_of_dovecot_are_read),
	};

	return RUN(tests);
}
