/* lmtp/envelope.c - carries out MAIL, RCPT and RSET.
 *
 * Prefix: envelope_.
 */
#include "lmtp/envelope.h"

/* Keep an address in memory for PATH_MAILBOX_MAX octets. Returns its length. */
static uint16_t keep(char *at, struct span mailbox)
{
	memcpy(at, mailbox.at, mailbox.len);
	return (uint16_t)mailbox.len;
}

/* Exim adds 1,024 octets to the size of the message (its option size_addition), and so
 * declares more than the limit for messages that the limit allows. */
enum { SIZE_SLACK = 1024 };

/* Is the message certainly too large? Its octets are counted when they come. */
static bool is_too_large(const struct lmtp_session *s, uint64_t declared)
{
	const uint64_t most = s->policy->size_max;

	return most > 0 && declared > most && declared - most > SIZE_SLACK;
}

static enum lmtp_reply may_send(const struct lmtp_session *s,
				const struct lmtp_command *c)
{
	if (!s->trusted)
		return s->policy->tls_offered && !s->tls ? LMTP_REPLY_NEEDS_TLS
							 : LMTP_REPLY_NOT_TRUSTED;
	if (c->path.utf8 && !c->parameters.utf8)
		return LMTP_REPLY_NEEDS_UTF8;
	if (is_too_large(s, c->parameters.octets))
		return LMTP_REPLY_TOO_LARGE;
	return LMTP_REPLY_SENDER;
}

enum lmtp_ask envelope_mail(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	const enum lmtp_reply r = may_send(s, c);

	if (r != LMTP_REPLY_SENDER)
		return lmtp_reply(s, r, out);
	s->state = LMTP_MAIL;
	s->sender_len = keep(s->sender, c->path.mailbox);
	s->utf8 = c->parameters.utf8;
	s->octets = c->parameters.octets;
	return lmtp_reply(s, r, out);
}

/* Write the recipient as a name to ask for. False: its local part is empty, or would be
 * read as another address without its quotes. */
static bool write_address(const struct path *p, struct buf *out)
{
	path_write(p, out);
	return out->len > 0 && out->at[0] != '@' &&
	       (p->domain.len > 0 || !memchr(out->at, '@', out->len));
}

static bool take_address(struct lmtp_session *s, const struct path *p)
{
	struct buf address = BUF(s->address);
	const bool good = write_address(p, &address);

	s->address_len = (uint16_t)address.len;
	return good;
}

bool envelope_recipient(const struct lmtp_session *s, struct span line, struct buf *out)
{
	struct lmtp_command c;

	return lmtp_command_parse(line, LMTP_RCPT, &c) == LMTP_REPLY_NONE &&
	       c.id == LMTP_COMMAND_RCPT && (!c.path.utf8 || s->utf8) &&
	       write_address(&c.path, out);
}

enum lmtp_ask envelope_rcpt(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	if (c->path.utf8 && !s->utf8)
		return lmtp_reply(s, LMTP_REPLY_NEEDS_UTF8, out);
	if (!take_address(s, &c->path))
		return lmtp_reply(s, LMTP_REPLY_BAD_RECIPIENT, out);
	if (s->recipients == LMTP_RECIPIENTS_MAX)
		return lmtp_reply(s, LMTP_REPLY_TOO_MANY, out);
	if (s->recipients == 0)
		s->first_len = keep(s->first, c->path.mailbox);
	return LMTP_ASK_RECIPIENT;
}

enum lmtp_ask envelope_accepted(struct lmtp_session *s, struct buf *out)
{
	s->state = LMTP_RCPT;
	s->recipients++;
	return lmtp_reply(s, LMTP_REPLY_RECIPIENT, out);
}

enum lmtp_ask envelope_refused(struct lmtp_session *s, enum fault f, struct buf *out)
{
	s->tally.refused++;
	lmtp_reply_about(lmtp_reply_of(f, s->policy->bounce), lmtp_address(s), out);
	return LMTP_ASK_READ;
}

void envelope_forget(struct lmtp_session *s)
{
	s->sender_len = s->address_len = s->first_len = 0;
	s->utf8 = s->stored = false;
	s->octets = 0;
	s->recipients = s->results = 0;
	s->spoilt = FAULT_NONE;
}

enum lmtp_ask envelope_rset(struct lmtp_session *s, const struct lmtp_command *c,
			    struct buf *out)
{
	(void)c;
	if (s->state & LMTP_GREETED)
		return lmtp_reply(s, LMTP_REPLY_RESET, out);
	s->state = LMTP_READY;
	s->resets = LMTP_COMMAND_RSET;
	return LMTP_ASK_RESET;
}
