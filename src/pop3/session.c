/* pop3/session.c - one POP3 session as a machine: events in, replies and wishes out.
 *
 * Does no I/O, knows no clock, allocates nothing. Prefix: session_.
 */
#include "pop3/session.h"

#include "pop3/authorization.h"
#include "pop3/capa.h"
#include "pop3/lang.h"
#include "pop3/reply.h"
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

bool session_is_marked(const struct session *s, uint32_t msg)
{
	uint32_t i = msg - 1;

	return s->bits && (s->bits[i / 64] >> i % 64 & 1);
}

static uint32_t left(const struct session *s)
{
	return s->count - s->marked;
}

static uint64_t left_octets(const struct session *s)
{
	return s->octets - s->marked_octets;
}

static enum session_ask end(struct session *s, const char *how)
{
	s->end = how;
	return ASK_CLOSE;
}

static enum session_ask refuse(const struct session *s, enum fault f, struct buf *out)
{
	reply_err(out, s->language, f);
	return ASK_READ;
}

/* Every command that names a message: is there one that it can mean? */
static enum fault find(const struct session *s)
{
	if (s->command.msg == 0 || s->command.msg > s->count)
		return FAULT_NO_MESSAGE;
	return session_is_marked(s, s->command.msg) ? FAULT_DELETED : FAULT_NONE;
}

static enum session_ask ask_records(struct session *s, uint32_t first, uint32_t last)
{
	s->next = first;
	s->last = last;
	return ASK_RECORDS;
}

void session_set_user(struct session *s, struct span user)
{
	s->user_len = (uint8_t)(user.len < sizeof s->user ? user.len : sizeof s->user);
	memcpy(s->user, user.at, s->user_len);
	/* A password that was typed as a name goes with the name. */
	memset(s->user + s->user_len, 0, sizeof s->user - s->user_len);
}

/* LIST and UIDL: one message, or all that are not marked. */
static enum session_ask list(struct session *s, struct buf *out)
{
	if (s->command.named) {
		enum fault f = find(s);

		return f ? refuse(s, f, out)
			 : ask_records(s, s->command.msg, s->command.msg);
	}
	reply_count(out, s->language, TEXT_LISTED, left(s), left_octets(s));
	if (s->count > 0)
		return ask_records(s, 1, s->count);
	reply_dot(out);
	return ASK_READ;
}

static enum session_ask dele(struct session *s, struct buf *out)
{
	enum fault f = find(s);

	if (f == FAULT_NONE && s->read_only)
		f = FAULT_READ_ONLY;
	if (f)
		return refuse(s, f, out);
	return s->bits ? ask_records(s, s->command.msg, s->command.msg) : ASK_MARKS;
}

static enum session_ask rset(struct session *s, struct buf *out)
{
	if (s->bits)
		memset(s->bits, 0, session_bits_octets(s));
	s->marked = 0;
	s->marked_octets = 0;
	reply_count(out, s->language, TEXT_HOLDS, s->count, s->octets);
	return ASK_READ;
}

/* RFC 1939 section 7: a TOP of more lines than there are is the whole message, and
 * programs fetch by it. Whoever wants no line of the body looks through headers, and
 * has retrieved nothing, even where there is no body. */
static bool may_retrieve(const struct session *s)
{
	return s->command.id == COMMAND_RETR || s->command.lines > 0;
}

static enum session_ask fetch(struct session *s, struct buf *out)
{
	const bool noted = may_retrieve(s) && s->terms.retrieval != RETRIEVAL_FORGOTTEN;
	enum fault f = find(s);

	if (f)
		return refuse(s, f, out);
	return noted && !s->bits ? ASK_MARKS : ASK_BODY;
}

static void note_retrieval(struct session *s)
{
	const uint32_t i = s->command.msg - 1;

	if (s->terms.retrieval == RETRIEVAL_FORGOTTEN)
		return;
	uint64_t *word = s->bits + ((size_t)s->count + 63) / 64 + i / 64;
	s->retrieved += !(*word >> i % 64 & 1);
	*word |= (uint64_t)1 << i % 64;
}

/* RFC 2449 section 6.7: an implicit DELE for what was retrieved. */
static void mark_retrieved(struct session *s)
{
	const uint64_t *retrieved = session_retrieved(s);
	const size_t words = session_bits_octets(s) / sizeof *s->bits;

	if (s->terms.retrieval != RETRIEVAL_REMOVES || !retrieved)
		return;
	for (size_t w = 0; w < words; w++) {
		s->marked += (uint32_t)__builtin_popcountll(retrieved[w] & ~s->bits[w]);
		s->bits[w] |= retrieved[w];
	}
}

