/* Promises of pop3/text and pop3/reply, for every language: what is said can be said.
 */
#include "check.h"

#include "pop3/reply.h"

static const struct catalogue *const catalogues[] = {
#define X(id, tag) &catalogue_##id,
	LANGUAGE_TABLE(X)
#undef X
};

/* The first that has plural forms. */
#define COUNTED TEXT_OCTETS

/* Every form of plural that any language has is among these. */
static const uint64_t numbers[] = { 0,  1,  2,   3,   5,    10,      11,
				    21, 99, 100, 102, 1000, 1000000, UINT64_MAX };
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* Every text of every language, in each of its forms. */
static void for_each(void (*check)(enum language l, enum text id, const char *text))
{
	for (enum language l = 0; l < LANGUAGE_COUNT; l++) {
		for (enum text id = 1; id < COUNTED; id++)
			check(l, id, text_of(l, id));
		for (enum text id = COUNTED; id < TEXT_COUNT; id++)
			for (size_t i = 0; i < NUMBERS; i++)
				check(l, id, text_counted(l, id, numbers[i]));
	}
}

static void test_every_language_has_every_text(void **state)
{
	(void)state;
	for (enum language l = 0; l < LANGUAGE_COUNT; l++)
		for (enum text id = 1; id < TEXT_COUNT; id++)
			if (!catalogues[l]->texts[id])
				fail_msg("%s lacks \"%s\"", language_tag(l),
					 text_of(LANGUAGE_en, id));
}

/* The length of the character (RFC 3629 section 4) that begins here; 0: there is none.
 */
