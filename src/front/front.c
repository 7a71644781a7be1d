/* front/front.c - poplar-front: the network, TLS and the protocol.
 *
 * One event loop that never blocks. It has no file system and no user
 * database, and may open nothing: what it needs comes as descriptors.
 */
#include "front/front.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "base/version.h"
#include "sys/file.h"
#include "sys/proc.h"

enum {
	TLS_OCTETS_MAX = 1 << 28, /* of certificates and keys together */
	ACCEPTS_AT_A_TIME = 16,   /* so that other fronts get their share */
	REST_MS = 200,            /* after accept failed for want of something */
	DESCRIPTORS_PER_CONN = 4, /* client, session, listing, body */
	DESCRIPTORS_OF_OURS = 64,
	TIMERS_OF_OURS = 3,
	TIDY_MS = 10000,
};

/* ---- listening ---- */

static bool may_accept(const struct front *f)
{
	return f->knows_offers && !f->draining && !f->resting &&
	       f->conn_count < f->slot_count;
}

static void poll_listeners(struct front *f)
{
	for (struct listener *l = f->listeners; l; l = l->next)
		if (!loop_watch(&f->loop, &l->watch, may_accept(f) ? LOOP_READ : 0))
			log_event(LOG_ERR, "listener-lost",
				  LOG_T("error", strerrordesc_np(errno)));
}

static void on_rested(struct loop_timer *timer)
{
	struct front *f = LOOP_OWNER(timer, struct front, rest_timer);

	f->resting = false;
	poll_listeners(f);
}

/* The connection stays in the kernel's queue; to be told of it again at once helps
 * nobody. */
static void rest(struct front *f, int sys)
{
	log_event(LOG_WARNING, "accept-failed", LOG_T("error", strerrordesc_np(sys)));
	f->resting = true;
	poll_listeners(f);
	loop_set(&f->loop, &f->rest_timer, loop_now(&f->loop) + REST_MS);
}

