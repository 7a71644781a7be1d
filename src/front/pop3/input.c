/* front/pop3/input.c - reads the client's next line.
 *
 * Prefix: input_.
 */
#include "front/pop3/input.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/secret.h"
#include "front/client.h"
#include "front/deadline.h"

void input_init(struct conn *c)
{
	line_init(&c->pop3->input.lines, c->pop3->input.line,
		  sizeof c->pop3->input.line);
}

void input_begin(struct conn *c)
{
	c->pop3->input.heard = false;
}

/* Is the first line that of another protocol, as from a browser or a mail server that
 * connected to the wrong port? A TLS handshake on a port without TLS has no line end;
 * its first octet shows it. */
static bool is_alien(const struct input *in, enum line_got got, struct span line)
{
	if (in->heard)
		return false;
	if (got == LINE_MORE)
		return in->lines.len > 0 && in->lines.text[0] == 0x16;
	return line_is_alien(line);
}

/* ---- room for long lines of SASL ---- */

static bool widen(struct input *in)
{
	char *room = malloc(LINE_LONG_MAX);

	if (room)
		line_widen(&in->lines, room);
	return room;
}

static void narrow(struct input *in)
{
	if (!in->lines.room)
		return;
	char *room = line_widen(&in->lines, NULL);
	secret_wipe(room, LINE_LONG_MAX);
	free(room);
}

/* Give the next line as much room as it may need: a SASL response may be long, and so
 * may AUTH with an initial response, but no other line. */
static bool fit_room(struct input *in, const struct session *s)
{
	in->lines.auth_grows = s->state & POP3_AUTHORIZATION;
	if (s->ask == ASK_RESPONSE)
		return in->lines.room || widen(in);
	if (in->lines.room && !line_is_auth(&in->lines))
		narrow(in);
	return true;
}

/* Log a SASL response that is too long: there are tokens longer than any line that the
 * server takes. */
static void log_overlong(const struct conn *c, struct span line)
{
	if (c->pop3->session.ask == ASK_RESPONSE || span_starts_nocase(line, "AUTH "))
		log_event(LOG_INFO, "response-too-long", LOG_T("peer", c->peer),
			  LOG_T("tls", client_tls_text(c)),
			  LOG_N("most", LINE_LONG_MAX));
}

enum result input_next(struct conn *c, struct session_event *ev)
{
	struct input *in = &c->pop3->input;
	struct span line = { 0 };

	if (c->client.in.len == 0) {
		const enum result r = client_read(c);

		if (r != RESULT_DONE)
			return r;
	}
	if (!fit_room(in, &c->pop3->session))
		return RESULT_NO_MEMORY;
	enum line_got got = line_feed(&in->lines, &c->client.in, &line);
	if (got == LINE_GROWS) {
		if (!widen(in))
			return RESULT_NO_MEMORY;
		got = line_feed(&in->lines, &c->client.in, &line);
	}
	if (is_alien(in, got, line))
		return result_over(c, "not-pop3");
	if (got == LINE_MORE)
		return RESULT_DONE;
	in->heard = true;
	deadline_active(c);
	if (got == LINE_OVERLONG)
		log_overlong(c, line);
	*ev = (struct session_event){ .kind = got == LINE_FULL ? EVENT_LINE
							       : EVENT_OVERLONG,
				      .line = line };
	return RESULT_EVENT;
}

void input_release(struct conn *c)
{
	narrow(&c->pop3->input);
	secret_wipe(&c->pop3->input, sizeof c->pop3->input);
}
