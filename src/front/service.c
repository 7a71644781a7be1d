/* front/service.c - what every process that serves a line protocol does with poplard:
 * its beginning, the messages of poplard, its end.
 *
 * Prefix: service_.
 */
#include "front/service.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "front/arrival.h"
#include "front/authchannel.h"
#include "front/client.h"
#include "front/listener.h"
#include "front/protocol.h"
#include "front/turn.h"
#include "sys/file.h"

enum {
	TLS_OCTETS_MAX = 1 << 28, /* of certificates and keys together */
	DESCRIPTORS_OF_OURS = 64,
	TIMERS_OF_OURS = 8, /* front/, and the protocol */
};

/* ---- the end ---- */

static void on_grace_over(struct loop_timer *timer)
{
	struct front *f = LOOP_OWNER(timer, struct front, stop_timer);

	turn_end_all(f, false);
	loop_stop(&f->loop);
}

/* Work that is under way may end; nothing new begins. poplard kills what is left when
 * the grace time is over, so the front closes it a little earlier. */
bool service_on_stop(void *arg, const struct message *m, struct channel_files *none)
{
	struct front *f = arg;
	const uint64_t grace_ms = f->child.settings.grace * UINT64_C(1000);

	(void)m, (void)none;
	f->stopping = true;
	loop_set(&f->loop, &f->stop_timer,
		 loop_now(&f->loop) + grace_ms - grace_ms / 5);
	turn_end_all(f, true);
	listener_drain(f);
	return true;
}

bool service_on_drain(void *arg, const struct message *m, struct channel_files *none)
{
	(void)m, (void)none;
	listener_drain(arg);
	return true;
}

/* ---- TLS ---- */

bool service_on_ticket_keys(void *arg, const struct message *m,
			    struct channel_files *none)
{
	struct front *f = arg;

	(void)none;
	if (f->tls)
		tls_server_tickets(f->tls, m->TICKET_KEYS.now, m->TICKET_KEYS.before);
	secret_wipe(&f->child.inbox, sizeof f->child.inbox);
	return true;
}

static enum fault make_tls(struct front *f, int fd, struct why *why)
{
	struct tls_policy policy = settings_tls_policy(&f->child.settings);
	struct tls_server *server = NULL;
	struct tls_files files;
	char *packed = NULL;
	size_t len = 0;
	enum fault fault =
		file_read_all(fd, TLS_OCTETS_MAX, &packed, &len, "certificates", why);

	policy.protocol = f->protocol->name;
	if (f->protocol->verify)
		policy.verify = f->protocol->verify(&f->child.settings);
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
	return FAULT_NONE;
}

/* Certificates and keys, which poplard has checked. TICKET_KEYS follows. */
bool service_on_tls_files(void *arg, const struct message *m,
			  struct channel_files *files)
{
	struct why why = { .fault = FAULT_PEER, .doing = "take certificates" };
	struct front *f = arg;
	const enum fault fault = make_tls(f, files->at[0], &why);

	(void)m;
	close(files->at[0]);
	if (fault == FAULT_NONE)
		return true;
	log_fault(&why, "tls-unusable");
	if (!f->tls)
		_exit(EXIT_FAILURE);
	return true;
}

/* ---- sockets ---- */

bool service_on_listener(void *arg, const struct message *m,
			 struct channel_files *files)
{
	listener_add(arg, files->at[0], m->LISTENER.tls);
	return true;
}

bool service_on_connlimit(void *arg, const struct message *m,
			  struct channel_files *files)
{
	arrival_take_connlimit(arg, files->at[0], m->CONNLIMIT.column);
	return true;
}

bool service_on_auth_link(void *arg, const struct message *m,
			  struct channel_files *files)
{
	(void)m;
	authchannel_use(arg, files->at[0]);
	return true;
}

/* ---- the process ---- */

bool service_begin(struct front *f)
{
	if (!loop_init(&f->loop) || !tls_start())
		return false;
	f->stop_timer.due = on_grace_over;
	f->out = BUF(f->output);
	f->sealed = BUF(f->records);
	client_start(f);
	turn_start(f);
	return true;
}

bool service_make_slots(struct front *f, uint64_t descriptors, unsigned each)
{
	const uint64_t room = descriptors > DESCRIPTORS_OF_OURS + each
				      ? (descriptors - DESCRIPTORS_OF_OURS) / each
				      : 1;

	f->slot_count = f->child.settings.max_connections;
	if (room < f->slot_count)
		f->slot_count = (uint32_t)room;
	f->slots = calloc(f->slot_count, sizeof(struct conn *));
	return f->slots && loop_make_room(&f->loop, f->slot_count + TIMERS_OF_OURS) &&
	       arrival_start(f);
}

static void on_parent(struct loop_watch *watch, unsigned events)
{
	struct front *f = LOOP_OWNER(watch, struct front, parent);

	(void)events;
	if (!child_hear(&f->child))
		loop_watch(&f->loop, watch, 0);
}

_Noreturn void service_run(struct front *f)
{
	listener_start(f);
	child_enter_sandbox(&f->child, -1);
	f->parent = (struct loop_watch){ .fd = f->child.parent.fd, .wake = on_parent };
	if (!loop_watch(&f->loop, &f->parent, LOOP_READ))
		_exit(EXIT_FAILURE);
	loop_run(&f->loop);
	_exit(EXIT_SUCCESS);
}
