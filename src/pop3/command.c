/* pop3/command.c - the table of commands, and the parser of command lines.
 *
 * Prefix: command_.
 */
#include "pop3/command.h"

#include "base/ascii.h"

static const struct {
	const char *name;
	unsigned states;
	enum command_args args;
} table[COMMAND_COUNT] = {
#define X(name, states, args, handler, source)                                         \
	[COMMAND_##name] = { #name, POP3_##states, ARGS_##args },
	COMMAND_TABLE(X)
#undef X
};

/* RFC 1939 bounds no number: what is too large for us is UINT64_MAX. */
static bool parse_number(struct span s, uint64_t *out)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.at[i]))
			return false;
	if (!span_u64(s, out))
		*out = UINT64_MAX;
	return s.len > 0;
}

static bool parse_msg(struct span s, struct command *c)
{
	uint64_t n;

	if (!parse_number(s, &n))
		return false;
	c->named = true;
	c->msg = n <= UINT32_MAX ? (uint32_t)n : 0;
	return true;
}

static bool is_word(struct span s)
{
	return s.len > 0 && !memchr(s.at, ' ', s.len);
}

/* Match the text behind the keyword against one grammar. `given` tells a bare keyword
 * from a keyword followed by one space and nothing. */
static bool parse_args(enum command_args args, bool given, struct span s,
		       struct command *c)
{
	struct span head;

	switch (args) {
	case ARGS_NONE:
		return !given;
	case ARGS_WORD:
		c->word = s;
		return is_word(s);
	case ARGS_OPT_WORD:
		c->word = s;
		return !given || is_word(s);
	case ARGS_REST:
		c->word = s;
		return s.len > 0;
	case ARGS_OPT_TWO:
		if (!span_cut(&s, ' ', &c->word))
			return c->word.len > 0 || !given;
		c->more = s;
		return c->word.len > 0 && is_word(s);
	case ARGS_TWO_WORDS:
		c->more = s;
		return span_cut(&c->more, ' ', &c->word) && c->word.len > 0 &&
		       is_word(c->more);
	case ARGS_MSG:
		return parse_msg(s, c);
	case ARGS_OPT_MSG:
		return !given || parse_msg(s, c);
	case ARGS_MSG_LINES:
		return span_cut(&s, ' ', &head) && parse_msg(head, c) &&
		       parse_number(s, &c->lines);
	}
	return false;
}

/* Some clients put spaces behind a command that has no argument, or no message-number.
 * RFC 1939 section 3 has none there, and nothing else that they could mean. */
static bool is_blank(enum command_args args, struct span s)
{
	if (args != ARGS_NONE && args != ARGS_OPT_MSG)
		return false;
	while (s.len > 0 && s.at[0] == ' ')
		s = span_after(s, 1);
	return s.len == 0;
}

enum fault command_parse(struct span line, enum pop3_state state, struct command *out)
{
	struct command c = { 0 };
	struct span rest = line, keyword;
	bool given = span_cut(&rest, ' ', &keyword);

	while (c.id < COMMAND_COUNT && !span_is_nocase(keyword, table[c.id].name))
		c.id++;
	if (c.id == COMMAND_COUNT)
		return FAULT_UNKNOWN_COMMAND;
	if (!(table[c.id].states & state))
		return FAULT_STATE;
	if (is_blank(table[c.id].args, rest)) {
		given = false;
		rest = SPAN("");
	}
	if (span_has_any(line, "\r") || !parse_args(table[c.id].args, given, rest, &c))
		return FAULT_SYNTAX;
	*out = c;
	return FAULT_NONE;
}

const char *command_name(enum command_id id)
{
	return table[id].name;
}

unsigned command_states(enum command_id id)
{
	return table[id].states;
}

enum command_args command_args(enum command_id id)
{
	return table[id].args;
}
