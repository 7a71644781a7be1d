/* test/unit/play.h - a session of pop3/session with a test as its client and its
 * caller. */
#pragma once

#include "check.h"

#include "pop3/session.h"

/* A session and what it last said. */
struct play {
	struct session s;
	char said[4096];
	struct buf out;
	uint64_t bits[4];
};

static inline enum session_ask step(struct play *p, const struct session_event *ev)
{
	p->out = (struct buf){ .at = p->said, .room = sizeof p->said - 1 };
	enum session_ask ask = session_step(&p->s, ev, &p->out);
	if (ask == ASK_CLOSE && p->s.broken)
		fail_msg("%s cannot answer %s", session_event_name(p->s.broken_event),
			 session_ask_name(p->s.broken_ask));
	CHECK(!p->out.cut);
	CHECK(p->out.len <= SESSION_REPLY_MAX);
	p->said[p->out.len] = '\0';
	return ask;
}

static inline enum session_ask line(struct play *p, const char *text)
{
	return step(p, &(struct session_event){ .kind = EVENT_LINE,
						.line = span_of(text) });
}

static inline enum session_ask failed(struct play *p, enum fault f)
{
	return step(p, &(struct session_event){ .kind = EVENT_FAILED, .fault = f });
}

static inline bool said_ok(const struct play *p)
{
	return strncmp(p->said, "+OK", 3) == 0;
}

static inline bool said_err(const struct play *p)
{
	return strncmp(p->said, "-ERR ", 5) == 0;
}
