/* cli/convertprint.h - prints what a conversion has led to.
 *
 * Prefix: convert_print_.
 */
#pragma once

#include <stdio.h>

#include "convert/result.h"

/* Write poplar.conf: each line has a comment that says where it came from. `kind` and
 * `path` are those of the command line. */
void convert_print_conf(const struct result *r, const char *kind, const char *path,
			FILE *to);

/* Write the notes, a line for each. */
void convert_print_notes(const struct result *r, FILE *to);

/* Write all of it to standard output as one object of JSON. */
void convert_print_json(const struct result *r);
