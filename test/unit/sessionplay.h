/* test/unit/sessionplay.h - sessions of pop3/session with the policy and the maildrop
 * that its tests share. */
#pragma once

#include "play.h"

static const struct session_policy policy = {
	.greeting = "Poplar ready",
	.implementation = "Poplar",
	.errors_max = 5,
	.failures_max = 3,
	.mechanisms = ~0u,
	.tls_offered = true,
	.xtnd = true,
	.terms = { .expire = POLICY_NEVER },
};

/* Begin a session without TLS, whose greeting has a timestamp. */
static inline void begin(struct play *p)
{
	*p = (struct play){ .bits = { 0 } };
	session_init(&p->s, &policy, false, true);
	p->s.timestamp = "<1.2@here>";
}

/* The maildrop of log_in(). */
enum { COUNT = 3, OCTETS = 600 };

/* Give the session the records that it asks for: of messages of 100, 200 and 300
 * octets. All that it says goes to `all`. */
static inline enum session_ask feed_records(struct play *p, enum session_ask ask,
					    char *all)
{
	all[0] = '\0';
	strcat(all, p->said);
	while (ask == ASK_RECORDS) {
		char uid[16];

		sprintf(uid, "uid-%u", p->s.next);
		ask = step(p,
			   &(struct session_event){ .kind = EVENT_RECORD,
						    .octets = p->s.next * UINT64_C(100),
						    .uid = span_of(uid) });
		strcat(all, p->said);
	}
	return ask;
}

static inline void log_in_under(struct play *p, struct session_terms terms)
{
	begin(p);
	CHECK_EQ(line(p, "USER alice"), ASK_READ);
	CHECK_EQ(line(p, "PASS secret"), ASK_LOGIN);
	CHECK_SPAN(p->s.secret, "secret");
	CHECK_SPAN(session_user(&p->s), "alice");
	CHECK_EQ(p->out.len, 0);
	CHECK_EQ(step(p, &(struct session_event){ .kind = EVENT_OPENED,
						  .count = COUNT,
						  .octets = OCTETS,
						  .terms = terms }),
		 ASK_READ);
	CHECK_TEXT(p->said, "+OK maildrop has 3 messages (600 octets)\r\n");
}

static inline void log_in(struct play *p)
{
	log_in_under(p, (struct session_terms){ .expire = POLICY_NEVER });
}

/* DELE, with the marks and records that it asks for. */
static inline void dele(struct play *p, const char *text)
{
	char all[4096];
	enum session_ask ask = line(p, text);

	if (ask == ASK_MARKS) {
		CHECK(session_marks_octets(&p->s) <= sizeof p->bits);
		ask = step(p, &(struct session_event){ .kind = EVENT_MARKS,
						       .bits = p->bits });
	}
	CHECK_EQ(feed_records(p, ask, all), ASK_READ);
}

static inline void bring_to(struct play *p, enum pop3_state st)
{
	if (st == POP3_FRESH || st == POP3_NAMED)
		begin(p);
	else
		log_in(p);
	if (st == POP3_NAMED)
		CHECK_EQ(line(p, "USER alice"), ASK_READ);
	if (st == POP3_UPDATE) {
		dele(p, "DELE 1");
		CHECK_EQ(line(p, "QUIT"), ASK_COMMIT);
	}
	CHECK_EQ(p->s.state, st);
}
