/* cli/maildrop.h - finds and opens maildrops, for the commands of poplar.
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
	int server;           /* channel to poplar-auth; -1 before the first question */
	const char *name;     /* of the user, or an absolute path */
	struct policy policy; /* of the user */
	struct quota quota;   /* of the user */
	struct uidformat uidl_format; /* of the user, for `opening` */
	char path[PLACE_PATH_MAX];
	struct store_opening opening;
};

/* Initialize *m. The settings must outlive it. False: mail-root cannot be opened, which
 * has been reported. */
MUST_USE bool cli_maildrop_begin(struct cli_maildrop *m,
				 const struct settings *settings);
void cli_maildrop_end(struct cli_maildrop *m);

/* Are users files the only databases of users? Then the functions below read those;
 * otherwise they ask the running server. */
bool cli_maildrop_in_files(const struct settings *s);

/* Set m->path, m->policy, m->quota and m->uidl_format to those of the user of this
 * name, or to an absolute path below mail-root (cli_maildrop_find), or to those of
 * *user (cli_maildrop_of). False: that is not possible, and has been reported. */
MUST_USE bool cli_maildrop_find(struct cli_maildrop *m, const char *name);
MUST_USE bool cli_maildrop_of(struct cli_maildrop *m, const struct user *user);

/* Read the next users file; *io_number is 0 at the first call, and counts databases.
 * The caller passes the users to users_free. NULL: there are no more files. A file that
 * cannot be read is reported and skipped. */
struct users *cli_maildrop_users(const struct settings *s, unsigned *io_number);

/* Call `visit` for each user of the users files, with m->name and what
 * cli_maildrop_find sets. Users of other databases cannot be listed, which is reported.
 * False: a user could not be found, which has been reported. */
typedef void cli_visit_fn(void *arg);
MUST_USE bool cli_maildrop_all(struct cli_maildrop *m, cli_visit_fn *visit, void *arg);

/* Run `task` in a child process, as the owner of the maildrop's folder. False: the task
 * has returned false, or something else went wrong, which has been reported. */
MUST_USE bool cli_maildrop_as_owner(const struct cli_maildrop *m, cli_task_fn *task,
				    void *arg);

/* The same, but the task may take `ms` milliseconds instead of CLI_TASK_MS. */
MUST_USE bool cli_maildrop_as_owner_for(const struct cli_maildrop *m, unsigned ms,
					cli_task_fn *task, void *arg);

/* Complete m->opening, for calls of the store. The process needs this once. False: out
 * of memory, which has been reported. */
MUST_USE bool cli_maildrop_ready(struct cli_maildrop *m);

/* Open the maildrop's folder. Returns a descriptor, or -1 with the story in *why. */
int cli_maildrop_dir(const struct cli_maildrop *m, struct why *why);

/* Open the maildrop as m->opening says. NULL: *out_fault says why, which has been
 * reported unless it is FAULT_BUSY. */
struct maildrop *cli_maildrop_open(struct cli_maildrop *m, enum fault *out_fault);
void cli_maildrop_close(struct cli_maildrop *m, struct maildrop *maildrop);

/* A task for cli_maildrop_as_owner, whose argument is a struct cli_maildrop: measure
 * all messages under the maildrop's lock, write a new index, and print their number and
 * octets. */
cli_task_fn cli_maildrop_renew;
