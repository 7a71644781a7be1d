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

/* The settings that name ports, and the role that gets them. */
static const struct {
	enum setting_id id;
	enum role role;
} lists[] = {
	{ SETTING_ID_listen, ROLE_FRONT },
	{ SETTING_ID_listen_tls, ROLE_FRONT },
	{ SETTING_ID_listen_lmtp, ROLE_LMTP },
};
enum { LISTS = sizeof lists / sizeof *lists };

static const struct text_list *names(const struct settings *s, enum setting_id list)
{
	switch (list) {
	case SETTING_ID_listen_tls:
		return &s->listen_tls;
	case SETTING_ID_listen_lmtp:
		return &s->listen_lmtp;
	default:
		return &s->listen;
	}
}

static struct port *find(const struct parent *p, enum setting_id list, const char *name)
{
	struct port *port = p->ports;

	while (port && (port->list != list || strcmp(port->name, name) != 0))
		port = port->next;
	return port;
}

/* Add a port with the values of *new and a copy of its name. False: out of memory; the
 * socket has been closed. */
static bool add(struct parent *p, const struct port *new)
{
	struct port *port = calloc(1, sizeof *port);
	char *copy = strdup(new->name);

	if (!port || !copy) {
		free(port);
		free(copy);
		close(new->fd);
		return false;
	}
	*port = *new;
	port->next = p->ports;
	port->name = copy;
	p->ports = port;
	return true;
}

/* ---- addresses ---- */

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
static bool open_address(struct parent *p, enum setting_id list, char *name)
{
	struct sock_address address[2];
	struct why why = { 0 };
	unsigned count;
	bool any = false;

	if (!sock_parse(span_of(name), address, &count))
		return false;
	for (unsigned i = 0; i < count; i++) {
		struct port port = { .list = list, .name = name };

		if (sock_listen(&address[i], &port.fd, &why) == FAULT_NONE)
			any = add(p, &port);
		else if (count == 1 ||
			 (why.sys != EAFNOSUPPORT && why.sys != EADDRNOTAVAIL))
			break;
		why.fault = FAULT_NONE;
	}
	if (why.fault)
		explain(&why);
	return any && !why.fault;
}

/* ---- Unix sockets ---- */

static struct localsock_rights rights_of(const struct parent *p,
					 const struct generation *g)
{
	return (struct localsock_rights){
		.has_owner = p->is_root,
		.owner = g->socket_ids,
		.mode = (mode_t)strtoul(g->settings.lmtp_socket_mode, NULL, 8),
	};
}

static const char *hint_of(int error)
{
	switch (error) {
	case ENOENT:
		return "make its folder";
	case EADDRINUSE:
		return "another program listens there";
	case EEXIST:
		return "a file that is no socket has this name";
	default:
		return NULL;
	}
}

static bool open_local(struct parent *p, const struct generation *g, char *path)
{
	const struct localsock_rights rights = rights_of(p, g);
	struct port port = { .list = SETTING_ID_listen_lmtp,
			     .name = path,
			     .is_local = true };
	struct why why = { 0 };

	if (localsock_listen(path, &rights, &port.fd, &port.file, &why)) {
		log_fault(&why, "listen-failed", LOG_T("hint", hint_of(why.sys)));
		return false;
	}
	if (add(p, &port))
		return true;
	localsock_remove(path, port.file);
	return false;
}

void ports_restrict(const struct parent *p, const struct generation *g)
{
	const struct localsock_rights rights = rights_of(p, g);
	struct why why = { 0 };

	for (const struct port *port = p->ports; port; port = port->next)
		if (port->is_local && ports_wants(g, port) &&
		    localsock_restrict(port->name, port->file, &rights, &why))
			log_fault(&why, "socket-rights-kept");
}

/* ---- all ---- */

static bool open_list(struct parent *p, const struct generation *g,
		      enum setting_id list)
{
	const struct text_list *all = names(&g->settings, list);

	for (unsigned i = 0; i < all->count; i++) {
		char *name = all->at[i];
		const bool is_path = list == SETTING_ID_listen_lmtp && *name == '/';

		if (find(p, list, name))
			continue;
		if (!(is_path ? open_local(p, g, name) : open_address(p, list, name)))
			return false;
	}
	return true;
}

bool ports_open(struct parent *p, const struct generation *g)
{
	for (unsigned i = 0; i < LISTS; i++)
		if (!open_list(p, g, lists[i].id))
			return false;
	return true;
}

bool ports_wants(const struct generation *g, const struct port *port)
{
	const struct text_list *all = names(&g->settings, port->list);

	for (unsigned i = 0; i < all->count; i++)
		if (strcmp(all->at[i], port->name) == 0)
			return true;
	return false;
}

bool ports_are_for(enum role role, const struct port *port)
{
	for (unsigned i = 0; i < LISTS; i++)
		if (lists[i].id == port->list)
			return lists[i].role == role;
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
		if (port->is_local)
			localsock_remove(port->name, port->file);
		close(port->fd);
		free(port->name);
		free(port);
	}
}
