/* lmtp/command.c - the table of commands, and the parser of command lines.
 *
 * Prefix: lmtp_command_.
 */
#include "lmtp/command.h"

static const struct {
	const char *name;
	unsigned states;
	enum lmtp_args args;
} table[LMTP_COMMAND_COUNT] = {
#define X(name, states, args, handler, source)                                         \
	[LMTP_COMMAND_##name] = { #name, LMTP_##states, LMTP_ARGS_##args },
	LMTP_COMMAND_TABLE(X)
#undef X
};

static bool is_word(struct span s)
{
	return s.len > 0 && !memchr(s.at, ' ', s.len);
}

/* RFC 3030 section 2: "BDAT" SP chunk-size [SP "LAST"]. A chunk that no number can
 * count is malformed: the server could not tell where it ends. */
static enum lmtp_reply parse_chunk(struct span s, struct lmtp_command *c)
{
	struct span number;

	c->last = span_cut(&s, ' ', &number);
	return span_u64(number, &c->octets) && (!c->last || span_is_nocase(s, "LAST"))
		       ? LMTP_REPLY_NONE
		       : LMTP_REPLY_ARGUMENTS;
}

static enum lmtp_reply parse_from(struct span s, struct lmtp_command *c)
{
	if (!span_starts_nocase(s, "FROM:<"))
		return LMTP_REPLY_ARGUMENTS;
	s = span_after(s, sizeof "FROM:" - 1);
	return path_cut(&s, &c->path) ? parameter_parse(s, &c->parameters)
				      : LMTP_REPLY_BAD_SENDER;
}

static enum lmtp_reply parse_to(struct span s, struct lmtp_command *c)
{
	if (!span_starts_nocase(s, "TO:<"))
		return LMTP_REPLY_ARGUMENTS;
	s = span_after(s, sizeof "TO:" - 1);
	return path_cut(&s, &c->path) && c->path.mailbox.len > 0
		       ? parameter_parse_none(s)
		       : LMTP_REPLY_BAD_RECIPIENT;
}

static enum lmtp_reply parse_args(enum lmtp_args args, struct span s,
				  struct lmtp_command *c)
{
	bool good = true;

	c->word = s;
	switch (args) {
	case LMTP_ARGS_NONE:
		good = s.len == 0;
		break;
	case LMTP_ARGS_NAME:
		return is_word(s) ? LMTP_REPLY_NONE : LMTP_REPLY_NO_NAME;
	case LMTP_ARGS_OPTION:
		break;
	case LMTP_ARGS_REST:
		good = s.len > 0;
		break;
	case LMTP_ARGS_FROM:
		return parse_from(s, c);
	case LMTP_ARGS_TO:
		return parse_to(s, c);
	case LMTP_ARGS_CHUNK:
		return parse_chunk(s, c);
	}
	return good ? LMTP_REPLY_NONE : LMTP_REPLY_ARGUMENTS;
}

/* What must the client say before a command that it says in this state? */
static enum lmtp_reply missing(enum lmtp_state state)
{
	switch (state) {
	case LMTP_FRESH:
		return LMTP_REPLY_NEEDS_LHLO;
	case LMTP_READY:
		return LMTP_REPLY_NEEDS_MAIL;
	default:
		return LMTP_REPLY_SEQUENCE;
	}
}

static enum lmtp_reply out_of_state(enum lmtp_command_id id, enum lmtp_state state)
{
	if (id == LMTP_COMMAND_DATA && state == LMTP_MAIL)
		return LMTP_REPLY_NO_RECIPIENT;
	return missing(state);
}

static struct span without_spaces(struct span line)
{
	while (line.len > 0 &&
	       (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
		line.len--;
	return line;
}

enum lmtp_reply lmtp_command_parse(struct span line, enum lmtp_state state,
				   struct lmtp_command *out)
{
	struct span rest = without_spaces(line), keyword;

	*out = (struct lmtp_command){ 0 };
	(void)span_cut(&rest, ' ', &keyword);
	while (out->id < LMTP_COMMAND_COUNT &&
	       !span_is_nocase(keyword, table[out->id].name))
		out->id++;
	if (span_has_any(line, "\r\n"))
		return LMTP_REPLY_MALFORMED;
	if (out->id == LMTP_COMMAND_COUNT)
		return LMTP_REPLY_UNKNOWN;
	if (!(table[out->id].states & state))
		return out_of_state(out->id, state);
	return parse_args(table[out->id].args, rest, out);
}

const char *lmtp_command_name(enum lmtp_command_id id)
{
	return table[id].name;
}

unsigned lmtp_command_states(enum lmtp_command_id id)
{
	return table[id].states;
}

enum lmtp_args lmtp_command_args(enum lmtp_command_id id)
{
	return table[id].args;
}
