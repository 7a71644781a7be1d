/* Promises of pop3/command: the grammar, from the table. */
#include "check.h"

#include "pop3/command.h"

static enum fault parse(const char *line, enum pop3_state st)
{
	struct command c;

	return command_parse(span_of(line), st, &c);
}

/* Any state in which the command is legal. */
static enum pop3_state legal_state(enum command_id id)
{
	unsigned states = command_states(id);

	return states & -states;
}

static void with_args(char *out, enum command_id id, const char *args)
{
	sprintf(out, "%s%s", command_name(id), args);
}

/* What each grammar takes and refuses, whatever the command. */
static const struct {
	const char *args;
	unsigned ok; /* bit per enum command_args */
} arguments[] = {
	{ "", 1u << ARGS_NONE | 1u << ARGS_OPT_MSG | 1u << ARGS_OPT_TWO },
	{ " ", 1u << ARGS_NONE | 1u << ARGS_OPT_MSG },
	{ "  ", 1u << ARGS_NONE | 1u << ARGS_REST | 1u << ARGS_OPT_MSG },
	{ " 1",
	  1u << ARGS_WORD | 1u << ARGS_REST | 1u << ARGS_MSG | 1u << ARGS_OPT_MSG },
	{ " 01",
	  1u << ARGS_WORD | 1u << ARGS_REST | 1u << ARGS_MSG | 1u << ARGS_OPT_MSG },
	{ " 4294967295",
	  1u << ARGS_WORD | 1u << ARGS_REST | 1u << ARGS_MSG | 1u << ARGS_OPT_MSG },
	{ " 4294967296",
	  1u << ARGS_WORD | 1u << ARGS_REST | 1u << ARGS_MSG | 1u << ARGS_OPT_MSG },
	{ " 99999999999999999999",
	  1u << ARGS_WORD | 1u << ARGS_REST | 1u << ARGS_MSG | 1u << ARGS_OPT_MSG },
	{ " 0",
	  1u << ARGS_WORD | 1u << ARGS_REST | 1u << ARGS_MSG | 1u << ARGS_OPT_MSG },
	{ " -1", 1u << ARGS_WORD | 1u << ARGS_REST },
	{ " +1", 1u << ARGS_WORD | 1u << ARGS_REST },
	{ " 1x", 1u << ARGS_WORD | 1u << ARGS_REST },
	{ " x", 1u << ARGS_WORD | 1u << ARGS_REST },
	{ "  1", 1u << ARGS_REST },
	{ " 1 ", 1u << ARGS_REST },
	{ " 1 0", 1u << ARGS_REST | 1u << ARGS_MSG_LINES },
	{ " 1 2", 1u << ARGS_REST | 1u << ARGS_MSG_LINES },
	{ " 1 4294967295", 1u << ARGS_REST | 1u << ARGS_MSG_LINES },
	{ " 1 4294967296", 1u << ARGS_REST | 1u << ARGS_MSG_LINES },
	{ " 1 99999999999999999999", 1u << ARGS_REST | 1u << ARGS_MSG_LINES },
	{ " 0 1", 1u << ARGS_REST | 1u << ARGS_MSG_LINES },
	{ " 1  2", 1u << ARGS_REST },
	{ " 1 2 ", 1u << ARGS_REST },
	{ " a b", 1u << ARGS_REST | 1u << ARGS_OPT_TWO },
	{ " a ", 1u << ARGS_REST },
	{ " 1 2 3", 1u << ARGS_REST },
	{ " 1 -2", 1u << ARGS_REST | 1u << ARGS_OPT_TWO },
	{ "\t1", 0 },
	{ " a\tb", 1u << ARGS_WORD | 1u << ARGS_REST },
	{ " \xe4\xf6", 1u << ARGS_WORD | 1u << ARGS_REST },
	{ " a\rb", 0 },
	{ "\r", 0 },
};

/* A mechanism is a word; an initial response is another. */
static bool takes(enum command_args args, size_t i)
{
	unsigned words = 1u << ARGS_WORD | 1u << ARGS_MSG_LINES;
	unsigned two = arguments[i].args[0] ? 1u << ARGS_OPT_TWO : 0;

	if (args == ARGS_OPT_WORD)
		return !arguments[i].args[0] || takes(ARGS_WORD, i);
	if (args == ARGS_TWO_WORDS)
		return arguments[i].ok & (1u << ARGS_MSG_LINES | two);
	return (arguments[i].ok >> args & 1) ||
	       (args == ARGS_OPT_TWO && (arguments[i].ok & words));
}

static void test_every_command_takes_just_its_arguments(void **state)
{
	char line[300];

	(void)state;
	for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
		for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
			bool ok = takes(command_args(id), i);

			with_args(line, id, arguments[i].args);
			enum fault f = parse(line, legal_state(id));
			if (ok != (f == FAULT_NONE))
				fail_msg("\"%s\" gives %s", line, fault_name(f));
		}
	}
}

static void test_every_command_in_every_state(void **state)
{
	(void)state;
	for (unsigned st = POP3_FRESH; st <= POP3_UPDATE; st <<= 1) {
		for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
			enum fault f = parse(command_name(id), st);

			CHECK_EQ(f == FAULT_STATE, !(command_states(id) & st));
		}
	}
}

