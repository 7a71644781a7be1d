/* role/arrival.c - for whom a connection is: the client's own, or one that a proxy
 * announces.
 *
 * Floor 4 (role). Prefix: arrival_. From a listed network a header must come first, and
 * from then on whom it names is the peer, for everything. From elsewhere no header is
 * looked for: it is a bad first line.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "pop3/proxy.h"
#include "role/front.h"

struct arrival {
	struct address proxy;
	struct proxy_reader reader;
};

_Static_assert((int)SETTING_LIST_MAX <= (int)NETS_MAX, "a whole setting fits");
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
	return take_nets(&f->proxies, &f->child.settings.proxy_from);
}

static bool clear_text_is_ok(const struct front *f, bool loopback)
{
	switch (f->child.settings.plaintext_auth) {
	case PLAINTEXT_AUTH_YES:
		return true;
	case PLAINTEXT_AUTH_LOOPBACK:
		return loopback;
	default:
		return false;
	}
}

/* It is known who the client is. over_tls: it speaks TLS with a proxy that was listed
 * so as to be believed; then its credentials are as safe as that proxy's way to us. */
static bool welcome(struct conn *c, bool loopback, bool over_tls)
{
	struct front *f = c->front;

	arrival_free(c);
	session_init(&c->session, &f->policy, c->tls_first || over_tls,
		     clear_text_is_ok(f, loopback));
	c->phase = c->tls_first ? CONN_HANDSHAKE : CONN_OPEN;
	if (c->tls_first)
		c->tls = tls_new(f->tls, c->fd);
	return c->tls || !c->tls_first;
}

bool arrival_begin(struct conn *c, const struct sock_address *peer)
{
	const struct address host = sock_host(peer);

	if (!nets_hold(&c->front->proxies, &host))
		return welcome(c, address_is_loopback(&host), false);
	c->phase = CONN_ARRIVING;
	c->arrival = malloc(sizeof *c->arrival);
	if (!c->arrival)
		return false;
	c->arrival->proxy = host;
	c->arrival->reader.len = 0;
	return true;
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

/* A client that is announced is on this machine only if its proxy is, too: what a proxy
 * elsewhere calls loopback is that machine's. One whose address is not told has none:
 * it is not its proxy. */
static bool take_header(struct conn *c, const struct proxy *p)
{
	bool loopback = address_is_loopback(&c->arrival->proxy);
	char via[ADDRESS_TEXT_MAX];

	memcpy(via, c->peer, sizeof via);
	if (p->source != PROXY_SOURCE_OWN) {
		loopback = loopback && address_is_loopback(&p->address);
		address_text(&p->address, p->port, c->peer);
	}
	log_announced(c, via, p);
	if (!welcome(c, loopback, p->tls)) {
		conn_close(c, "out-of-memory");
		return false;
	}
	talk_greet(c);
	return true;
}

/* The header is looked at first and taken then, so that what stands behind it stays in
 * the socket for TLS. Whoever owes one and sends something else is told nothing. */
bool arrival_read(struct conn *c)
{
	struct front *f = c->front;
	ssize_t n = recv(c->fd, f->input, PROXY_OCTETS_MAX, MSG_PEEK | MSG_DONTWAIT);
	struct span in = { f->input, n > 0 ? (size_t)n : 0 };
	enum proxy_got got = PROXY_MORE;
	struct proxy p;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (in.len > 0)
		got = proxy_feed(&c->arrival->reader, &in, &p);
	ssize_t taken = in.at - f->input;
	if (n <= 0 || recv(c->fd, f->input, (size_t)taken, MSG_DONTWAIT) != taken) {
		conn_close(c, "hangup");
		return false;
	}
	switch (got) {
	case PROXY_MORE:
		return false;
	case PROXY_DONE:
		return take_header(c, &p);
	case PROXY_MISSING:
		conn_close(c, "proxy-header-missing");
		return false;
	case PROXY_BROKEN:
		conn_close(c, "proxy-header-broken");
		return false;
	}
	return false;
}

void arrival_free(struct conn *c)
{
	free(c->arrival);
	c->arrival = NULL;
}
