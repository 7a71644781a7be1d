/* Formats of unique-ids, and what they make. */
#include "check.h"

#include "base/uidformat.h"
#include "mail/uidmake.h"

#define NAME "1700000001.M1P1.mx,S=166,W=174"

static const struct {
	const char *format, *made;
} good[] = {
	/* As Dovecot 2.3 and 2.4 were seen to make them. */
	{ "%08Xu%08Xv", "000000036553f100" },
	{ "%08Xv%08Xu", "6553f10000000003" },
	{ "%v.%u", "1700000000.3" },
	{ "%u.%v", "3.1700000000" },
	{ "UID%u-%v", "UID3-1700000000" },
	{ "%u%4Xv", "36553" },
	{ "%u%10Xv", "36553f100" },
	{ "%u%010Xv", "3006553f100" },
	{ "%UXv%u", "6553f1003" },
	{ "%XUv%u", "6553F1003" },
	{ "%f", NAME },
	{ "%g", NAME },
	{ "%Mf", "600d658d353b61e6c5ab777e8f042494" },
	{ "%Lf", "1700000001.m1p1.mx,s=166,w=174" },
	{ "%m", "0123" },
	{ "%u%%%%x", "3%%x" },
	{ "%{uid | hex(8)}%{uidvalidity | hex(8)}", "000000036553f100" },
	{ "%{uid|hex(8)}%{uidvalidity|hex(8)}", "000000036553f100" },
	{ "%{uid}-%{uidvalidity | hex(4)}", "3-f100" },
	{ "%{uid}%{uidvalidity | hex}", "36553f100" },
	{ "%{uid}%{uidvalidity | hex(0)}", "36553f100" },
	{ "%{uid}%{uidvalidity | hex(10) | upper}", "3006553F100" },
	{ "%{filename | lower}", "1700000001.m1p1.mx,s=166,w=174" },
	{ "%{guid}", NAME },
	{ "%{md5}", "0123" },
	/* Other servers. */
	{ "basename", NAME },
	{ "courier", "UID3-1700000000" },
	{ "cyrus", "1700000000.3" },
};

static void makes_what_other_servers_make(void **state)
{
	(void)state;
	const struct uidmake_values values = {
		.uid = 3,
		.validity = 1700000000,
		.filename = SPAN(NAME),
		.guid = SPAN(NAME),
		.md5 = SPAN("0123"),
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct uidformat f;
		const char *wrong = NULL;
		char room[200];
		struct buf made = BUF(room);

		CHECK(uidformat_parse(span_of(good[i].format), &f, &wrong));
		uidmake(&f, &values, &made);
		if (!span_is(buf_span(&made), good[i].made))
			print_message("%s makes %.*s\n", good[i].format, (int)made.len,
				      made.at);
		CHECK(span_is(buf_span(&made), good[i].made) && !made.cut);
	}
}

static void refuses_what_is_no_format(void **state)
{
	static const char *const bad[] = {
		"",
		"%",
		"%x",
		"%v",
		"abc",
		"%{uid",
		"%{user}",
		"%{uid | rot13}",
		"%{uid | hex(-8)}",
		"%{uid | hex(x)}",
		"%{uid | hex(300)}",
		"%300u",
		"%XXXXXu",
		"a b%u",
		"%u\n",
		"%{}",
		"%{uid |}",
		"%%",
		"%u%v%u%v%u%v%u%v%u%v%u%v%u%v%u%v%u",
	};
	char text[UIDFORMAT_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uidformat f;
		const char *wrong = NULL;
		const bool taken = uidformat_parse(span_of(bad[i]), &f, &wrong);

		if (taken)
			print_message("takes %s\n", bad[i]);
		CHECK(!taken && wrong);
	}
	memset(text, 'x', sizeof text);
	memcpy(text, "%u", 2);
	for (size_t n = UIDFORMAT_TEXT_MAX - 1; n <= UIDFORMAT_TEXT_MAX; n++) {
		struct uidformat f;
		const char *wrong = NULL;

		CHECK_EQ(uidformat_parse((struct span){ text, n }, &f, &wrong),
			 n < UIDFORMAT_TEXT_MAX);
	}
}

static void the_base_name_alone_is_no_format(void **state)
{
	static const struct {
		const char *text;
		bool none;
	} table[] = { { "%f", true },      { "%{guid}", true }, { "basename", true },
		      { "%Lf", false },    { "%9f", false },    { "x%f", false },
		      { "%{uid}", false }, { "tpop3d", false } };

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct uidformat f;
		const char *wrong;

		CHECK(uidformat_parse(span_of(table[i].text), &f, &wrong));
		CHECK_EQ(f.sum == 0, table[i].none);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_other_servers_make),
		cmocka_unit_test(refuses_what_is_no_format),
		cmocka_unit_test(the_base_name_alone_is_no_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