static void accept_some(struct listener *l)
{
	struct front *f = l->front;

	for (int i = 0; i < ACCEPTS_AT_A_TIME && may_accept(f); i++) {
		struct sock_address peer = { .len = sizeof peer.addr };
		int fd = accept4(l->watch.fd, (struct sockaddr *)&peer.addr, &peer.len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			conn_accept(f, fd, l->tls, &peer);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			rest(f, errno);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
	if (!may_accept(f)) {
		log_event(LOG_WARNING, "connections-full",
			  LOG_N("connections", f->conn_count));
		poll_listeners(f);
	}
}

/* Where nobody can log in, a user who can may have been added since. poplar-auth tells
 * that unasked only with a login, which there cannot be: so it is asked before somebody
 * is accepted. False: it cannot be, and whoever comes is greeted with what is known. */
static bool ask_for_offers(struct front *f)
{
	const struct message which = { .kind = MESSAGE_AUTH_WHICH };

	if (f->policy.mechanisms != 0 || asks_tell(f, &which))
		return false;
	f->knows_offers = false;
	poll_listeners(f);
	return true;
}

static void on_listener(struct loop_watch *watch, unsigned events)
{
	struct listener *l = (struct listener *)watch;

	(void)events;
	if (!ask_for_offers(l->front))
		accept_some(l);
}

void front_set_offers(struct front *f, unsigned mechanisms)
{
	const bool was_asked = !f->knows_offers;

	f->policy.mechanisms = mechanisms;
	f->knows_offers = true;
	poll_listeners(f);
	if (!was_asked || mechanisms != 0)
		return;
	for (struct listener *l = f->listeners; l; l = l->next)
		accept_some(l);
}

static void maybe_end(struct front *f)
{
	if (f->draining && f->conn_count == 0)
		loop_stop(&f->loop);
}

void front_conn_ended(struct front *f)
{
	if (f->conn_count + 1 == f->slot_count)
		poll_listeners(f);
	maybe_end(f);
}

/* A handshake takes 50 KiB, a connection keeps 20 of them. Where many came at once, the
 * holes that they have left are twice what is used; the kernel gets them back. */
static void on_tidy(struct loop_timer *timer)
{
	(void)timer;
	malloc_trim(0);
}

void front_tidy_later(struct front *f)
{
	if (!loop_is_set(&f->tidy_timer))
		loop_set(&f->loop, &f->tidy_timer, loop_now(&f->loop) + TIDY_MS);
}

/* ---- the end ---- */

static void drain(struct front *f)
{
	f->draining = true;
	while (f->listeners) {
		struct listener *l = f->listeners;

		f->listeners = l->next;
		loop_watch(&f->loop, &l->watch, 0);
		loop_leave(&f->loop, &l->watch, l);
		close(l->watch.fd);
	}
	maybe_end(f);
}

static void close_all(struct front *f, bool only_idle)
{
	for (uint32_t i = 0; i < f->slot_count; i++)
		if (f->slots[i] && (!only_idle || conn_is_idle(f->slots[i])))
			conn_close(f->slots[i], "shutdown");
}

static void on_grace_over(struct loop_timer *timer)
{
	struct front *f = LOOP_OWNER(timer, struct front, stop_timer);

	close_all(f, false);
	loop_stop(&f->loop);
}

/* What is under way may end; nobody begins anything. The parent kills what is left when
 * the grace time is over, so be a little earlier. */
static void stop(struct front *f)
{
	uint64_t grace_ms = f->child.settings.grace * UINT64_C(1000);

	f->stopping = true;
	loop_set(&f->loop, &f->stop_timer,
		 loop_now(&f->loop) + grace_ms - grace_ms / 5);
	close_all(f, true);
	drain(f);
}

/* ---- the parent ---- */

static void add_listener(struct front *f, int fd, bool tls)
{
	struct listener *l = calloc(1, sizeof *l);

	if (!l) {
		log_event(LOG_ERR, "listener-lost", LOG_T("what", "out of memory"));
		close(fd);
		return;
	}
	l->watch = (struct loop_watch){ .fd = fd, .wake = on_listener };
	l->front = f;
	l->tls = tls;
	l->next = f->listeners;
	f->listeners = l;
	poll_listeners(f);
}

static void take_ticket_keys(struct front *f, const struct message *m)
{
	if (f->tls)
		tls_server_tickets(f->tls, m->TICKET_KEYS.now, m->TICKET_KEYS.before);
	secret_wipe(&f->child.inbox, sizeof f->child.inbox);
}

static enum fault make_tls(struct front *f, int fd, struct why *why)
{
	const struct tls_policy policy = settings_tls_policy(&f->child.settings);
	struct tls_server *server = NULL;
	struct tls_files files;
	char *packed = NULL;
	size_t len = 0;
	enum fault fault =
		file_read_all(fd, TLS_OCTETS_MAX, &packed, &len, "certificates", why);

	if (fault == FAULT_NONE)
		fault = tls_files_unpack((struct span){ packed, len }, &files);
	if (fault == FAULT_NONE)
		fault = tls_server_new(&files, &policy, &server, why);
	secret_wipe(packed, len);
	free(packed);
	if (fault)
		return fault;
	tls_server_free(f->tls); /* stays for the connections that have it */
	f->tls = server;
	f->policy.tls_offered = true;
	return FAULT_NONE;
}

/* Certificates and keys, which poplard has found to be good. Ticket keys follow. */
static void take_tls(struct front *f, int fd)
{
	struct why why = { .fault = FAULT_PEER, .doing = "take certificates" };
	enum fault fault = make_tls(f, fd, &why);

	close(fd);
	if (fault == FAULT_NONE)
		return;
	log_fault(&why, "tls-unusable");
	if (!f->tls)
		_exit(EXIT_FAILURE);
}

static void take(void *arg, const struct message *m, int fd)
{
	struct front *f = arg;

	switch (m->kind) {
	case MESSAGE_LISTENER:
		add_listener(f, fd, m->LISTENER.tls);
		break;
	case MESSAGE_TLS_FILES:
		take_tls(f, fd);
		break;
	case MESSAGE_TICKET_KEYS:
		take_ticket_keys(f, m);
		break;
	case MESSAGE_CONNLIMIT:
		arrival_take_connlimit(f, fd, m->CONNLIMIT.column);
		break;
	case MESSAGE_AUTH_LINK:
		asks_link(f, fd);
		break;
	case MESSAGE_DRAIN:
		drain(f);
		break;
	case MESSAGE_STOP:
		stop(f);
		break;
	default: /* the table has no other from the parent */
		break;
	}
}

static void on_parent(struct loop_watch *watch, unsigned events)
{
	struct front *f = LOOP_OWNER(watch, struct front, parent);

	(void)events;
	if (!child_hear(&f->child, take, f))
		loop_watch(&f->loop, watch, 0);
}

/* ---- the beginning ---- */

/* A quarter of the descriptors is for bodies fetched early. */
static bool make_slots(struct front *f)
{
	uint64_t limit = proc_raise_descriptor_limit(), ours = limit - limit / 4;
	uint64_t room = ours > DESCRIPTORS_OF_OURS + DESCRIPTORS_PER_CONN
				? (ours - DESCRIPTORS_OF_OURS) / DESCRIPTORS_PER_CONN
				: 1;

	f->readahead_most = (uint32_t)(limit / 8);

	f->slot_count = f->child.settings.max_connections;
	if (room < f->slot_count)
		f->slot_count = (uint32_t)room;
	f->slots = calloc(f->slot_count, sizeof(struct conn *));
	return f->slots && loop_make_room(&f->loop, f->slot_count + TIMERS_OF_OURS);
}

static bool make_loop(struct front *f)
{
	if (!loop_init(&f->loop))
		return false;
	f->stop_timer.due = on_grace_over;
	f->rest_timer.due = on_rested;
	f->tidy_timer.due = on_tidy;
	f->out = BUF(f->output);
	f->sealed = BUF(f->records);
	f->asking_last = &f->asking;
	return true;
}

static void set_terms(struct front *f)
{
	const struct policy_site site = settings_policy(&f->child.settings);

	f->policy.terms = (struct session_terms){
		.login_delay = site.delay_most,
		.expire = site.expire_least,
	};
	f->policy.delays_differ = site.delay_most != site.standard.login_delay;
	f->policy.expires_differ = site.expire_least != policy_expire(&site.standard);
}

int main(int argc, char **argv)
{
	static struct front f;

	if (!make_loop(&f) || !tls_start())
		return EXIT_FAILURE;
	child_begin(&f.child, ROLE_FRONT, argc, argv, take, &f);
	proc_lock(&f, sizeof f);
	f.policy.greeting = f.child.settings.greeting;
	set_terms(&f);
	f.policy.language = f.child.settings.language;
	f.policy.implementation = POPLAR_IMPLEMENTATION;
	f.policy.xtnd = f.child.settings.xtnd;
	f.policy.errors_max = f.child.settings.max_errors;
	f.policy.failures_max = f.child.settings.max_login_failures;
	if (!stamp_start(&f.stamper) || !make_slots(&f) || !arrival_start(&f))
		return EXIT_FAILURE;
	child_enter_sandbox(&f.child, -1);
	f.parent = (struct loop_watch){ .fd = f.child.parent, .wake = on_parent };
	if (!loop_watch(&f.loop, &f.parent, LOOP_READ))
		return EXIT_FAILURE;
	loop_run(&f.loop);
	_exit(EXIT_SUCCESS);
}
