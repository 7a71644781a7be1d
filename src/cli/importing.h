/* cli/importing.h - takes over the maildrop of one user from another server.
 *
 * Prefix: import_.
 */
#pragma once

#include "cli/importtypes.h"

/* Take over the maildrop, and print a report: a cli_task_fn for the owner of the
 * maildrop, whose argument is a struct import. */
cli_task_fn import_one;
