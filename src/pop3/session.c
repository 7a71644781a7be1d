/* pop3/session.c - one POP3 session as a state machine: the step.
 *
 * Prefix: session_.
 */
#include "pop3/session.h"

#include "pop3/authorization.h"
#include "pop3/capa.h"
#include "pop3/lang.h"
#include "pop3/reply.h"
#include "pop3/transaction.h"
#include "pop3/xtnd.h"

void session_init(struct session *s, const struct session_policy *policy, bool tls,
		  bool clear_ok)
{
	*s = (struct session){
		.policy = policy,
		.state = POP3_FRESH,
		.ask = ASK_READ,
		.tls = tls,
		.clear_ok = clear_ok,
	};
}

void session_greet(const struct session *s, struct buf *out)
{
	buf_put(out, SPAN("+OK "));
	buf_text(out, s->policy->greeting);
	if (s->timestamp) {
		buf_char(out, ' ');
		buf_text(out, s->timestamp);
	}
	buf_put(out, SPAN("\r\n"));
}

/* ---- a line ---- */

static session_command_fn *const handlers[COMMAND_COUNT] = {
#define X(name, states, args, handler, source) [COMMAND_##name] = handler,
	COMMAND_TABLE(X)
#undef X
};

/* A command that the settings leave out counts as unknown. */
static bool is_known(const struct session *s, enum command_id id)
{
	return id != COMMAND_XTND || s->policy->xtnd;
}

/* A line came in. Between USER and PASS stands nothing but CAPA: whatever else is said,
 * a refused line too, makes the server forget the name. */
static enum session_ask read_line(struct session *s, enum fault f, struct span line,
				  struct buf *out)
{
	if (s->ask == ASK_RESPONSE)
		return f ? session_refuse(s, f, out)
			 : authorization_respond(s, line, out);
	if (f == FAULT_NONE)
		f = command_parse(line, s->state, &s->command);
	if (f == FAULT_NONE && !is_known(s, s->command.id))
		f = FAULT_UNKNOWN_COMMAND;
	if (s->state == POP3_NAMED && (f || s->command.id != COMMAND_CAPA))
		s->state = POP3_FRESH;
	if (f == FAULT_NONE) {
		s->errors = 0;
		return handlers[s->command.id](s, out);
	}
	reply_err(out, s->language, f);
	return ++s->errors < s->policy->errors_max ? ASK_READ
						   : session_end(s, "too-many-errors");
}

/* ---- what was asked has come ---- */

static enum session_ask opened(struct session *s, const struct session_event *ev,
			       struct buf *out)
{
	s->state = POP3_TRANSACTION;
	s->count = ev->count;
	s->octets = ev->octets;
	s->read_only = ev->read_only;
	s->terms = ev->terms;
	reply_count(out, s->language, TEXT_HOLDS, s->count, s->octets);
	return s->ask == ASK_BOARD ? xtnd_opened(s, ev, out) : ASK_READ;
}

/* RFC 2595 section 4: the server forgets what the client has sent before TLS, but not
 * its errors and failures. */
static void restart(struct session *s)
{
	const struct session before = *s;

	session_init(s, before.policy, true, before.clear_ok);
	s->errors = before.errors;
	s->failures = before.failures;
	s->timestamp = before.timestamp;
}

static enum session_ask done(struct session *s, const struct session_event *ev,
			     struct buf *out)
{
	if (s->ask == ASK_COMMIT)
		return transaction_committed(s, ev, out);
	if (s->ask == ASK_BOARD)
		return xtnd_told(s, out);
	if (s->ask == ASK_TLS)
		restart(s);
	else
		transaction_sent(s, ev);
	return ASK_READ;
}

/* RFC 5034 section 4: "+", a space, and the challenge, which may be empty. */
static enum session_ask challenge(struct span text, struct buf *out)
{
	buf_put(out, SPAN("+ "));
	buf_put(out, text);
	buf_put(out, SPAN("\r\n"));
	return ASK_RESPONSE;
}

/* ---- or it could not be done ---- */

/* Is it the client's fault that it was not let in? */
static bool is_refusal(enum fault f)
{
	return f == FAULT_DENIED || f == FAULT_BINDING || f == FAULT_BAD_RESPONSE;
}

/* The driver could not carry out the ask. Half of a multi-line reply must not look
 * whole, and a maildrop that is no longer there ends the session without UPDATE (RFC
 * 1939 section 6). */
static enum session_ask failed(struct session *s, enum fault f, struct buf *out)
{
	bool half_said = s->ask == ASK_SEND || xtnd_is_half_said(s) ||
			 (s->ask == ASK_RECORDS && !s->command.named);

	if (half_said || s->ask == ASK_TLS)
		return session_end(s, "cut-short");
	reply_err(out, s->language, s->ask == ASK_BOARD ? xtnd_fault(f) : f);
	if (s->state == POP3_UPDATE)
		return session_end(s, "commit-failed");
	if (s->ask == ASK_LOGIN && is_refusal(f) &&
	    ++s->failures >= s->policy->failures_max)
		return session_end(s, "too-many-failures");
	const bool lost = s->state == POP3_TRANSACTION && f == FAULT_PEER;

	return lost && s->ask != ASK_BOARD ? session_end(s, "maildrop-lost") : ASK_READ;
}

/* ---- the step ---- */

static enum session_ask take(struct session *s, const struct session_event *ev,
			     struct buf *out)
{
	switch (ev->kind) {
	case EVENT_LINE:
		return read_line(s, FAULT_NONE, ev->line, out);
	case EVENT_OVERLONG:
		return read_line(s, FAULT_OVERLONG, ev->line, out);
	case EVENT_DONE:
		return done(s, ev, out);
	case EVENT_FAILED:
		return failed(s, ev->fault, out);
	case EVENT_CHALLENGE:
		return challenge(ev->line, out);
	case EVENT_OPENED:
		return opened(s, ev, out);
	case EVENT_RECORD:
		return transaction_record(s, ev, out);
	case EVENT_MARKS:
		return transaction_marks(s, ev->bits);
	case EVENT_BODY:
		return transaction_body(s, ev, out);
	case EVENT_BOARD:
		return xtnd_board(s, ev, out);
	}
	return ASK_CLOSE;
}

static enum session_ask broken(struct session *s, enum session_event_kind kind)
{
	const enum session_ask ask = s->ask;

	session_end(s, "session-broken");
	s->broken = true;
	s->broken_ask = ask;
	s->broken_event = kind;
	return ASK_CLOSE;
}

/* The line that these borrow from is gone. */
static void forget_line(struct session *s)
{
	if (s->ask == ASK_LOGIN)
		s->secret = (struct span){ 0 };
	else if (s->ask == ASK_BOARD)
		s->wanted = (struct span){ 0 };
}

enum session_ask session_step(struct session *s, const struct session_event *ev,
			      struct buf *out)
{
	if (!session_may_answer(s->ask, ev->kind))
		return s->ask = broken(s, ev->kind);
	forget_line(s);
	s->ask = take(s, ev, out);
	s->command.word = s->command.more = (struct span){ 0 };
	return s->ask;
}
