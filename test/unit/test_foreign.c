/* Promises of foreign/uidlist, foreign/sizelist and foreign/doveconf. The lists are
 * what Dovecot 2.3.19 and Courier 1.0.16 read, and the expected values what they
 * showed. */
#include "check.h"

#include "foreign/doveconf.h"
#include "foreign/sizelist.h"
#include "foreign/uidlist.h"

/* ---- dovecot-uidlist ---- */

static const char fields[] =
	"3 V1700000000 N9 PUID%u G0123456789abcdef0123456789abcdef\n"
	"1 :1700000001.M100001P11.mx1.example.net,S=166,W=174\n"
	"2 O5 :1700000002.M200002P12.mx1.example.net,S=186,W=195\n"
	"3 O2 PABC :1700000003.M300003P13.mx1.example.net:2,S\n"
	"5 O2 P :1700000004.M400004P14.mx1.example.net\n"
	"7 W999 S888 P- G11112222333344445555666677778888 Xfoo :a b\n";

static void test_a_uidlist_of_version_3(void **state)
{
	struct uidlist_record r;
	struct uidlist l;

	(void)state;
	CHECK(uidlist_begin(&l, span_of(fields)));
	CHECK_EQ(l.version, 3);
	CHECK_EQ(l.validity, 1700000000);
	CHECK_EQ(l.next, 9);
	CHECK_SPAN(l.guid, "0123456789abcdef0123456789abcdef");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK(r.uid == 1 && r.order == UIDLIST_NO_ORDER && !r.has_uidl);
	CHECK_SPAN(r.base, "1700000001.M100001P11.mx1.example.net,S=166,W=174");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK(r.uid == 2 && r.order == 5);
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK(r.order == 2 && r.has_uidl);
	CHECK_SPAN(r.uidl, "ABC");
	CHECK_SPAN(r.base, "1700000003.M300003P13.mx1.example.net");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK(r.has_uidl && r.uidl.len == 0);
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK_SPAN(r.uidl, "-");
	CHECK_SPAN(r.guid, "11112222333344445555666677778888");
	CHECK_SPAN(r.base, "a b");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_END);
}

static void test_a_uidlist_of_version_1(void **state)
{
	static const char text[] = "1 1700000000 9\n"
				   "1 1700000005.M5P1.x\n"
				   "5 1700000003.M3P1.x:2,S\n";
	struct uidlist_record r;
	struct uidlist l;

	(void)state;
	CHECK(uidlist_begin(&l, span_of(text)));
	CHECK(l.version == 1 && l.validity == 1700000000 && l.next == 9);
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK_SPAN(r.base, "1700000005.M5P1.x");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK_EQ(r.uid, 5);
	CHECK_SPAN(r.base, "1700000003.M3P1.x");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_END);
}

static void test_a_uidlist_that_dovecot_would_not_use(void **state)
{
	static const char *const bad[] = {
		"",          "x",       "2 V1 N1\n", "3 V0 N1\n", "3 V1\n",
		"3 N1\n",    "1 0 1\n", "1 1\n",     "3 V1 Nx\n", "3 V4294967296 N1\n",
		"3 V1x N1\n"
	};
	struct uidlist l;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!uidlist_begin(&l, span_of(bad[i])));
}

/* Dovecot would lose all records behind the first of these lines. */
static void test_lines_of_a_uidlist_that_are_no_records(void **state)
{
	static const char text[] = "3 V1 N9\r\n"
				   "P:x\n"
				   "\n"
				   "rubbish\n"
				   "0 :x\n"
				   "2 Ox :x\n"
				   "2 :a/b\n"
				   "2 ::2,S\n"
				   "2 S1\n"
				   "3 1 :x\n"
				   "7 :x\r\n"
				   "8 :y";
	struct uidlist_record r;
	struct uidlist l;

	(void)state;
	CHECK(uidlist_begin(&l, span_of(text)));
	for (uint32_t line = 2; line <= 10; line++) {
		CHECK_EQ(uidlist_next(&l, &r), UIDLIST_BROKEN);
		CHECK_EQ(l.line, line);
	}
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK_SPAN(r.base, "x");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_RECORD);
	CHECK_SPAN(r.base, "y");
	CHECK_EQ(uidlist_next(&l, &r), UIDLIST_END);
}

