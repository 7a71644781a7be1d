/* front/arrival.c - finds out who connects, a client or a proxy for a client, and
 * whether that address may have one more connection.
 *
 * Prefix: arrival_.
 */
#include "front/arrival.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "front/client.h"
#include "front/protocol.h"
#include "net/proxy.h"

/* The shortest time between two log lines about refusals. Each line counts the refusals
 * that were not logged since the one before. */
enum { REFUSALS_LOG_MS = 1000 };

struct header {
	struct address proxy;
	struct proxy_reader reader;
};

_Static_assert((int)SETTING_LIST_MAX <= (int)NETS_MAX,
	       "every network of a setting fits");
_Static_assert((int)PROXY_OCTETS_MAX <= (int)FRONT_INPUT_OCTETS, "a whole header fits");

static bool take_nets(struct nets *out, const struct text_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		if (!nets_add(out, span_of(list->at[i])))
			return false;
	return true;
}

bool arrival_start(struct front *f)
{
	const struct settings *s = &f->child.settings;

	return (!f->protocol->has_proxies || take_nets(&f->proxies, &s->proxy_from)) &&
	       take_nets(&f->trusted, &s->trusted_networks);
}

/* ---- room ---- */

void arrival_take_connlimit(struct front *f, int fd, uint64_t column)
{
	if (!connlimit_open(&f->connlimit, fd, column))
		log_event(LOG_WARNING, "connections-not-counted",
			  LOG_T("what", "the table cannot be used"));
	close(fd);
}

/* Count the connection for its address, if it has one. False: the address has too many.
 */
static bool admit(struct conn *c, const struct address *host)
{
	struct front *f = c->front;
	unsigned most = f->child.settings.max_connections_per_address;

	if (most == 0 || host->bits == 0 || !f->connlimit.table ||
	    nets_hold(&f->trusted, host))
		return true;
	uint64_t key = connlimit_key(&f->connlimit, host);
	switch (connlimit_add_from(&f->connlimit, key, most)) {
	case CONNLIMIT_COUNTED:
		c->arrival.address_key = key;
		return true;
	case CONNLIMIT_FULL:
		return true;
	case CONNLIMIT_MANY:
		break;
	}
	return false;
}

/* Count the connection in the total, before its address is known. False: the limit is
 * reached. */
static bool enter_total(struct conn *c)
{
	struct front *f = c->front;

	if (!f->connlimit.table)
		return true;
	c->arrival.in_total =
		connlimit_add(&f->connlimit, f->child.settings.max_connections);
	return c->arrival.in_total;
}

static void log_refusal(struct front *f, const char *peer, enum fault fault)
{
	uint64_t now = loop_now(&f->loop);

	if (f->refusal_logged_at > 0 && now - f->refusal_logged_at < REFUSALS_LOG_MS) {
		f->refusals_unlogged++;
		return;
	}
	log_event(LOG_NOTICE, "connection-refused", LOG_T("peer", peer),
		  LOG_T("what", fault_text(fault)),
		  LOG_N("unlogged", f->refusals_unlogged));
	f->refusal_logged_at = now;
	f->refusals_unlogged = 0;
}

/* Tell the client why, with one call of send(2) that is not repeated if it fails: a
 * client that opens too many connections shall not cost more. A reply on a TLS port
 * would need a handshake, so nothing is sent there. */
static enum result refuse(struct conn *c, enum fault fault)
{
	struct buf *out = &c->front->out;

