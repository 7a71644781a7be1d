/* front/steps.c - steps of a connection that are the same in every line protocol.
 *
 * Prefix: steps_.
 */
#include "front/steps.h"

#include <string.h>

#include "front/client.h"
#include "front/deadline.h"
#include "front/output.h"

enum result steps_hangup(struct conn *c)
{
	return output_flush(c) == RESULT_WAIT ? RESULT_WAIT : RESULT_HANGUP;
}

enum result steps_start_tls(struct conn *c, const char *how)
{
	if (c->client.in.len > 0)
		return result_over(c, how);
	const enum result r = output_flush(c);
	if (r != RESULT_DONE)
		return r;
	if (!client_begin_tls(c))
		return RESULT_NO_MEMORY;
	deadline_handshake(c);
	return RESULT_DONE;
}

enum result steps_part(struct conn *c, const char *end)
{
	const enum result r = output_end(c);

	if (r != RESULT_DONE)
		return r;
	c->end = end;
	if (c->client.in.len == 0 && strcmp(end, "quit") == 0)
		return RESULT_OVER;
	client_linger(c);
	return RESULT_DONE;
}
