/* cli/usertest.h - poplar user test: asks the running server about a user.
 *
 * Prefix: cli_.
 */
#pragma once

/* argv[0] is "test". Returns an exit status of cli/cli.h. */
int cli_test(const char *config, int argc, char **argv);