	if (!c->arrival.tls_first) {
		out->len = 0;
		c->front->protocol->refuse(out, fault);
		send(c->watch.fd, out->at, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
		out->len = 0;
	}
	log_refusal(c->front, c->peer, fault);
	return RESULT_REFUSED;
}

/* ---- the client's address ---- */

/* The address of the client is known: begin the session. */
static enum result welcome(struct conn *c, const struct address *host, bool is_local)
{
	free(TAKE(c->arrival.header));
	if (!admit(c, host))
		return refuse(c, FAULT_CROWDED);
	c->phase = PHASE_OPEN;
	if (c->arrival.tls_first && !client_begin_tls(c))
		return RESULT_NO_MEMORY;
	c->front->protocol->begin(c, host, is_local);
	return RESULT_DONE;
}

enum result arrival_begin(struct conn *c, const struct sock_address *peer)
{
	const struct address host = sock_host(peer);
	const bool local = peer->addr.ss_family == AF_UNIX ||
			   address_is_loopback(&host);
	struct header *header;

	if (!enter_total(c))
		return refuse(c, FAULT_LIMIT);
	if (!nets_hold(&c->front->proxies, &host))
		return welcome(c, &host, local);
	c->arrival.header = header = malloc(sizeof *header);
	if (!header)
		return RESULT_NO_MEMORY;
	header->proxy = host;
	header->reader.len = 0;
	return RESULT_WAIT;
}

static void log_announced(const struct conn *c, const char *via, const struct proxy *p)
{
	static const char *const sources[] = {
		[PROXY_SOURCE_OWN] = "own",
		[PROXY_SOURCE_UNKNOWN] = "unknown",
		[PROXY_SOURCE_ADDRESS] = "address",
	};

	log_event(LOG_DEBUG, "proxied", LOG_T("peer", c->peer), LOG_T("via", via),
		  LOG_T("source", sources[p->source]),
		  LOG_T("tls", p->tls ? "yes" : "no"), LOG_S("version", p->tls_version),
		  LOG_S("certificate", p->common_name),
		  LOG_S("authority", p->authority));
}

/* A client counts as local only if its proxy is local, too: what a remote proxy calls
 * loopback is the proxy's own machine. A client whose address the proxy does not know
 * counts as the proxy in the connection limit table; for every other rule it has no
 * address. */
static enum result take_header(struct conn *c, const struct proxy *p)
{
	struct address host = c->arrival.header->proxy;
	bool local = address_is_loopback(&host);
	char via[ADDRESS_TEXT_MAX];

	memcpy(via, c->peer, sizeof via);
	if (p->source == PROXY_SOURCE_ADDRESS)
		host = p->address;
	if (p->source != PROXY_SOURCE_OWN) {
		local = local && address_is_loopback(&p->address);
		address_text(&p->address, p->port, c->peer);
	}
	log_announced(c, via, p);
	c->arrival.tls_at_proxy = p->tls;
	return welcome(c, &host, local);
}

/* Peek at the octets, and then take only the header from the socket: the octets behind
 * it must stay there for TLS. A peer that sends something else than the header gets no
 * reply. */
enum result arrival_read(struct conn *c)
{
	struct front *f = c->front;
	ssize_t n =
		recv(c->watch.fd, f->input, PROXY_OCTETS_MAX, MSG_PEEK | MSG_DONTWAIT);
	struct span in = { f->input, n > 0 ? (size_t)n : 0 };
	enum proxy_got got = PROXY_MORE;
	struct proxy p;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return RESULT_WAIT;
	if (in.len > 0)
		got = proxy_feed(&c->arrival.header->reader, &in, &p);
	ssize_t taken = in.at - f->input;
	if (n <= 0 || recv(c->watch.fd, f->input, (size_t)taken, MSG_DONTWAIT) != taken)
		return RESULT_HANGUP;
	switch (got) {
	case PROXY_MORE:
		return RESULT_WAIT;
	case PROXY_DONE:
		return take_header(c, &p);
	case PROXY_MISSING:
		return RESULT_HEADER_MISSING;
	case PROXY_BROKEN:
		break;
	}
	return RESULT_HEADER_BROKEN;
}

void arrival_release(struct conn *c)
{
	const struct arrival *a = &c->arrival;

	free(a->header);
	if (a->address_key)
		connlimit_remove_from(&c->front->connlimit, a->address_key);
	if (a->in_total)
		connlimit_remove(&c->front->connlimit);
}
