/* test/unit/lmtpplay.h - a session of lmtp/session with a test as its client and its
 * driver. */
#pragma once

#include "check.h"

#include "lmtp/session.h"

static const struct lmtp_policy lmtp_policy = {
	.host = "mx.example",
	.size_max = 1000000,
	.errors_max = 5,
	.tls_offered = true,
};

/* A session and what it last said. */
struct play {
	struct lmtp_session s;
	char said[LMTP_STEP_MAX + 1];
	struct buf out;
	bool greets; /* the reply is to LHLO, and has no enhanced codes */
};

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Each line of a reply: at most 254 octets, a code, a text, and an enhanced code of the
 * same class where RFC 2034 section 4 wants one. */
static inline void check_lines(const char *said, bool greets)
{
	while (*said) {
		const char *end = strstr(said, "\r\n");

		if (!end || end + 2 - said > LMTP_REPLY_LINE_MAX || end - said < 5 ||
		    !is_digit(said[0]) || !is_digit(said[1]) || !is_digit(said[2]) ||
		    (said[3] != ' ' && said[3] != '-'))
			fail_msg("no line of a reply: \"%s\"", said);
		const bool has = said[4] == said[0] && said[5] == '.' &&
				 is_digit(said[6]) && said[7] == '.' &&
				 is_digit(said[8]) && said[9] == ' ' && said[10] > ' ';
		if (has != (!greets && said[0] != '3'))
			fail_msg("wrong enhanced code: \"%s\"", said);
		for (const char *at = said; at < end; at++)
			if ((unsigned char)*at < ' ' || *at == 0x7f)
				fail_msg("control character: \"%s\"", said);
		said = end + 2;
	}
}

static inline enum lmtp_ask step(struct play *p, const struct lmtp_event *ev)
{
	p->out = (struct buf){ .at = p->said, .room = LMTP_STEP_MAX };
	enum lmtp_ask ask = lmtp_step(&p->s, ev, &p->out);
	if (ask == LMTP_ASK_CLOSE && p->s.broken)
		fail_msg("%s cannot answer %s", lmtp_event_name(p->s.broken_event),
			 lmtp_ask_name(p->s.broken_ask));
	CHECK(!p->out.cut);
	CHECK_EQ(ask, p->s.ask);
	p->said[p->out.len] = '\0';
	check_lines(p->said, p->greets);
	return ask;
}

static inline enum lmtp_ask line(struct play *p, const char *text)
{
	const struct span s = span_of(text);

	p->greets = span_starts_nocase(s, "LHLO ") || span_is_nocase(s, "LHLO");
	return step(p, &(struct lmtp_event){ .kind = LMTP_EVENT_LINE, .line = s });
}

static inline enum lmtp_ask done(struct play *p)
{
	return step(p, &(struct lmtp_event){ .kind = LMTP_EVENT_DONE });
}

static inline enum lmtp_ask failed(struct play *p, enum fault f)
{
	return step(p, &(struct lmtp_event){ .kind = LMTP_EVENT_FAILED, .fault = f });
}

static inline enum lmtp_ask result(struct play *p, enum fault f, const char *address)
{
	return step(p, &(struct lmtp_event){ .kind = LMTP_EVENT_RESULT,
					     .fault = f,
					     .line = span_of(address) });
}

/* Is the reply one line that begins with `text`? */
static inline bool said(const struct play *p, const char *text)
{
	const char *end = strstr(p->said, "\r\n");

	return strncmp(p->said, text, strlen(text)) == 0 && end && end[2] == '\0';
}

#define SAID(p, text)                                                                  \
	do {                                                                           \
		if (!said(p, text))                                                    \
			fail_msg("%s:%d: \"%s\" is not \"%s\"", __FILE__, __LINE__,    \
				 (p)->said, text);                                     \
	} while (0)

static inline void begin(struct play *p)
{
	*p = (struct play){ .out = { 0 } };
	lmtp_init(&p->s, &lmtp_policy, false, true);
}

/* Say a line that gets a reply at once, which begins with `text`. */
#define SAY(p, said_line, text)                                                        \
	do {                                                                           \
		CHECK_EQ(line(p, said_line), LMTP_ASK_READ);                           \
		SAID(p, text);                                                         \
	} while (0)

/* RCPT, and the driver's answer. */
static inline void rcpt(struct play *p, const char *text, enum fault f)
{
	CHECK_EQ(line(p, text), LMTP_ASK_RECIPIENT);
	CHECK_EQ(p->out.len, 0);
	CHECK_EQ(f ? failed(p, f) : done(p), LMTP_ASK_READ);
}

/* Bring a new session to a state. */
static inline void bring_to(struct play *p, enum lmtp_state state)
{
	begin(p);
	if (state >= LMTP_READY)
		CHECK_EQ(line(p, "LHLO client.example"), LMTP_ASK_READ);
	if (state >= LMTP_MAIL)
		SAY(p, "MAIL FROM:<s@a.example>", "250 2.1.0 ");
	if (state >= LMTP_RCPT)
		rcpt(p, "RCPT TO:<u@b.example>", FAULT_NONE);
	if (state >= LMTP_CHUNKS) {
		CHECK_EQ(line(p, "BDAT 5"), LMTP_ASK_CHUNK);
		CHECK_EQ(done(p), LMTP_ASK_READ);
	}
	CHECK_EQ(p->s.state, state);
}
