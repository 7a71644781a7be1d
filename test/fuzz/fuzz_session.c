/* A whole session: lines from the input, answers of the world chosen by its octets. */
#include "fuzz.h"

#include "pop3/session.h"

enum { COUNT = 70 };

static const struct session_policy policy = { .greeting = "ready",
					      .implementation = "x",
					      .errors_max = 20,
					      .failures_max = 9,
					      .mechanisms = ~0u,
					      .tls_offered = true,
					      .xtnd = true };

struct play {
	struct session s;
	struct line_reader reader;
	char line[LINE_POP3_MAX];
	struct span in;
	uint64_t bits[4];
	bool quit; /* a QUIT was seen in TRANSACTION */
};

static void step(struct play *p, const struct session_event *ev)
{
	char said[SESSION_REPLY_MAX];
	struct buf out = BUF(said);
	enum pop3_state before = p->s.state;
	enum session_ask asked = p->s.ask;
	enum session_ask ask = session_step(&p->s, ev, &out);

	PROMISE(!out.cut);
	PROMISE(out.len == 0 ||
		(out.len >= 2 && memcmp(said + out.len - 2, "\r\n", 2) == 0));
	PROMISE(ask == p->s.ask);
	PROMISE(p->s.marked <= p->s.count && p->s.marked_octets <= p->s.octets);
	PROMISE(ask != ASK_CLOSE || (p->s.end && !p->s.broken));
	/* RFC 1939 section 6: UPDATE only by a QUIT in TRANSACTION. What is marked is
	 * committed before the client hears of it. */
	if (p->s.state == POP3_UPDATE && before != POP3_UPDATE)
		PROMISE(ev->kind == EVENT_LINE && before == POP3_TRANSACTION &&
			(p->s.marked > 0 ? ask == ASK_COMMIT && out.len == 0
					 : ask == ASK_CLOSE));
	if (p->s.state == POP3_TRANSACTION && (before & POP3_AUTHORIZATION))
		PROMISE(ev->kind == EVENT_OPENED && asked == ASK_LOGIN);
	if (ask == ASK_RECORDS)
		PROMISE(p->s.next >= 1 && p->s.next <= p->s.last &&
			p->s.last <= p->s.count);
	if (ask == ASK_BODY)
		PROMISE(!session_is_marked(&p->s, p->s.command.msg));
}

/* The world answers what was asked, or fails to. */
static void answer(struct play *p)
{
	struct session_event ev = { .kind = EVENT_DONE };
	uint8_t choice = fuzz_take(&p->in);

	switch (p->s.ask) {
	case ASK_LOGIN:
		if (choice % 3 == 1) {
			ev = (struct session_event){ .kind = EVENT_CHALLENGE,
						     .line = SPAN("Y2hhbGxlbmdl") };
			break;
		}
		ev = (struct session_event){ .kind = EVENT_OPENED,
					     .count = choice % COUNT,
					     .octets = choice % COUNT * 100u,
					     .read_only = choice % 5 == 1,
					     .terms.retrieval = choice % 3 };
		break;
	case ASK_RECORDS:
		ev = (struct session_event){ .kind = EVENT_RECORD,
					     .octets = 100,
					     .uid = SPAN("uid") };
		break;
	case ASK_MARKS:
		memset(p->bits, 0, sizeof p->bits);
		ev = (struct session_event){ .kind = EVENT_MARKS, .bits = p->bits };
		break;
	case ASK_BODY:
		ev = (struct session_event){ .kind = EVENT_BODY, .octets = 100 };
		break;
	case ASK_BOARD:
		ev = (struct session_event){ .kind = EVENT_OPENED,
					     .line = SPAN("board"),
					     .count = choice % COUNT,
					     .octets = choice % COUNT * 100u,
					     .read_only = choice % 5 > 0 };
		if (p->s.board == BOARD_EACH)
			ev.kind = choice % 4 ? EVENT_BOARD : EVENT_DONE;
		break;
	case ASK_TLS:
	case ASK_SEND:
	case ASK_COMMIT:
	case ASK_READ:
	case ASK_RESPONSE:
	case ASK_CLOSE:
		break;
	}
	if (choice >= 250)
		ev = (struct session_event){ .kind = EVENT_FAILED,
					     .fault = 1 + choice % (FAULT_COUNT - 1) };
	step(p, &ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play p = { .in = { (const char *)data, size } };
	uint8_t how = fuzz_take(&p.in);
	struct span line;

	line_init(&p.reader, p.line, sizeof p.line);
	session_init(&p.s, &policy, how & 1, how & 2);
	while (p.in.len > 0 && p.s.ask != ASK_CLOSE) {
		if (p.s.ask != ASK_READ && p.s.ask != ASK_RESPONSE) {
			answer(&p);
			continue;
		}
		enum line_got got = line_feed(&p.reader, &p.in, &line);
		if (got != LINE_MORE)
			step(&p, &(struct session_event){
					 .kind = got == LINE_FULL ? EVENT_LINE
								  : EVENT_OVERLONG,
					 .line = line });
	}
	return 0;
}
