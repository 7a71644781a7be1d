/* setup/setup.h - what is wrong with a configuration on this machine.
 *
 * Prefix: setup_. poplard, at start and on reload, and `poplar check`
 * find the same by it, and say it in the same words: "/etc/poplar/poplar.conf:12:
 * users:
 * ...", with the line that gives the setting.
 */
#pragma once

#include <sys/types.h>

#include "config/settings.h"

enum setup_weight {
	SETUP_ERROR,   /* poplard does not start, or does not take it in */
	SETUP_TROUBLE, /* poplard starts, and does not serve some users, or keeps a
			* secret badly */
	SETUP_WARNING, /* poplard serves everybody; the operator should look at it */
	SETUP_WEIGHTS,
};

typedef void setup_say_fn(void *arg, enum setup_weight weight, const char *text);

/* A configuration that has been read from the file `path`. */
struct setup {
	const struct settings *settings;
	const char *path;
	setup_say_fn *say;
	void *arg;
};

/* Say something of a setting. */
void __attribute__((format(printf, 4, 5)))
setup_complain(const struct setup *u, enum setup_weight weight, enum setting_id id,
	       const char *format, ...);

/* Whom processes run as. */
struct setup_ids {
	uid_t uid;
	gid_t gid;
};
struct setup_users {
	struct setup_ids front, auth, mail;
};

/* Find front-user, auth-user and mail-user; without root, all are who we are. False:
 * there is an error, and it has been said. */
MUST_USE bool setup_find_users(const struct setup *u, struct setup_users *out);

/* Look at what the settings name: users files, keys, the log, the kernel. Nothing of it
 * keeps poplard from starting. */
void setup_judge(const struct setup *u, const struct setup_users *users);
