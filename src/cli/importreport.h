/* cli/importreport.h - what an import prints.
 *
 * Prefix: import_.
 */
#pragma once

#include "cli/importtypes.h"

/* Print the report of one maildrop on standard output: a line with the counts that are
 * not 0, or an object of JSON with all of them. The caller flushes standard output. */
void import_report(const struct import *i, const struct import_counts *counts,
		   bool changed);

/* Print why a maildrop was not imported on standard error. With JSON, an object on
 * standard output has the same. */
void import_complain(const struct import *i, const struct why *why);

/* Print on standard error how far the import is, over what it has printed before. */
void import_progress(const struct import_shared *s, uint64_t begun_ms);
