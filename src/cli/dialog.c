/* cli/dialog.c - the client's side of an LMTP session that delivers one message.
 *
 * Prefix: dialog_.
 */
#include "cli/dialog.h"

#include "base/ascii.h"

/* The reply that comes next. */
enum dialog_state {
	AT_GREETING,
	AT_LHLO,
	AT_MAIL,
	AT_RCPT, /* of recipient d->next */
	AT_DATA,
	AT_RESULT, /* for recipient d->next */
	AT_END
};

/* ---- addresses ---- */

/* RFC 5321 section 4.1.2 and RFC 6531 section 3.3: atext, and octets of UTF-8. */
static bool is_atext(unsigned char c)
{
	return c >= 0x80 || ascii_is_plain((char)c, "!#$%&'*+-/=?^_`{|}~");
}

static bool is_dot_string(struct span s)
{
	bool after_dot = true;

	for (size_t i = 0; i < s.len; i++) {
		const bool dot = s.at[i] == '.';

		if (dot ? after_dot : !is_atext((unsigned char)s.at[i]))
			return false;
		after_dot = dot;
	}
	return !after_dot;
}

static bool is_quoted(struct span s)
{
	return s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"';
}

static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
			return false;
	return true;
}

static void put_quoted(struct span s, struct buf *out)
{
	buf_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '"' || s.at[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, s.at[i]);
	}
	buf_char(out, '"');
}

bool dialog_mailbox(struct span address, struct buf *out)
{
	size_t at = address.len;

	if (at >= 2 && address.at[0] == '<' && address.at[at - 1] == '>') {
		address = (struct span){ address.at + 1, at - 2 };
		at = address.len;
	}
	while (at > 0 && address.at[at - 1] != '@')
		at--;
	const struct span local = { address.at, at > 0 ? at - 1 : address.len };
	const struct span domain = span_after(address, local.len);

	if (local.len == 0 || !is_printable(address) || span_has_any(domain, " <>\""))
		return false;
	if (is_dot_string(local) || is_quoted(local))
		buf_put(out, local);
	else
		put_quoted(local, out);
	buf_put(out, domain);
	return !out->cut;
}

/* ---- verdicts ---- */

static void keep_text(struct dialog_recipient *r, struct span text)
{
	const size_t len = text.len < sizeof r->said ? text.len : sizeof r->said - 1;

	memcpy(r->said, text.at, len);
	r->said[len] = '\0';
}

static void judge(struct dialog_recipient *r, enum dialog_verdict verdict,
		  struct span text)
{
	r->verdict = (uint8_t)verdict;
	keep_text(r, text);
}

/* A refusal for good is "5yz". One whose enhanced code is 5.1.z is about the address
 * (RFC 3463 section 3.2). */
static enum dialog_verdict verdict_of(struct span line)
{
	if (line.at[0] == '2')
		return DIALOG_DONE;
	if (line.at[0] != '5')
		return DIALOG_LATER;
	return line.len > 4 && span_starts(span_after(line, 4), "5.1.")
		       ? DIALOG_NO_USER
		       : DIALOG_REFUSED;
}

void dialog_judge_rcpt(struct dialog_recipient *r, struct span reply)
{
	const enum dialog_verdict verdict = verdict_of(reply);

	if (verdict == DIALOG_DONE)
		judge(r, DIALOG_SPARED,
		      SPAN("not delivered: another recipient was "
			   "refused"));
	else
		judge(r, verdict, reply);
}

void dialog_judge_result(struct dialog_recipient *r, struct span reply)
{
	judge(r, verdict_of(reply), reply);
}

static void judge_rest(struct dialog *d, enum dialog_verdict verdict, struct span text)
{
	for (; d->next < d->mail->count; d->next++)
		judge(&d->mail->recipients[d->next], verdict, text);
}

void dialog_fail(struct dialog *d, const char *text)
{
	for (size_t i = 0; i < d->mail->count && d->state < AT_RESULT; i++)
		if (d->mail->recipients[i].verdict == DIALOG_SPARED)
			judge(&d->mail->recipients[i], DIALOG_LATER, span_of(text));
	if (d->state != AT_END)
		judge_rest(d, DIALOG_LATER, span_of(text));
	d->state = AT_END;
}

/* End the session with QUIT: no message was sent, or all replies have come. */
static enum dialog_ask end(struct dialog *d)
{
	d->state = AT_END;
	d->out.len = 0;
	buf_text(&d->out, "QUIT\r\n");
	return DIALOG_END;
}

/* ---- commands ---- */

static enum dialog_ask say(struct dialog *d, enum dialog_state state)
{
	buf_text(&d->out, "\r\n");
	d->state = (uint8_t)state;
	return DIALOG_SAY;
}

static bool is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

/* RFC 6531 section 3.4: the header, or an address. */
static bool needs_utf8(const struct dialog_mail *mail)
{
	bool needed = mail->has_utf8 || !is_ascii(mail->sender);

	for (size_t i = 0; i < mail->count; i++)
		needed = needed || !is_ascii(mail->recipients[i].address);
	return needed;
}

static enum dialog_ask say_mail(struct dialog *d)
{
	const struct dialog_mail *mail = d->mail;