static size_t character(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;
	const size_t len = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	if ((c[0] >= 0x80 && c[0] < 0xc2) || c[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return len;
}

static void check_octets(enum language l, enum text id, const char *text)
{
	(void)id;
	if (text[0] == '\0' || text[0] == '[' || text[0] == ' ')
		fail_msg("%s: begins badly: \"%s\"", language_tag(l), text);
	for (const char *c = text; *c;) {
		const size_t len = character(c);

		/* U+0080 to U+009F are controls, too. */
		if (len == 0 || (unsigned char)*c < ' ' || *c == 0x7f ||
		    (len == 2 && c[0] == '\xc2' && (unsigned char)c[1] < 0xa0))
			fail_msg("%s: cannot be sent: \"%s\"", language_tag(l), text);
		/* Until LANG the client expects ASCII. */
		CHECK(l != LANGUAGE_en || len == 1);
		c += len;
	}
}

static void test_texts_are_utf8_on_one_line(void **state)
{
	(void)state;
	for_each(check_octets);
}

/* "us" for "%u messages (%s)". */
static void placeholders(const char *text, char out[8])
{
	size_t n = 0;

	for (; (text = strchr(text, '%')) && n < 7; text++)
		out[n++] = text[1];
	out[n] = '\0';
}

static void check_placeholders(enum language l, enum text id, const char *text)
{
	char english[8], other[8];

	placeholders(catalogue_en.texts[id], english);
	placeholders(text, other);
	if (strcmp(english, other) != 0)
		fail_msg("%s: its placeholders are \"%s\": \"%s\"", language_tag(l),
			 other, text);
}

static void test_placeholders_are_those_of_the_english(void **state)
{
	(void)state;
	for_each(check_placeholders);
}

static void check_length(enum language l, enum text id, const char *text)
{
	char room[1024];
	struct buf out = BUF(room);
	const uint64_t most = UINT64_MAX;

	(void)text;
	if (id < (enum text)FAULT_COUNT)
		reply_err(&out, l, (enum fault)id);
	else if (id < COUNTED)
		reply_number(&out, l, id, most);
	else
		reply_count(&out, l, id, most, most);
	CHECK(!out.cut && out.len <= 512);
	out.len = 0;
	reply_language(&out, "+OK ", l, id < COUNTED ? id : TEXT_CHOSEN);
	CHECK(!out.cut && out.len <= 512);
}

/* RFC 2449 section 4; and the octets of a maildrop have room enough. */
static void test_replies_stay_within_512_octets(void **state)
{
	(void)state;
	for_each(check_length);
	for (enum language l = 0; l < LANGUAGE_COUNT; l++)
		for (size_t i = 0; i < NUMBERS; i++)
			CHECK(strlen(text_counted(l, TEXT_OCTETS, numbers[i])) + 20 <=
			      TEXT_OCTETS_ROOM);
}

static void check_said(enum language l, uint64_t n, uint64_t octets, const char *said)
{
	char room[512];
	struct buf out = BUF(room);

	reply_count(&out, l, TEXT_LISTED, n, octets);
	CHECK_TEXT(buf_cstr(&out), said);
}

static void test_numbers_take_their_plural_forms(void **state)
{
	(void)state;
	check_said(LANGUAGE_en, 0, 0, "+OK 0 messages (0 octets)\r\n");
	check_said(LANGUAGE_en, 1, 1, "+OK 1 message (1 octet)\r\n");
	check_said(LANGUAGE_en, 2, 100, "+OK 2 messages (100 octets)\r\n");
	check_said(LANGUAGE_fr, 0, 0, "+OK 0 message (0 octet)\r\n");
	check_said(LANGUAGE_fr, 1, 2, "+OK 1 message (2 octets)\r\n");
	check_said(LANGUAGE_de, 0, 1, "+OK 0 Nachrichten (1 Byte)\r\n");
	check_said(LANGUAGE_de, 1, 9, "+OK 1 Nachricht (9 Byte)\r\n");
	check_said(LANGUAGE_zh_Hans, 7, 8, "+OK 7 封邮件（8 字节）\r\n");
}

static void test_ranges_are_looked_up(void **state)
{
	static const struct {
		const char *range;
		enum language found; /* LANGUAGE_COUNT: none */
	} cases[] = {
		{ "en", LANGUAGE_en },
		{ "EN-gb", LANGUAGE_en },
		{ "i-default", LANGUAGE_en },
		{ "I-DEFAULT", LANGUAGE_en },
		{ "zh-Hans-CN", LANGUAGE_zh_Hans },
		{ "ar-x-a", LANGUAGE_ar },
		{ "zh", LANGUAGE_zh_Hans },
		{ "ZH-hans", LANGUAGE_zh_Hans },
		{ "zh-Hant-TW", LANGUAGE_zh_Hans },
		{ "pt", LANGUAGE_pt_BR },
		{ "pt-br", LANGUAGE_pt_BR },
		{ "pt-PT", LANGUAGE_pt_BR },
		{ "z", LANGUAGE_COUNT },
		{ "zh-", LANGUAGE_COUNT },
		{ "Hans", LANGUAGE_COUNT },
		{ "p", LANGUAGE_COUNT },
		{ "i-de", LANGUAGE_COUNT },
		{ "x-de", LANGUAGE_COUNT },
		{ "den", LANGUAGE_COUNT },
		{ "e", LANGUAGE_COUNT },
		{ "", LANGUAGE_COUNT },
		{ "-", LANGUAGE_COUNT },
		{ "*", LANGUAGE_COUNT },
		{ "en-*", LANGUAGE_COUNT },
		{ "en-", LANGUAGE_COUNT },
		{ "en--us", LANGUAGE_COUNT },
		{ "en_US", LANGUAGE_COUNT },
		{ "en-verylonger", LANGUAGE_COUNT },
		{ "\xc3\xa9n", LANGUAGE_COUNT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum language l = LANGUAGE_COUNT;
		const bool found = language_find(span_of(cases[i].range), &l);

		if (l != cases[i].found || found != (l < LANGUAGE_COUNT))
			fail_msg("\"%s\" finds %u", cases[i].range, (unsigned)l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_language_has_every_text),
		TEST(test_texts_are_utf8_on_one_line),
		TEST(test_placeholders_are_those_of_the_english),
		TEST(test_replies_stay_within_512_octets),
		TEST(test_numbers_take_their_plural_forms),
		TEST(test_ranges_are_looked_up),
	};

	return RUN(tests);
}
