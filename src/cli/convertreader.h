/* cli/convertreader.h - reads the files of another server's configuration.
 *
 * Prefix: convert_reader_.
 */
#pragma once

#include "convert/source.h"

enum { CONVERT_READER_FILES_MAX = 256 };

struct convert_reader {
	const char
		*root;  /* the folder in which the other server's paths begin, or "" */
	unsigned count; /* of what is kept */
	char *kept[CONVERT_READER_FILES_MAX];
};

/* The functions that read with *reader, which must outlive them. */
struct source_world convert_reader_world(struct convert_reader *reader);

/* Free all that was read. */
void convert_reader_done(struct convert_reader *reader);
