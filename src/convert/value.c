/* convert/value.c - parses values of other servers' settings.
 *
 * Prefix: value_.
 */
#include "convert/value.h"

#include "base/ascii.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span value_trim(struct span s)
{
	while (s.len > 0 && is_space(s.at[0]))
		s = span_after(s, 1);
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

static bool separates(char c)
{
	return is_space(c) || c == ',';
}

bool value_word(struct span *io_rest, struct span *out_word)
{
	size_t len = 0;

	while (io_rest->len > 0 && separates(io_rest->at[0]))
		*io_rest = span_after(*io_rest, 1);
	while (len < io_rest->len && !separates(io_rest->at[len]))
		len++;
	*out_word = (struct span){ io_rest->at, len };
	*io_rest = span_after(*io_rest, len);
	return len > 0;
}

bool value_has_word(struct span list, const char *word)
{
	struct span one;

	while (value_word(&list, &one))
		if (span_is_nocase(one, word))
			return true;
	return false;
}

bool value_bool(struct span text, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "yes", true },    { "on", true }, { "true", true }, { "1", true },
		{ "y", true },      { "t", true },  { "no", false },  { "off", false },
		{ "false", false }, { "0", false }, { "n", false },   { "f", false },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (span_is_nocase(text, words[i].word)) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

/* Cut the number at the beginning. False: there is none. */
static bool cut_number(struct span *io, uint64_t *out)
{
	size_t len = 0;

	while (len < io->len && ascii_is_digit(io->at[len]))
		len++;
	const struct span digits = { io->at, len };
	*io = value_trim(span_after(*io, len));
	return span_u64(digits, out);
}

/* Units in full may have an 's' behind them. */
static bool is_unit(struct span text, const char *unit)
{
	return span_is_nocase(text, unit) ||
	       (text.len > 2 &&
		span_is_nocase((struct span){ text.at, text.len - 1 }, unit) &&
		ascii_lower(text.at[text.len - 1]) == 's');
}

bool value_time(struct span text, uint64_t bare_ms, uint64_t *out_ms)
{
	static const struct {
		const char *name, *letter;
		uint64_t ms;
	} units[] = {
		{ "msec", "ms", 1 },      { "sec", "s", 1000 },
		{ "second", "", 1000 },   { "min", "m", 60000 },
		{ "minute", "", 60000 },  { "hour", "h", 3600000 },
		{ "day", "d", 86400000 }, { "week", "w", 604800000 },
		{ "millisecond", "", 1 },
	};
	struct span rest = value_trim(text);
	uint64_t n, unit = bare_ms;

	if (!cut_number(&rest, &n))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units && rest.len > 0; i++) {
		if (is_unit(rest, units[i].name) ||
		    span_is_nocase(rest, units[i].letter)) {
			unit = units[i].ms;
			rest.len = 0;
		}
	}
	return rest.len == 0 && !__builtin_mul_overflow(n, unit, out_ms);
}

bool value_size(struct span text, uint64_t *out)
{
	static const char letters[] = "BKMGT";
	struct span rest = value_trim(text);
	uint64_t n;
	unsigned power = 0;

	if (!cut_number(&rest, &n))
		return false;
	if (rest.len > 0) {
		while (letters[power] &&
		       ascii_lower(letters[power]) != ascii_lower(rest.at[0]))
			power++;
		rest = span_after(rest, 1);
		if (!letters[power] || (rest.len > 0 && !span_is_nocase(rest, "b") &&
					!span_is_nocase(rest, "ib")))
			return false;
	}
	return !__builtin_mul_overflow(n, UINT64_C(1) << (10 * power), out);
}
