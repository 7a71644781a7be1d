/* child/child.c - how a child of poplard begins, and how it receives poplard's
 * messages.
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

static _Noreturn void lost(const struct child *c, const char *what, const char *message)
{
	log_event(LOG_ERR, "not-started", LOG_T("role", role_name(c->role)),
		  LOG_T("what", what), LOG_T("message", message));
	_exit(EXIT_FAILURE);
}

/* Signals of the terminal reach the whole process group; poplard alone acts on them. */
static void set_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

bool child_on_settings(void *arg, const struct message *m, struct channel_files *none)
{
	struct child *c = arg;

	(void)none;
	if (settings_unpack(&c->settings, c->role, m->SETTINGS.values))
		return false;
	log_level(LOG_ERR + (int)c->settings.log_level);
	return true;
}

bool child_on_go(void *arg, const struct message *m, struct channel_files *none)
{
	struct child *c = arg;

	(void)m, (void)none;
	c->has_begun = true;
	return true;
}

/* Everything that needs no word of poplard. */
static void begin(struct child *c, enum logsink_kind kind, const char *parent)
{
	struct why why;

	logsink_use(STDERR_FILENO, kind, role_name(c->role));
	if (proc_begin(parent, &why)) {
		log_fault(&why, "not-started", LOG_T("role", role_name(c->role)));
		_exit(EXIT_FAILURE);
	}
	prctl(PR_SET_NAME, role_name(c->role), 0, 0, 0);
	set_signals();
	proc_no_core();
	if (c->role != ROLE_DROP) /* all others see passwords or keys */
		proc_lock_memory();
	if (settings_init(&c->settings))
		lost(c, "out of memory", NULL);
}

static void hear_one(struct child *c)
{
	switch (channel_receive(&c->parent, CHANNEL_WAIT, &c->inbox)) {
	case CHANNEL_MESSAGE:
		if (!dispatch(c->hears, c, &c->inbox))
			lost(c, "poplard's message cannot be used",
			     message_name(c->inbox.message.kind));
		break;
	case CHANNEL_EMPTY:
		break;
	case CHANNEL_CLOSED:
		lost(c, "poplard is gone", NULL);
	case CHANNEL_CUT:
	case CHANNEL_BROKEN:
		lost(c, "poplard's message is illegal", c->parent.broken);
	}
}

void child_begin(struct child *c, enum role role, int argc, char **argv,
		 const struct dispatch *hears)
{
	enum logsink_kind kind;

	if (argc < 2 || argc > 3 || !logsink_parse(argv[1], &kind))
		explain(role, argc > 1 ? argv[1] : NULL);
	*c = (struct child){
		.role = role,
		.sandbox = sandbox_of(role),
		.parent = channel_of(PROC_CHANNEL_FD, ROLE_PARENT, role),
		.hears = hears,
	};
	begin(c, kind, argv[2]);
	while (!c->has_begun)
		hear_one(c);
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
	if (channel_send(c->parent.fd, &m, -1, CHANNEL_WAIT))
		lost(c, "poplard is gone", NULL);
}

/* Nobody could link this process with others, or start it again. */
static bool parent_is_lost(struct child *c, const char *message)
{
	log_event(LOG_CRIT, "parent-gone", LOG_T("role", role_name(c->role)),
		  LOG_T("illegal-message", message),
		  LOG_T("consequence", "a process that dies is not started again"));
	own_fd_close(&c->parent.fd);
	return false;
}

bool child_hear(struct child *c)
{
	for (;;) {
		switch (channel_receive(&c->parent, CHANNEL_NOW, &c->inbox)) {
		case CHANNEL_MESSAGE:
			if (!dispatch(c->hears, c, &c->inbox))
				return parent_is_lost(
					c, message_name(c->inbox.message.kind));
			break;
		case CHANNEL_CUT:
			log_event(LOG_ERR, "descriptor-lost",
				  LOG_T("role", role_name(c->role)),
				  LOG_T("what", "too many open files"));
			break;
		case CHANNEL_EMPTY:
			return true;
		case CHANNEL_CLOSED:
			return parent_is_lost(c, NULL);
		case CHANNEL_BROKEN:
			return parent_is_lost(c, c->parent.broken);
		}
	}
}
