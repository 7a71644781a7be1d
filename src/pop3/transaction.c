/* pop3/transaction.c - carries out the commands of TRANSACTION, and QUIT.
 *
 * Prefix: transaction_.
 */
#include "pop3/transaction.h"

#include "pop3/reply.h"

static uint32_t left(const struct session *s)
{
	return s->count - s->marked;
}

static uint64_t left_octets(const struct session *s)
{
	return s->octets - s->marked_octets;
}

/* Every command that names a message: is there one that it can mean? */
static enum fault find(const struct session *s)
{
	if (s->command.msg == 0 || s->command.msg > s->count)
		return FAULT_NO_MESSAGE;
	return session_is_marked(s, s->command.msg) ? FAULT_DELETED : FAULT_NONE;
}

enum session_ask transaction_stat(struct session *s, struct buf *out)
{
	reply_pair(out, "+OK ", left(s), left_octets(s));
	return ASK_READ;
}

enum session_ask transaction_noop(struct session *s, struct buf *out)
{
	reply_ok(out, s->language, TEXT_NOTHING_DONE);
	return ASK_READ;
}

/* LIST and UIDL: one message, or all that are not marked. */
enum session_ask transaction_list(struct session *s, struct buf *out)
{
	if (s->command.named) {
		enum fault f = find(s);

		return f ? session_refuse(s, f, out)
			 : session_ask_records(s, s->command.msg, s->command.msg);
	}
	reply_count(out, s->language, TEXT_LISTED, left(s), left_octets(s));
	if (s->count > 0)
		return session_ask_records(s, 1, s->count);
	reply_dot(out);
	return ASK_READ;
}

enum session_ask transaction_dele(struct session *s, struct buf *out)
{
	enum fault f = find(s);

	if (f == FAULT_NONE && s->read_only)
		f = FAULT_READ_ONLY;
	if (f)
		return session_refuse(s, f, out);
	return s->bits ? session_ask_records(s, s->command.msg, s->command.msg)
		       : ASK_MARKS;
}

enum session_ask transaction_rset(struct session *s, struct buf *out)
{
	if (s->bits)
		memset(s->bits, 0, session_bits_octets(s));
	s->marked = 0;
	s->marked_octets = 0;
	reply_count(out, s->language, TEXT_HOLDS, s->count, s->octets);
	return ASK_READ;
}

/* RFC 1939 section 7: a TOP of more lines than there are is the whole message, and
 * programs fetch by it. A client that asks for no line of the body looks through
 * headers, and has retrieved nothing, even if the message has no body. */
static bool may_retrieve(const struct session *s)
{
	return s->command.id == COMMAND_RETR || s->command.lines > 0;
}

enum session_ask transaction_fetch(struct session *s, struct buf *out)
{
	const bool noted = may_retrieve(s) && s->terms.retrieval != RETRIEVAL_FORGOTTEN;
	enum fault f = find(s);

	if (f)
		return session_refuse(s, f, out);
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
	return session_end(s, "quit");
}

/* RFC 1939 sections 4 and 6: only in TRANSACTION does QUIT lead to UPDATE. Where
 * nothing is marked there is nothing to update: to close the maildrop is all. */
enum session_ask transaction_quit(struct session *s, struct buf *out)
{
	if (s->state != POP3_TRANSACTION) {
		reply_ok(out, s->language, TEXT_SIGNING_OFF);
		return session_end(s, "quit");
	}
	s->state = POP3_UPDATE;
	mark_retrieved(s);
	return s->marked + s->retrieved > 0 ? ASK_COMMIT : sign_off(s, s->count, out);
}

/* ---- what was asked has come ---- */

enum session_ask transaction_marks(struct session *s, uint64_t *bits)
{
	s->bits = bits;
	return s->command.id == COMMAND_DELE
		       ? session_ask_records(s, s->command.msg, s->command.msg)
		       : ASK_BODY;
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
enum session_ask transaction_record(struct session *s, const struct session_event *ev,
				    struct buf *out)
{
	bool single = s->command.named;
	const char *before = single ? "+OK " : "";
	uint32_t msg = s->next++;

	if (s->command.id == COMMAND_LIST && single && ev->fault)
		return session_refuse(s, ev->fault, out);
	if (s->command.id == COMMAND_DELE)
		mark(s, ev->octets, out);
	else if (session_is_marked(s, msg))
		;
	else if (s->command.id == COMMAND_UIDL)
		reply_uid(out, before, msg, ev->uid);
	else
		reply_scan(out, before, msg, ev->octets, session_maxima(s, msg));
	if (s->next <= s->last)
		return ASK_RECORDS;
	if (!single)
		reply_dot(out);
	return ASK_READ;
}

enum session_ask transaction_body(struct session *s, const struct session_event *ev,
				  struct buf *out)
{
	if (s->command.id == COMMAND_TOP)
		reply_ok(out, s->language, TEXT_TOP_FOLLOWS);
	else
		reply_count(out, s->language, TEXT_OCTETS, ev->octets, 0);
	return ASK_SEND;
}

void transaction_sent(struct session *s, const struct session_event *ev)
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

enum session_ask transaction_committed(struct session *s,
				       const struct session_event *ev, struct buf *out)
{
	s->left = ev->count;
	s->left_octets = ev->octets;
	return sign_off(s, ev->count, out);
}