	buf_text(&d->out, "MAIL FROM:<");
	if (mail->sender.len > 0 && !dialog_mailbox(mail->sender, &d->out)) {
		judge_rest(d, DIALOG_REFUSED, SPAN("the sender is no mail address"));
		return end(d);
	}
	buf_char(&d->out, '>');
	if (d->takes_size) {
		buf_text(&d->out, " SIZE=");
		buf_u64(&d->out, mail->octets);
	}
	if (d->takes_8bit && mail->is_8bit)
		buf_text(&d->out, " BODY=8BITMIME");
	if (d->takes_utf8 && needs_utf8(mail))
		buf_text(&d->out, " SMTPUTF8");
	return say(d, AT_MAIL);
}

bool dialog_may_send(const struct dialog_mail *mail)
{
	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].verdict != DIALOG_SPARED)
			return false;
	return true;
}

/* Send RCPT for the next recipient whose address a path can hold or, after the last
 * recipient, DATA. */
static enum dialog_ask say_next_rcpt(struct dialog *d)
{
	for (; d->next < d->mail->count; d->next++) {
		struct dialog_recipient *r = &d->mail->recipients[d->next];

		d->out.len = 0;
		buf_text(&d->out, "RCPT TO:<");
		if (dialog_mailbox(r->address, &d->out)) {
			buf_char(&d->out, '>');
			return say(d, AT_RCPT);
		}
		d->out.cut = false;
		judge(r, DIALOG_NO_USER, SPAN("this is no mail address"));
	}
	if (!dialog_may_send(d->mail))
		return end(d);
	d->out.len = 0;
	buf_text(&d->out, "DATA");
	return say(d, AT_DATA);
}

/* ---- replies ---- */

/* One line of the reply to LHLO, of which the first names the server. */
static void note_keyword(struct dialog *d, struct span line)
{
	struct span rest = span_after(line, line.len > 4 ? 4 : line.len);
	struct span word;

	(void)span_cut(&rest, ' ', &word);
	d->takes_size = d->takes_size || span_is_nocase(word, "SIZE");
	d->takes_8bit = d->takes_8bit || span_is_nocase(word, "8BITMIME");
	d->takes_utf8 = d->takes_utf8 || span_is_nocase(word, "SMTPUTF8");
}

/* A reply line is a code, and a space or a hyphen before a text (RFC 5321 section
 * 4.2). */
static bool is_reply(struct span line)
{
	return line.len >= 3 && line.at[0] >= '2' && line.at[0] <= '5' &&
	       ascii_is_digit(line.at[1]) && ascii_is_digit(line.at[2]) &&
	       (line.len == 3 || line.at[3] == ' ' || line.at[3] == '-');
}

/* The reply to the connection or to LHLO. If the server refuses the session, the mail
 * can wait: the server is overloaded, or it is the wrong one. */
static enum dialog_ask begin_session(struct dialog *d, struct span line)
{
	if (line.at[0] != '2') {
		judge_rest(d, DIALOG_LATER, line);
		return end(d);
	}
	d->out.len = 0;
	if (d->state == AT_LHLO)
		return say_mail(d);
	buf_text(&d->out, "LHLO ");
	buf_put(&d->out, d->mail->host);
	return say(d, AT_LHLO);
}

static enum dialog_ask judge_one(struct dialog *d, struct span line)
{
	struct dialog_recipient *r = &d->mail->recipients[d->next++];

	if (d->state == AT_RCPT) {
		dialog_judge_rcpt(r, line);
		return say_next_rcpt(d);
	}
	dialog_judge_result(r, line);
	return d->next < d->mail->count ? DIALOG_READ : end(d);
}

/* The code that lets the session go on from MAIL or DATA. */
static enum dialog_ask take_permission(struct dialog *d, struct span line)
{
	const char wanted = d->state == AT_MAIL ? '2' : '3';
	const enum dialog_verdict verdict = verdict_of(line);

	d->next = 0;
	if (line.at[0] != wanted) {
		judge_rest(d, verdict == DIALOG_DONE ? DIALOG_LATER : verdict, line);
		return end(d);
	}
	if (d->state == AT_MAIL)
		return say_next_rcpt(d);
	d->state = AT_RESULT;
	return DIALOG_CONTENT;
}

void dialog_begin(struct dialog *d, struct dialog_mail *mail)
{
	*d = (struct dialog){ .mail = mail };
	d->out = BUF(d->room);
	for (size_t i = 0; i < mail->count; i++)
		judge(&mail->recipients[i], DIALOG_LATER, SPAN(""));
}

enum dialog_ask dialog_line(struct dialog *d, struct span line)
{
	if (d->state == AT_END)
		return DIALOG_END;
	if (!is_reply(line)) {
		dialog_fail(d, "the server sent a line that is no reply of LMTP");
		d->out.len = 0;
		return DIALOG_END;
	}
	if (d->state == AT_LHLO)
		note_keyword(d, line);
	if (line.len > 3 && line.at[3] == '-')
		return DIALOG_READ;
	if (d->state == AT_GREETING || d->state == AT_LHLO)
		return begin_session(d, line);
	if (d->state == AT_RCPT || d->state == AT_RESULT)
		return judge_one(d, line);
	return take_permission(d, line);
}