static enum session_ask sign_off(struct session *s, uint32_t messages, struct buf *out)
{
	reply_count(out, s->language, TEXT_LEFT, messages, 0);
	return end(s, "quit");
}

/* RFC 1939 sections 4 and 6: only in TRANSACTION does QUIT lead to UPDATE. Where
 * nothing is marked there is nothing to update: to close the maildrop is all. */
static enum session_ask quit(struct session *s, struct buf *out)
{
	if (s->state != POP3_TRANSACTION) {
		reply_ok(out, s->language, TEXT_SIGNING_OFF);
		return end(s, "quit");
	}
	s->state = POP3_UPDATE;
	mark_retrieved(s);
	return s->marked + s->retrieved > 0 ? ASK_COMMIT : sign_off(s, s->count, out);
}

static enum session_ask begin(struct session *s, struct buf *out)
{
	switch (s->command.id) {
	case COMMAND_CAPA:
		capa_reply(s, out);
		return ASK_READ;
	case COMMAND_LANG:
		lang_reply(s, out);
		return ASK_READ;
	case COMMAND_STLS:
	case COMMAND_UTF8:
	case COMMAND_USER:
	case COMMAND_PASS:
	case COMMAND_APOP:
	case COMMAND_AUTH:
		return authorization_begin(s, out);
	case COMMAND_STAT:
		reply_pair(out, "+OK ", left(s), left_octets(s));
		return ASK_READ;
	case COMMAND_LIST:
	case COMMAND_UIDL:
		return list(s, out);
	case COMMAND_RETR:
	case COMMAND_TOP:
		return fetch(s, out);
	case COMMAND_DELE:
		return dele(s, out);
	case COMMAND_RSET:
		return rset(s, out);
	case COMMAND_NOOP:
		reply_ok(out, s->language, TEXT_NOTHING_DONE);
		return ASK_READ;
	case COMMAND_XTND:
		return xtnd_begin(s, out);
	case COMMAND_QUIT:
		return quit(s, out);
	case COMMAND_COUNT:
		break;
	}
	return end(s, "no such command");
}

/* Commands that the settings do without are none. */
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
		return f ? refuse(s, f, out) : authorization_respond(s, line, out);
	if (f == FAULT_NONE)
		f = command_parse(line, s->state, &s->command);
	if (f == FAULT_NONE && !is_known(s, s->command.id))
		f = FAULT_UNKNOWN_COMMAND;
	if (s->state == POP3_NAMED && (f || s->command.id != COMMAND_CAPA))
		s->state = POP3_FRESH;
	if (f == FAULT_NONE) {
		s->errors = 0;
		return begin(s, out);
	}
	reply_err(out, s->language, f);
	return ++s->errors < s->policy->errors_max ? ASK_READ
						   : end(s, "too-many-errors");
}

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

static void mark(struct session *s, uint64_t octets, struct buf *out)
{
	uint32_t i = s->command.msg - 1;

	s->bits[i / 64] |= (uint64_t)1 << i % 64;
	s->marked++;
	s->marked_octets += octets;
	reply_number(out, s->language, TEXT_MARKED, s->command.msg);
}

/* One record of the listing, for the command that wanted it. */
static enum session_ask record(struct session *s, const struct session_event *ev,
			       struct buf *out)
{
	bool single = s->command.named;
	const char *before = single ? "+OK " : "";
	uint32_t msg = s->next++;

	if (s->command.id == COMMAND_LIST && single && ev->fault)
		return refuse(s, ev->fault, out);
	if (s->command.id == COMMAND_DELE)
		mark(s, ev->octets, out);
	else if (session_is_marked(s, msg))
		;
	else if (s->command.id == COMMAND_UIDL)
		reply_uid(out, before, msg, ev->uid);
	else
		reply_scan(out, before, msg, ev->octets, xtnd_maxima(s, msg));
	if (s->next <= s->last)
		return ASK_RECORDS;
	if (!single)
		reply_dot(out);
	return ASK_READ;
}

static enum session_ask body(struct session *s, const struct session_event *ev,
			     struct buf *out)
{
	if (s->command.id == COMMAND_TOP)
		reply_ok(out, s->language, TEXT_TOP_FOLLOWS);
	else
		reply_count(out, s->language, TEXT_OCTETS, ev->octets, 0);
	return ASK_SEND;
}

