/* Octets to lines to commands: the same however they are cut. The first octet chooses
 * where the second feed begins. */
#include "fuzz.h"

#include "net/line.h"
#include "pop3/command.h"

struct heard {
	uint64_t hash;
	unsigned lines;
};

static void hear(struct heard *h, enum line_got got, struct span line)
{
	struct command c;

	if (got == LINE_MORE)
		return;
	h->lines++;
	h->hash = h->hash * 31 + got;
	for (size_t i = 0; i < line.len; i++)
		h->hash = (h->hash ^ (uint8_t)line.at[i]) * 1099511628211u;
	line_is_alien(line);
	for (unsigned st = POP3_FRESH; st <= POP3_UPDATE && got == LINE_FULL;
	     st <<= 1) {
		enum fault f = command_parse(line, st, &c);

		PROMISE(f == FAULT_NONE || f == FAULT_STATE || f == FAULT_SYNTAX ||
			f == FAULT_UNKNOWN_COMMAND);
		if (f)
			continue;
		PROMISE(command_states(c.id) & st);
		PROMISE(c.word.len == 0 ||
			(c.word.at >= line.at &&
			 c.word.at + c.word.len <= line.at + line.len));
		PROMISE(!memchr(line.at, '\0', line.len));
	}
}

static void feed(struct line_reader *r, struct span in, struct heard *h)
{
	struct span line;

	while (in.len > 0) {
		enum line_got got = line_feed(r, &in, &line);

		hear(h, got, line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	char texts[2][LINE_POP3_MAX];
	struct line_reader whole, cut;
	struct heard a = { 0 }, b = { 0 };
	size_t at = fuzz_take(&in);

	line_init(&whole, texts[0], LINE_POP3_MAX);
	line_init(&cut, texts[1], LINE_POP3_MAX);
	at = at < in.len ? at : in.len;
	feed(&whole, in, &a);
	feed(&cut, (struct span){ in.at, at }, &b);
	feed(&cut, span_after(in, at), &b);
	PROMISE(a.lines == b.lines && a.hash == b.hash);
	return 0;
}
