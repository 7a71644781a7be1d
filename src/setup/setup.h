/* setup/setup.h - checks a configuration against this machine: users, files, kernel.
 *
 * Prefix: setup_. poplard at start and on reload, and `poplar check`, use the same
 * checks, so both report the same in the same words, with the line that gives the
 * setting: "/etc/poplar/poplar.conf:12: users: ...".
 */
#pragma once

#include "config/settings.h"
#include "sys/ids.h"

enum setup_weight {
	SETUP_ERROR,   /* poplard does not start; a reload is refused */
	SETUP_TROUBLE, /* poplard starts, but cannot serve some users or protect a
			* secret */
	SETUP_WARNING, /* poplard serves everybody; the operator should know */
	SETUP_WEIGHTS,
};

typedef void setup_say_fn(void *arg, enum setup_weight weight, const char *text);

/* The configuration to check, which was read from the file `path`. */
struct setup {
	const struct settings *settings;
	const char *path;
	setup_say_fn *say;
	void *arg;
};

/* Report something about a setting. */
void __attribute__((format(printf, 4, 5)))
setup_complain(const struct setup *u, enum setup_weight weight, enum setting_id id,
	       const char *format, ...);

/* The ids that the children run as. */
struct setup_users {
	struct ids front, auth, mail;
	struct ids socket; /* owner of the Unix sockets of listen-lmtp */
};

/* Find front-user, auth-user, mail-user and the owner and group of Unix sockets;
 * without root, all are this process's own ids. False: an error has been reported. */
MUST_USE bool setup_find_users(const struct setup *u, struct setup_users *out);

/* Check what the settings name: users files, keys, the log, the kernel. The only
 * SETUP_ERROR among the reports is a kernel that lacks a required system call. */
void setup_judge(const struct setup *u, const struct setup_users *users);