/* RFC 2595 section 4: what was said before TLS is void. What was done wrong is not. */
static void restart(struct session *s)
{
	const struct session before = *s;

	session_init(s, before.policy, true, before.clear_ok);
	s->errors = before.errors;
	s->failures = before.failures;
	s->timestamp = before.timestamp;
}

static void sent(struct session *s, const struct session_event *ev)
{
	if (!ev->whole || !may_retrieve(s)) {
		s->tally.top++;
		s->tally.top_octets += ev->octets;
		return;
	}
	note_retrieval(s);
	s->tally.retr++;
	s->tally.retr_octets += ev->octets;
}

/* What was asked has been done. */
static enum session_ask done(struct session *s, const struct session_event *ev,
			     struct buf *out)
{
	switch (s->ask) {
	case ASK_TLS:
		restart(s);
		return ASK_READ;
	case ASK_SEND:
		sent(s, ev);
		return ASK_READ;
	case ASK_COMMIT:
		s->left = ev->count;
		s->left_octets = ev->octets;
		return sign_off(s, ev->count, out);
	case ASK_BOARD:
		return xtnd_told(s, out);
	case ASK_READ:
	case ASK_LOGIN:
	case ASK_RESPONSE:
	case ASK_RECORDS:
	case ASK_MARKS:
	case ASK_BODY:
	case ASK_CLOSE:
		break;
	}
	return end(s, "nothing was asked");
}

/* Is it the client's fault that it was not let in? */
static bool is_refusal(enum fault f)
{
	return f == FAULT_DENIED || f == FAULT_BINDING || f == FAULT_BAD_RESPONSE;
}

/* What was asked could not be done. Half of a multi-line reply must not look whole, and
 * a maildrop that is no longer there ends the session without UPDATE (RFC 1939 section
 * 6). */
static enum session_ask failed(struct session *s, enum fault f, struct buf *out)
{
	bool half_said = s->ask == ASK_SEND || xtnd_is_half_said(s) ||
			 (s->ask == ASK_RECORDS && !s->command.named);

	if (half_said || s->ask == ASK_TLS)
		return end(s, "cut-short");
	reply_err(out, s->language, s->ask == ASK_BOARD ? xtnd_fault(f) : f);
	if (s->state == POP3_UPDATE)
		return end(s, "commit-failed");
	if (s->ask == ASK_LOGIN && is_refusal(f) &&
	    ++s->failures >= s->policy->failures_max)
		return end(s, "too-many-failures");
	const bool lost = s->state == POP3_TRANSACTION && f == FAULT_PEER;

	return lost && s->ask != ASK_BOARD ? end(s, "maildrop-lost") : ASK_READ;
}

/* RFC 5034 section 4: "+", a space, and the challenge, though it be empty. */
static enum session_ask challenge(struct span text, struct buf *out)
{
	buf_put(out, SPAN("+ "));
	buf_put(out, text);
	buf_put(out, SPAN("\r\n"));
	return ASK_RESPONSE;
}

enum session_ask session_step(struct session *s, const struct session_event *ev,
			      struct buf *out)
{
	enum session_ask ask = ASK_CLOSE;

	switch (ev->kind) {
	case EVENT_LINE:
		ask = read_line(s, FAULT_NONE, ev->line, out);
		break;
	case EVENT_OVERLONG:
		ask = read_line(s, FAULT_OVERLONG, ev->line, out);
		break;
	case EVENT_DONE:
		ask = done(s, ev, out);
		break;
	case EVENT_FAILED:
		ask = failed(s, ev->fault, out);
		break;
	case EVENT_CHALLENGE:
		ask = challenge(ev->line, out);
		break;
	case EVENT_OPENED:
		ask = opened(s, ev, out);
		break;
	case EVENT_RECORD:
		ask = record(s, ev, out);
		break;
	case EVENT_MARKS:
		s->bits = ev->bits;
		ask = s->command.id == COMMAND_DELE
			      ? ask_records(s, s->command.msg, s->command.msg)
			      : ASK_BODY;
		break;
	case EVENT_BODY:
		ask = body(s, ev, out);
		break;
	case EVENT_BOARD:
		ask = xtnd_board(s, ev, out);
		break;
	}
	s->command.word = s->command.more = (struct span){ 0 };
	if (ask != ASK_LOGIN)
		s->secret = (struct span){ 0 };
	if (ask != ASK_BOARD)
		s->wanted = (struct span){ 0 };
	return s->ask = ask;
}
