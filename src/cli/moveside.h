/* cli/moveside.h - one of the two servers of poplar verify-move, and how to log in
 * there.
 *
 * Prefix: side_.
 */
#pragma once

#include "cli/popclient.h"

enum { SIDE_HOST_MAX = 256, SIDE_PORT_MAX = 6, SIDE_LOGIN_MAX = 600 };

/* A line "name:password" of a file. Both lie in the file's text, and end with a NUL. */
struct side_secret {
	const char *name, *password;
};

/* The lines of such a file, sorted by name. */
struct side_secrets {
	char *text; /* malloc'ed, like the next */
	struct side_secret *at;
	size_t count;
};

struct move_side {
	const char *option; /* "--old" or "--new" */
	struct pop_server server;
	char host[SIDE_HOST_MAX], port[SIDE_PORT_MAX];
	struct side_secrets passwords; /* of the users */
	struct side_secrets
		master; /* one line: the master user; empty: there is none */
	char separator; /* between a user's name and the master user's */
};

/* Parse "host", "host:port", "[address]:port" or an address. Without a port it is that
 * of POP3, or with `tls` "tls" that of POP3S. `tls` is "none", "stls" or "tls"; NULL:
 * "tls" for port 995, "none" for a loopback address, and otherwise "stls". False: one
 * of them is malformed, which has been reported. */
MUST_USE bool side_parse(struct move_side *side, const char *server, const char *tls);

/* Read a file of lines "name:password"; empty lines, and lines that begin with '#', are
 * comments. A password may hold colons and spaces. False: it cannot be read, or one of
 * its lines is malformed, which has been reported. */
MUST_USE bool side_read(struct side_secrets *secrets, const char *path);
void side_secrets_done(struct side_secrets *secrets);

/* Log in as the user: by the master user if there is one, and else with the password of
 * the user. False: *pop has the reason. */
MUST_USE bool side_login(const struct move_side *side, struct pop *pop,
			 const char *user);
