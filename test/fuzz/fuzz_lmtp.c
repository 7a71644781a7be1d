/* A whole connection: the wire of a client from the input, whose first octet chooses
 * what the world answers. */
#include "fuzz.h"

#include "lmtp/content.h"
#include "lmtp/session.h"
#include "net/line.h"

static const struct lmtp_policy policy = {
	.host = "mx.example", .size_max = 1000, .errors_max = 20, .tls_offered = true
};

struct play {
	struct lmtp_session s;
	struct line_reader reader;
	char line[LMTP_LINE_MAX];
	struct span in;
	uint32_t seed;
	uint64_t due;  /* replies that the client waits for */
	uint64_t said; /* replies, with 354 */
};

static uint32_t choose(struct play *p)
{
	p->seed = p->seed * 1103515245u + 12345u;
	return p->seed >> 16;
}

/* Each line of a reply, and how many replies end. */
static void hear(struct play *p, struct span out)
{
	while (out.len > 0) {
		const char *lf = memchr(out.at, '\n', out.len);
		const size_t len = lf ? (size_t)(lf - out.at) + 1 : 0;

		PROMISE(len > 6 && len <= LMTP_REPLY_LINE_MAX);
		PROMISE(out.at[len - 2] == '\r' && out.at[len - 3] != ' ');
		PROMISE(out.at[0] >= '2' && out.at[0] <= '5');
		PROMISE(out.at[3] == ' ' || out.at[3] == '-');
		PROMISE(!memchr(out.at, '\r', len - 2) && !memchr(out.at, '\0', len));
		p->said += out.at[3] == ' ';
		out = span_after(out, len);
	}
}

static void step(struct play *p, const struct lmtp_event *ev)
{
	char said[LMTP_STEP_MAX];
	struct buf out = BUF(said);
	const enum lmtp_ask asked = p->s.ask, ask = lmtp_step(&p->s, ev, &out);

	PROMISE(!out.cut && ask == p->s.ask);
	PROMISE(ask != LMTP_ASK_CLOSE || (p->s.end && !p->s.broken));
	PROMISE(p->s.results <= p->s.recipients);
	PROMISE(p->s.recipients <= LMTP_RECIPIENTS_MAX);
	hear(p, buf_span(&out));
	/* A message is delivered once all of it has come, to somebody. */
	if (ask == LMTP_ASK_DELIVER && asked != LMTP_ASK_DELIVER)
		PROMISE(ev->kind == LMTP_EVENT_DONE && p->s.recipients > 0 &&
			(asked == LMTP_ASK_DATA ||
			 (asked == LMTP_ASK_CHUNK && p->s.last && p->s.keep)));
	/* One reply to each line; to the end of a message as many as recipients. */
	p->due += asked == LMTP_ASK_READ;
	if (ask == LMTP_ASK_DATA)
		p->due += p->s.recipients;
	if (asked == LMTP_ASK_CHUNK && p->s.last && !p->s.refusal)
		p->due += p->s.recipients - 1;
	if (ask == LMTP_ASK_READ || ask == LMTP_ASK_CLOSE)
		PROMISE(p->said == p->due);
	if (ask == LMTP_ASK_RECIPIENT)
		PROMISE(p->s.address_len > 0 &&
			p->s.address_len <= sizeof p->s.address);
}

/* Take a message of DATA. False: the connection has ended within. */
static bool take_message(struct play *p)
{
	struct content c;
	char out[64];

	content_init(&c, CONTENT_DOTTED);
	while (p->in.len > 0 && !c.ended)
		PROMISE(content_take(&c, &p->in, out, sizeof out) <= sizeof out);
	return c.ended;
}

static bool take_chunk(struct play *p)
{
	if (p->in.len < p->s.chunk)
		return false;
	p->in = span_after(p->in, (size_t)p->s.chunk);
	return true;
}

/* The world answers what was asked, or fails to. False: the connection has ended. */
static bool answer(struct play *p)
{
	static const struct span whom[] = { SPAN(""), SPAN("u@b.example") };
	const uint32_t choice = choose(p);
	struct lmtp_event ev = { .kind = LMTP_EVENT_DONE };

	if ((p->s.ask == LMTP_ASK_DATA && !take_message(p)) ||
	    (p->s.ask == LMTP_ASK_CHUNK && !take_chunk(p)))
		return false;
	if (p->s.ask == LMTP_ASK_DELIVER) {
		ev.kind = LMTP_EVENT_RESULT;
		ev.line = whom[choice % 2];
	}
	if (choice % 4 == 0) {
		ev.fault = choice / 4 % FAULT_COUNT;
		if (lmtp_may_answer(p->s.ask, LMTP_EVENT_FAILED))
			ev.kind = LMTP_EVENT_FAILED;
	}
	step(p, &ev);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;
	struct span line;

	p = (struct play){ .in = { (const char *)data, size } };
	p.seed = fuzz_take(&p.in);
	line_init(&p.reader, p.line, sizeof p.line);
	p.reader.crlf = true;
	lmtp_init(&p.s, &policy, p.seed & 1, p.seed % 5 > 0);
	while (p.s.ask != LMTP_ASK_CLOSE) {
		if (p.s.ask != LMTP_ASK_READ) {
			if (!answer(&p))
				break;
			continue;
		}
		const enum line_got got = line_feed(&p.reader, &p.in, &line);
		if (got == LINE_MORE)
			break;
		step(&p, &(struct lmtp_event){ .kind = got == LINE_FULL
							       ? LMTP_EVENT_LINE
							       : LMTP_EVENT_OVERLONG,
					       .line = line });
	}
	return 0;
}
