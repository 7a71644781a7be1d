/* setup/options.h - the options that poplard and poplar have in common.
 *
 * Prefix: options_.
 */
#pragma once

#include "base/span.h"

enum options_found {
	OPTIONS_GIVEN,   /* go on with the arguments from optind on */
	OPTIONS_HELP,    /* print the usage */
	OPTIONS_VERSION, /* print the version */
	OPTIONS_WRONG,   /* an unknown option, which getopt has reported */
};

/* Read -c FILE, --help and --version. has_commands: only up to the first argument that
 * is no option, which is a command with options of its own; otherwise wherever they
 * stand. *io_config becomes the argument of -c, if that is given. */
MUST_USE enum options_found options_read(int argc, char **argv, bool has_commands,
					 const char **io_config);
