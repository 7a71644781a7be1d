/* front/conn.c - a connection's memory and socket, from accept to close.
 *
 * Prefix: conn_.
 */
#include "front/conn.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "front/arrival.h"
#include "front/client.h"
#include "front/listener.h"
#include "front/protocol.h"
#include "front/slots.h"

struct conn *conn_new(struct front *f, int fd, bool tls,
		      const struct sock_address *peer)
{
	const uint64_t now = loop_now(&f->loop);
	struct conn *c = calloc(1, sizeof *c + f->protocol->conn_octets);
	char text[ADDRESS_TEXT_MAX];

	sock_text(peer, text);
	if (!c || !slots_take(f, c)) {
		log_event(LOG_ERR, "connection-refused", LOG_T("peer", text),
			  LOG_T("what", "memory or descriptors ran out"));
		free(c);
		close(fd);
		return NULL;
	}
	c->front = f;
	c->pop3 = (struct pop3_conn *)(c + 1); /* or that of another protocol */
	c->watch.fd = fd;
	c->arrival.tls_first = tls;
	c->deadline.accepted_at = c->deadline.active_at = c->deadline.handshake_at =
		now;
	memcpy(c->peer, text, sizeof c->peer);
	return c;
}

void conn_close(struct conn *c)
{
	struct front *f = c->front;

	f->protocol->release(c);
	c->phase = PHASE_CLOSED;
	loop_unset(&f->loop, &c->deadline.timer);
	loop_leave(&f->loop, &c->watch, c);
	arrival_release(c);
	client_release(c);
	free(c->output.held);
	slots_leave(c);
	listener_conn_ended(f);
}
