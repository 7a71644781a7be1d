/* child/child.c - how a child of poplard begins.
 *
 * Prefix: child_.
 */
#include "child/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/version.h"
#include "sys/logsink.h"
#include "sys/proc.h"

static _Noreturn void explain(enum role role, const char *arg)
{
	if (arg && strcmp(arg, "--version") == 0) {
		printf("%s %s\n", role_name(role), POPLAR_VERSION);
		exit(0);
	}
	bool asked = arg && strcmp(arg, "--help") == 0;
	fprintf(asked ? stdout : stderr,
		"%s is part of Poplar, a POP3 server, and is started by poplard(8).\n"
		"See %s(8).\n",
		role_name(role), role_name(role));
	exit(asked ? 0 : 64);
}

static _Noreturn void lost(const struct child *c, const char *what)
{
	log_event(LOG_ERR, "not-started", LOG_T("role", role_name(c->role)),
		  LOG_T("what", what));
	_exit(EXIT_FAILURE);
}

/* The terminal's signals reach the whole group: only the parent heeds them. */
static void set_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void take_settings(struct child *c, struct span packed)
{
	if (settings_unpack(&c->settings, c->role, packed))
		lost(c, "settings cannot be read");
	log_level(LOG_ERR + (int)c->settings.log_level);
}

void child_begin(struct child *c, enum role role, int argc, char **argv,
		 child_take_fn *take, void *arg)
{
	enum logsink_kind kind;
	struct why why;

	if (argc < 2 || argc > 3 || !logsink_parse(argv[1], &kind))
		explain(role, argc > 1 ? argv[1] : NULL);
	*c = (struct child){ .role = role,
			     .sandbox = sandbox_of(role),
			     .parent = PROC_CHANNEL_FD };
	logsink_use(STDERR_FILENO, kind, role_name(role));
	if (proc_begin(argv[2], &why)) {
		log_fault(&why, "not-started", LOG_T("role", role_name(role)));
		_exit(EXIT_FAILURE);
	}
	prctl(PR_SET_NAME, role_name(role), 0, 0, 0);
	set_signals();
	proc_no_core();
	if (role != ROLE_DROP) /* all others see passwords or keys */
		proc_lock_memory();
	if (settings_init(&c->settings))
		lost(c, "out of memory");
	for (;;) {
		const struct channel parent = channel_of(c->parent, ROLE_PARENT, role);
		const struct message *m = &c->inbox.message;

		switch (channel_receive(&parent, CHANNEL_WAIT, &c->inbox)) {
		case CHANNEL_MESSAGE:
			break;
		case CHANNEL_EMPTY:
			continue;
		case CHANNEL_CLOSED:
			lost(c, "poplard is gone");
		case CHANNEL_CUT:
		case CHANNEL_BROKEN:
			lost(c, "message from poplard cannot be read");
		}
		if (m->kind == MESSAGE_GO)
			return;
		if (m->kind == MESSAGE_SETTINGS)
			take_settings(c, m->SETTINGS.values);
		else
			take(arg, m, c->inbox.files.at[0]);
	}
}

void child_enter_sandbox(struct child *c, int dir)
{
	struct why why = { 0 };
	char rules[256];
	int abi = 0;

	if (sandbox_enter(c->sandbox, dir, &abi, &why)) {
		log_fault(&why, "sandbox-failed", LOG_T("role", role_name(c->role)));
		_exit(EXIT_FAILURE);
	}
	sandbox_rules(c->sandbox, abi, rules, sizeof rules);
	const struct message m = { .kind = MESSAGE_SANDBOXED,
				   .SANDBOXED = { (uint64_t)abi, c->sandbox,
						  span_of(rules) } };
	if (channel_send(c->parent, &m, -1, CHANNEL_WAIT))
		lost(c, "poplard is gone");
}

bool child_hear(struct child *c, child_take_fn *take, void *arg)
{
	const struct channel parent = channel_of(c->parent, ROLE_PARENT, c->role);

	for (;;) {
		switch (channel_receive(&parent, CHANNEL_NOW, &c->inbox)) {
		case CHANNEL_MESSAGE:
			take(arg, &c->inbox.message, c->inbox.files.at[0]);
			break;
		case CHANNEL_CUT:
			log_event(LOG_ERR, "descriptor-lost",
				  LOG_T("role", role_name(c->role)),
				  LOG_T("what", "too many open files"));
			break;
		case CHANNEL_EMPTY:
			return true;
		case CHANNEL_CLOSED:
		case CHANNEL_BROKEN:
			log_event(LOG_CRIT, "parent-gone",
				  LOG_T("role", role_name(c->role)),
				  LOG_T("consequence",
					"nothing that dies is started again"));
			own_fd_close(&c->parent);
			return false;
		}
	}
}
