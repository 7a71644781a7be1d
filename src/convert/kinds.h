/* convert/kinds.h - the servers whose configuration can be converted.
 *
 * Prefix: convert_.
 */
#pragma once

#include "convert/result.h"

struct convert_kind {
	const char *name; /* as the command line has it */
	const char
		*file; /* the file to begin with, in a folder; "": the folder itself */
	/* Read the configuration at `path` and convert it. False: a mistake
	 * (s->mistake). */
	bool (*run)(struct source *s, struct result *r,
		    const struct source_world *world, struct span path);
};

enum { CONVERT_KINDS = 6 };
extern const struct convert_kind convert_kinds[CONVERT_KINDS];

/* The kind of this name. NULL: there is none. */
const struct convert_kind *convert_find(const char *name);
