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
	int server;           /* channel to poplar-auth, once it has been asked */
	const char *name;     /* of the user, or a path */
	struct policy policy; /* what is asked of the user */
	char path[PLACE_PATH_MAX];
	struct store_opening opening;
};

/* False: there is no mail root, as has been said. The settings outlive the rest. */
MUST_USE bool cli_maildrop_begin(struct cli_maildrop *m,
				 const struct settings *settings);
void cli_maildrop_end(struct cli_maildrop *m);

/* Are users files alone asked who is there? Then they are read; otherwise the running
 * server knows. */
bool cli_maildrop_in_files(const struct settings *s);

/* The maildrop of this user, or at this absolute path. False: there is none, as has
 * been said. */
MUST_USE bool cli_maildrop_find(struct cli_maildrop *m, const char *name);
MUST_USE bool cli_maildrop_of(struct cli_maildrop *m, const struct user *user);

/* All users files that are asked, one after the other. NULL: the last was the one
 * before; what could not be read has been said. */
struct users *cli_maildrop_users(const struct settings *s, unsigned *io_number);

/* Run `task` as the one whom the maildrop's folder belongs to. */
MUST_USE bool cli_maildrop_as_owner(const struct cli_maildrop *m, cli_task_fn *task,
				    void *arg);

/* Its folder. -1 and the story in *why. */
int cli_maildrop_dir(const struct cli_maildrop *m, struct why *why);

/* Open it as m->opening says. NULL: *out_fault, and what it is has been said, but for
 * FAULT_BUSY. */
struct maildrop *cli_maildrop_open(struct cli_maildrop *m, enum fault *out_fault);
void cli_maildrop_close(struct cli_maildrop *m, struct maildrop *maildrop);
