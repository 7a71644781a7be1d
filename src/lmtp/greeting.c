/* lmtp/greeting.c - carries out the commands that belong to no transaction.
 *
 * Prefix: greeting_.
 */
#include "lmtp/greeting.h"

static void put_size(const struct lmtp_session *s, struct buf *out)
{
	char room[sizeof "SIZE 18446744073709551615"];
	struct buf text = BUF(room);

	buf_put(&text, SPAN("SIZE "));
	buf_u64(&text, s->policy->size_max);
	lmtp_reply_lhlo(out, false, buf_span(&text));
}

enum lmtp_ask greeting_offer(struct lmtp_session *s, struct buf *out)
{
	lmtp_reply_lhlo(out, false, span_of(s->policy->host));
	lmtp_reply_lhlo(out, false, SPAN("PIPELINING"));
	put_size(s, out);
	if (s->policy->tls_offered && !s->tls)
		lmtp_reply_lhlo(out, false, SPAN("STARTTLS"));
	lmtp_reply_lhlo(out, false, SPAN("8BITMIME"));
	lmtp_reply_lhlo(out, false, SPAN("SMTPUTF8"));
	lmtp_reply_lhlo(out, false, SPAN("CHUNKING"));
	lmtp_reply_lhlo(out, true, SPAN("ENHANCEDSTATUSCODES"));
	s->errors = 0;
	return LMTP_ASK_READ;
}

/* Any word will do as a name: a client bounces all its mail if LHLO is refused. Only a
 * domain or an address literal goes into the header of messages. */
static void note_name(struct lmtp_session *s, struct span name)
{
	s->name_len = path_is_domain(name) ? (uint16_t)name.len : 0;
	memcpy(s->name, name.at, s->name_len);
}

/* RFC 2033 section 4.1. An open transaction is forgotten (RFC 5321 section 4.1.4). */
enum lmtp_ask greeting_lhlo(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	const bool open = !(s->state & LMTP_GREETED);

	note_name(s, c->word);
	s->state = LMTP_READY;
	s->resets = LMTP_COMMAND_LHLO;
	return open ? LMTP_ASK_RESET : greeting_offer(s, out);
}

/* RFC 3207 section 4. */
enum lmtp_ask greeting_starttls(struct lmtp_session *s, const struct lmtp_command *c,
				struct buf *out)
{
	(void)c;
	if (s->tls)
		return lmtp_reply(s, LMTP_REPLY_SEQUENCE, out);
	if (!s->policy->tls_offered)
		return lmtp_reply(s, LMTP_REPLY_NO_TLS, out);
	(void)lmtp_reply(s, LMTP_REPLY_STARTTLS, out);
	return LMTP_ASK_TLS;
}

enum lmtp_ask greeting_noop(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)c;
	return lmtp_reply(s, LMTP_REPLY_NOOP, out);
}

/* RFC 5321 section 7.3: a server need not tell who its users are. */
enum lmtp_ask greeting_vrfy(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)c;
	return lmtp_reply(s, LMTP_REPLY_VRFY, out);
}

enum lmtp_ask greeting_help(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)c;
	return lmtp_reply(s, LMTP_REPLY_HELP, out);
}

enum lmtp_ask greeting_quit(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)c;
	(void)lmtp_reply(s, LMTP_REPLY_QUIT, out);
	return lmtp_end(s, "quit");
}
