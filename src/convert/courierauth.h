/* convert/courierauth.h - Courier's modules of authdaemond.
 *
 * Prefix: courier_.
 */
#pragma once

#include "convert/assignfile.h"
#include "convert/result.h"

/* The folder of the configuration. */
struct courier_files {
	struct source *s;
	const struct source_world *world;
	struct span folder;
};

/* Read a file of the folder into a section. False: a mistake in it; a file that is not
 * there is none. */
MUST_USE bool courier_read(struct courier_files *files, const char *name,
			   enum assign_style style, unsigned *out_section,
			   bool *out_there);

/* Convert authdaemonrc and the files of the modules that it names. */
MUST_USE bool courier_convert_databases(struct courier_files *files, struct result *r);
