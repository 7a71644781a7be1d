/* cli/maildrop.h - one maildrop, for the commands of poplar.
 *
 * Prefix: cli_maildrop_.
 */
#pragma once

#include "auth/place.h"
#include "auth/user/users.h"
#include "cli/cli.h"
#include "store/store.h"

struct cli_maildrop {
	const struct settings *settings;
	int server;           /* channel to poplar-auth, after the first question */
	const char *name;     /* of the user, or a path */
	struct policy policy; /* of the user */
	char path[PLACE_PATH_MAX];
	struct store_opening opening;
};

/* False: mail-root cannot be opened, which has been reported. The settings must outlive
 * *m. */
MUST_USE bool cli_maildrop_begin(struct cli_maildrop *m,
				 const struct settings *settings);
void cli_maildrop_end(struct cli_maildrop *m);

/* Are users files the only databases of users? Then they are read here; otherwise the
 * running server is asked. */
bool cli_maildrop_in_files(const struct settings *s);

/* Find the maildrop of this user, or at this absolute path. False: there is none, which
 * has been reported. */
MUST_USE bool cli_maildrop_find(struct cli_maildrop *m, const char *name);
MUST_USE bool cli_maildrop_of(struct cli_maildrop *m, const struct user *user);

/* Read the users files, one with each call; *io_number begins at 0. NULL: there are no
 * more. A file that cannot be read is reported and skipped. */
struct users *cli_maildrop_users(const struct settings *s, unsigned *io_number);

/* Run `task` as the owner of the maildrop's folder. */
MUST_USE bool cli_maildrop_as_owner(const struct cli_maildrop *m, cli_task_fn *task,
				    void *arg);

/* Open its folder. -1, with the story in *why. */
int cli_maildrop_dir(const struct cli_maildrop *m, struct why *why);

/* Open the maildrop as m->opening says. NULL: *out_fault says why, which has been
 * reported unless it is FAULT_BUSY. */
struct maildrop *cli_maildrop_open(struct cli_maildrop *m, enum fault *out_fault);
void cli_maildrop_close(struct cli_maildrop *m, struct maildrop *maildrop);
