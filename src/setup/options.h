/* setup/options.h - the options that poplard and poplar have in common.
 *
 * Prefix: options_.
 */
#pragma once

#include "base/span.h"

enum options_found {
	OPTIONS_GIVEN,   /* no --help or --version: go on with the arguments from optind
			    on */
	OPTIONS_HELP,    /* print the usage */
	OPTIONS_VERSION, /* print the version */
	OPTIONS_WRONG, /* unknown option, or -c without FILE: getopt has reported it */
};

/* Read the options -c FILE, --help and --version. With has_commands, stop at the first
 * argument that is no option: it is a command, which has options of its own. Without,
 * options may stand anywhere. *io_config becomes the argument of -c, if that is given.
 */
MUST_USE enum options_found options_read(int argc, char **argv, bool has_commands,
					 const char **io_config);