static void test_a_uidlist_comes_back_as_it_went(void **state)
{
	char room[1024];
	struct buf out = BUF(room);
	struct uidlist_record r;
	struct uidlist l, again;

	(void)state;
	CHECK(uidlist_begin(&l, span_of(fields)));
	uidlist_put_head(&l, &out);
	while (uidlist_next(&l, &r) == UIDLIST_RECORD)
		uidlist_put(&r, &out);
	CHECK_SPAN(buf_span(&out),
		   "3 V1700000000 N9 G0123456789abcdef0123456789abcdef\n"
		   "1 :1700000001.M100001P11.mx1.example.net,S=166,W=174\n"
		   "2 O5 :1700000002.M200002P12.mx1.example.net,S=186,W=195\n"
		   "3 O2 PABC :1700000003.M300003P13.mx1.example.net\n"
		   "5 O2 P :1700000004.M400004P14.mx1.example.net\n"
		   "7 P- G11112222333344445555666677778888 :a b\n");
	CHECK(uidlist_begin(&again, buf_span(&out)));
}

/* The order in which Dovecot gave uids. */
static void test_the_order_of_new_messages(void **state)
{
	static const char *const names[] = { "abc.def",
					     "9.M5P1.x",
					     "1600000000.M9P1.x",
					     "1600000000.M10P1.x",
					     "1600000000.M10P2.x",
					     "1600000000.P1M3.x",
					     "1600000000.a",
					     "1600000001.M1P1.x" };
	enum { NAMES = sizeof names / sizeof *names };

	(void)state;
	for (int a = 0; a < NAMES; a++)
		for (int b = 0; b < NAMES; b++) {
			const int by =
				uidlist_order_new(span_of(names[a]), span_of(names[b]));

			CHECK_EQ(by < 0, a < b);
			CHECK_EQ(by > 0, a > b);
		}
}

/* ---- courierpop3dsizelist ---- */

static void check_number(struct sizelist *l, const char *uidl, uint64_t octets)
{
	char room[256];
	struct buf uid = BUF(room);
	struct sizelist_record r, again;

	CHECK_EQ(sizelist_next(l, &r), SIZELIST_RECORD);
	sizelist_uidl(&r, &uid);
	CHECK_SPAN(buf_span(&uid), uidl);
	CHECK_EQ(r.octets, octets);
	again = r;
	again.number = again.validity = 1;
	if (r.escaped)
		return;
	CHECK(sizelist_take_uidl(&again, buf_span(&uid)));
	CHECK_EQ(again.number, r.number);
	CHECK_EQ(again.validity, r.number > 0 ? r.validity : 0);
}

static void test_a_sizelist_of_version_2(void **state)
{
	static const char text[] = "/2 9 1700000000\n"
				   "1700000001.M100001P11.mx1.example.net,S=166,W=174:"
				   "2, 999 7:1700000000\n"
				   "1700000002.M2P1.x:2, 888 3:1600000000\n"
				   "1700000003.M3P1.x:2, 777 0:1700000000\n"
				   "a name:2, 666 8:0\n";
	struct sizelist_record r;
	struct sizelist l;

	(void)state;
	CHECK(sizelist_begin(&l, span_of(text)));
	CHECK(l.version == 2 && l.next == 9 && l.validity == 1700000000);
	check_number(&l, "UID7-1700000000", 999);
	check_number(&l, "UID3-1600000000", 888);
	check_number(&l, "1700000003.M3P1.x", 777);
	check_number(&l, "UID8", 666);
	CHECK_EQ(sizelist_next(&l, &r), SIZELIST_END);
}

static void test_a_sizelist_of_version_3(void **state)
{
	static const char text[] = "/3 7 1796031913\n"
				   "1600000000.M1P1.x:2, 258 6:1796031913:0\n"
				   "1700000001.M1P1.x,S=1:2,S 174 1:1796031913:1";
	struct sizelist_record r;
	struct sizelist l;

	(void)state;
	CHECK(sizelist_begin(&l, span_of(text)));
	CHECK(l.version == 3 && l.next == 7);
	check_number(&l, "UID6-1796031913", 258);
	CHECK_EQ(sizelist_next(&l, &r), SIZELIST_RECORD);
	CHECK(r.is_8bit);
	CHECK_SPAN(r.name, "1700000001.M1P1.x,S=1:2,S");
	CHECK_EQ(sizelist_next(&l, &r), SIZELIST_END);
}

static void test_sizelists_of_old_versions(void **state)
{
	struct sizelist l;

	(void)state;
	CHECK(sizelist_begin(&l, SPAN("/1 9\nx:2, 999 7\n")));
	CHECK_EQ(l.version, 1);
	check_number(&l, "UID7", 999);
	CHECK(sizelist_begin(&l, SPAN("a b'\"+\x7f:2,S 999\n")));
	CHECK_EQ(l.version, 0);
	check_number(&l, "a+20b+27+22+2B+7F", 999);
}

