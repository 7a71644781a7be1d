/* lmtpd/input.c - reads the client's next command line.
 *
 * Prefix: input_.
 */
#include "lmtpd/input.h"

#include "front/client.h"
#include "front/deadline.h"

void input_init(struct conn *c)
{
	line_init(&c->lmtp->lines, c->lmtp->line, sizeof c->lmtp->line);
	c->lmtp->lines.crlf = true;
}

enum result input_next(struct conn *c, struct lmtp_event *ev)
{
	struct span line = { 0 };

	if (c->client.in.len == 0) {
		const enum result r = client_read(c);

		if (r != RESULT_DONE)
			return r;
	}
	const enum line_got got = line_feed(&c->lmtp->lines, &c->client.in, &line);
	if (got != LINE_FULL && got != LINE_OVERLONG)
		return RESULT_DONE;
	/* A web page can make a browser on this machine, which is trusted, send a
	 * request with commands in its body. */
	if (line_is_web(line))
		return result_over(c, "not-lmtp");
	deadline_active(c);
	*ev = (struct lmtp_event){ .kind = got == LINE_FULL ? LMTP_EVENT_LINE
							    : LMTP_EVENT_OVERLONG,
				   .line = line };
	return RESULT_EVENT;
}
