/* cli/cli.h - the commands of poplar.
 *
 * Prefix: cli_.
 */
#pragma once

#include <stdio.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include "auth/user/scheme.h"
#include "config/settings.h"
#include "sys/ids.h"

/* Exit statuses: sysexits.h where it has one. */
enum {
	CLI_OK = 0,
	CLI_BAD = 1,
	CLI_USAGE = 64,
	CLI_NO_SERVER = 69,
	CLI_PERMANENT = 70,
	CLI_TEMPORARY = 75,
	CLI_CONFIG = 78,
};

/* Load the configuration or end with CLI_CONFIG, what is wrong having been said. */
void cli_load(const char *config, struct settings *out);

/* Is "--help" among the arguments of a command? */
bool cli_wants_help(int argc, char **argv);

/* Print what others have written: without what a terminal would heed, and what is no
 * UTF-8 as \xXX. */
void cli_show(FILE *to, struct span text);

/* "poplar: cannot do what: error" on standard error. */
void cli_complain(const struct why *why);
void cli_say(const char *text, const char *about); /* "poplar: text: about" */

/* The ids of a user that the settings name; without root, our own. False: no child can
 * run as that user, which has been reported. */
MUST_USE bool cli_find_ids(const char *user, struct ids *out);

/* As root, become `ids` for good; otherwise stay who we are. */
MUST_USE bool cli_become(struct ids ids);

/* Run `task` in a child that has become `ids` (as root; otherwise as we are); what it
 * says goes to standard error. True when it returned true. */
typedef bool cli_task_fn(void *arg);
MUST_USE bool cli_run_as(struct ids ids, cli_task_fn *task, void *arg);

/* Ask for the password of a user: on the terminal without echo, or the first line of
 * standard input if that is none. False: there was none; it has been said. */
struct cli_password {
	size_t len;
	char text[SCHEME_PASSWORD_MAX];
};
MUST_USE bool cli_read_password(const char *name, struct cli_password *out);

/* Ask for a new one, on a terminal twice, and make of it what is to be stored. False:
 * it has been said why not. */
MUST_USE bool cli_make_password(const char *name, const char *scheme,
				char out[SCHEME_STORED_MAX]);

/* Why no process could keep this user's mail, mail-user being `mail`; NULL: one can. */
struct user;
const char *cli_owner_wrong(const struct settings *s, const struct user *user,
			    struct ids mail);

/* Make a new user's Maildir and the home around it, which are the user's (0700), and
 * what is missing above, which is mail-user's (0711). False: it has been said why not.
 */
MUST_USE bool cli_make_place(const struct settings *s, const struct user *user);

/* A channel to the running server's poplar-auth. -1: it has been said. */
int cli_connect(const struct settings *s);

/* poplar user test: ask the running server about a user, and print what comes. */
int cli_test(const char *config, int argc, char **argv);

/* The commands; argv[0] is the command's name, options already cut off. */
int cli_check(const char *config, int argc, char **argv);
int cli_reload(const char *config, int argc, char **argv);
int cli_config(const char *config, int argc, char **argv);
int cli_user(const char *config, int argc, char **argv);
int cli_expire(const char *config, int argc, char **argv);
int cli_index(const char *config, int argc, char **argv);
int cli_audit(const char *config, int argc, char **argv);
