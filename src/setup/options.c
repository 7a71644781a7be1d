/* setup/options.c - the options that poplard and poplar have in common.
 *
 * Prefix: options_.
 */
#include "setup/options.h"

#include <getopt.h>

enum options_found options_read(int argc, char **argv, bool has_commands,
				const char **io_config)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *letters = has_commands ? "+c:hv" : "c:hv"; /* '+': see getopt(3) */
	int option;

	while ((option = getopt_long(argc, argv, letters, options, NULL)) >= 0) {
		if (option == 'h')
			return OPTIONS_HELP;
		if (option == 'v')
			return OPTIONS_VERSION;
		if (option != 'c')
			return OPTIONS_WRONG;
		*io_config = optarg;
	}
	return OPTIONS_GIVEN;
}
