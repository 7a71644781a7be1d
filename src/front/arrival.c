/* front/arrival.c - for whom a connection is, the client's own or one that a proxy
 * announces, and whether there is room for one more from there.
 *
 * Prefix: arrival_. From a listed network a header must come first, and
 * from then on whom it names is the peer, for everything. From elsewhere no header is
 * looked for: it is a bad first line.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "front/front.h"
#include "net/proxy.h"
#include "pop3/reply.h"

enum { REFUSALS_LOG_MS = 1000 }; /* one line in so long tells of all */

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
	const struct settings *s = &f->child.settings;

	return take_nets(&f->proxies, &s->proxy_from) &&
	       take_nets(&f->trusted, &s->trusted_networks);
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

/* ---- room ---- */

void arrival_take_connlimit(struct front *f, int fd, uint64_t column)
{
	if (!connlimit_open(&f->connlimit, fd, column))
		log_event(LOG_WARNING, "connections-not-counted",
			  LOG_T("what", "no table"));
	close(fd);
}

/* Is there room for one more from this address? Then it is counted. */
static bool admit(struct conn *c, const struct address *host)
{
	struct front *f = c->front;
	unsigned most = f->child.settings.max_connections_per_address;

	if (most == 0 || !f->connlimit.table || nets_hold(&f->trusted, host))
		return true;
	uint64_t key = connlimit_key(&f->connlimit, host);
	switch (connlimit_add_from(&f->connlimit, key, most)) {
	case CONNLIMIT_COUNTED:
		c->counted_as = key;
		return true;
	case CONNLIMIT_FULL:
		return true;
	case CONNLIMIT_MANY:
		break;
	}
	return false;
}

/* Is there room for one more at all? It is counted before anything is known of it. */
static bool join(struct conn *c)
{
	struct front *f = c->front;

	if (!f->connlimit.table)
		return true;
	c->joined = connlimit_add(&f->connlimit, f->child.settings.max_connections);
	return c->joined;
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

/* One call, and what the socket does not take is not told: whoever opens too many gets
 * no more of us. Where TLS comes first, a word would cost a handshake. */
static void refuse(struct conn *c, enum fault fault)
{
	struct buf *out = &c->front->out;

	if (!c->tls_first) {
		out->len = 0;
		reply_err(out, LANGUAGE_en, fault);
		send(c->client.fd, out->at, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	log_refusal(c->front, c->peer, fault);
	conn_close(c, NULL);
}

/* ---- for whom ---- */

static void drop_header(struct conn *c)
{
	free(c->arrival);
	c->arrival = NULL;
}

/* It is known who the client is. over_tls: it speaks TLS with a proxy that was listed
 * so as to be believed; then its credentials are as safe as that proxy's way to us. */
static bool welcome(struct conn *c, const struct address *host, bool loopback,
		    bool over_tls)
{
	struct front *f = c->front;

	drop_header(c);
	if (!admit(c, host)) {
		refuse(c, FAULT_CROWDED);
		return false;
	}
	session_init(&c->session, &f->policy, c->tls_first || over_tls,
		     clear_text_is_ok(f, loopback));
	c->phase = c->tls_first ? CONN_HANDSHAKE : CONN_OPEN;
	if (c->tls_first && !(c->tls = tls_new(f->tls, c->client.fd, &f->sealed))) {
		conn_close(c, "out-of-memory");
		return false;
	}
	return true;
}

void arrival_begin(struct conn *c, const struct sock_address *peer)
{
	const struct address host = sock_host(peer);

	if (!join(c)) {
		refuse(c, FAULT_LIMIT);
		return;
	}
	if (!nets_hold(&c->front->proxies, &host)) {
		welcome(c, &host, address_is_loopback(&host), false);
		return;
	}
	c->phase = CONN_ARRIVING;
	c->arrival = malloc(sizeof *c->arrival);
	if (!c->arrival) {
		conn_close(c, "out-of-memory");
		return;
	}
	c->arrival->proxy = host;
	c->arrival->reader.len = 0;
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
	struct address host = c->arrival->proxy;
	bool loopback = address_is_loopback(&host);
	char via[ADDRESS_TEXT_MAX];

	memcpy(via, c->peer, sizeof via);
	if (p->source == PROXY_SOURCE_ADDRESS)
		host = p->address; /* one who is not named counts as the proxy */
	if (p->source != PROXY_SOURCE_OWN) {
		loopback = loopback && address_is_loopback(&p->address);
		address_text(&p->address, p->port, c->peer);
	}
	log_announced(c, via, p);
	if (!welcome(c, &host, loopback, p->tls))
		return false;
	talk_greet(c);
	return true;
}

/* The header is looked at first and taken then, so that what stands behind it stays in
 * the socket for TLS. Whoever owes one and sends something else is told nothing. */
bool arrival_read(struct conn *c)
{
	struct front *f = c->front;
	ssize_t n =
		recv(c->client.fd, f->input, PROXY_OCTETS_MAX, MSG_PEEK | MSG_DONTWAIT);
	struct span in = { f->input, n > 0 ? (size_t)n : 0 };
	enum proxy_got got = PROXY_MORE;
	struct proxy p;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (in.len > 0)
		got = proxy_feed(&c->arrival->reader, &in, &p);
	ssize_t taken = in.at - f->input;
	if (n <= 0 ||
	    recv(c->client.fd, f->input, (size_t)taken, MSG_DONTWAIT) != taken) {
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

void arrival_forget(struct conn *c)
{
	drop_header(c);
	if (c->counted_as)
		connlimit_remove_from(&c->front->connlimit, c->counted_as);
	c->counted_as = 0;
	if (c->joined)
		connlimit_remove(&c->front->connlimit);
	c->joined = false;
}