static void test_keywords_have_no_case(void **state)
{
	(void)state;
	CHECK_EQ(parse("quit", POP3_FRESH), FAULT_NONE);
	CHECK_EQ(parse("QuIt", POP3_FRESH), FAULT_NONE);
	CHECK_EQ(parse("lIsT 1", POP3_TRANSACTION), FAULT_NONE);
}

static void test_what_is_no_keyword(void **state)
{
	static const char *const lines[] = { "",       " ",     " QUIT",    "QUITX",
					     "QUI",    "XYZZY", "\xff\xfe", "LAST",
					     "RPOP 1", "-",     "QUIT\tx" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		CHECK_EQ(parse(lines[i], POP3_TRANSACTION), FAULT_UNKNOWN_COMMAND);
}

/* S12 of test_history.py: a NUL is no end of the line. */
static void test_a_nul_anywhere_is_refused(void **state)
{
	const struct span line = SPAN("USER alice");
	char copy[16];
	struct command c;

	(void)state;
	for (size_t i = 0; i <= line.len; i++) {
		memcpy(copy, line.at, i);
		copy[i] = '\0';
		memcpy(copy + i + 1, line.at + i, line.len - i);
		CHECK(command_parse((struct span){ copy, line.len + 1 }, POP3_FRESH,
				    &c) != FAULT_NONE);
	}
}

static void test_pass_takes_the_rest_as_it_is(void **state)
{
	struct command c;

	(void)state;
	CHECK_EQ(command_parse(SPAN("PASS  a b  "), POP3_NAMED, &c), FAULT_NONE);
	CHECK_SPAN(c.word, " a b  ");
	CHECK_EQ(command_parse(SPAN("pass \t\x01"), POP3_NAMED, &c), FAULT_NONE);
	CHECK_SPAN(c.word, "\t\x01");
}

/* What stands behind the line in memory is no part of it. */
static void test_a_line_ends_where_its_span_ends(void **state)
{
	struct command c;

	(void)state;
	CHECK_EQ(command_parse((struct span){ "NOOP  1", 4 }, POP3_TRANSACTION, &c),
		 FAULT_NONE);
	CHECK_EQ(command_parse((struct span){ "LIST   1", 5 }, POP3_TRANSACTION, &c),
		 FAULT_NONE);
	CHECK(!c.named);
}

static void test_numbers_come_out_as_given(void **state)
{
	struct command c;

	(void)state;
	CHECK_EQ(command_parse(SPAN("TOP 0010 4294967295"), POP3_TRANSACTION, &c),
		 FAULT_NONE);
	CHECK_EQ(c.id, COMMAND_TOP);
	CHECK_EQ(c.msg, 10);
	CHECK_EQ(c.lines, UINT32_MAX);
	CHECK(c.named);
	CHECK_EQ(command_parse(SPAN("LIST"), POP3_TRANSACTION, &c), FAULT_NONE);
	CHECK_EQ(c.msg, 0);
	CHECK(!c.named);
}

/* RFC 1939 has no largest number: one that no message can have names none, and more
 * lines than can be counted are all. */
static void test_numbers_have_no_largest(void **state)
{
	static const struct {
		const char *line;
		uint32_t msg;
		uint64_t lines;
	} cases[] = {
		{ "TOP 0 0", 0, 0 },
		{ "TOP 1 4294967296", 1, UINT64_C(4294967296) },
		{ "TOP 1 18446744073709551615", 1, UINT64_MAX },
		{ "TOP 1 18446744073709551616", 1, UINT64_MAX },
		{ "TOP 1 99999999999999999999999999", 1, UINT64_MAX },
		{ "TOP 4294967295 1", UINT32_MAX, 1 },
		{ "TOP 4294967296 1", 0, 1 },
		{ "TOP 4294967297 1", 0, 1 },
		{ "TOP 18446744073709551617 1", 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct command c;

		CHECK_EQ(command_parse(span_of(cases[i].line), POP3_TRANSACTION, &c),
			 FAULT_NONE);
		CHECK_EQ(c.msg, cases[i].msg);
		CHECK_EQ(c.lines, cases[i].lines);
		CHECK(c.named);
	}
}

static void test_a_refused_line_leaves_the_command_alone(void **state)
{
	struct command c = { .msg = 77 };

	(void)state;
	CHECK_EQ(command_parse(SPAN("RETR x"), POP3_TRANSACTION, &c), FAULT_SYNTAX);
	CHECK_EQ(c.msg, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_command_takes_just_its_arguments),
		TEST(test_every_command_in_every_state),
		TEST(test_keywords_have_no_case),
		TEST(test_what_is_no_keyword),
		TEST(test_a_nul_anywhere_is_refused),
		TEST(test_pass_takes_the_rest_as_it_is),
		TEST(test_a_line_ends_where_its_span_ends),
		TEST(test_numbers_come_out_as_given),
		TEST(test_numbers_have_no_largest),
		TEST(test_a_refused_line_leaves_the_command_alone),
	};

	return RUN(tests);
}
