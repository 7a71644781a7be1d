/* front/front.c - poplar-front: the network, TLS and the protocol.
 *
 * One event loop that never blocks. The process has no file system and no database of
 * users, and may open nothing: poplard and poplar-auth send it descriptors.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/version.h"
#include "front/arrival.h"
#include "front/client.h"
#include "front/listener.h"
#include "front/pop3/pop3.h"
#include "sys/file.h"
#include "sys/proc.h"

enum {
	TLS_OCTETS_MAX = 1 << 28, /* of certificates and keys together */
	DESCRIPTORS_PER_CONN = 4, /* client, session, listing, body */
	DESCRIPTORS_OF_OURS = 64,
	TIMERS_OF_OURS = 4,
};

/* ---- the end ---- */

static void on_grace_over(struct loop_timer *timer)
{
	struct front *f = LOOP_OWNER(timer, struct front, stop_timer);

	pop3_close_all(f, false);
	loop_stop(&f->loop);
}

/* Work that is under way may end; nothing new begins. poplard kills what is left when
 * the grace time is over, so the front closes it a little earlier. */
static void stop(struct front *f)
{
	uint64_t grace_ms = f->child.settings.grace * UINT64_C(1000);

	f->stopping = true;
	loop_set(&f->loop, &f->stop_timer,
		 loop_now(&f->loop) + grace_ms - grace_ms / 5);
	pop3_close_all(f, true);
	listener_drain(f);
}

/* ---- the parent ---- */

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
	tls_server_free(f->tls); /* connections that use it keep it */
	f->tls = server;
	f->policy.tls_offered = true;
	return FAULT_NONE;
}

/* Certificates and keys, which poplard has checked. TICKET_KEYS follows. */
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

static bool hear_listener(void *arg, const struct message *m,
			  struct channel_files *files)
{
	listener_add(arg, files->at[0], m->LISTENER.tls);
	return true;
}

static bool hear_tls_files(void *arg, const struct message *m,
			   struct channel_files *files)
{
	(void)m;
	take_tls(arg, files->at[0]);
	return true;
}

static bool hear_ticket_keys(void *arg, const struct message *m,
			     struct channel_files *none)
{
	(void)none;
	take_ticket_keys(arg, m);
	return true;
}

static bool hear_connlimit(void *arg, const struct message *m,
			   struct channel_files *files)
{
	arrival_take_connlimit(arg, files->at[0], m->CONNLIMIT.column);
	return true;
}

static bool hear_auth_link(void *arg, const struct message *m,
			   struct channel_files *files)
{
	(void)m;
	pop3_auth_link(arg, files->at[0]);
	return true;
}

static bool hear_drain(void *arg, const struct message *m, struct channel_files *none)
{
	(void)m, (void)none;
	listener_drain(arg);
	return true;
}

static bool hear_stop(void *arg, const struct message *m, struct channel_files *none)
{
	(void)m, (void)none;
	stop(arg);
	return true;
}

#define HEARS_PARENT(X)                                                                \
	CHILD_HEARS(X)                                                                 \
	X(LISTENER, hear_listener)                                                     \
	X(TLS_FILES, hear_tls_files)                                                   \
	X(TICKET_KEYS, hear_ticket_keys)                                               \
	X(CONNLIMIT, hear_connlimit)                                                   \
	X(AUTH_LINK, hear_auth_link)                                                   \
	X(DRAIN, hear_drain)                                                           \
	X(STOP, hear_stop)
DISPATCH(from_parent, PARENT, FRONT, HEARS_PARENT);

static void on_parent(struct loop_watch *watch, unsigned events)
{
	struct front *f = LOOP_OWNER(watch, struct front, parent);

	(void)events;
	if (!child_hear(&f->child))
		loop_watch(&f->loop, watch, 0);
}

/* ---- the beginning ---- */

/* A quarter of the descriptors is for bodies that are read ahead. */
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
	client_start(f);
	f->out = BUF(f->output);
	f->sealed = BUF(f->records);
	pop3_start(f);
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
	child_begin(&f.child, ROLE_FRONT, argc, argv, &from_parent);
	proc_lock(&f, sizeof f);
	f.policy.greeting = f.child.settings.greeting;
	set_terms(&f);
	f.policy.language = f.child.settings.language;
	f.policy.implementation = POPLAR_IMPLEMENTATION;
	f.policy.xtnd = f.child.settings.xtnd;
	f.policy.errors_max = f.child.settings.max_errors;
	f.policy.failures_max = f.child.settings.max_login_failures;
	if (!timestamp_start(&f.timestamps) || !make_slots(&f) || !arrival_start(&f))
		return EXIT_FAILURE;
	listener_start(&f);
	child_enter_sandbox(&f.child, -1);
	f.parent = (struct loop_watch){ .fd = f.child.parent.fd, .wake = on_parent };
	if (!loop_watch(&f.loop, &f.parent, LOOP_READ))
		return EXIT_FAILURE;
	loop_run(&f.loop);
	_exit(EXIT_SUCCESS);
}