static void test_lines_of_a_sizelist_that_are_no_records(void **state)
{
	static const char text[] = "/3 9 1\nname 888\nrubbish\n\nx 1 1\nx 1 a:1:0\n"
				   "x y 1:1:0\na/b 1 1:1:0\n:2, 1 1:1:0\nx 1 2:1:0\r\n";
	struct sizelist_record r;
	struct sizelist l;

	(void)state;
	CHECK(sizelist_begin(&l, span_of(text)));
	for (uint32_t line = 2; line <= 9; line++) {
		CHECK_EQ(sizelist_next(&l, &r), SIZELIST_BROKEN);
		CHECK_EQ(l.line, line);
	}
	check_number(&l, "UID2-1", 1);
	CHECK(!sizelist_begin(&l, SPAN("/4 9 1\n")));
	CHECK(!sizelist_begin(&l, SPAN("/0 9 1\n")));
	CHECK(!sizelist_begin(&l, SPAN("/3 9\n")));
	CHECK(!sizelist_begin(&l, SPAN("/3 x 1\n")));
}

static void test_unique_ids_that_courier_cannot_give(void **state)
{
	static const char *const bad[] = {
		"",          "UID",     "UID0",  "UID07", "UID7-",
		"UID7-0",    "UID7-01", "UID7x", "UID-7", "0000000100000002",
		"other.name"
	};
	struct sizelist_record r = { .name = SPAN("a.name:2,S") };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!sizelist_take_uidl(&r, span_of(bad[i])));
	CHECK(sizelist_take_uidl(&r, SPAN("a.name")));
	CHECK(r.number == 0 && r.validity == 0);
}

static void test_a_sizelist_comes_back_as_it_went(void **state)
{
	static const char text[] = "/3 7 1796031913\n"
				   "1600000000.M1P1.x:2, 258 6:1796031913:0\n"
				   "a b:2,S 174 0:0:1\n";
	char room[256];
	struct buf out = BUF(room);
	struct sizelist_record r;
	struct sizelist l;

	(void)state;
	CHECK(sizelist_begin(&l, span_of(text)));
	sizelist_put_head(&l, &out);
	while (sizelist_next(&l, &r) == SIZELIST_RECORD)
		sizelist_put(&r, &out);
	CHECK_SPAN(buf_span(&out), text);
}

/* M10 came before M9, and a late message with an old name first. */
static void test_the_order_of_courier(void **state)
{
	static const char *const names[] = { "abc",
					     "17a",
					     "999.z",
					     "1700000009.M10P1",
					     "1700000009.M9P1",
					     "1700000010.M1P1" };
	enum { NAMES = sizeof names / sizeof *names };

	(void)state;
	for (int a = 0; a < NAMES; a++)
		for (int b = 0; b < NAMES; b++) {
			const int by =
				sizelist_order(span_of(names[a]), span_of(names[b]));

			CHECK_EQ(by < 0, a < b);
			CHECK_EQ(by > 0, a > b);
		}
}

/* ---- dovecot.conf ---- */

static void test_a_setting_of_dovecot(void **state)
{
	static const char text[] = "# pop3_uidl_format = %f\n"
				   "pop3_uidl_format = %08Xu%08Xv\n"
				   "protocol pop3 {\n"
				   "  pop3_uidl_format=%{uid | hex(8)}-%v \n"
				   "}\n"
				   "pop3_uidl_format_x = y\n";
	struct span value = { 0 };

	(void)state;
	CHECK(doveconf_find(span_of(text), "pop3_uidl_format", &value));
	CHECK_SPAN(value, "%{uid | hex(8)}-%v");
	CHECK(!doveconf_find(span_of(text), "pop3_uidl", &value));
	CHECK(!doveconf_find(SPAN("a =\n"), "a", &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_uidlist_of_version_3),
		TEST(test_a_uidlist_of_version_1),
		TEST(test_a_uidlist_that_dovecot_would_not_use),
		TEST(test_lines_of_a_uidlist_that_are_no_records),
		TEST(test_a_uidlist_comes_back_as_it_went),
		TEST(test_the_order_of_new_messages),
		TEST(test_a_sizelist_of_version_2),
		TEST(test_a_sizelist_of_version_3),
		TEST(test_sizelists_of_old_versions),
		TEST(test_lines_of_a_sizelist_that_are_no_records),
		TEST(test_unique_ids_that_courier_cannot_give),
		TEST(test_a_sizelist_comes_back_as_it_went),
		TEST(test_the_order_of_courier),
		TEST(test_a_setting_of_dovecot),
	};

	return RUN(tests);
}
