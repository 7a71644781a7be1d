/* parent/ports.c - the listening sockets.
 *
 * Prefix: ports_.
 */
#include "parent/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/sock.h"

static struct port *find(const struct parent *p, const char *name, bool tls)
{
	struct port *port = p->ports;

	while (port && (port->tls != tls || strcmp(port->name, name) != 0))
		port = port->next;
	return port;
}

static bool add(struct parent *p, const char *name, bool tls, int fd)
{
	struct port *port = calloc(1, sizeof *port);
	char *copy = strdup(name);

	if (!port || !copy) {
		free(port);
		free(copy);
		close(fd);
		return false;
	}
	*port = (struct port){ p->ports, fd, tls, copy };
	p->ports = port;
	return true;
}

static void explain(const struct why *why)
{
	const char *hint = NULL;

	if (why->sys == EACCES)
		hint = "ports below 1024 need root or CAP_NET_BIND_SERVICE";
	if (why->sys == EADDRINUSE)
		hint = "another program listens there";
	log_fault(why, "listen-failed", LOG_T("hint", hint));
}

/* "*" stands for both families of addresses. A machine may lack one of them; then the
 * other one will do. */
static bool open_port(struct parent *p, const char *name, bool tls)
{
	struct sock_address address[2];
	struct why why = { 0 };
	unsigned count;
	bool any = false;

	if (!sock_parse(span_of(name), address, &count))
		return false;
	for (unsigned i = 0; i < count; i++) {
		int fd;

		if (sock_listen(&address[i], &fd, &why) == FAULT_NONE)
			any = add(p, name, tls, fd);
		else if (count == 1 ||
			 (why.sys != EAFNOSUPPORT && why.sys != EADDRNOTAVAIL))
			break;
		why.fault = FAULT_NONE;
	}
	if (why.fault)
		explain(&why);
	return any && !why.fault;
}

static bool open_list(struct parent *p, const struct text_list *list, bool tls)
{
	for (unsigned i = 0; i < list->count; i++)
		if (!find(p, list->at[i], tls) && !open_port(p, list->at[i], tls))
			return false;
	return true;
}

bool ports_open(struct parent *p, const struct generation *g)
{
	return open_list(p, &g->settings.listen, false) &&
	       open_list(p, &g->settings.listen_tls, true);
}

bool ports_wants(const struct generation *g, const struct port *port)
{
	const struct text_list *list = port->tls ? &g->settings.listen_tls
						 : &g->settings.listen;

	for (unsigned i = 0; i < list->count; i++)
		if (strcmp(list->at[i], port->name) == 0)
			return true;
	return false;
}

static bool anybody_wants(const struct parent *p, const struct port *port)
{
	for (const struct generation *g = p->generations; g; g = g->next)
		if (!g->draining && ports_wants(g, port))
			return true;
	return false;
}

void ports_close_unwanted(struct parent *p)
{
	for (struct port **at = &p->ports; *at;) {
		struct port *port = *at;

		if (anybody_wants(p, port)) {
			at = &port->next;
			continue;
		}
		*at = port->next;
		close(port->fd);
		free(port->name);
		free(port);
	}
}
