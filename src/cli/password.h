/* cli/password.h - passwords that the operator types.
 *
 * Prefix: cli_.
 */
#pragma once

#include "auth/user/scheme.h"

struct cli_password {
	size_t len;
	char text[SCHEME_PASSWORD_MAX];
};

/* Read the password of a user: on the terminal without echo, or, if standard input is
 * no terminal, from its first line. False: there was none, which has been reported. */
MUST_USE bool cli_read_password(const char *name, struct cli_password *out);

/* Read a new password, twice if from a terminal, and make its stored form. False: that
 * has failed, and was reported. */
MUST_USE bool cli_make_password(const char *name, const char *scheme,
				char out[SCHEME_STORED_MAX]);
